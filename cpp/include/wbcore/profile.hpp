// Where the time of a training step goes.
#pragma once

#include <cstddef>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// Median milliseconds a batch, by layer: forward, backward and update, on one thread. Works on a copy of the network. Throws
// std::invalid_argument when there is nothing to measure, else as loss_and_gradients.
template <class T>
std::vector<double> profile(const Network<T>& network,
                            const Dataset& data,
                            const Named<Loss>& loss,
                            std::size_t batch_size,
                            std::size_t repeats,
                            const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
