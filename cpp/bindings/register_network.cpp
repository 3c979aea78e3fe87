// Networks: their structure, their parameters, and what these look like.
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "bound_network.hpp"
#include "errors.hpp"
#include "named.hpp"
#include "register.hpp"
#include "wbcore/statistics.hpp"

namespace wbcore::bindings {

namespace {

struct LayerStatistics {
    Statistics weights;
    std::optional<Statistics> biases;
};

template <class T>
std::vector<LayerStatistics> measured(const Network<T>& network) {
    std::vector<LayerStatistics> all;
    const T* parameters = network.parameters().data();
    for (const Dense& layer : network.layers()) {
        all.push_back({statistics(parameters, layer.inputs, layer.outputs), std::nullopt});
        parameters += layer.weights();
        if (layer.bias) all.back().biases = statistics(parameters, layer.biases());
        parameters += layer.biases();
    }
    return all;
}

py::list as_list(const std::vector<LayerStatistics>& all) {
    auto tuple = [](const Statistics& s) {
        return py::make_tuple(s.mean, s.mean_absolute, s.standard_deviation, s.minimum, s.maximum);
    };
    py::list layers;
    for (const auto& [weights, biases] : all)
        layers.append(py::make_tuple(tuple(weights),
                                     biases ? py::object(tuple(*biases)) : py::object(py::none())));
    return layers;
}

template <class T>
py::list layer_statistics(const BoundNetwork<T>& bound) {
    const Network<T>& network = bound.network();
    std::vector<LayerStatistics> all;
    // Safe: whoever writes the parameters waits.
    without_gil(network.parameters().size(), [&](const InterruptCheck&) {
        const std::shared_lock reading(network.lock());
        all = measured(network);
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

// Pickles and deep copies of whatever names a network's core more than once name one afterwards, too: that is how an optimizer
// finds its network again.
template <class T>
py::tuple reduced(const py::object& self) {
    const auto& bound = self.cast<const BoundNetwork<T>&>();
    return py::make_tuple(py::type::of(self), py::make_tuple(bound.layers(), snapshot<T>(bound)));
}

template <class T>
std::unique_ptr<BoundNetwork<T>> made(const std::vector<LayerTuple>& layers,
                                      const std::optional<py::array>& parameters) {
    auto bound = with_choices("Network", [&] { return std::make_unique<BoundNetwork<T>>(layers); });
    if (!parameters) return bound;
    const std::span<T> to = bound->network().parameters();
    std::copy_n(plain_data<T>("Network", "parameters", *parameters, {to.size()}, false), to.size(),
                to.begin());
    return bound;
}

// Other parameters, for somebody who trains in Python and has the turn.
template <class T>
void write_parameters(BoundNetwork<T>& bound, const py::array& values) {
    const std::size_t n = bound.network().parameters().size();
    const T* const from = plain_data<T>("fit", "parameters", values, {n}, false);
    // Safe: the array is held, and whoever reads under the lock waits. A reader may ask for the GIL while it has the lock, so that
    // waiting for it with the GIL could last for ever.
    const GilReleased released;
    const std::unique_lock writing(bound.network().lock());
    std::copy_n(from, n, bound.network().parameters().begin());
}

// body(), in which nobody else may write into the network.
template <class T>
py::object in_turn(BoundNetwork<T>& bound, const std::string& operation, const py::object& body) {
    const Turn turn(bound.use(), operation);
    PyObject* const answer = never_unwound([&] { return PyObject_CallNoArgs(body.ptr()); });
    if (answer == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(answer);
}

template <class T>
void register_network_type(py::module_& m, const char* python_name) {
    using Bound = BoundNetwork<T>;
    py::class_<Bound>(m, python_name, py::dynamic_attr())
        .def(py::init(named_function("Network", &made<T>)), py::arg("layers"),
             py::arg("parameters") = py::none())
        .def_property_readonly("layers", &Bound::layers)
        .def("part", named_method("Network", &Bound::part), py::arg("first"), py::arg("last"))
        .def("is_trainable", &Bound::is_trainable, py::arg("layer"))
        .def("set_trainable", &Bound::set_trainable, py::arg("layer"), py::arg("trainable"))
        .def("dropout", &Bound::dropout, py::arg("layer"))
        .def("set_dropout", &Bound::set_dropout, py::arg("layer"), py::arg("dropout"))
        .def_property_readonly("parameters", &Bound::parameters)
        .def("weights", &Bound::weights, py::arg("layer"))
        .def("biases", &Bound::biases, py::arg("layer"))
        .def("__reduce__", named_function("copy", &reduced<T>));
    m.def("statistics", named_function("statistics", &layer_statistics<T>), py::arg("network"));
    m.def("write_parameters", &write_parameters<T>, py::arg("network"), py::arg("values"));
    m.def("in_turn", &in_turn<T>, py::arg("network"), py::arg("operation"), py::arg("body"));
    m.def("snapshot", named_function("copy", &snapshot<T>), py::arg("network"));
}

}  // namespace

void register_network(py::module_& m) {
    register_network_type<float>(m, "Network32");
    register_network_type<double>(m, "Network64");
}

}  // namespace wbcore::bindings
