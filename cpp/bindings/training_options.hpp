// What a fit is told beside the data, as Python's `fit` has checked it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bound_optimizer.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

struct BoundOptions {
    std::string loss, rule;
    std::vector<double> numbers;
    bool decay_biases;
    std::size_t epochs;
    std::optional<std::size_t> first_epoch;  // none: where the state stands
    std::size_t batch_size;
    double validation_fraction;  // 0: none
    bool shuffle;
    std::uint64_t seed;
    std::size_t n_threads;
    std::vector<std::string> metrics;
    bool track;
    double seconds_between_batches;  // of the calls after a batch
};

// With `epochs` still to be counted from the position.
template <class T>
TrainingOptions core_options(const char* operation, const BoundOptions& options) {
    const Named<Loss> loss = loss_named<T>(operation, options.loss);
    return {loss,
            settings_of<T>(operation, options.rule, options.numbers, options.decay_biases),
            options.epochs,
            options.batch_size,
            options.shuffle,
            options.seed,
            options.n_threads,
            metrics_named(operation, options.metrics, loss)};
}

// Whatever makes an epoch that was begun another one: sums of two of them are of nothing.
std::string epoch_text(const BoundOptions& options, std::size_t rows);

void register_training_options(py::module_& m);

}  // namespace wbcore::bindings
