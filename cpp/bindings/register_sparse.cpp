// Sparse matrices: whether one can be read as it is (wbcore/_sparse.py).
#include "errors.hpp"
#include "register.hpp"
#include "sparse.hpp"

namespace wbcore::bindings {

namespace {

bool rows_ascend(const std::string& operation, const std::string& name, const py::object& csr) {
    const HeldSparse held(operation, name, csr);
    return require_sound(operation, name, held.view());
}

}  // namespace

void register_sparse(py::module_& m) {
    m.def("rows_ascend", &rows_ascend, py::arg("operation"), py::arg("name"), py::arg("csr"));
}

}  // namespace wbcore::bindings
