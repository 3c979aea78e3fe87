#include <pybind11/pybind11.h>

#include "register.hpp"
#include "wbcore/threads.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

void register_threads(py::module_& m) {
    m.def("thread_limit", &thread_limit,
          "The most threads a call uses when it is not told a number.");
    m.def("set_thread_limit", &set_thread_limit, py::arg("n"));
    m.def("set_thread_limit_here", &set_thread_limit_here, py::arg("n"),
          "For the calling thread alone; returns what was set before.");
}

}  // namespace wbcore::bindings
