// One step of an optimizer, for loops of one's own.
#include <pybind11/stl.h>

#include <algorithm>
#include <shared_mutex>
#include <tuple>

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
          const OptimizerSettings& given,
          double weight) {
    const char* operation = "step";
    const Turn turn(bound.use(), operation);
    const std::size_t n = bound.network().parameters().size();
    const std::span<const T> from{plain_data<T>(operation, "gradients", gradients, {n}, false), n};
    const OptimizerSettings& settings = allowed<T>(operation, given);
    OptimizerState<T> arrays = state_of<T>(operation, state, settings.rule, n);
    // Safe: the turn keeps other writers away, whoever copies the parameters waits, and the arrays are held by the call.
    without_gil(n, [&](const InterruptCheck&) {
        wbcore::step<T>(bound.network(), from, arrays, settings, weight);
    });
    state.set_steps(arrays.steps);
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
                              bool penalty_of_sum,
                              double clip_norm,
                              double clip_value,
                              double max_norm,
                              const std::optional<RateSchedule>& schedule,
                              std::optional<double> rate) {
    return with_choices("optimizer", [&] {
        OptimizerSettings settings{parse<Optimizer>("optimizer", rule),
                                   decay_biases,
                                   l1,
                                   l2,
                                   penalty_of_sum,
                                   clip_norm,
                                   clip_value,
                                   max_norm,
                                   schedule,
                                   rate};
        std::copy_n(numbers.begin(), std::min(numbers.size(), settings.rule.info().numbers.size()),
                    settings.rule.numbers.begin());
        return settings;
    });
}

void register_settings(py::module_& m) {
    using Settings = OptimizerSettings;
    py::class_<Settings>(m, "OptimizerSettings")
        .def(py::init(&settings_of), py::kw_only(), py::arg("rule"), py::arg("numbers"),
             py::arg("decay_biases"), py::arg("l1"), py::arg("l2"), py::arg("penalty_of_sum"),
             py::arg("clip_norm"), py::arg("clip_value"), py::arg("max_norm"), py::arg("schedule"),
             py::arg("rate"))
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
        .def_readonly("penalty_of_sum", &Settings::penalty_of_sum)
        .def_readonly("clip_norm", &Settings::clip_norm)
        .def_readonly("clip_value", &Settings::clip_value)
        .def_readonly("max_norm", &Settings::max_norm)
        .def_readonly("schedule", &Settings::schedule)
        .def_readonly("rate", &Settings::rate);
}

template <class T>
void register_optimizers_for(py::module_& m) {
    m.def("check_optimizer", &check_optimizer<T>, py::arg("network"), py::arg("settings"));
    m.def("step", named_function("step", &step<T>), py::arg("network"), py::arg("gradients"),
          py::arg("state"), py::arg("settings"), py::arg("weight"));
}

// Epoch, batch, sums of losses and of weights, sums of metrics, what it is an epoch of.
using PositionTuple =
    std::tuple<std::uint64_t, std::uint64_t, double, double, std::vector<double>, std::string>;

PositionTuple as_tuple(const BoundPosition& p) {
    return {p.epoch, p.batch, p.loss_sum, p.weight_sum, p.metric_sums, p.epoch_of};
}

BoundPosition as_position(PositionTuple position) {
    auto& [epoch, batch, loss_sum, weight_sum, metric_sums, epoch_of] = position;
    return {epoch, batch, loss_sum, weight_sum, std::move(metric_sums), std::move(epoch_of)};
}

// A state of its own with the same numbers, of one moment between the steps of whoever trains.
template <class T>
BoundState snapshot_state(const BoundNetwork<T>& bound, const BoundState& state) {
    BoundState copy({}, 0, {});
    struct Copy {
        T* to;
        const T* from;
        std::size_t n;
    };
    std::vector<Copy> copies;
    std::size_t numbers = 0;
    for (const py::array& array : state.arrays) {
        py::array_t<T> fresh(array.size());
        const auto n = static_cast<std::size_t>(array.size());
        copies.push_back({fresh.mutable_data(), static_cast<const T*>(array.data()), n});
        copy.arrays.push_back(std::move(fresh));
        numbers += n;
    }
    // Safe: whoever writes the state waits, the arrays are held here, and the copies are new.
    without_gil(numbers, [&](const InterruptCheck&) {
        const std::shared_lock reading(bound.network().lock());
        for (const auto& [to, from, n] : copies) std::copy_n(from, n, to);
        copy.set_steps(state.steps());
        copy.set_position(state.position());
        copy.set_observations(state.observations());
    });
    return copy;
}

template <class T>
void register_states_for(py::module_& m) {
    m.def("snapshot_state", named_function("state", &snapshot_state<T>), py::arg("network"),
          py::arg("state"));
}

void register_state(py::module_& m) {
    py::class_<BoundState>(m, "OptimizerState")
        .def(py::init([](std::vector<py::array> arrays, std::uint64_t steps,
                         const PositionTuple& position) {
                 return BoundState(std::move(arrays), steps, as_position(position));
             }),
             py::arg("arrays"), py::arg("steps"), py::arg("position") = PositionTuple())
        .def_property("observations", &BoundState::observations, &BoundState::set_observations)
        .def_readwrite("arrays", &BoundState::arrays)
        .def_property("steps", &BoundState::steps, &BoundState::set_steps)
        .def_property(
            "position", [](const BoundState& state) { return as_tuple(state.position()); },
            [](BoundState& state, PositionTuple position) {
                state.set_position(as_position(std::move(position)));
            })
        // For every protocol, while pybind11's own way ends the process with the oldest.
        .def("__reduce__", [](const py::object& self) {
            const auto& state = self.cast<const BoundState&>();
            return py::make_tuple(py::type::of(self), py::make_tuple(state.arrays, state.steps(),
                                                                     as_tuple(state.position())));
        });
    register_states_for<float>(m);
    register_states_for<double>(m);
}

// What all optimizers take beside the numbers of their rows.
py::tuple options() {
    py::tuple all(optimizer_options.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = optimizer_options[i];
    return all;
}

}  // namespace

void register_optimizers(py::module_& m) {
    register_state(m);
    m.def("optimizer_options", &options);
    register_settings(m);
    register_optimizers_for<float>(m);
    register_optimizers_for<double>(m);
}

}  // namespace wbcore::bindings
