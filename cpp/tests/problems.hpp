// Networks, data and trainings that several tests share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tables.hpp"
#include "wbcore/evaluation.hpp"
#include "wbcore/gradients.hpp"
#include "wbcore/initializers.hpp"
#include "wbcore/training.hpp"

namespace tests {

using Layers = std::vector<Dense>;

template <class T>
Network<T> random_network(const Layers& layers) {
    Network<T> net(layers);
    for (std::size_t l = 0; l < layers.size(); ++l)
        initialize(Initializer::xavier, 3, l, net.layer(l).weights);
    return net;
}

template <class T>
std::vector<T> copy_of(const Network<T>& net) {
    return {net.parameters().begin(), net.parameters().end()};
}

// Rows with labels and with targets for every loss.
template <class T>
struct Problem {
    std::vector<T> x, numbers, shares, decisions;
    std::vector<std::int64_t> labels;
    std::size_t inputs, outputs;

    Problem(std::size_t rows, std::size_t n_inputs, std::size_t n_outputs)
        : inputs(n_inputs), outputs(n_outputs) {
        std::mt19937_64 random(rows);
        x = random_numbers<T>(random, rows * inputs);
        numbers = random_numbers<T>(random, rows * outputs);
        for (const T t : numbers) shares.push_back(std::min(std::abs(t), T(1)));
        for (const T t : numbers) decisions.push_back(t > 0 ? T(1) : T(0));
        for (std::size_t r = 0; r < rows; ++r)
            labels.push_back(static_cast<std::int64_t>(random() % outputs));
    }
    Dataset with(const Named<Loss>& loss) const {
        switch (loss.info().targets) {
            case Targets::classes:
                return {row_major(x, inputs), row_major(labels, 1), true};
            case Targets::probabilities:
            case Targets::positives:  // none of them is 0
                return {row_major(x, inputs), row_major(shares, outputs), false};
            case Targets::counts:
            case Targets::signs:
                return {row_major(x, inputs), row_major(decisions, outputs), false};
            case Targets::numbers:
                break;
        }
        return {row_major(x, inputs), row_major(numbers, outputs), false};
    }
};

// What an optimizer remembers, with memory of its own.
template <class T>
struct OwnState {
    std::array<std::vector<T>, OptimizerInfo::most_states> arrays;
    OptimizerState<T> state;

    OwnState(const Named<Optimizer>& rule, std::size_t parameters) {
        for (std::size_t k = 0; k < state_count(rule); ++k) {
            arrays[k].assign(parameters, initial_state<T>(rule, k));
            state.arrays[k] = arrays[k];
        }
    }
};

struct Setting {
    Layers layers;
    Named<Loss> loss;
    OptimizerSettings optimizer;
    std::size_t rows, batch_size;

    std::size_t parameters() const { return parameter_count(layers, sizeof(double)); }
    template <class T>
    OwnState<T> state() const {
        return {optimizer.rule, parameters()};
    }
    template <class T>
    Problem<T> problem() const {
        return {rows, layers.front().inputs, layers.back().outputs};
    }
};

inline std::vector<Setting> settings() {
    const double rate = 0.05, momentum = 0.9, decay = 0.01;
    const auto sgd = [](std::initializer_list<double> numbers) {
        return Named<Optimizer>(Optimizer::sgd, numbers);
    };
    const Named<Loss> huber(Loss::huber, {0.5});
    return {
        {{{3, 4, Activation::tanh}, {4, 2}}, Loss::mse, {sgd({rate})}, 20, 20},
        {{{4, 16, Activation::relu}, {16, 3}}, Loss::cross_entropy, {sgd({rate})}, 50, 16},
        {{{16, 1, Activation::sigmoid}},
         Loss::binary_cross_entropy,
         {sgd({rate, momentum})},
         33,
         8},
        {{{17, 40, Activation::gelu}, {40, 5, Activation::softmax}},
         Loss::cross_entropy,
         {sgd({rate, momentum, 1, decay})},
         150,
         64},
        {{{33, 20, Activation::silu}, {20, 18, Activation::elu}, {18, 2, Activation::softplus}},
         huber,
         {sgd({rate, momentum, 0, decay}), true},
         300,
         300},
        {{{64, 32, Activation::leaky_relu}, {32, 3, Activation::tanh}},
         Loss::mae,
         {sgd({rate, 0, 0, decay}), true},
         131,
         130},
        {{{20, 24, Activation::relu, false}, {24, 9, Activation::tanh, true, false}, {9, 2}},
         huber,
         {{Optimizer::adam, {0.01, 0.8, 0.9, 1e-6, decay}}},
         140,
         40},
        {{{12, 10, {Activation::elu, {0.5}}, true, false},
          {10, 17, {Activation::leaky_relu, {0.2}}, false},
          {17, 1, Activation::sigmoid}},
         Loss::binary_cross_entropy,
         {{Optimizer::adam}, true},
         97,
         32},
        {{{18, 20, Activation::relu}, {20, 33, Activation::tanh, false}, {33, 2}},
         Loss::mse,
         {sgd({rate, momentum}), true, 0.001, 0.01, false, 0.05, 0.02, 1.0},
         97,
         32},
        {{{15, 17, Activation::tanh, true, false}, {17, 40, Activation::tanh}, {40, 2}},
         Loss::mse,
         {{Optimizer::rmsprop, {0.01, 0.9, 1e-6, momentum, 1, decay}}, false, 0, 0, false, 0.01},
         97,
         32},
        {{{9, 40, Activation::tanh}, {40, 3}},
         Loss::mse,
         {Optimizer::rprop, false, 0, 0, 0, 0, 0.8},
         60,
         16},
        // with dropout, before a frozen layer too
        {{{6, 19, Activation::softplus, true, true, 0.3},
          {19, 33, Activation::relu, true, true, 0.5},
          {33, 2}},
         Loss::mse,
         {{Optimizer::adam}},
         141,
         60},
        {{{5, 16, Activation::elu, true, true, 0.125},
          {16, 8, Activation::tanh, true, false, 0.75},
          {8, 3}},
         Loss::cross_entropy,
         {sgd({rate, momentum})},
         40,
         40},
    };
}

inline TrainingOptions options_of(const Setting& setting) {
    TrainingOptions options;
    options.loss = setting.loss;
    options.optimizer = setting.optimizer;
    options.epochs = 3;
    options.batch_size = setting.batch_size;
    options.seed = 9;
    options.n_threads = 1;
    return options;
}

// A whole training, from the first epoch on.
template <class T>
TrainingEnd train_all(Network<T>& network,
                      OptimizerState<T>& state,
                      const Dataset& data,
                      const TrainingOptions& options,
                      const Hooks<T>& hooks = {},
                      const Dataset* validation = nullptr) {
    Position position;
    return train<T>(network, state, position, data, validation, options, hooks);
}

template <class T>
struct Trained {
    std::vector<T> parameters;
    std::array<std::vector<T>, OptimizerInfo::most_states> states;
    std::uint64_t steps = 0;
    std::vector<double> losses;
};

template <class T>
Trained<T> trained(const Setting& setting, const TrainingOptions& options, Hooks<T> hooks = {}) {
    const Problem<T> problem = setting.problem<T>();
    Network<T> net = random_network<T>(setting.layers);
    OwnState<T> own(options.optimizer.rule, net.parameters().size());
    Trained<T> result;
    const Dataset data = problem.with(setting.loss);
    hooks.after_epoch = [&](std::size_t, const EpochResult& epoch) {
        result.losses.push_back(epoch.loss);
        result.losses.push_back(*epoch.validation_loss);
        for (const double m : epoch.metrics) result.losses.push_back(m);
        return false;
    };
    const TrainingEnd end = train_all(net, own.state, data, options, hooks, &data);
    CHECK_EQUAL(end.status, TrainingStatus::completed);
    result.parameters = copy_of(net);
    result.states = own.arrays;
    result.steps = own.state.steps;
    return result;
}

template <class T>
void same(const Trained<T>& a, const Trained<T>& b) {
    CHECK_ARRAYS(a.parameters.data(), b.parameters.data(), b.parameters.size());
    for (std::size_t k = 0; k < a.states.size(); ++k)
        CHECK_ARRAYS(a.states[k].data(), b.states[k].data(), b.states[k].size());
    CHECK_EQUAL(a.steps, b.steps);
    CHECK_ARRAYS(a.losses.data(), b.losses.data(), b.losses.size());
}

}  // namespace tests
