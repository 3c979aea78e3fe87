// Optimizers: a row for each, and one step of the user's own loop. The rule itself is a kernel.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "wbcore/named.hpp"
#include "wbcore/network.hpp"
#include "wbcore/schedules.hpp"

namespace wbcore {

enum class Optimizer : std::uint8_t { sgd, adam, adamw };

struct OptimizerInfo : Row {
    static constexpr std::size_t most_states = 2;
    static constexpr std::size_t always = Numbers::most;

    std::array<std::string_view, most_states> states = {};  // each laid out like the parameters
    std::size_t needed_by = always;  // the number that when 0 makes the states superfluous
};

// In the order of the enumeration (docs/arithmetic.md, section 7).
inline constexpr auto optimizer_rows = std::to_array<OptimizerInfo>({
    {{"sgd",
      {{"learning_rate", 0.01, rate_above_zero},
       {"momentum", 0, below_one},
       {"nesterov", 0, yes_or_no},
       {"weight_decay", 0, rate_at_least_zero}}},
     {"velocity"},
     1},
    {{"adam",
      {{"learning_rate", 0.001, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.999, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"weight_decay", 0, rate_at_least_zero}}},
     {"m", "v"}},
    {{"adamw",
      {{"learning_rate", 0.001, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.999, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"weight_decay", 0.01, rate_at_least_zero}}},
     {"m", "v"}},
});

constexpr const auto& rows_of(Optimizer) { return optimizer_rows; }

// How many states an optimizer has.
constexpr std::size_t state_count(const Named<Optimizer>& optimizer) {
    const OptimizerInfo& info = optimizer.info();
    if (info.needed_by != OptimizerInfo::always && optimizer[info.needed_by] == 0) return 0;
    std::size_t n = 0;
    while (n < OptimizerInfo::most_states && !info.states[n].empty()) ++n;
    return n;
}

// An optimizer as a training takes it.
struct OptimizerSettings {
    Named<Optimizer> rule;
    bool decay_biases = false;  // whether weight_decay, l1 and l2 count for biases too
    double l1 = 0, l2 = 0;  // how much of the parameter's sign, and of itself, its gradient gets
    // 0: none. The norm of all gradients together, each of them, and the norm of the weights into each unit are held to these.
    double clip_norm = 0, clip_value = 0, max_norm = 0;
    // What is there takes the place of the rule's learning rate, which then only says what size it has: a schedule, or the rate
    // of the next step alone.
    std::optional<RateSchedule> schedule = {};
    std::optional<double> rate = {};
};

// What an optimizer remembers of a network: the steps it has done, and arrays laid out like the parameters, zero at first, as
// many as state_count says.
template <class T>
struct OptimizerState {
    std::uint64_t steps = 0;
    std::array<std::span<T>, OptimizerInfo::most_states> arrays = {};
    Observations observations = {};  // of a schedule that observes
};

// Throws ChoiceError when a number is not allowed in T or does not go with another one.
template <class T>
void require_allowed(const OptimizerSettings& settings);

// One step on the user's row-major parameters; layers that are not trainable stay as they are. Throws ChoiceError, and
// std::invalid_argument for gradients or states that have not one element for each parameter, before anything is changed.
template <class T>
void step(Network<T>& network,
          std::span<const T> gradients,
          OptimizerState<T>& state,
          const OptimizerSettings& settings);

}  // namespace wbcore
