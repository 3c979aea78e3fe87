// Every rule of an optimizer, with numbers that take all its ways; found from the rows.
#pragma once

#include <string>
#include <vector>

#include "destination.hpp"
#include "tables.hpp"

namespace tests {

template <class T>
struct Rule {
    std::string name;
    kernels::Update<T> update;
    std::size_t states;
};

// An optimizer with each of its numbers that are 0 when nobody says as 0 and as something else.
inline std::vector<Named<Optimizer>> with_and_without(const Named<Optimizer>& optimizer) {
    std::vector<Named<Optimizer>> all{optimizer};
    const Numbers& numbers = optimizer.info().numbers;
    for (std::size_t n = 0; n < numbers.size(); ++n) {
        if (optimizer.numbers[n] != 0) continue;
        std::vector<Named<Optimizer>> others = all;
        for (Named<Optimizer>& other : others)
            other.numbers[n] = numbers[n].allowed.whole ? 1 : 0.3;
        all.insert(all.end(), others.begin(), others.end());
    }
    return all;
}

// Whether the numbers go together.
template <class T>
bool is_allowed(const Named<Optimizer>& optimizer) {
    try {
        require_allowed<T>({optimizer});
    } catch (const ChoiceError&) {
        return false;
    }
    return true;
}

// The gradient stored, and all rules early and late in a training.
template <class T>
std::vector<Rule<T>> rules() {
    std::vector<Rule<T>> all{{"stored", {}, 0}};
    for (std::size_t i = 0; i < optimizer_rows.size(); ++i)
        for (const Named<Optimizer>& optimizer : with_and_without(static_cast<Optimizer>(i))) {
            if (!is_allowed<T>(optimizer)) continue;
            for (const std::uint64_t step : {1u, 1000u}) {
                StepRule<T> rule({optimizer});
                rule.begin(step);
                all.push_back({text(optimizer) + ", step " + std::to_string(step), rule.weights(),
                               state_count(optimizer)});
            }
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

// One parameter after the update, as the plain rule has it: the committed vectors hold that to section 7 of docs/arithmetic.md
// (test_vectors).
template <class T>
T updated(const kernels::Update<T>& u, T w, T (&states)[2], T g) {
    plain<T>().update(u, &w, {&states[0], &states[1]}, &g, 1);
    return w;
}

}  // namespace tests
