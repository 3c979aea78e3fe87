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
          const OptimizerSettings& given) {
    const char* operation = "step";
    const Turn turn(bound.use(), operation);
    const std::size_t n = bound.network().parameters().size();
    const std::span<const T> from{plain_data<T>(operation, "gradients", gradients, {n}, false), n};
    const OptimizerSettings& settings = allowed<T>(operation, given);
    OptimizerState<T> arrays = state_of<T>(operation, state, settings.rule, n);
    // Safe: the turn keeps other writers away, whoever copies the parameters waits, and the arrays are held by the call.
    without_gil(n, [&](const InterruptCheck&) {
        wbcore::step<T>(bound.network(), from, arrays, settings);
    });
    state.steps = arrays.steps;
}

// Refuses numbers that are not allowed in the network's type.
template <class T>
void check_optimizer(const BoundNetwork<T>&, const OptimizerSettings& settings) {
    allowed<T>(settings.rule.name(), settings);
}

OptimizerSettings settings_of(const std::string& rule,
                              const std::vector<double>& numbers,
                              bool decay_biases,
                              double l1,
                              double l2,
                              double clip_norm,
                              double clip_value,
                              double max_norm) {
    return with_choices("optimizer", [&] {
        OptimizerSettings settings{parse<Optimizer>("optimizer", rule),
                                   decay_biases,
                                   l1,
                                   l2,
                                   clip_norm,
                                   clip_value,
                                   max_norm};
        std::copy_n(numbers.begin(), std::min(numbers.size(), settings.rule.info().numbers.size()),
                    settings.rule.numbers.begin());
        return settings;
    });
}

void register_settings(py::module_& m) {
    using Settings = OptimizerSettings;
    py::class_<Settings>(m, "OptimizerSettings")
        .def(py::init(&settings_of), py::kw_only(), py::arg("rule"), py::arg("numbers"),
             py::arg("decay_biases"), py::arg("l1"), py::arg("l2"), py::arg("clip_norm"),
             py::arg("clip_value"), py::arg("max_norm"))
        .def_property_readonly("rule", [](const Settings& s) { return std::string(s.rule.name()); })
        .def_property_readonly("numbers",
                               [](const Settings& s) {
                                   const auto& numbers = s.rule.numbers;
                                   const auto n =
                                       static_cast<std::ptrdiff_t>(s.rule.info().numbers.size());
                                   return std::vector<double>(numbers.begin(), numbers.begin() + n);
                               })
        .def_readonly("decay_biases", &Settings::decay_biases)
        .def_readonly("l1", &Settings::l1)
        .def_readonly("l2", &Settings::l2)
        .def_readonly("clip_norm", &Settings::clip_norm)
        .def_readonly("clip_value", &Settings::clip_value)
        .def_readonly("max_norm", &Settings::max_norm);
}

template <class T>
void register_for(py::module_& m) {
    m.def("check_optimizer", &check_optimizer<T>, py::arg("network"), py::arg("settings"));
    m.def("step", named_function("step", &step<T>), py::arg("network"), py::arg("gradients"),
          py::arg("state"), py::arg("settings"));
}

// What all optimizers take beside the numbers of their rows.
py::tuple options() {
    py::tuple all(optimizer_options.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = optimizer_options[i];
    return all;
}

}  // namespace

void register_optimizers(py::module_& m) {
    m.def("optimizer_options", &options);
    py::class_<BoundState>(m, "OptimizerState")
        .def(py::init([](std::vector<py::array> arrays, std::uint64_t steps) {
                 return BoundState{std::move(arrays), steps};
             }),
             py::arg("arrays"), py::arg("steps"))
        .def_readwrite("arrays", &BoundState::arrays)
        .def_readwrite("steps", &BoundState::steps);
    register_settings(m);
    register_for<float>(m);
    register_for<double>(m);
}

}  // namespace wbcore::bindings
