#include <pybind11/stl.h>

#include "register.hpp"
#include "wbcore/isa.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

void register_isa(py::module_& m) {
    m.def("isa", &isa, "The instruction set in use.");
    m.def(
        "available_isas", [] { return py::tuple(py::cast(available_isas())); },
        "The instruction sets that this machine and this build have, slowest first.");
}

}  // namespace wbcore::bindings
