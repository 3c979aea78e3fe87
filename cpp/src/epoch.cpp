#include "epoch.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "pieces.hpp"
#include "weights.hpp"

namespace wbcore {

namespace {

// A row panel of the plain and of the tiled kernels; threads split batches and inputs at its multiples.
template <class T>
constexpr std::size_t grain = panel_width<T>;

// Seconds, of a clock that does not jump
double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// f(first, n) for the pieces in which a layer's weights for some of its inputs lie, by their place in the layer.
template <class T, class F>
void for_each_piece(Panels<T> w, Range inputs, F f) {
    const std::size_t n = inputs.last - inputs.first;
    for (std::size_t p = 0; p < w.count() && n > 0; ++p)
        f(p * w.panel_stride + inputs.first * w.row_stride, n * w.row_stride);
}

template <class T>
void clear(Panels<T> m) {
    for (std::size_t row = 0; row < m.rows; ++row)
        for (std::size_t j = 0; j < m.cols; ++j) m(row, j) = 0;
}

// Whether biases go with these inputs of a layer: with the first of them.
bool with_biases(Range inputs) { return inputs.first == 0 && inputs.last > 0; }

}  // namespace

template <class T>
void TrainingArrays<T>::make_room(const OptimizerSettings& settings, bool asks_about_gradient) {
    const bool clips = settings.clip_norm != 0;
    if ((clips || asks_about_gradient || tracker != nullptr) && gradient.empty())
        gradient = PackedArray<T>(network.plan());
    if (tracker && settings.max_norm != 0) tracker->make_room_before();
    std::size_t parameters = 0, rows = 0;
    for (const Dense& layer : network.layers()) {
        parameters += layer.parameters();
        rows += layer.inputs + 1;
    }
    if (asks_about_gradient && flat_gradient.size() == 0)
        flat_gradient = AlignedBuffer<T>(parameters);
    if (clips && squares.size() == 0) squares = AlignedBuffer<double>(rows);
}

template <class T>
Epoch<T>::Epoch(TrainingArrays<T>& arrays,
                Position& position,
                const Window& window,
                std::size_t begin,
                std::size_t batches,
                const TrainingOptions& options,
                const Hooks<T>& hooks,
                const std::function<void()>& write_back,
                TeamChoice& team)
    : arrays_(arrays),
      position_(position),
      window_(window),
      begin_(begin),
      batches_(batches),
      options_(options),
      hooks_(hooks),
      write_back_(write_back),
      team_(team),
      first_trainable_(first_trainable(arrays.network.layers())),
      rows_of_a_piece_(wbcore::rows_of_a_piece(arrays.network.layers(), options.batch_size)) {}

template <class T>
TrainingStatus Epoch<T>::run() {
    do {
        another_team_ = false;
        sharers_ = sharers();
        if (team_.shares()) team_.share(thread_share());
        if (team_.measures()) team_.begin(now());
        if (arrays_.tracker) arrays_.tracker->make_room(team_.size());
        run_team(team_.size(), [this](std::size_t t, std::size_t size) { work(t, size); });
    } while (another_team_ && status_ == TrainingStatus::completed);
    if (arrays_.tracker) arrays_.tracker->merge_counts();
    return status_;
}

template <class T>
void Epoch<T>::work(std::size_t t, std::size_t size) {
    for (std::size_t first = position_.batch * options_.batch_size - begin_; first < window_.rows;
         first += options_.batch_size) {
        const std::size_t rows = std::min(options_.batch_size, window_.rows - first);
        const double weight =
            window_.data.weights ? weight_of(first, rows) : static_cast<double>(rows);
        if (t == 0) begin_batch(rows, weight);
        if (options_.penalty) take_penalty(t, size);
        const Batch<T> batch = compute_rows(first, rows, weight, t, size);
        barrier_.arrive_and_wait(size);
        const bool stopped = stopped_.load(std::memory_order_relaxed);
        const bool has_gradient = !hooks_.loss || has_gradient_;
        if (t == 0 && (has_gradient || !error_)) account(batch, stopped);
        if (!stopped && has_gradient) update(batch, t, size);
        end_batch(t, size);
        if (status_ != TrainingStatus::completed || another_team_) return;
    }
}

// Thread 0; the others look after the barrier.
template <class T>
void Epoch<T>::begin_batch(std::size_t rows, double weight) {
    last_batch_ = position_.batch;
    batch_weight_ = weight;
    arrays_.pass.set_rows(rows);
    arrays_.optimizer.begin_step(weight);
    asks_after_batch_ = hooks_.after_batch && (!hooks_.wants_batch || hooks_.wants_batch());
    if (arrays_.tracker) begin_tracked_batch();
}

template <class T>
void Epoch<T>::begin_tracked_batch() {
    const bool ends_epoch = position_.batch + 1 == batches_;
    steps_in_parts_ = !arrays_.optimizer.rule().limits_weights();
    arrays_.tracker->begin_batch(arrays_.optimizer.steps() + 1, ends_epoch,
                                 ends_epoch && position_.epoch + 1 >= options_.epochs);
}

// Gathers this thread's rows of the batch and takes them forward, to the loss and back, all of them at once unless it is a
// batch of seconds.
template <class T>
Batch<T> Epoch<T>::compute_rows(
    std::size_t first, std::size_t rows, double weight, std::size_t t, std::size_t size) {
    const Range mine = part(rows, size, t);
    if (hooks_.loss) return compute_asked_rows(first, rows, mine, t, size);
    const double count = mean_count(options_.loss, weight, arrays_.network.layers().back().outputs);
    Range piece{mine.first, std::min(mine.first + rows_of_a_piece_, mine.last)};
    for (;;) {
        Batch<T> batch = arrays_.pass.batch(window_.data, window_.order, first, rows, piece);
        batch.step = arrays_.optimizer.steps() + 1;
        if (batch.refused != InputArray::none)
            refused_.store(batch.refused, std::memory_order_relaxed);
        if (piece.first != piece.last) compute_piece(batch, piece, count, t);
        if (piece.last == mine.last || stops(t)) return batch;
        piece = {piece.last, std::min(piece.last + rows_of_a_piece_, mine.last)};
    }
}

// By each thread itself: a batch has few weights, and no thread need wait for another's.
template <class T>
double Epoch<T>::weight_of(std::size_t first, std::size_t rows) {
    const std::optional<double> weight =
        weight_of_rows<T>(window_.data, window_.order, first, rows);
    if (!weight) refused_.store(InputArray::weights, std::memory_order_relaxed);
    return weight.value_or(0);
}

// The same with a loss that thread 0 asks, of the whole batch, while the others wait.
template <class T>
Batch<T> Epoch<T>::compute_asked_rows(
    std::size_t first, std::size_t rows, Range mine, std::size_t t, std::size_t size) {
    const PackedNetwork<T>& network = arrays_.network;
    auto in_own_pieces = [&](auto f) {
        in_pieces(mine, rows_of_a_piece_, [&] { return stops(t); }, f);
    };
    Batch<T> batch = arrays_.pass.batch(window_.data, window_.order, first, rows, mine);
    batch.step = arrays_.optimizer.steps() + 1;
    if (batch.refused != InputArray::none) refused_.store(batch.refused, std::memory_order_relaxed);
    in_own_pieces([&](Range piece) {
        for (std::size_t l = 0; l < network.size(); ++l)
            arrays_.pass.forward(network, batch, l, piece);
    });
    barrier_.arrive_and_wait(size);
    if (t == 0) ask_for_loss(first);
    barrier_.arrive_and_wait(size);
    if (!has_gradient_) return batch;
    in_own_pieces([&](Range piece) {
        arrays_.pass.backward_outputs(piece);
        for (std::size_t l = network.size(); l-- > first_trainable_ + 1;)
            arrays_.pass.backward_inputs(network, l, piece);
    });
    return batch;
}

// Thread 0. A batch in which no row counts has no mean to ask for.
template <class T>
void Epoch<T>::ask_for_loss(std::size_t first) {
    has_gradient_ = false;
    if (stopped_.load(std::memory_order_relaxed) || refused() != InputArray::none) return;
    if (batch_weight_ == 0) {
        clear(arrays_.pass.output_gradients());
        batch_loss_ = 0;
        has_gradient_ = true;
        return;
    }
    ask([&] {
        const double mean =
            hooks_.loss({arrays_.pass.outputs(), first,
                         window_.order == nullptr ? nullptr : window_.order + first},
                        arrays_.pass.output_gradients());
        batch_loss_ = mean * batch_weight_;
        has_gradient_ = true;
    });
}

template <class T>
void Epoch<T>::compute_piece(const Batch<T>& batch, Range piece, double count, std::size_t t) {
    const PackedNetwork<T>& network = arrays_.network;
    if (counts_in_passing()) [[unlikely]] {
        const auto counts = arrays_.tracker->begin_rows(piece.last - piece.first, t);
        for (std::size_t l = 0; l < network.size(); ++l)
            arrays_.pass.forward(network, batch, l, piece, counts[l]);
    } else {
        for (std::size_t l = 0; l < network.size(); ++l)
            arrays_.pass.forward(network, batch, l, piece);
    }
    arrays_.pass.loss(options_.loss, batch, count, true, piece);
    for (std::size_t l = network.size(); l-- > first_trainable_ + 1;)
        arrays_.pass.backward_inputs(network, l, piece);
}

// Thread 0, while the others already update: the loss of the batch, and whether to go on after it.
template <class T>
void Epoch<T>::account(const Batch<T>& batch, bool stopped) {
    if (stopped) {
        status_ = TrainingStatus::interrupted;
        return;
    }
    if (refused() != InputArray::none) {
        status_ = TrainingStatus::refused;
        return;
    }
    if (!hooks_.loss) batch_loss_ = static_cast<double>(arrays_.pass.row_loss_sum());
    if (!std::isfinite(batch_loss_)) {
        const bool refuses = !hooks_.loss && !arrays_.pass.has_finite_targets(batch);
        if (refuses) refused_.store(InputArray::y, std::memory_order_relaxed);
        status_ = refuses ? TrainingStatus::refused : TrainingStatus::diverged;
        return;
    }
    position_.loss_sum += batch_loss_;
    position_.weight_sum += batch_weight_;
    if (options_.penalty)
        position_.penalty_sum += arrays_.penalty.of_batch(options_.optimizer, batch_weight_);
    if (position_.metrics && !position_.metrics->empty()) {
        arrays_.pass.add_metrics(*position_.metrics, batch);
        position_.metrics->end_batch();
    }
    if (asks_to_stop()) status_ = TrainingStatus::interrupted;
}

template <class T>
void Epoch<T>::update(const Batch<T>& batch, std::size_t t, std::size_t size) {
    if (arrays_.tracker) return update_tracked(batch, t, size);
    if (hooks_.on_gradient || arrays_.optimizer.rule().takes_norms())
        return update_by_norms(batch, t, size);
    backward_parameters(arrays_.optimizer.onto(arrays_.network.parameters()), batch, t, size);
}

// The same with what is counted of the batch, and where it is recorded with its gradient stored.
template <class T>
void Epoch<T>::update_tracked(const Batch<T>& batch, std::size_t t, std::size_t size) {
    if (!counts_in_passing())
        arrays_.tracker->count(arrays_.pass, part(arrays_.pass.rows(), size, t), t);
    const bool asks = hooks_.on_gradient || arrays_.optimizer.rule().takes_norms();
    if (is_recorded() && !asks) return update_recorded(batch, t, size);
    if (is_recorded() && !steps_in_parts_)
        for_each_share(t, size, [&](std::size_t l, Range inputs) {
            arrays_.tracker->keep_before(arrays_.network.parameters(), l, inputs);
        });
    update_by_norms(batch, t, size);
}

// Each part of the gradient is applied, and what that has done measured, before the next is computed.
template <class T>
void Epoch<T>::update_recorded(const Batch<T>& batch, std::size_t t, std::size_t size) {
    const Destination<T> to = arrays_.optimizer.onto(arrays_.network.parameters());
    for_each_gradient(t, size, [&](std::size_t l, Range inputs) {
        arrays_.pass.backward_parameters({arrays_.gradient}, batch, l, inputs);
        apply_measured(to, l, inputs, t);
    });
}

// What needs more than a gradient where it is made.
template <class T>
void Epoch<T>::update_by_norms(const Batch<T>& batch, std::size_t t, std::size_t size) {
    if (hooks_.on_gradient || arrays_.optimizer.settings().clip_norm != 0 || is_recorded())
        update_staged(batch, t, size);
    else
        backward_parameters(arrays_.optimizer.onto(arrays_.network.parameters()), batch, t, size);
    if (arrays_.optimizer.rule().limits_weights()) limit_norms(t, size);
}

// f(layer, inputs) for this thread's part of each layer that is trained.
template <class T>
template <class F>
void Epoch<T>::for_each_share(std::size_t t, std::size_t size, F f) const {
    const std::vector<Dense>& layers = arrays_.network.layers();
    for (std::size_t l = first_trainable_; l < layers.size(); ++l)
        if (layers[l].trainable) f(l, share(l, t, size));
}

// Of a batch that is recorded whole chunks of what is measured.
template <class T>
Range Epoch<T>::share(std::size_t layer, std::size_t t, std::size_t size) const {
    return part(arrays_.network.layers()[layer].inputs, size, t,
                is_recorded() ? kernels::tracking_rows : grain<T>);
}

// The same rule over the same gradients, which are stored for somebody to look at, or for their norm.
template <class T>
void Epoch<T>::update_staged(const Batch<T>& batch, std::size_t t, std::size_t size) {
    backward_parameters({arrays_.gradient}, batch, t, size);
    if (hooks_.on_gradient) {
        barrier_.arrive_and_wait(size);
        if (t == 0) ask_about_gradient();
        barrier_.arrive_and_wait(size);
        if (torn_) return;
        for_each_share(t, size, [&](std::size_t l, Range inputs) { scale_gradient(l, inputs); });
    }
    StepRule<T> rule = arrays_.optimizer.rule();
    if (const double most = rule.settings().clip_norm; most != 0) {
        for_each_share(t, size, [&](std::size_t l, Range inputs) { add_squares(l, inputs); });
        barrier_.arrive_and_wait(size);
        if (torn_) return;
        rule.scale(clip_factor<T>(sum_of_squares(), most));  // each thread adds for itself
    }
    const Destination<T> to = arrays_.optimizer.onto(arrays_.network.parameters(), rule);
    const bool measures = is_recorded() && steps_in_parts_;
    for_each_share(t, size, [&](std::size_t l, Range inputs) {
        if (measures)
            apply_measured(to, l, inputs, t);
        else
            apply_stored(to, l, inputs);
    });
}

template <class T>
void Epoch<T>::backward_parameters(const Destination<T>& to,
                                   const Batch<T>& batch,
                                   std::size_t t,
                                   std::size_t size) {
    for_each_gradient(t, size, [&](std::size_t l, Range inputs) {
        arrays_.pass.backward_parameters(to, batch, l, inputs);
        if (to.finishes) arrays_.network.transpose(l, inputs);
    });
}

// f(layer, inputs) for this thread's part of each layer that is trained, the last layer first: in pieces where the batch is one of
// seconds, or where chunks of a gradient are to be at hand when they are applied.
template <class T>
template <class F>
void Epoch<T>::for_each_gradient(std::size_t t, std::size_t size, F f) {
    const std::vector<Dense>& layers = arrays_.network.layers();
    const bool in_one_piece = is_in_one_piece(), records = is_recorded();
    bool stopped = false;
    for (std::size_t l = layers.size(); l-- > first_trainable_ && !stopped;) {
        if (!layers[l].trainable) continue;
        const Range mine = share(l, t, size);
        if (in_one_piece && !records) {
            f(l, mine);
            continue;
        }
        const std::size_t piece =
            records ? kernels::tracking_rows : inputs_of_a_piece(layers[l], arrays_.pass.rows());
        in_pieces(
            mine, piece, [&] { return stopped = !in_one_piece && stops(t); },
            [&](Range inputs) { f(l, inputs); });
    }
    if (t != 0 || !stopped) return;
    status_ = TrainingStatus::interrupted;
    torn_ = true;
}

template <class T>
void Epoch<T>::scale_gradient(std::size_t layer, Range inputs) const {
    if (scale_ == 1) return;
    auto scale = [this](T* g, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) g[i] = scale_ * g[i];
    };
    const Panels<T> g = arrays_.gradient.weights(layer);
    for_each_piece(g, inputs, [&](std::size_t at, std::size_t n) { scale(g.data + at, n); });
    if (with_biases(inputs) && arrays_.gradient.biases(layer) != nullptr)
        scale(arrays_.gradient.biases(layer), round_up(g.cols, panel_width<T>));
}

// This thread's part, of the parameters before the step. The settings are those of the options, which change between steps alone:
// thread 0 may be at the rule itself.
template <class T>
void Epoch<T>::take_penalty(std::size_t t, std::size_t size) {
    for_each_share(t, size, [&](std::size_t l, Range inputs) {
        arrays_.penalty.take(options_.optimizer, arrays_.network.parameters(), l, inputs);
    });
}

// The sums of squares of the stored gradients of some inputs, into their places.
template <class T>
void Epoch<T>::add_squares(std::size_t layer, Range inputs) const {
    const kernels::KernelTable<T>& table = kernels::table<T>();
    const T clip_value = arrays_.optimizer.rule().weights().clip_value;
    const Panels<T> g = arrays_.gradient.weights(layer);
    double* squares = arrays_.squares.data();
    for (std::size_t l = 0; l < layer; ++l) squares += arrays_.network.layers()[l].inputs + 1;
    table.row_squares(squares + inputs.first, g.rows_from(inputs.first, inputs.last - inputs.first),
                      clip_value);
    const T* biases = arrays_.gradient.biases(layer);
    if (with_biases(inputs) && biases != nullptr)
        table.row_squares(squares + g.rows, {biases, 1, g.cols, panel_width<T>, panel_width<T>},
                          clip_value);
}

// In the order of the parameters.
template <class T>
double Epoch<T>::sum_of_squares() const {
    const double* squares = arrays_.squares.data();
    double sum = 0;
    for (const Dense& layer : arrays_.network.layers()) {
        const std::size_t n = layer.trainable ? layer.inputs + (layer.bias ? 1 : 0) : 0;
        for (std::size_t i = 0; i < n; ++i) sum += squares[i];
        squares += layer.inputs + 1;
    }
    return sum;
}

// The stored gradients of a layer for some of its inputs, and for the first of them those of the biases.
template <class T>
void Epoch<T>::apply_stored(const Destination<T>& to, std::size_t layer, Range inputs) const {
    const kernels::KernelTable<T>& table = kernels::table<T>();
    auto apply = [&](const kernels::Update<T>& how, T* w, const T* g, std::size_t n, auto state) {
        T* states[OptimizerInfo::most_states] = {};
        for (std::size_t k = 0; k < to.states.size() && to.states[k] != nullptr; ++k)
            states[k] = state(*to.states[k]);
        table.update(how, w, states, g, n);
    };
    const Panels<T> w = to.values.weights(layer), g = arrays_.gradient.weights(layer);
    for_each_piece(w, inputs, [&](std::size_t at, std::size_t n) {
        apply(to.weights, w.data + at, g.data + at, n,
              [&](const PackedArray<T>& state) { return state.weights(layer).data + at; });
    });
    if (with_biases(inputs) && to.values.biases(layer) != nullptr)
        apply(to.biases, to.values.biases(layer), arrays_.gradient.biases(layer),
              round_up(w.cols, panel_width<T>),
              [&](const PackedArray<T>& state) { return state.biases(layer); });
    if (to.finishes) arrays_.network.transpose(layer, inputs);
}

// The same chunk after chunk, each of which is measured when it has changed.
template <class T>
void Epoch<T>::apply_measured(const Destination<T>& to,
                              std::size_t layer,
                              Range inputs,
                              std::size_t t) {
    const kernels::KernelTable<T>& table = kernels::table<T>();
    arrays_.tracker->measure_steps(
        to.values, arrays_.gradient, layer, inputs, t,
        [&](bool is_bias, std::size_t at, std::size_t n) {
            T* states[OptimizerInfo::most_states] = {};
            for (std::size_t k = 0; k < to.states.size() && to.states[k] != nullptr; ++k)
                states[k] = to.states[k]->data() + at;
            table.update(is_bias ? to.biases : to.weights, to.values.data() + at, states,
                         arrays_.gradient.data() + at, n);
        });
    if (to.finishes) arrays_.network.transpose(layer, inputs);
}

// When all weights are updated: threads split the outputs of each layer, whose norms no sum of theirs splits.
template <class T>
void Epoch<T>::limit_norms(std::size_t t, std::size_t size) {
    barrier_.arrive_and_wait(size);
    if (torn_) return;
    const std::vector<Dense>& layers = arrays_.network.layers();
    for (std::size_t l = first_trainable_; l < layers.size(); ++l) {
        if (!layers[l].trainable) continue;
        const Panels<T> w = arrays_.network.weights(l);
        kernels::table<T>().limit_columns(w, part(w.count(), size, t),
                                          arrays_.optimizer.settings().max_norm);
    }
    barrier_.arrive_and_wait(size);
    for_each_share(t, size,
                   [&](std::size_t l, Range inputs) { arrays_.network.transpose(l, inputs); });
}

// Thread 0
template <class T>
void Epoch<T>::ask_about_gradient() {
    if (torn_ || status_ == TrainingStatus::refused || status_ == TrainingStatus::diverged) return;
    AlignedBuffer<T>& flat = arrays_.flat_gradient;
    arrays_.gradient.unpack({flat.data(), flat.size()});
    ask([&] {
        scale_ = static_cast<T>(
            hooks_.on_gradient(arrays_.optimizer.steps() + 1, {flat.data(), flat.size()}));
        take_up_changes();
    });
    torn_ = error_ != nullptr;  // its loss is counted, its update will not be done
}

// Whether the batch at hand was done to its end.
template <class T>
bool Epoch<T>::is_trained() const {
    const bool ended =
        status_ == TrainingStatus::completed || status_ == TrainingStatus::interrupted;
    return ended && !torn_ && !stopped_.load(std::memory_order_relaxed);
}

// After each thread's part of the update. Thread 0 counts while the others may still be at theirs, which does not show; whoever
// is asked may look at the parameters, and so waits for all.
template <class T>
void Epoch<T>::end_batch(std::size_t t, std::size_t size) {
    const bool asks = asks_after_batch_, records = is_recorded();
    if (t == 0 && is_trained()) {
        arrays_.optimizer.end_step();
        ++position_.batch;
        const bool another_size = team_.measures() && team_.batch_ended(now());
        const bool another_share = team_.shares() && sharers() != sharers_;
        another_team_ = (another_size || another_share) && !is_over();
    }
    barrier_.arrive_and_wait(size);
    if (records) record_batch(t, size);
    if (!asks) return;
    if (t == 0 && status_ == TrainingStatus::completed) ask_after_batch();
    barrier_.arrive_and_wait(size);
}

// By all threads, of a batch that is done and counted, if it is.
template <class T>
void Epoch<T>::record_batch(std::size_t t, std::size_t size) {
    if (is_trained()) {
        const PackedArray<T>& parameters = arrays_.network.parameters();
        arrays_.tracker->measure(parameters, arrays_.gradient, t, size, !steps_in_parts_);
        barrier_.arrive_and_wait(size);
        if (t == 0)
            ask([&] {
                arrays_.tracker->record(
                    parameters, arrays_.gradient,
                    {arrays_.optimizer.steps(), position_.epoch, position_.batch - 1});
            });
    }
    barrier_.arrive_and_wait(size);
}

template <class T>
void Epoch<T>::ask_after_batch() {
    ask([&] {
        const BatchEnd end{position_,     arrays_.optimizer.steps(), batch_loss_,
                           batch_weight_, arrays_.pass.rows(),       write_back_};
        if (hooks_.after_batch(end)) status_ = TrainingStatus::stopped;
        take_up_changes();
        if (hooks_.rates && hooks_.rates_changed && hooks_.rates_changed()) ask_for_rates();
    });
}

// Settings that a hook has changed. The others may still be at this step, which needs no room that is made here.
template <class T>
void Epoch<T>::take_up_changes() {
    arrays_.optimizer.set_from_next_step(options_.optimizer);
    arrays_.make_room(options_.optimizer, static_cast<bool>(hooks_.on_gradient));
}

// Those of the batches that are left.
template <class T>
void Epoch<T>::ask_for_rates() {
    arrays_.optimizer.set_rates(
        hooks_.rates(arrays_.optimizer.steps() + 1, batches_ - position_.batch));
}

// What a hook throws is kept until the other threads have finished the batch.
template <class T>
template <class F>
void Epoch<T>::ask(F f) {
    try {
        f();
    } catch (...) {
        error_ = std::current_exception();
        status_ = TrainingStatus::stopped;
    }
}

// Also in a child that was forked while somebody was asked, with one thread of several: run_team then throws.
template <class T>
bool Epoch<T>::asks_to_stop() {
    return hooks_.interrupted &&
           (hooks_.interrupted() || (team_.size() > 1 && barrier_.is_forked()));
}

// Within a batch: thread 0 asks, the others see the answer.
template <class T>
bool Epoch<T>::stops(std::size_t t) {
    if (t == 0 && asks_to_stop()) stopped_.store(true, std::memory_order_relaxed);
    return stopped_.load(std::memory_order_relaxed);
}

template struct TrainingArrays<float>;
template struct TrainingArrays<double>;
template class Epoch<float>;
template class Epoch<double>;

}  // namespace wbcore
