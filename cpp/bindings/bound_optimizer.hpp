// An optimizer and what it remembers of a network, as Python objects hold them.
#pragma once

#include <string>
#include <vector>

#include "arrays.hpp"
#include "named.hpp"
#include "wbcore/optimizers.hpp"

namespace wbcore::bindings {

// Steps, and arrays laid out like the parameters, of the network's type; the arrays are written in place.
struct BoundState {
    std::vector<py::array> arrays;
    std::uint64_t steps = 0;
};

// Settings that are allowed in T.
template <class T>
const OptimizerSettings& allowed(std::string_view operation, const OptimizerSettings& settings) {
    with_choices(operation, [&] { require_allowed<T>(settings); });
    return settings;
}

// The caller holds the state, and with it the arrays.
template <class T>
OptimizerState<T> state_of(std::string_view operation,
                           const BoundState& state,
                           const Named<Optimizer>& rule,
                           std::size_t parameters) {
    const std::size_t n = state_count(rule);
    if (state.arrays.size() < n)
        throw py::value_error("[" + std::string(operation) + "] expected " + std::to_string(n) +
                              " arrays in the state of " + std::string(rule.name()) + ", got " +
                              std::to_string(state.arrays.size()));
    OptimizerState<T> spans{state.steps, {}};
    for (std::size_t k = 0; k < n; ++k)
        spans.arrays[k] = {
            plain_data<T>(operation, state_info(rule, k).name, state.arrays[k], {parameters}, true),
            parameters};
    return spans;
}

}  // namespace wbcore::bindings
