#include "wbcore/training.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>

#include "pass.hpp"
#include "row_sum.hpp"
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
          barrier_(n_threads),
          metrics_(options.metrics, options.objective.loss, network[network.size() - 1].shape.outputs) {}

    TrainingStatus run() {
        run_team(n_threads_, [this](std::size_t t) { work(t); });
        return status_;
    }

    std::size_t batch() const { return batch_; }
    double mean_loss() const {
        return loss_sum_ / mean_of(data_.x.rows);
    }
    std::vector<double> metrics() const { return metrics_.values(); }

private:
    double mean_of(std::size_t rows) const {
        return static_cast<double>(
            mean_count(options_.objective.loss, rows, network_[network_.size() - 1].shape.outputs));
    }

    void work(std::size_t t) {
        for (std::size_t first = 0; first < data_.x.rows; first += options_.batch_size) {
            const std::size_t rows = std::min(options_.batch_size, data_.x.rows - first);
            const Range mine = part(rows, n_threads_, t);
            if (t == 0) pass_.begin(rows, data_.labels);
            compute_rows(first, mine, mean_of(rows));
            barrier_.arrive_and_wait();
            if (t == 0) account();
            update(t);
            barrier_.arrive_and_wait();
            if (status_ != TrainingStatus::completed) return;
            if (t == 0) ++batch_;
        }
    }

    void compute_rows(std::size_t batch_first, Range mine, double count) {
        if (mine.first == mine.last) return;
        const std::int64_t* order = order_ == nullptr ? nullptr : order_ + batch_first;
        const Dataset batch = order_ == nullptr ? rows_of(batch_first) : data_;
        pass_.gather_inputs(batch.x, order, mine.first, mine.last);
        pass_.gather_targets(batch, order, mine.first, mine.last);
        for (std::size_t l = 0; l < network_.size(); ++l) pass_.forward(network_, l, mine.first, mine.last);
        pass_.loss(options_.objective, count, true, mine.first, mine.last);
        for (std::size_t l = network_.size() - 1; l > 0; --l) {
            pass_.backward_inputs(network_, l, mine.first, mine.last);
            pass_.backward_activation(l - 1, mine.first, mine.last);
        }
    }

    void update(std::size_t t) {
        for (std::size_t l = network_.size(); l-- > 0;) {
            const Range inputs = part(network_[l].shape.inputs, n_threads_, t, grain<T>);
            pass_.backward_parameters(network_, l, &options_.sgd, inputs.first, inputs.last);
        }
    }

    // Thread 0, while the others already update: the loss of the batch, and whether to go on after it.
    void account() {
        const double sum = static_cast<double>(pass_.row_loss_sum());
        loss_sum_ += sum;
        if (!std::isfinite(sum)) {
            status_ = TrainingStatus::diverged;
            return;
        }
        pass_.add_metrics(metrics_);
        if (interrupted_ && interrupted_()) status_ = TrainingStatus::interrupted;
    }

    Dataset rows_of(std::size_t first) const {
        Dataset batch = data_;
        batch.x = data_.x.rows_from(first, data_.x.rows - first);
        batch.y = data_.y.rows_from(first, data_.y.rows - first);
        return batch;
    }

    const PackedNetwork<T>& network_;
    Pass<T>& pass_;
    const Dataset& data_;
    const TrainingOptions<T>& options_;
    const std::int64_t* order_;
    const InterruptCheck& interrupted_;
    const std::size_t n_threads_;
    Barrier barrier_;
    MetricSums metrics_;
    double loss_sum_ = 0;
    std::size_t batch_ = 0;
    // written by thread 0 before a barrier, read by all after it
    TrainingStatus status_ = TrainingStatus::completed;
};

template <class T>
PackedNetwork<T> pack(const Network<T>& network, PackedParts parts) {
    PackedNetwork<T> packed(network.shapes(), parts);
    packed.pack(network.parameters());
    return packed;
}

template <class T>
double mean_of(const Objective<T>& objective, const Network<T>& network, std::size_t rows) {
    return static_cast<double>(mean_count(objective.loss, rows, network.outputs()));
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
    PackedNetwork<T> packed(network.shapes(), {.transposed = true, .velocity = has_velocity});
    packed.pack(network.parameters());
    if (has_velocity) packed.pack_velocity(velocity);
    const std::size_t capacity = std::min(options.batch_size, data.x.rows);
    Pass<T> pass(network.shapes(), capacity, true);
    const std::size_t n_threads = team_size(options.n_threads, network.shapes(), capacity);
    std::vector<std::int64_t> order(options.shuffle ? data.x.rows : 0);

    // The network itself is written after each good epoch only: it always holds the last finite one.
    auto write_back = [&] {
        packed.unpack(network.parameters());
        if (has_velocity) packed.unpack_velocity(velocity);
    };
    for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
        if (options.shuffle) shuffled_order(order, options.seed, epoch);
        Epoch<T> loop(packed, pass, data, options, options.shuffle ? order.data() : nullptr, interrupted, n_threads);
        TrainingStatus status = loop.run();
        std::size_t batch = loop.batch();
        if (status != TrainingStatus::diverged && !packed.all_finite()) {
            if (status == TrainingStatus::completed) --batch;  // the last one did it
            status = TrainingStatus::diverged;
        }
        if (status == TrainingStatus::diverged) return {status, epoch, batch};
        write_back();
        if (status == TrainingStatus::interrupted) return {status, epoch, batch};

        EpochResult result{loop.mean_loss(), loop.metrics(), std::nullopt, {}};
        if (validation != nullptr) {
            Evaluation on_validation =
                evaluate(network, *validation, options.objective, options.metrics, n_threads);
            result.validation_loss = on_validation.loss;
            result.validation_metrics = std::move(on_validation.metrics);
        }
        if (on_epoch && on_epoch(epoch, result)) return {TrainingStatus::stopped, epoch, 0};
    }
    return {};
}

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Objective<T>& objective,
                    const std::vector<Metric>& metrics,
                    std::size_t n_threads) {
    constexpr std::size_t block = kernels::row_leaf;
    const PackedNetwork<T> packed = pack(network, {});
    MetricSums sums(metrics, objective.loss, network.outputs());
    AlignedBuffer<T> row_losses(data.x.rows);
    const std::size_t blocks = (data.x.rows + block - 1) / block;
    const std::size_t n = std::min(team_size(n_threads, network.shapes(), data.x.rows), blocks);
    std::vector<std::unique_ptr<Pass<T>>> passes;
    for (std::size_t t = 0; t < n; ++t)
        passes.push_back(std::make_unique<Pass<T>>(network.shapes(), block, false));
    // n blocks at a time, one a thread; metrics are added in order of the rows
    for (std::size_t first = 0; first < data.x.rows; first += n * block) {
        auto rows_of = [&](std::size_t t) {
            const std::size_t from = std::min(first + t * block, data.x.rows);
            return Range{from, std::min(from + block, data.x.rows)};
        };
        run_team(n, [&](std::size_t t) {
            const Range mine = rows_of(t);
            const std::size_t rows = mine.last - mine.first;
            Pass<T>& pass = *passes[t];
            pass.begin(rows, data.labels);
            if (rows == 0) return;
            Dataset batch = data;
            batch.x = data.x.rows_from(mine.first, rows);
            batch.y = data.y.rows_from(mine.first, rows);
            pass.gather_inputs(batch.x, nullptr, 0, rows);
            pass.gather_targets(batch, nullptr, 0, rows);
            for (std::size_t l = 0; l < packed.size(); ++l) pass.forward(packed, l, 0, rows);
            pass.loss(objective, 1, false, 0, rows);
            pass.copy_row_losses(row_losses.data() + mine.first);
        });
        for (const auto& pass : passes)
            if (pass->rows() != 0) pass->add_metrics(sums);
    }
    const double total = static_cast<double>(row_sum(row_losses.data(), data.x.rows));
    return {total / mean_of(objective, network, data.x.rows), sums.values()};
}

template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Objective<T>& objective) {
    const PackedNetwork<T> packed = pack(network, {.transposed = true, .velocity = false});
    PackedNetwork<T> packed_gradients(network.shapes(), {});
    const std::size_t rows = data.x.rows;
    const double count = mean_of(objective, network, rows);
    Pass<T> pass(network.shapes(), rows, true);
    pass.begin(rows, data.labels);
    pass.gather_inputs(data.x, nullptr, 0, rows);
    pass.gather_targets(data, nullptr, 0, rows);
    for (std::size_t l = 0; l < packed.size(); ++l) pass.forward(packed, l, 0, rows);
    pass.loss(objective, count, true, 0, rows);
    pass.backward(packed, packed_gradients);
    packed_gradients.unpack(gradients);
    return static_cast<double>(pass.row_loss_sum()) / count;
}

template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Objective<T>& objective) {
    // a layer without weights: the outputs are both z and a
    Pass<T> pass({{1, outputs.cols, Activation::identity}}, outputs.rows, false);
    const double count = static_cast<double>(mean_count(objective.loss, outputs.rows, outputs.cols));
    pass.begin(outputs.rows, labels);
    pass.set_outputs(outputs);
    pass.gather_targets({{}, y, labels}, nullptr, 0, outputs.rows);
    pass.loss(objective, count, true, 0, outputs.rows);
    const Panels<const T> dz = pass.output_gradients();
    for (std::size_t r = 0; r < dz.rows; ++r)
        for (std::size_t j = 0; j < dz.cols; ++j) gradient(r, j) = dz(r, j);
    return static_cast<double>(pass.row_loss_sum()) / count;
}

template <class T>
void sgd_step(Network<T>& network, std::span<const T> gradients, std::span<T> velocity, const Sgd<T>& sgd) {
    const T* g = gradients.data();
    T* v = velocity.data();
    auto step = [&](T* w, bool decayed, std::size_t n) {
        kernels::table<T>().sgd({&sgd, decayed}, w, v, g, n);
        g += n;
        if (v != nullptr) v += n;
    };
    for (std::size_t l = 0; l < network.shapes().size(); ++l) {
        const DenseView<T> layer = network.layer(l);
        step(layer.weights.data, true, layer.weights.rows * layer.weights.cols);
        step(layer.biases, sgd.decay_biases, layer.weights.cols);
    }
}

template <class T>
std::vector<double> time_per_update(const Network<T>& network,
                                    const Dataset& data,
                                    const Objective<T>& objective,
                                    std::size_t batch_size,
                                    std::size_t repeats) {
    using Clock = std::chrono::steady_clock;
    const PackedNetwork<T> packed = pack(network, {.transposed = true, .velocity = false});
    const std::size_t rows = std::min(batch_size, data.x.rows), layers = packed.size();
    Pass<T> pass(network.shapes(), rows, true);
    pass.begin(rows, data.labels);
    pass.gather_inputs(data.x, nullptr, 0, rows);
    pass.gather_targets(data, nullptr, 0, rows);
    const Sgd<T> still{.learning_rate = T(0)};  // the same arithmetic, and the weights stay as they are
    std::vector<std::vector<double>> times(layers);
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
        std::vector<double> milliseconds(layers, 0.0);
        auto timed = [&](std::size_t layer, auto body) {
            const Clock::time_point start = Clock::now();
            body();
            milliseconds[layer] += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        };
        for (std::size_t l = 0; l < layers; ++l) timed(l, [&] { pass.forward(packed, l, 0, rows); });
        pass.loss(objective, mean_of(objective, network, rows), true, 0, rows);
        for (std::size_t l = layers; l-- > 0;)
            timed(l, [&] {
                if (l > 0) {
                    pass.backward_inputs(packed, l, 0, rows);
                    pass.backward_activation(l - 1, 0, rows);
                }
                pass.backward_parameters(packed, l, &still, 0, packed[l].shape.inputs);
            });
        for (std::size_t l = 0; l < layers; ++l) times[l].push_back(milliseconds[l]);
    }
    std::vector<double> medians;
    for (std::vector<double>& of_layer : times) {
        const auto middle = of_layer.begin() + static_cast<std::ptrdiff_t>(of_layer.size() / 2);
        std::nth_element(of_layer.begin(), middle, of_layer.end());
        medians.push_back(*middle);
    }
    return medians;
}

template <class T>
struct Tape<T>::State {
    PackedNetwork<T> network;
    Pass<T> pass;
};

template <class T>
Tape<T>::Tape() = default;

template <class T>
Tape<T>::~Tape() {
    delete state_;
}

template <class T>
std::size_t Tape<T>::rows() const {
    return state_->pass.rows();
}

template <class T>
void Tape<T>::forward(Matrix<T> y, const Network<T>& network, const ArrayView& x) {
    auto state = std::unique_ptr<State>(new State{pack(network, {.transposed = true, .velocity = false}),
                                                  Pass<T>(network.shapes(), x.rows, true)});
    Pass<T>& pass = state->pass;
    pass.begin(x.rows, false);
    pass.gather_inputs(x, nullptr, 0, x.rows);
    for (std::size_t l = 0; l < state->network.size(); ++l) pass.forward(state->network, l, 0, x.rows);
    const Panels<const T> out = pass.outputs();
    for (std::size_t r = 0; r < y.rows; ++r)
        for (std::size_t j = 0; j < y.cols; ++j) y(r, j) = out(r, j);
    delete state_;
    state_ = state.release();
}

template <class T>
void Tape<T>::backward(std::span<T> gradients, Matrix<T> dx, const ArrayView& dy) {
    Pass<T>& pass = state_->pass;
    const PackedNetwork<T>& network = state_->network;
    std::vector<DenseShape> shapes;
    for (std::size_t l = 0; l < network.size(); ++l) shapes.push_back(network[l].shape);
    PackedNetwork<T> packed_gradients(shapes, {});
    pass.gather_output_gradients(dy, 0, pass.rows());
    pass.backward_activation(network.size() - 1, 0, pass.rows());
    pass.backward(network, packed_gradients);
    pass.backward_inputs(network, 0, 0, pass.rows());
    packed_gradients.unpack(gradients);
    const Panels<const T> from = pass.input_gradients();
    for (std::size_t r = 0; r < dx.rows; ++r)
        for (std::size_t j = 0; j < dx.cols; ++j) dx(r, j) = from(r, j);
}

#define WBCORE_INSTANTIATE(T)                                                                                     \
    template TrainingEnd train(Network<T>&, std::span<T>, const Dataset&, const Dataset*,                         \
                               const TrainingOptions<T>&, const EpochCallback&, const InterruptCheck&);           \
    template Evaluation evaluate(const Network<T>&, const Dataset&, const Objective<T>&,                          \
                                 const std::vector<Metric>&, std::size_t);                                        \
    template double loss_and_gradients(std::span<T>, const Network<T>&, const Dataset&, const Objective<T>&);     \
    template double loss_and_gradient(Matrix<T>, ConstMatrix<T>, const ArrayView&, bool, const Objective<T>&);    \
    template void sgd_step(Network<T>&, std::span<const T>, std::span<T>, const Sgd<T>&);                         \
    template std::vector<double> time_per_update(const Network<T>&, const Dataset&, const Objective<T>&,          \
                                                 std::size_t, std::size_t);                                       \
    template class Tape<T>;
WBCORE_INSTANTIATE(float)
WBCORE_INSTANTIATE(double)

}  // namespace wbcore
