#include <pybind11/stl.h>

#include "gil.hpp"
#include "register.hpp"
#include "wbcore/isa.hpp"
#include "wbcore/probe.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

void register_isa(py::module_& m) {
    m.def("isa", &isa, "The instruction set in use.");
    m.def(
        "available_isas", [] { return py::tuple(py::cast(available_isas())); },
        "The instruction sets that this machine and this build have, slowest first.");
    m.def(
        "probe",
        [](bool single, double seconds) {
            // Safe: no Python object is touched.
            const GilReleased released;
            const Probe p = single ? probe<float>(seconds) : probe<double>(seconds);
            return std::pair(p.fma_peak, p.micro_kernel);
        },
        py::arg("single"), py::arg("seconds"),
        "GFLOP/s of multiply-adds in registers and of the matrix product in L1.");
}

}  // namespace wbcore::bindings
