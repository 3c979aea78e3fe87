// The outputs of every layer for inputs: Network.activations.
#include <vector>

#include "bound_network.hpp"
#include "errors.hpp"
#include "prediction.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
py::list layer_outputs(const BoundNetwork<T>& bound, const py::object& X, std::size_t n_threads) {
    const Network<T>& network = bound.network();
    const Features features = as_features("activations", "X", X, network.inputs());
    const ArrayView& x = features.view;
    py::list arrays;
    std::vector<Matrix<T>> outputs;
    for (const Dense& layer : network.layers()) {
        py::array array = new_matrix<T>(x.rows, layer.outputs);
        outputs.push_back(
            {static_cast<T*>(array.mutable_data()), x.rows, layer.outputs, layer.outputs});
        arrays.append(std::move(array));
    }
    // Safe: the parameters are only read, the outputs are new, and X is held here.
    const bool finite = without_gil(bound.work(x.rows), [&](const InterruptCheck& interrupted) {
        return network.activations(outputs, x, n_threads, &interrupted);
    });
    if (!finite) refuse_non_finite<T>("activations", "X", x);
    return arrays;
}

template <class T>
void register_layer_outputs_for(py::module_& m) {
    m.def("layer_outputs", named_function("activations", &layer_outputs<T>), py::arg("network"),
          py::arg("X"), py::arg("n_threads"));
}

}  // namespace

void register_layer_outputs(py::module_& m) {
    register_layer_outputs_for<float>(m);
    register_layer_outputs_for<double>(m);
}

}  // namespace wbcore::bindings
