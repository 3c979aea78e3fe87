// Loss and metrics over all rows of a dataset.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/loss_function.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/metrics.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

struct Evaluation {
    double loss = 0;
    std::vector<double> metrics;
};

// With a `function`, the loss is the mean of its values for blocks of 128 rows, each counted by its rows. With `next`, data beyond
// memory: it is asked on the calling thread for windows of whole leaves of rows (128), and `data` tells only how many rows there
// are, of which shape; a function is then told the rows of the window at hand.
// Throws InputError for numbers that are refused, ChoiceError for one of the loss, and Interrupted when the check says so.
template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Named<Loss>& loss,
                    const std::vector<Named<Metric>>& metrics,
                    std::size_t n_threads = 0,
                    const InterruptCheck& interrupted = nullptr,
                    const std::type_identity_t<LossFunction<T>>& function = nullptr,
                    const NextWindow& next = nullptr);

}  // namespace wbcore
