#include "wbcore/training.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string>

#include "pass.hpp"
#include "pieces.hpp"
#include "team_size.hpp"
#include "wbcore/random.hpp"
#include "wbcore/threads.hpp"

namespace wbcore {

namespace {

// A row panel of the plain and of the tiled kernels; threads split batches and inputs at its multiples.
template <class T>
constexpr std::size_t grain = panel_width<T>;

// The loop over the batches of one epoch, shared by a team of threads: within a step, threads first split the rows
// (forward, loss, every dA), then the inputs of each layer (dW, db, update). No sum is ever split, so the number of
// threads does not show in the result.
template <class T>
class Epoch {
public:
    Epoch(const PackedNetwork<T>& network,
          Pass<T>& pass,
          const Dataset& data,
          const TrainingOptions<T>& options,
          const std::int64_t* order,
          const InterruptCheck& interrupted,
          std::size_t n_threads)
        : network_(network),
          pass_(pass),
          data_(data),
          options_(options),
          order_(order),
          interrupted_(interrupted),
          n_threads_(n_threads),
          rows_of_a_piece_(wbcore::rows_of_a_piece(network.shapes(), options.batch_size)),
          metrics_(options.metrics,
                   options.objective.loss,
                   network[network.size() - 1].shape.outputs,
                   std::min(options.batch_size, data.x.rows)) {}

    TrainingStatus run() {
        run_team(n_threads_, [this](std::size_t t, std::size_t size) { work(t, size); });
        return status_;
    }

    std::size_t batch() const { return batch_; }
    InputArray refused() const { return refused_.load(std::memory_order_relaxed); }
    // Whether the parameters are neither those before nor those after the last batch.
    bool is_torn() const { return torn_; }
    double mean_loss() const { return loss_sum_ / mean_count(data_.x.rows); }
    std::vector<double> metrics() const { return metrics_.values(); }

private:
    double mean_count(std::size_t rows) const {
        return options_.objective.mean_count(rows, network_[network_.size() - 1].shape.outputs);
    }

    void work(std::size_t t, std::size_t size) {
        for (std::size_t first = 0; first < data_.x.rows; first += options_.batch_size) {
            const std::size_t rows = std::min(options_.batch_size, data_.x.rows - first);
            if (t == 0) pass_.set_rows(rows);  // the others look after the barrier
            const Batch<T> batch = compute_rows(first, rows, t, size);
            barrier_.arrive_and_wait(size);
            const bool stopped = stopped_.load(std::memory_order_relaxed);
            if (t == 0) account(batch, stopped);
            if (!stopped) update(batch, t, size);
            barrier_.arrive_and_wait(size);
            if (status_ != TrainingStatus::completed) return;
            if (t == 0) ++batch_;
        }
    }

    // Gathers this thread's rows of the batch and takes them forward, to the loss and back, all of them at once unless it is
    // a batch of seconds.
    Batch<T> compute_rows(std::size_t first, std::size_t rows, std::size_t t, std::size_t size) {
        const Range mine = part(rows, size, t);
        Range piece{mine.first, std::min(mine.first + rows_of_a_piece_, mine.last)};
        for (;;) {
            const Batch<T> batch = pass_.batch(data_, order_, first, rows, piece);
            if (batch.refused != InputArray::none)
                refused_.store(batch.refused, std::memory_order_relaxed);
            if (piece.first != piece.last) compute_piece(batch, piece, mean_count(rows));
            if (piece.last == mine.last || stops(t)) return batch;
            piece = {piece.last, std::min(piece.last + rows_of_a_piece_, mine.last)};
        }
    }

    void compute_piece(const Batch<T>& batch, Range piece, double count) {
        for (std::size_t l = 0; l < network_.size(); ++l) pass_.forward(network_, batch, l, piece);
        pass_.loss(options_.objective, batch, count, true, piece);
        for (std::size_t l = network_.size() - 1; l > 0; --l)
            pass_.backward_inputs(network_, l, piece);
    }

    void update(const Batch<T>& batch, std::size_t t, std::size_t size) {
        if (pass_.rows() > rows_of_a_piece_) return update_in_pieces(batch, t, size);
        for (std::size_t l = network_.size(); l-- > 0;)
            pass_.backward_parameters(network_, batch, l, &options_.sgd,
                                      part(network_[l].shape.inputs, size, t, grain<T>));
    }

    void update_in_pieces(const Batch<T>& batch, std::size_t t, std::size_t size) {
        bool stopped = false;
        for (std::size_t l = network_.size(); l-- > 0 && !stopped;) {
            const DenseShape& shape = network_[l].shape;
            in_pieces(
                part(shape.inputs, size, t, grain<T>), inputs_of_a_piece(shape, pass_.rows()),
                [&] { return stopped = stops(t); },
                [&](Range inputs) {
                    pass_.backward_parameters(network_, batch, l, &options_.sgd, inputs);
                });
        }
        if (t != 0 || !stopped) return;
        status_ = TrainingStatus::interrupted;
        torn_ = true;
    }

    // Also in a child that was forked while somebody was asked, with one thread of several: run_team then throws.
    bool asks_to_stop() {
        return interrupted_ && (interrupted_() || (n_threads_ > 1 && barrier_.is_forked()));
    }

    // Within a batch: thread 0 asks, the others see the answer.
    bool stops(std::size_t t) {
        if (t == 0 && asks_to_stop()) stopped_.store(true, std::memory_order_relaxed);
        return stopped_.load(std::memory_order_relaxed);
    }

    // Thread 0, while the others already update: the loss of the batch, and whether to go on after it.
    void account(const Batch<T>& batch, bool stopped) {
        if (stopped) {
            status_ = TrainingStatus::interrupted;
            return;
        }
        if (refused() != InputArray::none) {
            status_ = TrainingStatus::refused;
            return;
        }
        const double sum = static_cast<double>(pass_.row_loss_sum());
        loss_sum_ += sum;
        if (!std::isfinite(sum)) {
            const bool refuses = !pass_.has_finite_targets(batch);
            if (refuses) refused_.store(InputArray::y, std::memory_order_relaxed);
            status_ = refuses ? TrainingStatus::refused : TrainingStatus::diverged;
            return;
        }
        if (!metrics_.empty()) {
            pass_.add_metrics(metrics_, batch);
            metrics_.end_batch();
        }
        if (asks_to_stop()) status_ = TrainingStatus::interrupted;
    }

    const PackedNetwork<T>& network_;
    Pass<T>& pass_;
    const Dataset& data_;
    const TrainingOptions<T>& options_;
    const std::int64_t* order_;
    const InterruptCheck& interrupted_;
    const std::size_t n_threads_;  // at most
    const std::size_t rows_of_a_piece_;
    Barrier barrier_;
    MetricSums metrics_;
    double loss_sum_ = 0;
    std::size_t batch_ = 0;
    std::atomic<InputArray> refused_ = InputArray::none;  // by any thread, for its rows
    std::atomic<bool> stopped_ = false;                   // in the middle of a batch
    // written by thread 0 before a barrier, read by all after it
    TrainingStatus status_ = TrainingStatus::completed;
    bool torn_ = false;
};

}  // namespace

namespace {

// For C++ callers; Python has checked long before.
template <class T>
void require_trainable(const Network<T>& network,
                       std::size_t velocity_size,
                       const Dataset& data,
                       const TrainingOptions<T>& options) {
    const std::string start = "[train] expected ";
    if (options.batch_size == 0)
        throw std::invalid_argument(start + "a batch_size of at least 1, got 0");
    if (data.x.cols != network.inputs() || data.x.rows == 0 || data.y.rows != data.x.rows)
        throw std::invalid_argument(start + "x (N, " + std::to_string(network.inputs()) +
                                    ") and y (N, ..), N > 0, got " + std::to_string(data.x.rows) +
                                    " rows of " + std::to_string(data.x.cols) + " and " +
                                    std::to_string(data.y.rows) + " targets");
    if (options.sgd.momentum != 0 && velocity_size != network.parameters().size())
        throw std::invalid_argument(start + "a velocity of " +
                                    std::to_string(network.parameters().size()) +
                                    " elements for momentum, got " + std::to_string(velocity_size));
}

}  // namespace

template <class T>
TrainingEnd train(Network<T>& network,
                  std::span<T> velocity,
                  const Dataset& data,
                  const Dataset* validation,
                  const TrainingOptions<T>& options,
                  const EpochCallback& on_epoch,
                  const InterruptCheck& interrupted) {
    const bool has_velocity = options.sgd.momentum != 0;
    require_trainable(network, velocity.size(), data, options);
    PackedNetwork<T> packed(network, {.transposed = true, .velocity = has_velocity});
    if (has_velocity) packed.pack_velocity(velocity);
    const std::size_t capacity = std::min(options.batch_size, data.x.rows);
    Pass<T> pass(network.shapes(), capacity);
    const std::size_t n_threads = team_size(options.n_threads, network.shapes(), capacity);
    AlignedBuffer<std::int64_t> order(options.shuffle ? data.x.rows : 0);

    // The network itself is written after each good epoch only: it always holds the last finite one.
    auto write_back = [&] {
        const std::unique_lock writing(network.lock());
        packed.unpack(network.parameters());
        if (has_velocity) packed.unpack_velocity(velocity);
    };
    for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
        if (options.shuffle)
            shuffled_order({order.data(), order.size()}, options.seed, epoch, interrupted);
        Epoch<T> loop(packed, pass, data, options, options.shuffle ? order.data() : nullptr,
                      interrupted, n_threads);
        const TrainingStatus status = loop.run();
        std::size_t batch = loop.batch();
        const bool trained =
            status == TrainingStatus::completed || status == TrainingStatus::interrupted;
        if (loop.is_torn()) return {status, epoch, batch, InputArray::none};
        if (trained && !packed.all_finite()) {
            if (status == TrainingStatus::completed) --batch;  // the last one did it
            return {TrainingStatus::diverged, epoch, batch, InputArray::none};
        }
        if (!trained) return {status, epoch, batch, loop.refused()};
        write_back();
        if (status == TrainingStatus::interrupted) return {status, epoch, batch, InputArray::none};

        EpochResult result{loop.mean_loss(), loop.metrics(), std::nullopt, {}};
        if (validation != nullptr) {
            Evaluation on_validation = evaluate(network, *validation, options.objective,
                                                options.metrics, n_threads, interrupted);
            result.validation_loss = on_validation.loss;
            result.validation_metrics = std::move(on_validation.metrics);
        }
        if (!on_epoch) continue;
        if (on_epoch(epoch, result)) return {TrainingStatus::stopped, epoch, 0, InputArray::none};
        packed.pack(network.parameters());  // which the callback may have changed
    }
    return {};
}

template TrainingEnd train(Network<float>&,
                           std::span<float>,
                           const Dataset&,
                           const Dataset*,
                           const TrainingOptions<float>&,
                           const EpochCallback&,
                           const InterruptCheck&);
template TrainingEnd train(Network<double>&,
                           std::span<double>,
                           const Dataset&,
                           const Dataset*,
                           const TrainingOptions<double>&,
                           const EpochCallback&,
                           const InterruptCheck&);

}  // namespace wbcore
