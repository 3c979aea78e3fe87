// One step of an optimizer, for loops of one's own.
#include <pybind11/stl.h>

#include "bound_network.hpp"
#include "bound_optimizer.hpp"
#include "errors.hpp"
#include "interrupts.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
void step(BoundNetwork<T>& bound,
          const py::array& gradients,
          BoundState& state,
          const std::string& rule,
          const std::vector<double>& numbers,
          bool decay_biases) {
    const char* operation = "step";
    const Turn turn(bound.use(), operation);
    const std::size_t n = bound.network().parameters().size();
    const std::span<const T> from{plain_data<T>(operation, "gradients", gradients, {n}, false), n};
    const OptimizerSettings settings = settings_of<T>(operation, rule, numbers, decay_biases);
    OptimizerState<T> arrays = state_of<T>(operation, state, settings.rule, n);
    // Safe: the turn keeps other writers away, whoever copies the parameters waits, and the arrays are held by the call.
    without_gil(n, [&](const InterruptCheck&) {
        wbcore::step<T>(bound.network(), from, arrays, settings);
    });
    state.steps = arrays.steps;
}

// Refuses numbers that are not allowed in the network's type.
template <class T>
void check_optimizer(const BoundNetwork<T>&,
                     const std::string& rule,
                     const std::vector<double>& numbers) {
    (void)settings_of<T>(rule, rule, numbers, false);
}

template <class T>
void register_for(py::module_& m) {
    m.def("check_optimizer", &check_optimizer<T>, py::arg("network"), py::arg("rule"),
          py::arg("numbers"));
    m.def("step", named_function("step", &step<T>), py::arg("network"), py::arg("gradients"),
          py::arg("state"), py::arg("rule"), py::arg("numbers"), py::arg("decay_biases"));
}

}  // namespace

void register_optimizers(py::module_& m) {
    py::class_<BoundState>(m, "OptimizerState")
        .def(py::init([](std::vector<py::array> arrays, std::uint64_t steps) {
                 return BoundState{std::move(arrays), steps};
             }),
             py::arg("arrays"), py::arg("steps"))
        .def_readonly("arrays", &BoundState::arrays)
        .def_readwrite("steps", &BoundState::steps);
    register_for<float>(m);
    register_for<double>(m);
}

}  // namespace wbcore::bindings
