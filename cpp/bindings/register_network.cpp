#include <pybind11/stl.h>

#include "bound_network.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
void register_network_type(py::module_& m, const char* python_name) {
    using Bound = BoundNetwork<T>;
    py::class_<Bound>(m, python_name)
        .def(py::init<const std::vector<std::size_t>&, const std::vector<std::string>&>(),
             py::arg("widths"), py::arg("activations"))
        .def_property_readonly("widths", &Bound::widths)
        .def_property_readonly("activations", &Bound::activations)
        .def_property_readonly("parameters", &Bound::parameters)
        .def("snapshot", &Bound::snapshot)
        .def("weights", &Bound::weights, py::arg("layer"))
        .def("biases", &Bound::biases, py::arg("layer"))
        .def("forward", &Bound::forward, py::arg("X"))
        .def("backward", &Bound::backward, py::arg("dY"))
        .def("loss_and_gradients", &Bound::gradients, py::arg("X"), py::arg("y"), py::arg("loss"),
             py::arg("delta"))
        .def("evaluate", &Bound::evaluate_on, py::arg("X"), py::arg("y"), py::arg("loss"),
             py::arg("delta"), py::arg("metrics"), py::arg("n_threads"))
        .def("sgd_step", &Bound::step, py::arg("gradients"), py::arg("velocity"),
             py::arg("learning_rate"), py::arg("momentum"), py::arg("nesterov"),
             py::arg("weight_decay"), py::arg("decay_biases"))
        .def("fit", &Bound::fit, py::arg("X"), py::arg("y"))
        .def("statistics", &Bound::layer_statistics)
        .def("time_per_update", &Bound::times, py::arg("X"), py::arg("y"), py::arg("loss"),
             py::arg("delta"), py::arg("batch_size"), py::arg("repeats"));
}

}  // namespace

void register_network(py::module_& m) {
    register_network_type<float>(m, "Network32");
    register_network_type<double>(m, "Network64");
}

}  // namespace wbcore::bindings
