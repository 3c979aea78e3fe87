#include "wbcore/optimizers.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string>

#include "destination.hpp"
#include "power.hpp"

namespace wbcore {

namespace {

// Of numbers that are known to be allowed; a rate that a schedule made small may become 0.
template <class T>
std::array<T, Numbers::most> converted(const Named<Optimizer>& rule) {
    std::array<T, Numbers::most> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<T>(rule[i]);
    return numbers;
}

// The numbers that are the same in each step of one rate, in the order in which the rule's struct in kernels/optimizers.hpp names them.
template <class T>
kernels::Update<T> update_of(const Named<Optimizer>& rule, bool decays) {
    const auto n = converted<T>(rule);
    kernels::Update<T> update;
    update.stores = false;
    update.rule = rule.kind;
    auto set = [&](std::initializer_list<T> numbers) {
        std::copy(numbers.begin(), numbers.end(), update.numbers);
    };
    auto set_adam = [&](T decay) {
        set({n[0], n[1], static_cast<T>(1 - rule[1]), n[2], static_cast<T>(1 - rule[2]), T(1), n[3],
             decays ? decay : T(0)});
    };
    switch (rule.kind) {
        case Optimizer::sgd:
            set({n[0], n[1], decays ? n[3] : T(0), n[2]});
            return update;
        case Optimizer::adam:
            set_adam(n[4]);
            return update;
        case Optimizer::adamw:
            set_adam(-static_cast<T>(rule[0] * rule[4]));
            return update;
    }
    return update;
}

// Those that are other ones in each step.
template <class T>
void at_step(kernels::Update<T>& update, const Named<Optimizer>& rule, std::uint64_t step) {
    switch (rule.kind) {
        case Optimizer::sgd:
            return;
        case Optimizer::adam:
        case Optimizer::adamw:
            update.numbers[0] = static_cast<T>(rule[0] / (1 - power(rule[1], step)));
            update.numbers[5] = static_cast<T>(std::sqrt(1 - power(rule[2], step)));
            return;
    }
}

// What one number asks of another.
void require_consistent(const Named<Optimizer>& rule) {
    if (rule.kind == Optimizer::sgd && rule.at("nesterov") != 0 && rule.at("momentum") == 0)
        throw ChoiceError("expected momentum of sgd to be above 0 with nesterov, got 0");
}

template <class T>
void require_sizes(std::size_t parameters,
                   std::span<const T> gradients,
                   const OptimizerState<T>& state,
                   const Named<Optimizer>& rule) {
    const std::string expected = "[step] expected " + std::to_string(parameters) + " ";
    if (gradients.size() != parameters)
        throw std::invalid_argument(expected + "gradients, got " +
                                    std::to_string(gradients.size()));
    for (std::size_t k = 0; k < state_count(rule); ++k)
        if (state.arrays[k].size() != parameters)
            throw std::invalid_argument(expected + "numbers of " +
                                        std::string(rule.info().states[k]) + ", got " +
                                        std::to_string(state.arrays[k].size()));
}

}  // namespace

template <class T>
void require_allowed(const OptimizerSettings& settings) {
    (void)rounded<T>(settings.rule);
    require_consistent(settings.rule);
    if (settings.schedule) require_allowed(*settings.schedule);
    if (settings.rate && !rate_at_least_zero.contains(*settings.rate))
        throw ChoiceError("expected the rate of a step to be " +
                          std::string(rate_at_least_zero.text));
}

template <class T>
StepRule<T>::StepRule(const OptimizerSettings& settings)
    : settings_((require_allowed<T>(settings), settings)) {
    set_rate(settings.rate.value_or(settings.rule[0]));
}

template <class T>
void StepRule<T>::set_rate(double rate) {
    settings_.rule.numbers[0] = rate;
    weights_ = update_of<T>(settings_.rule, true);
    biases_ = update_of<T>(settings_.rule, settings_.decay_biases);
}

template <class T>
void StepRule<T>::begin(std::uint64_t step, std::uint64_t reductions) {
    if (settings_.schedule) set_rate(rate_at(*settings_.schedule, step, reductions));
    at_step(weights_, settings_.rule, step);
    at_step(biases_, settings_.rule, step);
}

template <class T>
PackedOptimizer<T>::PackedOptimizer(const OptimizerSettings& settings,
                                    const PackedNetwork<T>& network,
                                    const OptimizerState<T>& state)
    : rule_(settings), steps_(state.steps), reductions_(state.observations.reductions) {
    for (std::size_t k = 0; k < state_count(settings.rule); ++k) {
        states_[k] = network.more(k).view();
        states_[k].pack(state.arrays[k]);
    }
}

template <class T>
void PackedOptimizer<T>::set_from_next_step(const OptimizerSettings& settings) {
    for (std::size_t k = 0; k < state_count(settings.rule); ++k)
        if (states_[k].empty())
            throw ChoiceError("expected " + std::string(settings.rule.name()) +
                              " to need no other states within an epoch, got " +
                              std::string(settings.rule.info().states[k]));
    next_.emplace(settings);
}

template <class T>
void PackedOptimizer<T>::unpack(OptimizerState<T>& state) const {
    for (std::size_t k = 0; k < states_.size(); ++k)
        if (!states_[k].empty()) states_[k].unpack(state.arrays[k]);
    state.steps = steps_;
}

template <class T>
void step(Network<T>& network,
          std::span<const T> gradients,
          OptimizerState<T>& state,
          const OptimizerSettings& settings) {
    StepRule<T> rule(settings);
    require_sizes<T>(network.parameters().size(), gradients, state, settings.rule);
    rule.begin(state.steps + 1, state.observations.reductions);
    const std::unique_lock writing(network.lock());
    std::size_t at = 0;
    auto update = [&](const kernels::Update<T>& how, std::size_t n) {
        T* states[OptimizerInfo::most_states] = {};
        for (std::size_t k = 0; k < state_count(settings.rule); ++k)
            states[k] = state.arrays[k].data() + at;
        kernels::table<T>().update(how, network.parameters().data() + at, states,
                                   gradients.data() + at, n);
        at += n;
    };
    for (const Dense& layer : network.layers()) {
        if (!layer.trainable) {
            at += layer.parameters();
            continue;
        }
        update(rule.weights(), layer.weights());
        update(rule.biases(), layer.biases());
    }
    ++state.steps;
}

template class StepRule<float>;
template class StepRule<double>;
template class PackedOptimizer<float>;
template class PackedOptimizer<double>;
template void require_allowed<float>(const OptimizerSettings&);
template void require_allowed<double>(const OptimizerSettings&);
template void step(Network<float>&,
                   std::span<const float>,
                   OptimizerState<float>&,
                   const OptimizerSettings&);
template void step(Network<double>&,
                   std::span<const double>,
                   OptimizerState<double>&,
                   const OptimizerSettings&);

}  // namespace wbcore
