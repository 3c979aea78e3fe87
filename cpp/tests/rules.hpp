// Rules of updates to try, each with numbers of a step, and section 7 of docs/arithmetic.md as it stands there.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels/fma_exact.hpp"
#include "tables.hpp"

namespace tests {

template <class T>
struct Rule {
    std::string name;
    kernels::Update<T> update;
    std::size_t states;
};

// The numbers of a step of Adam, from 1.
template <class T>
Rule<T> adam(int step, double decay) {
    const double beta1 = 0.9, beta2 = 0.999;
    return {
        "adam, step " + std::to_string(step) + ", decay " + std::to_string(decay),
        {.stores = false,
         .rule = Optimizer::adam,
         .numbers = {static_cast<T>(0.01 / (1 - std::pow(beta1, step))), T(beta1), T(1 - beta1),
                     T(beta2), T(1 - beta2), static_cast<T>(std::sqrt(1 - std::pow(beta2, step))),
                     T(1e-8), static_cast<T>(decay)}},
        2};
}

template <class T>
Rule<T> sgd(double momentum, double decay, bool nesterov) {
    return {"sgd, momentum " + std::to_string(momentum) + ", decay " + std::to_string(decay) +
                (nesterov ? ", nesterov" : ""),
            {.stores = false,
             .rule = Optimizer::sgd,
             .numbers = {T(0.1), static_cast<T>(momentum), static_cast<T>(decay),
                         nesterov ? T(1) : T(0)}},
            momentum != 0 ? std::size_t{1} : 0};
}

// All ways through every rule.
template <class T>
std::vector<Rule<T>> rules() {
    std::vector<Rule<T>> all{{"stored", {}, 0}};
    for (const double decay : {0.0, 0.01}) {
        all.push_back(sgd<T>(0, decay, false));
        for (const bool nesterov : {false, true}) all.push_back(sgd<T>(0.9, decay, nesterov));
        for (const int step : {1, 1000}) all.push_back(adam<T>(step, decay));
    }
    return all;
}

// States that a rule may meet: the second one is a mean of squares.
template <class T>
std::vector<T> random_state(std::mt19937_64& random, std::size_t which, std::size_t n) {
    std::vector<T> state = random_numbers<T>(random, n);
    if (which == 1)
        for (T& x : state) x *= x;
    return state;
}

// One parameter after the update.
template <class T>
T updated(const kernels::Update<T>& u, T w, T (&states)[2], T g) {
    using kernels::fma_exact;
    if (u.stores) return g;
    switch (u.rule) {
        case Optimizer::sgd: {
            const auto [rate, momentum, decay, nesterov, e, f, x, y] = u.numbers;
            if (decay != 0) g = fma_exact(decay, w, g);
            if (momentum == 0) return fma_exact(-rate, g, w);
            const T v = states[0] = fma_exact(momentum, states[0], g);
            return fma_exact(-rate, nesterov != 0 ? fma_exact(momentum, v, g) : v, w);
        }
        case Optimizer::adam: {
            const auto [rate, beta1, rest1, beta2, rest2, root, epsilon, decay] = u.numbers;
            if (decay != 0) g = fma_exact(decay, w, g);
            const T m = states[0] = fma_exact(beta1, states[0], rest1 * g);
            const T v = states[1] = fma_exact(beta2, states[1], (rest2 * g) * g);
            return fma_exact(-rate, m / (std::sqrt(v) / root + epsilon), w);
        }
    }
    return not_a_number<T>;
}

}  // namespace tests
