#include "wbcore/training.hpp"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>

#include "epoch.hpp"
#include "team_size.hpp"
#include "wbcore/evaluation.hpp"
#include "wbcore/random.hpp"

namespace wbcore {

namespace {

// For C++ callers; Python has checked long before.
template <class T>
void require_trainable(const Network<T>& network,
                       const OptimizerState<T>& state,
                       const Position& position,
                       const Dataset& data,
                       const TrainingOptions& options) {
    const std::string start = "[train] expected ";
    auto refuse = [&](const std::string& expected, const std::string& got) {
        throw std::invalid_argument(start + expected + ", got " + got);
    };
    if (options.batch_size == 0) refuse("a batch_size of at least 1", "0");
    if (data.x.cols != network.inputs() || data.x.rows == 0 || data.y.rows != data.x.rows)
        refuse("x (N, " + std::to_string(network.inputs()) + ") and y (N, ..), N > 0",
               std::to_string(data.x.rows) + " rows of " + std::to_string(data.x.cols) + " and " +
                   std::to_string(data.y.rows) + " targets");
    if (data.weights && (data.weights->rows != data.x.rows || data.weights->cols != 1))
        refuse(
            "weights (" + std::to_string(data.x.rows) + ", 1)",
            std::to_string(data.weights->rows) + " rows of " + std::to_string(data.weights->cols));
    if (first_trainable(network.layers()) == network.layers().size())
        refuse("a layer that is trainable", "none");
    require_suitable<T>(options.loss, network.outputs());
    require_allowed<T>(options.optimizer);
    const std::size_t n = network.parameters().size();
    for (std::size_t k = 0; k < state_count(options.optimizer.rule); ++k)
        if (state.arrays[k].size() != n)
            refuse(std::to_string(n) + " numbers of " +
                       std::string(state_info(options.optimizer.rule, k).name),
                   std::to_string(state.arrays[k].size()));
    const std::size_t batches = (data.x.rows - 1) / options.batch_size + 1;
    if (position.batch != 0 && (position.batch > batches || !position.metrics))
        refuse("a position within the " + std::to_string(batches) + " batches of an epoch",
               "batch " + std::to_string(position.batch));
}

// A training from its first epoch to its last: what it works on, and how the network and its caller are kept up to date.
template <class T>
class Training {
public:
    Training(Network<T>& network,
             OptimizerState<T>& state,
             Position& position,
             const Dataset& data,
             const TrainingOptions& options,
             const Hooks<T>& hooks)
        : network_(network),
          state_(state),
          position_(position),
          data_(data),
          options_(options),
          hooks_(hooks),
          arrays_(arrays(network, state, data, options, hooks)),
          n_threads_(team_size(
              options.n_threads, network.layers(), std::min(options.batch_size, data.x.rows))),
          order_(options.shuffle ? data.x.rows : 0) {}

    TrainingEnd run(const Dataset* validation) {
        while (position_.epoch < options_.epochs) {
            const TrainingEnd end = run_epoch();
            if (end.status != TrainingStatus::completed) return end;
            const std::size_t epoch = position_.epoch;
            EpochResult result;
            try {
                result = finish_epoch(validation);
            } catch (const InputError& error) {
                if (validation != nullptr) throw;
                return {TrainingStatus::refused, epoch, 0, error.array};
            }
            if (!hooks_.after_epoch) continue;
            if (hooks_.after_epoch(epoch, result)) return {TrainingStatus::stopped, epoch, 0};
            arrays_.network.pack(network_.parameters());  // which the hook may have changed
        }
        return {};
    }

private:
    static TrainingArrays<T> arrays(const Network<T>& network,
                                    const OptimizerState<T>& state,
                                    const Dataset& data,
                                    const TrainingOptions& options,
                                    const Hooks<T>& hooks) {
        PackedNetwork<T> packed(network, Transposed::after_first_trainable,
                                state_count(options.optimizer.rule));
        PackedOptimizer<T> optimizer(options.optimizer, packed, state);
        Pass<T> pass(network.layers(), std::min(options.batch_size, data.x.rows));
        TrainingArrays<T> arrays{std::move(packed), std::move(optimizer), std::move(pass)};
        arrays.make_room(options.optimizer, static_cast<bool>(hooks.on_gradient));
        return arrays;
    }

    // The batches of one epoch. Where they end early, the network and the position are those of the last whole batch, or of the
    // epoch before when what has become of this one must not stay.
    TrainingEnd run_epoch() {
        if (position_.batch == 0) {
            position_.loss_sum = position_.weight_sum = 0;
            position_.metrics.emplace(options_.metrics, options_.loss, network_.outputs(),
                                      std::min(options_.batch_size, data_.x.rows));
        }
        const Position began{position_.epoch, position_.batch, position_.loss_sum,
                             position_.weight_sum, position_.metrics};
        if (options_.shuffle)
            shuffled_order({order_.data(), order_.size()}, options_.seed, position_.epoch,
                           hooks_.interrupted);
        Epoch<T> epoch(arrays_, position_, data_, options_,
                       options_.shuffle ? order_.data() : nullptr, hooks_, n_threads_);
        const TrainingStatus status = epoch.run();
        TrainingEnd end{status, position_.epoch, epoch.last_batch(), epoch.refused()};
        const bool trained = end.status != TrainingStatus::diverged &&
                             end.status != TrainingStatus::refused && !epoch.is_torn();
        if (trained && !arrays_.network.parameters().all_finite()) {
            end.status = TrainingStatus::diverged;
            position_ = began;
        } else if (!trained) {
            position_ = began;
        } else {
            write_back();
        }
        epoch.rethrow();
        return end;
    }

    // The network itself always holds the last finite epoch, or where the training was stopped.
    void write_back() {
        const std::unique_lock writing(network_.lock());
        arrays_.network.parameters().unpack(network_.parameters());
        arrays_.optimizer.unpack(state_);
    }

    EpochResult finish_epoch(const Dataset* validation) {
        const double count =
            hooks_.loss ? position_.weight_sum
                        : mean_count(options_.loss, position_.weight_sum, network_.outputs());
        EpochResult result{position_.loss_sum / count, {}, {}, {}};
        if (position_.metrics) result.metrics = position_.metrics->values();
        position_ = {position_.epoch + 1, 0, 0, 0, std::nullopt};
        if (validation == nullptr) {
            rank_training_data(result);
            return result;
        }
        Evaluation evaluation = evaluate(network_, *validation, options_.loss, options_.metrics,
                                         n_threads_, hooks_.interrupted, hooks_.validation_loss);
        result.validation_loss = evaluation.loss;
        result.validation_metrics = std::move(evaluation.metrics);
        return result;
    }

    // What needs all predictions at once, when there are no validation data to take it of.
    void rank_training_data(EpochResult& result) {
        std::vector<Named<Metric>> ranks;
        for (const Named<Metric>& metric : options_.metrics)
            if (metric.info().ranks) ranks.push_back(metric);
        if (ranks.empty()) return;
        const Evaluation evaluation =
            evaluate(network_, data_, options_.loss, ranks, n_threads_, hooks_.interrupted);
        std::size_t next = 0;
        for (std::size_t i = 0; i < options_.metrics.size(); ++i)
            if (options_.metrics[i].info().ranks) result.metrics[i] = evaluation.metrics[next++];
    }

    Network<T>& network_;
    OptimizerState<T>& state_;
    Position& position_;
    const Dataset& data_;
    const TrainingOptions& options_;
    const Hooks<T>& hooks_;
    TrainingArrays<T> arrays_;
    const std::size_t n_threads_;
    AlignedBuffer<std::int64_t> order_;
};

}  // namespace

template <class T>
TrainingEnd train(Network<T>& network,
                  OptimizerState<T>& state,
                  Position& position,
                  const Dataset& data,
                  const Dataset* validation,
                  const TrainingOptions& options,
                  const Hooks<T>& hooks) {
    require_trainable(network, state, position, data, options);
    return Training<T>(network, state, position, data, options, hooks).run(validation);
}

template TrainingEnd train(Network<float>&,
                           OptimizerState<float>&,
                           Position&,
                           const Dataset&,
                           const Dataset*,
                           const TrainingOptions&,
                           const Hooks<float>&);
template TrainingEnd train(Network<double>&,
                           OptimizerState<double>&,
                           Position&,
                           const Dataset&,
                           const Dataset*,
                           const TrainingOptions&,
                           const Hooks<double>&);

}  // namespace wbcore
