// Where the time of a training step goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// In their order in a step. Those of a layer are done for each layer; `update` is dW, db and the rule, in one product.
enum class Phase : std::uint8_t { gather, forward, loss, backward, update, transpose };

struct PhaseTime {
    Phase phase;
    std::optional<std::size_t> layer;  // none for gather and loss
    double milliseconds = 0;           // the median over the steps
    // Floating-point operations of the matrix product, a multiply-add being two; 0 for phases without one
    double operations = 0;
};

struct Profile {
    std::vector<PhaseTime> phases;
    double timed_step = 0;  // milliseconds: the median of the sums of a step's phases
    // Milliseconds of a step without a look at the clock, the median of as many, done in turn with the timed ones
    double step = 0;
    double reading = 0;   // nanoseconds of a look at the clock, of which each phase contains one
    double fma_peak = 0;  // of this thread, in 10^9 operations a second (probe.hpp)
};

// Of steps on one thread on the first batch of the data, by plain SGD with a rate of 0. Works on a copy of the network. Throws
// std::invalid_argument when there is nothing to measure, else as loss_and_gradients.
template <class T>
Profile profile(const Network<T>& network,
                const Dataset& data,
                const Named<Loss>& loss,
                std::size_t batch_size,
                std::size_t repeats,
                const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
