#include <pybind11/stl.h>

#include "arrays.hpp"
#include "errors.hpp"
#include "interrupts.hpp"
#include "register.hpp"
#include "wbcore/initializers.hpp"

namespace wbcore::bindings {

namespace {

using Choice = Named<Initializer>;

// What the text says; `what` is what is chosen. The error has no operation yet.
Choice parsed(std::string_view what, std::string_view text) {
    const Choice choice = parse<Initializer>(what, text);
    require_consistent(choice);
    return choice;
}

Choice with_numbers(const std::string& name, const std::vector<double>& numbers) {
    Choice choice = parse<Initializer>("initializer", name);
    if (numbers.size() != choice.info().numbers.size())
        throw py::value_error("[" + name + "] expected as many numbers as its row has");
    std::copy(numbers.begin(), numbers.end(), choice.numbers.begin());
    try {
        require_consistent(choice);
    } catch (const ChoiceError& error) {
        throw py::value_error("[" + name + "] " + error.what());
    }
    return choice;
}

py::dict numbers_of(const Choice& choice) {
    py::dict numbers;
    for (std::size_t i = 0; i < choice.info().numbers.size(); ++i)
        numbers[py::str(std::string(choice.info().numbers[i].name))] = choice[i];
    return numbers;
}

// A new array (rows, cols) that fill(matrix, check) fills.
template <class T, class F>
py::array filled(const Choice& choice, std::size_t rows, std::size_t cols, F fill) {
    return named(choice.name(), [&]() -> py::array {
        py::array_t<T> out = new_array<T>(rows, cols);
        const Matrix<T> values = as_matrix(out);
        // Safe: only the new array is written; the choice and the draws are held by the call.
        without_gil(work_of(rows, cols),
                    [&](const InterruptCheck& interrupted) { fill(values, interrupted); });
        return out;
    });
}

template <class F>
py::array filled(bool single, const Choice& choice, std::size_t rows, std::size_t cols, F fill) {
    return single ? filled<float>(choice, rows, cols, fill)
                  : filled<double>(choice, rows, cols, fill);
}

py::array from_stream(const Choice& choice,
                      std::uint64_t seed,
                      std::uint64_t stream,
                      std::size_t rows,
                      std::size_t cols,
                      bool single) {
    return filled(single, choice, rows, cols, [&](auto values, const InterruptCheck& interrupted) {
        initialize(choice, seed, stream, values, interrupted);
    });
}

py::array from_draws(const Choice& choice,
                     const py::array_t<double, py::array::c_style | py::array::forcecast>& draws,
                     bool single) {
    if (draws.ndim() != 2)
        throw py::value_error("[" + std::string(choice.name()) +
                              "] expected draws of shape (I, O), got shape " + shape_text(draws));
    const std::size_t rows = static_cast<std::size_t>(draws.shape(0)),
                      cols = static_cast<std::size_t>(draws.shape(1));
    const ConstMatrix<double> from{draws.data(), rows, cols, cols};
    return filled(single, choice, rows, cols, [&](auto values, const InterruptCheck& interrupted) {
        initialize(choice, from, values, interrupted);
    });
}

}  // namespace

void register_initializers(py::module_& m) {
    py::class_<Choice>(m, "Initializer", py::is_final())
        .def(py::init(&with_numbers), py::arg("name"), py::arg("numbers"))
        .def_static("parse", &parsed, py::arg("what"), py::arg("text"))
        .def_property_readonly("name", &Choice::name)
        .def_property_readonly("numbers", &numbers_of)
        .def("__str__", [](const Choice& choice) { return text(choice); })
        .def("from_stream", &from_stream, py::arg("seed"), py::arg("stream"), py::arg("rows"),
             py::arg("cols"), py::arg("single"))
        .def("from_draws", &from_draws, py::arg("draws"), py::arg("single"));
}

}  // namespace wbcore::bindings
