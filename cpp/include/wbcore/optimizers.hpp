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

enum class Optimizer : std::uint8_t { sgd, adam, adamw, rmsprop, nadam, adagrad, rprop, lion };

// What an optimizer keeps of every parameter from step to step.
struct StateInfo {
    static constexpr std::size_t none = Numbers::most;

    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    std::string_view name = {};
    std::size_t needed_by = none;  // the number that when 0 makes it superfluous
    std::size_t starts_as = none;  // the number that it is at first; else 0
};

struct OptimizerInfo : Row {
    static constexpr std::size_t most_states = 3;

    std::array<StateInfo, most_states> states = {};
    bool decouples =
        false;  // whether weight_decay takes from the parameter itself, not by way of its gradient
};

// In the order of the enumeration (docs/arithmetic.md, section 7).
inline constexpr auto optimizer_rows = std::to_array<OptimizerInfo>({
    {{"sgd",
      {{"learning_rate", 0.01, rate_above_zero},
       {"momentum", 0, below_one},
       {"nesterov", 0, yes_or_no},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"velocity", 1}}}},
    {{"adam",
      {{"learning_rate", 0.001, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.999, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"weight_decay", 0, rate_at_least_zero},
       {"epsilon_hat", 0, yes_or_no}}},
     {{{"m"}, {"v"}}}},
    {{"adamw",
      {{"learning_rate", 0.001, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.999, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"weight_decay", 0.01, rate_at_least_zero},
       {"epsilon_hat", 0, yes_or_no}}},
     {{{"m"}, {"v"}}},
     true},
    {{"rmsprop",
      {{"learning_rate", 0.01, rate_above_zero},
       {"alpha", 0.99, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"momentum", 0, below_one},
       {"centered", 0, yes_or_no},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"v"}, {"m", 4}, {"velocity", 3}}}},
    {{"nadam",
      {{"learning_rate", 0.002, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.999, below_one},
       {"epsilon", 1e-8, rate_above_zero},
       {"momentum_decay", 0.004, rate_at_least_zero},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"m"}, {"v"}}}},
    {{"adagrad",
      {{"learning_rate", 0.01, rate_above_zero},
       {"rate_decay", 0, rate_at_least_zero},
       {"initial_sum", 0, rate_at_least_zero},
       {"epsilon", 1e-10, rate_above_zero},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"sum", StateInfo::none, 2}}}},
    {{"rprop",
      {{"learning_rate", 0.01, rate_above_zero},
       {"eta_minus", 0.5, between_zero_and_one},
       {"eta_plus", 1.2, rate_above_one},
       {"min_step", 1e-6, rate_above_zero},
       {"max_step", 50, rate_above_zero},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"size", StateInfo::none, 0}, {"before"}}}},
    {{"lion",
      {{"learning_rate", 0.0001, rate_above_zero},
       {"beta1", 0.9, below_one},
       {"beta2", 0.99, below_one},
       {"weight_decay", 0, rate_at_least_zero}}},
     {{{"m"}}},
     true},
});

constexpr const auto& rows_of(Optimizer) { return optimizer_rows; }

constexpr bool needs(const Named<Optimizer>& optimizer, const StateInfo& state) {
    return !state.name.empty() &&
           (state.needed_by == StateInfo::none || optimizer[state.needed_by] != 0);
}

// How many states an optimizer with these numbers has, and which: those of its row that it needs, in their order.
constexpr std::size_t state_count(const Named<Optimizer>& optimizer) {
    std::size_t n = 0;
    for (const StateInfo& state : optimizer.info().states)
        if (needs(optimizer, state)) ++n;
    return n;
}
constexpr const StateInfo& state_info(const Named<Optimizer>& optimizer, std::size_t k) {
    const StateInfo* state = optimizer.info().states.data();
    for (;; ++state)
        if (needs(optimizer, *state) && k-- == 0) return *state;
}

// What every element of that state is before the first step.
template <class T>
constexpr T initial_state(const Named<Optimizer>& optimizer, std::size_t k) {
    const std::size_t number = state_info(optimizer, k).starts_as;
    return number == StateInfo::none ? T(0) : static_cast<T>(optimizer[number]);
}

// What stands before and after every rule; a limit of 0 is none.
inline constexpr Numbers optimizer_options{
    {"l1", 0, rate_at_least_zero},      {"l2", 0, rate_at_least_zero},
    {"penalty_of_sum", 0, yes_or_no},   {"clip_norm", 0, rate_above_zero},
    {"clip_value", 0, rate_above_zero}, {"max_norm", 0, rate_above_zero}};

// An optimizer as a training takes it.
struct OptimizerSettings {
    Named<Optimizer> rule;
    bool decay_biases = false;  // whether weight_decay, l1 and l2 count for biases too
    double l1 = 0, l2 = 0;  // how much of the parameter's sign, and of itself, its gradient gets
    // Whether l1 and l2 belong to the sum of the rows' losses in place of their mean: in each step they are divided by what the
    // rows of its batch count together.
    bool penalty_of_sum = false;
    // The norm of all gradients together, each of them, and the norm of the weights into each unit are held to these.
    double clip_norm = 0, clip_value = 0, max_norm = 0;
    // What is there takes the place of the rule's learning rate, which then only says what size it has: a schedule, or the rate
    // of the next step alone.
    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    std::optional<RateSchedule> schedule = {};
    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    std::optional<double> rate = {};
};

// What an optimizer remembers of a network: the steps it has done, and arrays laid out like the parameters, as many as
// state_count says, which are at first as initial_state has them.
template <class T>
struct OptimizerState {
    std::uint64_t steps = 0;
    std::array<std::span<T>, OptimizerInfo::most_states> arrays = {};
    Observations observations = {};  // of a schedule that observes
};

// Throws ChoiceError when a number is not allowed in T or does not go with another one.
template <class T>
void require_allowed(const OptimizerSettings& settings);

// One step on the user's row-major parameters; layers that are not trainable stay as they are. `weight` is what the rows of which
// the gradients are count together, their number where they have no weights (total_weight of input.hpp); only a penalty_of_sum
// asks for it. Throws ChoiceError, and std::invalid_argument for gradients or states that have not one element for each parameter,
// before anything is changed.
template <class T>
void step(Network<T>& network,
          std::span<const T> gradients,
          OptimizerState<T>& state,
          const OptimizerSettings& settings,
          double weight = 1);

}  // namespace wbcore
