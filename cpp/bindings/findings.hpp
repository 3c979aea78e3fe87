// What a look at a training's outcome has found, for Python to put into words.
#pragma once

#include <optional>

#include "arrays.hpp"
#include "wbcore/diagnosis.hpp"

namespace wbcore::bindings {

// None when nothing was.
inline py::object findings(const Diagnosis& found) {
    using namespace py::literals;
    if (!found.inputs && !found.targets && found.dead_layers.empty() && !found.constant &&
        !found.one_class)
        return py::none();
    auto scale = [](const std::optional<ScaleFinding>& f) -> py::object {
        if (!f) return py::none();
        return py::make_tuple(f->columns, f->column, f->mean, f->spread);
    };
    py::list dead;
    for (const std::size_t layer : found.dead_layers) dead.append(layer);
    return py::dict(
        "rows"_a = found.rows, "inputs"_a = scale(found.inputs), "targets"_a = scale(found.targets),
        "dead_layers"_a = dead, "constant"_a = found.constant,
        "one_class"_a = found.one_class ? py::object(py::int_(*found.one_class)) : py::none());
}

}  // namespace wbcore::bindings
