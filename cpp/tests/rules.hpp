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
    std::array<bool, OptimizerInfo::most_states> squares = {};  // those that are never negative
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

template <class T>
Rule<T> rule_of(const OptimizerSettings& settings, std::uint64_t step, T scale = 1) {
    const Named<Optimizer>& optimizer = settings.rule;
    StepRule<T> rule(settings);
    rule.begin(step, 7);
    rule.scale(scale);
    Rule<T> made{text(optimizer) + ", step " + std::to_string(step), rule.weights(),
                 state_count(optimizer)};
    for (std::size_t k = 0; k < made.states; ++k) {
        const std::string_view name = state_info(optimizer, k).name;
        made.squares[k] = name == "v" || name == "sum" || name == "size";
    }
    return made;
}

// Whatever may stand before a rule, alone and together.
inline std::vector<OptimizerSettings> with_options(const Named<Optimizer>& optimizer) {
    std::vector<OptimizerSettings> all(5, {optimizer});
    for (const std::size_t i : {1u, 4u}) all[i].penalty_of_sum = true;
    for (const std::size_t i : {0u, 4u}) all[i].l1 = 0.1;
    for (const std::size_t i : {1u, 4u}) all[i].l2 = 0.2;
    for (const std::size_t i : {2u, 4u}) all[i].clip_value = 0.3;
    for (const std::size_t i : {3u, 4u}) all[i].clip_norm = 0.4;
    return all;
}

// The gradient stored, and all rules early and late in a training.
template <class T>
std::vector<Rule<T>> rules() {
    std::vector<Rule<T>> all{{"stored", {}, 0}};
    for (std::size_t i = 0; i < optimizer_rows.size(); ++i) {
        for (const Named<Optimizer>& optimizer : with_and_without(static_cast<Optimizer>(i)))
            if (is_allowed<T>(optimizer))
                for (const std::uint64_t step : {1u, 1000u})
                    all.push_back(rule_of<T>({optimizer}, step));
        for (const OptimizerSettings& settings : with_options(static_cast<Optimizer>(i))) {
            all.push_back(rule_of<T>(settings, 3, settings.clip_norm == 0 ? T(1) : T(0.7)));
            all.back().name += ", with options";
        }
    }
    return all;
}

// States that a rule may meet.
template <class T>
std::vector<T> random_state(std::mt19937_64& random, bool square, std::size_t n) {
    std::vector<T> state = random_numbers<T>(random, n);
    if (square)
        for (T& x : state) x *= x;
    return state;
}

// One parameter after the update, as the plain rule has it: the committed vectors hold that to section 7 of docs/arithmetic.md
// (test_vectors).
template <class T>
T updated(const kernels::Update<T>& u, T w, T (&states)[OptimizerInfo::most_states], T g) {
    plain<T>().update(u, &w, {&states[0], &states[1], &states[2]}, &g, 1);
    return w;
}

}  // namespace tests
