// Networks: their structure, their parameters, and what these look like.
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <shared_mutex>

#include "bound_network.hpp"
#include "errors.hpp"
#include "named.hpp"
#include "register.hpp"
#include "training_record.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
py::list layer_statistics(const BoundNetwork<T>& bound) {
    const Network<T>& network = bound.network();
    LayerStatistics all;
    // Safe: whoever writes the parameters waits.
    without_gil(network.parameters().size(), [&](const InterruptCheck&) {
        const std::shared_lock reading(network.lock());
        all = measure(network);
    });
    return as_list(all);
}

// A copy of the parameters, of one moment between the steps of whoever trains.
template <class T>
py::array_t<T> snapshot(const BoundNetwork<T>& bound) {
    const std::span<const T> from = bound.network().parameters();
    py::array_t<T> copy(static_cast<py::ssize_t>(from.size()));
    T* const to = copy.mutable_data();
    // Safe: whoever writes the parameters waits, and the copy is new.
    without_gil(from.size(), [&](const InterruptCheck&) {
        const std::shared_lock copying(bound.network().lock());
        std::copy(from.begin(), from.end(), to);
    });
    return copy;
}

template <class T>
void register_network_type(py::module_& m, const char* python_name) {
    using Bound = BoundNetwork<T>;
    py::class_<Bound>(m, python_name)
        .def(py::init([](const std::vector<LayerTuple>& layers) {
                 return named("Network", [&] {
                     return with_choices("Network",
                                         [&] { return std::make_unique<Bound>(layers); });
                 });
             }),
             py::arg("layers"))
        .def_property_readonly("layers", &Bound::layers)
        .def("is_trainable", &Bound::is_trainable, py::arg("layer"))
        .def("set_trainable", &Bound::set_trainable, py::arg("layer"), py::arg("trainable"))
        .def("dropout", &Bound::dropout, py::arg("layer"))
        .def("set_dropout", &Bound::set_dropout, py::arg("layer"), py::arg("dropout"))
        .def_property_readonly("parameters", &Bound::parameters)
        .def("weights", &Bound::weights, py::arg("layer"))
        .def("biases", &Bound::biases, py::arg("layer"));
    m.def("statistics", named_function("statistics", &layer_statistics<T>), py::arg("network"));
    m.def("snapshot", named_function("copy", &snapshot<T>), py::arg("network"));
}

}  // namespace

void register_network(py::module_& m) {
    register_network_type<float>(m, "Network32");
    register_network_type<double>(m, "Network64");
}

}  // namespace wbcore::bindings
