// An optimizer and what it remembers of a network, as Python objects hold them.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "named.hpp"
#include "wbcore/optimizers.hpp"

namespace wbcore::bindings {

// Where the next fit goes on. In the middle of an epoch also the sums of its batches so far, and what the epoch is one of.
struct BoundPosition {
    std::uint64_t epoch = 0, batch = 0;
    double loss_sum = 0, weight_sum = 0;
    std::vector<double> metric_sums;
    std::string epoch_of;
};

// All that a training needs to go on, but for the parameters: steps, arrays laid out like these, of the network's type and written
// in place, and the position. The numbers change with the arrays, under the network's lock, and without the GIL; so whoever
// reads them holds a lock of their own, for no longer than a copy takes.
class BoundState {
public:
    BoundState(std::vector<py::array> given, std::uint64_t steps, BoundPosition position)
        : arrays(std::move(given)), steps_(steps), position_(std::move(position)) {}

    std::uint64_t steps() const {
        const std::lock_guard reading(*lock_);
        return steps_;
    }
    void set_steps(std::uint64_t steps) {
        const std::lock_guard writing(*lock_);
        steps_ = steps;
    }
    BoundPosition position() const {
        const std::lock_guard reading(*lock_);
        return position_;
    }
    void set_position(BoundPosition position) {
        const std::lock_guard writing(*lock_);
        std::swap(position_, position);
    }

    // What a schedule that observes remembers; it changes between epochs, with the GIL.
    Observations observations() const {
        const std::lock_guard reading(*lock_);
        return observations_;
    }
    void set_observations(const Observations& observations) {
        const std::lock_guard writing(*lock_);
        observations_ = observations;
    }

    std::vector<py::array> arrays;

private:
    std::unique_ptr<std::mutex> lock_ = std::make_unique<std::mutex>();
    std::uint64_t steps_;
    BoundPosition position_;
    Observations observations_ = {};
};

// Settings that are allowed in T.
template <class T>
OptimizerSettings allowed(std::string_view operation, const OptimizerSettings& settings) {
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
    OptimizerState<T> spans{state.steps(), {}, state.observations()};
    for (std::size_t k = 0; k < n; ++k)
        spans.arrays[k] = {
            plain_data<T>(operation, state_info(rule, k).name, state.arrays[k], {parameters}, true),
            parameters};
    return spans;
}

}  // namespace wbcore::bindings
