// The training loop: mini-batches, epochs, validation, and what it leaves behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/loss_function.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/metrics.hpp"
#include "wbcore/network.hpp"
#include "wbcore/optimizers.hpp"
#include "wbcore/tracking.hpp"

namespace wbcore {

struct TrainingOptions {
    Named<Loss> loss;
    OptimizerSettings optimizer;
    std::size_t epochs = 1;  // those before the position where the training begins included
    std::size_t batch_size = 32;
    bool shuffle = true;
    std::uint64_t seed = 0;
    std::size_t n_threads = 0;  // 0: as many as pay
    // Those that look at all predictions at once (MetricInfo::ranks) are taken of the validation data after each epoch; without
    // any, of all rows of the training data (or those that Hooks::order gave), which costs a pass over them and needs them in memory.
    std::vector<Named<Metric>> metrics;
    // When not empty, one for each output: before the first step the last layer's weights become 0 and these its biases. Until
    // there has been a step the network itself stays as it is.
    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    std::vector<double> output_biases = {};
    bool penalty =
        false;  // whether epochs are to say what the optimizer's penalties add to the loss
};

// Between which batches a training stands. It goes in and comes out, so that going on, from a later epoch or in the middle of
// one, is what a training does that was never stopped.
struct Position {
    std::size_t epoch = 0, batch = 0;   // the next one
    double loss_sum = 0;                // of the batches of this epoch so far
    double weight_sum = 0;              // of their rows
    std::optional<MetricSums> metrics;  // likewise; none before the first batch
    double penalty_sum = 0;             // likewise, if it is asked for
};

struct EpochResult {
    double loss = 0;
    std::vector<double> metrics;
    std::optional<double> validation_loss;
    std::vector<double> validation_metrics;
    double learning_rate = 0;  // of the last step
    double penalty = 0;  // if it is asked for: loss and penalty together are what the steps lower
};

enum class TrainingStatus : std::uint8_t {
    completed,
    stopped,      // a hook asked for it
    interrupted,  // the interrupt check asked for it; the parameters are those of the last whole batch, or of the last epoch when
                  // it was in the middle of a long update
    diverged,  // the loss or a parameter became NaN or infinite; the parameters are those of the last finite epoch
    refused,  // an input or target is NaN or infinite, or a label unknown; the parameters are those of the last epoch without
};

struct TrainingEnd {
    TrainingStatus status = TrainingStatus::completed;
    std::size_t epoch = 0, batch = 0;  // where it happened
    InputArray refused = InputArray::none;
};

// What somebody is told after a batch, and may ask for.
struct BatchEnd {
    const Position& position;  // of the next batch
    std::uint64_t steps;       // over all trainings of the optimizer's state
    double loss_sum;           // of the batch's row losses
    double weight;             // of the batch's rows: their number where they have no weights
    std::size_t rows;          // of the batch
    // Brings network, state and position up to date before the epoch ends. What is then written into them does not count.
    const std::function<void()>& bring_up_to_date;
};

// Who is asked while a training goes on, always on the thread that called. They may throw: network, state and position are then
// those of the last epoch, as after a divergence.
template <class T>
struct Hooks {
    // After each epoch, with the network up to date; true stops. It may change the parameters.
    std::function<bool(std::size_t epoch, const EpochResult&)> after_epoch;
    // Whether after_epoch leaves parameters, state and settings alone, so that they need not be read again.
    bool only_looks = false;
    // After each batch that `wants_batch`, asked before it, is true for; without it after each. True stops. The network itself
    // is brought up to date at the end of an epoch and when the training stops.
    std::function<bool(const BatchEnd&)> after_batch;
    std::function<bool()> wants_batch;
    // Whenever network, state and position have been written, under the network's lock: for whoever keeps a copy of the numbers
    // of the latter two that fits the arrays at every moment.
    std::function<void()> written_back;
    // Between the gradient of each step, laid out like the parameters (0 for layers that are not trainable), and the update:
    // by what the gradient is to be multiplied first, before the optimizer's own limits. 1 changes no bit. Steps are counted from 1, over all trainings of the
    // optimizer's state. With it the gradients are stored before they are applied; else that is one.
    std::function<double(std::uint64_t step, std::span<const T> gradient)> on_gradient;
    // The loss in place of that of the options, which says then what the metrics take for targets, and that of the validation
    // data. The epoch's loss is the mean of the batches', each counted by its rows.
    LossFunction<T> loss, validation_loss;
    // With `tracking`, where the course of the parameters is recorded: each record, as soon as it is taken. A recorded batch stores
    // its gradient before it is applied.
    Tracking<T>* tracking = nullptr;
    std::function<void(const ParameterRecord&)> recorded;
    // Before each epoch: its rows in their order, any of those of `data`, as many as that counts; kept until it is asked again.
    // Then options.shuffle is not looked at, and rows that `data` has chosen only say how many there are.
    std::function<std::span<const std::int64_t>(std::size_t epoch)> order;
    // Before each epoch: the learning rates of its steps, of which the first has that number, kept until it is asked again; none
    // where the optimizer's settings say them.
    std::function<std::span<const double>(std::uint64_t first_step, std::size_t steps)> rates;
    // After `after_batch`: whether `rates` is to be asked again, for the rest of the epoch.
    std::function<bool()> rates_changed;
    // Data beyond memory: the rows of an epoch from row `first` of its order on, at least one; whole batches, unless they are the
    // epoch's last. Then `data` of `train` tells only how many rows there are, of which shape, and options.shuffle is not
    // looked at. What it throws ends the training with the batches before.
    std::function<Window(std::size_t epoch, std::size_t first)> next_window;
    // Likewise for the validation data of an epoch: whole leaves of rows in place of whole batches.
    std::function<Window(std::size_t epoch, std::size_t first)> next_validation_window;
    InterruptCheck interrupted;
};

// Trains from `position` on, which then says where the next training would go on; `state` is updated in place. Throws
// std::invalid_argument, before anything is changed, for a batch_size of 0, sizes that do not fit, numbers that are not
// allowed (ChoiceError), or when no layer is trainable; InputError when the validation data are refused, Interrupted when the
// check says so during a validation: the network is then that of the epoch before it.
template <class T>
TrainingEnd train(Network<T>& network,
                  OptimizerState<T>& state,
                  Position& position,
                  const Dataset& data,
                  const Dataset* validation,
                  const TrainingOptions& options,
                  const Hooks<T>& hooks = {});

}  // namespace wbcore
