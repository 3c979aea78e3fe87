// Networks, data and trainings that several tests share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "tables.hpp"
#include "wbcore/initializers.hpp"
#include "wbcore/training.hpp"

namespace tests {

using Shapes = std::vector<DenseShape>;

template <class T>
Network<T> random_network(const Shapes& shapes) {
    Network<T> net(shapes);
    for (std::size_t l = 0; l < shapes.size(); ++l)
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
    std::vector<T> x, numbers, shares;
    std::vector<std::int64_t> labels;
    std::size_t inputs, outputs;

    Problem(std::size_t rows, std::size_t n_inputs, std::size_t n_outputs)
        : inputs(n_inputs), outputs(n_outputs) {
        std::mt19937_64 random(rows);
        x = random_numbers<T>(random, rows * inputs);
        numbers = random_numbers<T>(random, rows * outputs);
        for (const T t : numbers) shares.push_back(std::min(std::abs(t), T(1)));
        for (std::size_t r = 0; r < rows; ++r)
            labels.push_back(static_cast<std::int64_t>(random() % outputs));
    }
    Dataset with(Loss loss) const {
        if (loss == Loss::cross_entropy) return {row_major(x, inputs), row_major(labels, 1), true};
        if (loss == Loss::binary_cross_entropy)
            return {row_major(x, inputs), row_major(shares, outputs), false};
        return {row_major(x, inputs), row_major(numbers, outputs), false};
    }
};

template <class T>
struct Setting {
    Shapes shapes;
    Loss loss;
    Sgd<T> sgd;
    std::size_t rows, batch_size;
};

template <class T>
std::vector<Setting<T>> settings() {
    const T rate = T(0.05), momentum = T(0.9), decay = T(0.01);
    return {
        {{{3, 4, Activation::tanh}, {4, 2}}, Loss::mse, {rate, 0, 0, false, false}, 20, 20},
        {{{4, 16, Activation::relu}, {16, 3}},
         Loss::cross_entropy,
         {rate, 0, 0, false, false},
         50,
         16},
        {{{16, 1, Activation::sigmoid}},
         Loss::binary_cross_entropy,
         {rate, momentum, 0, false, false},
         33,
         8},
        {{{17, 40, Activation::gelu}, {40, 5, Activation::softmax}},
         Loss::cross_entropy,
         {rate, momentum, decay, true, false},
         150,
         64},
        {{{33, 20, Activation::silu}, {20, 18, Activation::elu}, {18, 2, Activation::softplus}},
         Loss::huber,
         {rate, momentum, decay, false, true},
         300,
         300},
        {{{64, 32, Activation::leaky_relu}, {32, 3, Activation::tanh}},
         Loss::mae,
         {rate, 0, decay, false, true},
         131,
         130},
    };
}

template <class T>
TrainingOptions<T> options_of(const Setting<T>& setting) {
    TrainingOptions<T> options;
    options.objective = {setting.loss, T(0.5)};
    options.sgd = setting.sgd;
    options.epochs = 3;
    options.batch_size = setting.batch_size;
    options.seed = 9;
    options.n_threads = 1;
    return options;
}

template <class T>
struct Trained {
    std::vector<T> parameters, velocity;
    std::vector<double> losses;
};

template <class T>
Trained<T> trained(const Setting<T>& setting, const TrainingOptions<T>& options) {
    const Problem<T> problem(setting.rows, setting.shapes.front().inputs,
                             setting.shapes.back().outputs);
    Network<T> net = random_network<T>(setting.shapes);
    Trained<T> result;
    result.velocity.resize(options.sgd.momentum != 0 ? net.parameters().size() : 0);
    const Dataset data = problem.with(setting.loss);
    const TrainingEnd end = train<T>(net, result.velocity, data, &data, options,
                                     [&](std::size_t, const EpochResult& epoch) {
                                         result.losses.push_back(epoch.loss);
                                         result.losses.push_back(*epoch.validation_loss);
                                         for (const double m : epoch.metrics)
                                             result.losses.push_back(m);
                                         return false;
                                     });
    CHECK_EQUAL(end.status, TrainingStatus::completed);
    result.parameters = copy_of(net);
    return result;
}

template <class T>
void same(const Trained<T>& a, const Trained<T>& b) {
    CHECK_ARRAYS(a.parameters.data(), b.parameters.data(), b.parameters.size());
    CHECK_ARRAYS(a.velocity.data(), b.velocity.data(), b.velocity.size());
    CHECK_ARRAYS(a.losses.data(), b.losses.data(), b.losses.size());
}

}  // namespace tests
