#include "wbcore/training.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "epoch.hpp"
#include "team_choice.hpp"
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
    const Dense& last = network.layers().back();
    if (!options.output_biases.empty() &&
        (!last.bias || options.output_biases.size() != last.outputs))
        refuse(std::to_string(last.biases()) + " output_biases",
               std::to_string(options.output_biases.size()));
    require_suitable<T>(options.loss, network.outputs());
    require_allowed<T>(options.optimizer);
    const std::size_t n = network.parameters().size();
    for (std::size_t k = 0; k < state_count(options.optimizer.rule); ++k)
        if (state.arrays[k].size() != n)
            refuse(std::to_string(n) + " numbers of " +
                       std::string(state_info(options.optimizer.rule, k).name),
                   std::to_string(state.arrays[k].size()));
    const std::size_t batches = (data.count() - 1) / options.batch_size + 1;
    if (position.batch != 0 && (position.batch > batches || !position.metrics))
        refuse("a position within the " + std::to_string(batches) + " batches of an epoch",
               "batch " + std::to_string(position.batch));
}

// Network and state as an epoch found them, from the first time on that a hook has them written before it ends. The memory is
// that of the first such epoch.
template <class T>
struct Before {
    bool is_needed = false;
    std::vector<T> parameters;
    std::array<std::vector<T>, OptimizerInfo::most_states> arrays;
    std::uint64_t steps = 0;

    void keep(const Network<T>& network,
              const OptimizerState<T>& state,
              const Named<Optimizer>& rule) {
        if (is_needed) return;
        parameters.assign(network.parameters().begin(), network.parameters().end());
        for (std::size_t k = 0; k < state_count(rule); ++k)
            arrays[k].assign(state.arrays[k].begin(), state.arrays[k].end());
        steps = state.steps;
        is_needed = true;
    }
    void restore(Network<T>& network,
                 OptimizerState<T>& state,
                 const Named<Optimizer>& rule) const {
        std::ranges::copy(parameters, network.parameters().begin());
        for (std::size_t k = 0; k < state_count(rule); ++k)
            std::ranges::copy(arrays[k], state.arrays[k].begin());
        state.steps = steps;
    }
};

// At least: what is counted must be worth it.
std::size_t batches_left(const Position& position,
                         const Dataset& data,
                         const TrainingOptions& options) {
    const std::size_t epochs = options.epochs - std::min(position.epoch, options.epochs);
    std::size_t batches = 0;
    const bool is_more =
        __builtin_mul_overflow(data.count() / options.batch_size, epochs, &batches);
    return is_more ? static_cast<std::size_t>(-1) : batches;
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
          states_(state_count(options.optimizer.rule)),
          arrays_(arrays(network, state, data, options, hooks)),
          batches_((data.count() - 1) / options.batch_size + 1),
          team_(options.n_threads,
                network.layers(),
                std::min(options.batch_size, data.count()),
                batches_left(position, data, options)),
          order_(options.shuffle && !hooks.next_window && !hooks.order ? data.count() : 0) {}

    TrainingEnd run(const Dataset* validation) {
        if (arrays_.tracker) arrays_.tracker->begin(network_, state_.steps);
        const TrainingEnd end = run_epochs(validation);
        if (arrays_.tracker) record_last();
        return end;
    }

private:
    TrainingEnd run_epochs(const Dataset* validation) {
        const Computing counted;
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
            const std::uint64_t steps = state_.steps;
            const bool stops = hooks_.after_epoch(epoch, result);
            if (arrays_.tracker) arrays_.tracker->steps_changed(steps, state_.steps);
            if (stops) return {TrainingStatus::stopped, epoch, 0};
            if (!hooks_.only_looks) take_up_changes();
        }
        return {};
    }

    static TrainingArrays<T> arrays(const Network<T>& network,
                                    const OptimizerState<T>& state,
                                    const Dataset& data,
                                    const TrainingOptions& options,
                                    const Hooks<T>& hooks) {
        PackedNetwork<T> packed(network, Transposed::after_first_trainable,
                                state_count(options.optimizer.rule));
        if (!options.output_biases.empty()) set_outputs(packed, options.output_biases);
        PackedOptimizer<T> optimizer(options.optimizer, packed, state);
        Pass<T> pass(network.layers(), std::min(options.batch_size, data.count()),
                     {.dropout_seed = options.seed});
        TrainingArrays<T> arrays{std::move(packed), std::move(optimizer), std::move(pass)};
        if (hooks.tracking != nullptr)
            arrays.tracker = std::make_unique<Tracker<T>>(arrays.network.plan(), *hooks.tracking,
                                                          hooks.recorded);
        arrays.make_room(options.optimizer, static_cast<bool>(hooks.on_gradient));
        if (options.penalty) arrays.penalty = PenaltySums<T>(network.layers());
        return arrays;
    }

    // Parameters, states and settings are what the hook has left.
    void take_up_changes() {
        const std::size_t states = state_count(options_.optimizer.rule);
        if (states > states_) {  // room for them, and the layers as the pass knows them
            arrays_.network = PackedNetwork<T>(arrays_.network.layers(),
                                               Transposed::after_first_trainable, states);
            states_ = states;
        }
        arrays_.network.pack(network_.parameters());
        arrays_.optimizer = PackedOptimizer<T>(options_.optimizer, arrays_.network, state_);
        arrays_.make_room(options_.optimizer, static_cast<bool>(hooks_.on_gradient));
    }

    static void set_outputs(PackedNetwork<T>& packed, const std::vector<double>& biases) {
        const std::size_t last = packed.size() - 1;
        const Panels<T> w = packed.weights(last);
        for (std::size_t i = 0; i < w.rows; ++i)
            for (std::size_t o = 0; o < w.cols; ++o) w(i, o) = 0;
        packed.transpose(last, {0, w.rows});
        T* const b = packed.parameters().biases(last);
        std::transform(biases.begin(), biases.end(), b, [](double x) { return static_cast<T>(x); });
    }

    // The batches of one epoch. Where they end early, the network and the position are those of the last whole batch, or of the
    // epoch before when what has become of this one must not stay.
    TrainingEnd run_epoch() {
        if (position_.batch == 0) {
            position_.loss_sum = position_.weight_sum = position_.penalty_sum = 0;
            position_.metrics.emplace(options_.metrics, options_.loss, network_.outputs(),
                                      std::min(options_.batch_size, data_.count()));
        }
        const Position began = position_;
        before_.is_needed = false;
        if (hooks_.order) ask_for_order();
        const std::size_t left = batches_ - position_.batch;
        const std::uint64_t first = state_.steps + (left != 0 ? 1 : 0);
        std::span<const double> rates;
        if (hooks_.rates) rates = hooks_.rates(first, std::max<std::size_t>(left, 1));
        if (left != 0)
            arrays_.optimizer.set_rates(rates);
        else  // which the epoch's result names
            arrays_.optimizer.repeat_last_step(rates);
        WindowsEnd ended = run_windows();
        TrainingEnd& end = ended.end;
        const bool trained = end.status != TrainingStatus::diverged &&
                             end.status != TrainingStatus::refused && !ended.torn && !ended.error;
        const bool diverged = trained && !arrays_.network.parameters().all_finite();
        if (diverged) end.status = TrainingStatus::diverged;
        if (trained && !diverged)
            write_back();
        else
            put_back(began);
        if (ended.error) std::rethrow_exception(ended.error);
        return end;
    }

    struct WindowsEnd {
        TrainingEnd end;
        std::exception_ptr error;  // what a hook has thrown
        bool torn = false;
    };

    // The epoch window by window; an array is one window, of which the first batches may be done.
    WindowsEnd run_windows() {
        const std::function<void()> write_early = [this] {
            before_.keep(network_, state_, options_.optimizer.rule);
            write_back();
        };
        WindowsEnd ended{{TrainingStatus::completed, position_.epoch, position_.batch, {}}, {}};
        while (ended.end.status == TrainingStatus::completed && next_row() < data_.count()) {
            const std::size_t begin = hooks_.next_window ? next_row() : 0;
            Window window;
            try {
                window = hooks_.next_window ? next_window(begin) : all_rows();
            } catch (...) {
                ended.error = std::current_exception();
                break;
            }
            Epoch<T> epoch(arrays_, position_, window, begin, batches_, options_, hooks_,
                           write_early, team_);
            const TrainingStatus status = epoch.run();
            ended = {{status, position_.epoch, epoch.last_batch(), epoch.refused()},
                     epoch.error(),
                     epoch.is_torn()};
        }
        return ended;
    }

    // Of the order of the epoch: the first row that no batch has had.
    std::size_t next_row() const { return position_.batch * options_.batch_size; }

    // Nothing of the epoch has begun, should it throw.
    void ask_for_order() {
        given_order_ = hooks_.order(position_.epoch);
        if (given_order_.size() != data_.count())
            throw std::logic_error("expected an order of " + std::to_string(data_.count()) +
                                   " rows, got " + std::to_string(given_order_.size()));
    }

    Window all_rows() {
        if (hooks_.order) return whole(data_, given_order_.data());
        if (!options_.shuffle) return whole(data_);
        const std::span<std::int64_t> order{order_.data(), order_.size()};
        shuffled_order(order, options_.seed, position_.epoch, hooks_.interrupted);
        if (!data_.chosen.empty())
            for (std::int64_t& row : order) row = data_.chosen[static_cast<std::size_t>(row)];
        return whole(data_, order_.data());
    }

    Window next_window(std::size_t first) {
        return require_whole(hooks_.next_window(position_.epoch, first), first, data_.count(),
                             options_.batch_size);
    }

    // The network itself always holds the last finite epoch, or where the training was stopped, or where a hook asked for it.
    void write_back() {
        const std::unique_lock writing(network_.lock());
        if (arrays_.tracker) arrays_.tracker->merge_counts();
        arrays_.network.parameters().unpack(network_.parameters());
        arrays_.optimizer.unpack(state_);
        if (hooks_.written_back) hooks_.written_back();
    }

    // Of a training that ended between two records; one that was put back has them from beyond its position.
    void record_last() {
        if (arrays_.tracker->is_beyond()) return;
        const bool between_epochs = position_.batch == 0;
        if (between_epochs && position_.epoch == 0) return;
        arrays_.tracker->end(arrays_.network.parameters(),
                             {state_.steps, position_.epoch - (between_epochs ? 1 : 0),
                              (between_epochs ? batches_ : position_.batch) - 1});
    }

    // To where the epoch began, of which nothing must stay.
    void put_back(const Position& began) {
        position_ = began;
        if (before_.is_needed) {
            const std::unique_lock writing(network_.lock());
            before_.restore(network_, state_, options_.optimizer.rule);
            if (hooks_.written_back) hooks_.written_back();
        }
        if (arrays_.tracker) arrays_.tracker->put_back(began.batch == 0, state_.steps);
    }

    EpochResult finish_epoch(const Dataset* validation) {
        const double count =
            hooks_.loss ? position_.weight_sum
                        : mean_count(options_.loss, position_.weight_sum, network_.outputs());
        EpochResult result{position_.loss_sum / count, {}, {}, {}, arrays_.optimizer.rate()};
        if (position_.metrics) result.metrics = position_.metrics->values();
        result.penalty = position_.penalty_sum / position_.weight_sum;
        position_ = {position_.epoch + 1, 0, 0, 0, std::nullopt};
        if (validation == nullptr) {
            rank_training_data(result);
            return result;
        }
        NextWindow next;
        if (hooks_.next_validation_window)
            next = [&](std::size_t first) {
                return hooks_.next_validation_window(position_.epoch - 1, first);
            };
        Evaluation evaluation =
            evaluate(network_, *validation, options_.loss, options_.metrics, team_.best(),
                     hooks_.interrupted, hooks_.validation_loss, next);
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
        Dataset rows = data_;
        if (hooks_.order) rows.chosen = given_order_;
        const Evaluation evaluation =
            evaluate(network_, rows, options_.loss, ranks, team_.best(), hooks_.interrupted);
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
    std::size_t states_;  // that there is memory for
    TrainingArrays<T> arrays_;
    const std::size_t batches_;
    TeamChoice team_;
    AlignedBuffer<std::int64_t> order_;          // where it is ours
    std::span<const std::int64_t> given_order_;  // where a hook says it
    Before<T> before_;
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
    const bool ranks =
        std::ranges::any_of(options.metrics, [](const auto& m) { return m.info().ranks; });
    if (ranks && hooks.next_window && validation == nullptr)
        throw std::invalid_argument(
            "[train] expected validation data for metrics that look at all predictions at once of "
            "data beyond memory, got none");
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
