#include "errors.hpp"

#include <string>

#include "wbcore/matrix.hpp"

namespace wbcore::bindings {

std::string message(std::string_view operation, std::string_view expected, std::string_view got) {
    std::string text = "[";
    text += operation;
    text += "] expected ";
    text += expected;
    text += ", got ";
    text += got;
    return text;
}

void set_error(std::string_view operation, const std::bad_alloc& error) {
    const auto* lack = dynamic_cast<const OutOfMemory*>(&error);
    const std::string text = lack == nullptr ? message(operation, "more memory", "none")
                                             : message(operation, lack->what(), "less");
    PyErr_SetString(PyExc_MemoryError, text.c_str());
}

void set_error(std::string_view operation, const std::system_error& error) {
    const std::string text = message(operation, "the system to go along", error.what());
    PyErr_SetString(PyExc_RuntimeError, text.c_str());
}

void set_error(std::string_view operation, const Forked& error) {
    const std::string text = "[" + std::string(operation) + "] " + error.what();
    PyErr_SetString(PyExc_RuntimeError, text.c_str());
}

void set_error(std::string_view operation, py::error_already_set& error) {
    // An error that has been in Python code has a traceback: a callback's is its own affair.
    if (!error.matches(PyExc_MemoryError) || error.trace()) return error.restore();
    const std::string got = py::str(error.value());
    if (got.starts_with('[')) return error.restore();
    const std::string text = message(operation, "more memory", got.empty() ? "none" : got);
    PyErr_SetString(PyExc_MemoryError, text.c_str());
}

}  // namespace wbcore::bindings
