// One function for each topic of the extension module.
#pragma once

#include <pybind11/pybind11.h>

namespace wbcore::bindings {

void register_isa(pybind11::module_& m);
void register_threads(pybind11::module_& m);
void register_random(pybind11::module_& m);
void register_initializers(pybind11::module_& m);
void register_functions(pybind11::module_& m);
void register_losses(pybind11::module_& m);
void register_network(pybind11::module_& m);
void register_predictor(pybind11::module_& m);

}  // namespace wbcore::bindings
