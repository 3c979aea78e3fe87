// Where the gradients of a step go: into an array of their own, or by an optimizer's rule at once into the parameters.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>

#include "kernels/kernel_table.hpp"
#include "packed.hpp"
#include "wbcore/optimizers.hpp"

namespace wbcore {

template <class T>
inline constexpr kernels::Update<T> store_gradient{};

template <class T>
struct Destination {
    // The gradients to be stored, or the parameters to be changed
    const PackedArray<T>& values;
    std::array<const PackedArray<T>*, OptimizerInfo::most_states> states = {};
    const kernels::Update<T>&weights = store_gradient<T>, &biases = store_gradient<T>;
    // Whether the weights are then those of the next step, to be transposed for it.
    bool finishes = false;
};

// The rule of an optimizer for its next step.
template <class T>
class StepRule {
public:
    explicit StepRule(const OptimizerSettings& settings);
    // The numbers of step `step`, counted from 1, on rows that count so much together, for a schedule whose rate was reduced that
    // often
    void begin(std::uint64_t step, double weight = 1, std::uint64_t reductions = 0);
    // The learning rate of the steps to come, unless a schedule says it. In binary64.
    void set_rate(double rate);
    double rate() const { return settings_.rule[0]; }
    // What the gradients are multiplied by first, where their norm is clipped.
    void scale(T factor) { weights_.scale = biases_.scale = factor; }
    const kernels::Update<T>& weights() const { return weights_; }
    const kernels::Update<T>& biases() const { return biases_; }
    const OptimizerSettings& settings() const { return settings_; }
    // Whether a norm of all gradients, or of weights, is asked for.
    bool takes_norms() const { return takes_norms_; }
    bool limits_weights() const { return limits_weights_; }

private:
    OptimizerSettings settings_;
    kernels::Update<T> weights_, biases_;
    double weight_ = 1;  // of the rows of this step, of which a penalty of the sum is a part
    bool limits_weights_, takes_norms_;
};

// By what gradients with this sum of squares are multiplied: 1 where their norm is within its limit, or not finite.
template <class T>
T clip_factor(double squares, double clip_norm);

// An optimizer whose states are packed like the parameters of a network, and lie with them: the first of its further arrays.
template <class T>
class PackedOptimizer {
public:
    PackedOptimizer(const OptimizerSettings& settings,
                    const PackedNetwork<T>& network,
                    const OptimizerState<T>& state);

    // Before each step, on rows that count so much together; the rest of it may be shared by threads.
    void begin_step(double weight) {
        if (next_) {
            rule_ = *next_;
            next_.reset();
        }
        if (!rates_.empty()) rule_.set_rate(rates_[steps_ - steps_before_rates_]);
        rule_.begin(steps_ + 1, weight, reductions_);
    }
    // The rates of the steps to come, as many as there will be until this is called again; none: as the settings say.
    void set_rates(std::span<const double> rates) {
        rates_ = rates;
        steps_before_rates_ = steps_;
    }
    // The rule as it was for the last step, which another training has done: by this rate, none: as the settings say.
    void repeat_last_step(std::span<const double> rate) {
        if (!rate.empty()) rule_.set_rate(rate[0]);
        rule_.begin(steps_, 1, reductions_);
    }
    // Other settings, while the other threads may still be at this step. Throws what require_allowed throws, and ChoiceError for
    // a rule that needs states that are not there.
    void set_from_next_step(const OptimizerSettings& settings);
    // Of the last step
    double rate() const { return rule_.rate(); }
    void end_step() { ++steps_; }
    std::uint64_t steps() const { return steps_; }
    const StepRule<T>& rule() const { return rule_; }
    const OptimizerSettings& settings() const { return rule_.settings(); }
    Destination<T> onto(const PackedArray<T>& parameters) const { return onto(parameters, rule_); }
    // By a copy of the rule, which a thread has made for this step.
    Destination<T> onto(const PackedArray<T>& parameters, const StepRule<T>& rule) const {
        Destination<T> to{parameters, {}, rule.weights(), rule.biases(), !rule.limits_weights()};
        for (std::size_t k = 0; k < states_.size() && !states_[k].empty(); ++k)
            to.states[k] = &states_[k];
        return to;
    }
    void unpack(OptimizerState<T>& state) const;

private:
    StepRule<T> rule_;
    std::optional<StepRule<T>> next_;
    std::array<std::string_view, OptimizerInfo::most_states> names_;
    std::array<PackedArray<T>, OptimizerInfo::most_states> states_;  // in the network's memory
    std::uint64_t steps_ = 0, reductions_ = 0, steps_before_rates_ = 0;
    std::span<const double> rates_;
};

}  // namespace wbcore
