// One function for each topic of the extension module.
#pragma once

#include <pybind11/pybind11.h>

namespace wbcore::bindings {

void register_isa(pybind11::module_& m);
void register_sparse(pybind11::module_& m);
void register_threads(pybind11::module_& m);
void register_random(pybind11::module_& m);
void register_named(pybind11::module_& m);
void register_initializers(pybind11::module_& m);
void register_activations(pybind11::module_& m);
void register_network(pybind11::module_& m);
void register_gradients(pybind11::module_& m);
void register_data(pybind11::module_& m);
void register_evaluation(pybind11::module_& m);
void register_schedules(pybind11::module_& m);
void register_optimizers(pybind11::module_& m);
void register_tracking(pybind11::module_& m);
void register_training(pybind11::module_& m);
void register_partial_fit(pybind11::module_& m);
void register_training_options(pybind11::module_& m);
void register_predictor(pybind11::module_& m);
void register_layer_outputs(pybind11::module_& m);

}  // namespace wbcore::bindings
