// Losses as they are given: the text of a row, or a function of the caller's (wbcore._loss_function).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "arrays.hpp"
#include "gil.hpp"
#include "named.hpp"
#include "wbcore/loss_function.hpp"

namespace wbcore::bindings {

struct GivenLoss {
    Named<Loss> row;  // with a function: one that takes for targets what the metrics do
    py::object function = py::none();

    bool is_function() const { return !function.is_none(); }
    std::string name() const { return is_function() ? "of one's own" : std::string(row.name()); }
};

// What Python has checked: a text or a LossFunction.
template <class T>
GivenLoss given_loss(std::string_view operation, const py::object& loss) {
    if (py::isinstance<py::str>(loss)) return {loss_named<T>(operation, loss.cast<std::string>())};
    return {Loss::mse, loss};
}

// The metrics must go with the loss and its outputs.
std::vector<Named<Metric>> metrics_named(std::string_view operation,
                                         const std::vector<std::string>& texts,
                                         const GivenLoss& loss,
                                         std::size_t outputs);

// `bound` (a BoundLossFunction), which the caller holds, as the core asks it, without the GIL.
template <class T>
LossFunction<T> asked(std::string_view operation, py::handle bound) {
    return [operation, bound](const LossBatch<T>& batch, Panels<T> gradient) {
        const GilTaken taken;
        const std::size_t n = batch.outputs.rows, cols = batch.outputs.cols;
        py::array_t<T> outputs = new_array<T>(n, cols);
        copy_rows(as_matrix(outputs), batch.outputs);
        const py::ssize_t first = static_cast<py::ssize_t>(batch.first);
        const py::object rows =
            batch.order == nullptr
                ? py::object(py::slice(first, first + static_cast<py::ssize_t>(n), 1))
                : py::object(py::array_t<std::int64_t>(static_cast<py::ssize_t>(n), batch.order));
        PyObject* const answer = never_unwound([&] {
            return PyObject_CallFunctionObjArgs(bound.ptr(), outputs.ptr(), rows.ptr(), nullptr);
        });
        if (answer == nullptr) throw py::error_already_set();
        const py::tuple pair = py::reinterpret_steal<py::tuple>(answer);
        const T* values =
            plain_data<T>(operation, "the gradient", pair[1].cast<py::array>(), {n, cols}, false);
        for (std::size_t r = 0; r < n; ++r)
            for (std::size_t j = 0; j < cols; ++j) gradient(r, j) = values[r * cols + j];
        return pair[0].cast<double>();
    };
}

}  // namespace wbcore::bindings
