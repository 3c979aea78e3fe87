// The arguments of a predictor's call: p(x), p(x, out), p(x, out=y, n_threads=2).
#pragma once

#include <Python.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <string>

#include "wbcore/threads.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

struct CallArguments {
    py::handle x, out = Py_None;
    std::size_t n_threads = 0;  // 0: not given
};

inline std::size_t threads_from(py::handle value) {
    auto expected = [&] {
        return "[predict] expected n_threads to be an integer from 1 to " +
               std::to_string(max_threads) + ", got " +
               std::string(py::str(py::module_::import("wbcore._arguments").attr("shown")(value)));
    };
    if (!PyIndex_Check(value.ptr())) throw py::type_error(expected());
    const Py_ssize_t n = PyNumber_AsSsize_t(value.ptr(), nullptr);  // clipped to what fits
    if (n == -1 && PyErr_Occurred()) {  // an array has the method too, if not always an answer
        if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
        PyErr_Clear();
        throw py::type_error(expected());
    }
    if (n < 1 || static_cast<std::size_t>(n) > max_threads) throw py::value_error(expected());
    return static_cast<std::size_t>(n);
}

inline CallArguments parse_call(PyObject* const* args, Py_ssize_t count, PyObject* names) {
    if (count < 1 || count > 2)
        throw py::type_error("[predict] expected one array x and perhaps out, got " +
                             std::to_string(count) + " arguments");
    CallArguments parsed{args[0]};
    if (count == 2) parsed.out = args[1];
    const Py_ssize_t n_names = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t i = 0; i < n_names; ++i) {
        const py::handle name = PyTuple_GET_ITEM(names, i), value = args[count + i];
        if (PyUnicode_CompareWithASCIIString(name.ptr(), "out") == 0 && count == 1)
            parsed.out = value;
        else if (PyUnicode_CompareWithASCIIString(name.ptr(), "n_threads") == 0)
            parsed.n_threads = threads_from(value);
        else
            throw py::type_error("[predict] expected x, out and n_threads, got " +
                                 std::string(py::repr(name)));
    }
    return parsed;
}

}  // namespace wbcore::bindings
