// What a fit is told beside the data, as Python's `fit` has checked it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bound_optimizer.hpp"
#include "given_loss.hpp"
#include "patience.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

struct BoundOptions {
    py::object loss;  // the text of a row, or a LossFunction
    std::size_t epochs;
    std::optional<std::size_t> first_epoch;  // none: where the state stands
    std::size_t batch_size;
    double validation_fraction;  // 0: none
    bool shuffle;
    std::uint64_t seed;
    std::size_t n_threads;
    std::vector<std::string> metrics;
    std::optional<std::size_t>
        track;                       // so many batches; 0: the end of each epoch; none: not at all
    double seconds_between_batches;  // of the calls after a batch
    std::size_t batches_between;     // of further calls; 0: there are none
    std::vector<double> output_biases;
    std::string order;  // in which a source gives its rows
    bool penalty;       // whether it is one of the series
    std::optional<Patience> patience;
};

// With `epochs` still to be counted from the position.
template <class T>
TrainingOptions core_options(const char* operation,
                             const BoundOptions& options,
                             const GivenLoss& loss,
                             std::size_t outputs,
                             const OptimizerSettings& optimizer) {
    return {loss.row,
            optimizer,
            options.epochs,
            options.batch_size,
            options.shuffle,
            options.seed,
            options.n_threads,
            metrics_named(operation, options.metrics, loss, outputs),
            options.output_biases,
            options.penalty};
}

// A training without a layer that learns is a mistake.
template <class T>
void require_trainable(const char* operation, const Network<T>& network) {
    if (std::ranges::none_of(network.layers(), &Dense::trainable))
        throw py::value_error(opening(operation) + "expected a layer that is trainable, got none");
}

// Which of the metrics look at all predictions at once.
std::vector<bool> ranks_of(const std::vector<Named<Metric>>& metrics);

// Whatever makes an epoch another one, and the sums of its batches so far those of nothing.
std::string epoch_text(const BoundOptions& options, const Dataset& training);

}  // namespace wbcore::bindings
