#include "pass.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "pieces.hpp"
#include "row_tree.hpp"
#include "wbcore/dropout.hpp"

namespace wbcore {

template <class T>
Panels<T> Pass<T>::plan(T*& data, std::size_t rows, std::size_t cols) {
    const Panels<T> m = packed_panels(data, rows, cols);
    data += packed_size<T>(rows, cols);
    return m;
}

namespace {

// z and a are two arrays only where they differ, and the backward pass or the loss needs both.
bool keeps_z(const std::vector<Dense>& layers, std::size_t layer) {
    const Named<Activation>& activation = layers[layer].activation;
    const bool is_last = layer + 1 == layers.size();
    return (is_last && !is_identity(activation.kind)) || derivative_needs_z(activation);
}

// Rows of the caller's that the kernels can read as they are. Vectors reach past the last column, so something must follow.
template <class T>
bool is_readable(const ArrayView& all, std::size_t first, std::size_t n) {
    if (!is_plain<T>(all)) return false;
    const std::size_t stride = static_cast<std::size_t>(all.row_stride);
    return all.cols % panel_width<T> == 0 || (all.rows - first - n) * stride >= alignment;
}

template <class T>
Panels<const T> in_place(const ArrayView& all, std::size_t first, std::size_t n) {
    const std::size_t stride = static_cast<std::size_t>(all.row_stride) / sizeof(T);
    return {static_cast<const T*>(all.data) + first * stride, n, all.cols, stride, panel_width<T>};
}

// The rows [first, last) of the batch that begins at row `start`, or of those that `order` names.
template <class T>
bool gather_rows(
    const ArrayView& all, const std::int64_t* order, std::size_t start, Range rows, Panels<T> out) {
    const std::size_t n = rows.last - rows.first;
    const Panels<T> to = out.rows_from(rows.first, n);
    return order != nullptr ? gather(all, order + start + rows.first, to)
                            : gather(all.rows_from(start + rows.first, n), nullptr, to);
}

// The size of arrays (B, ...) that lie one after another. B is what a caller made of it, by a batch size or by an array
// without memory of its own, and a sum that wraps around would make a small buffer for large arrays.
template <class T>
class ArraysSize {
public:
    explicit ArraysSize(std::size_t rows) : rows_(rows) {}
    void add(std::size_t cols, std::size_t arrays = 1) {
        std::size_t n = 0;
        if (__builtin_mul_overflow(rows_ | 1, round_up(cols, panel_width<T>), &n) ||
            __builtin_mul_overflow(n, arrays, &n) || __builtin_add_overflow(total_, n, &total_))
            throw OutOfMemory(rows_, cols, sizeof(T));
    }
    std::size_t total() const { return total_; }

private:
    std::size_t rows_, total_ = 0;
};

}  // namespace

template <class T>
Pass<T>::Pass(const std::vector<Dense>& layers, std::size_t capacity, PassOptions options)
    : shapes_(layers),
      layers_(layers.size()),
      dropout_seed_(options.dropout_seed),
      row_losses_(capacity),
      labels_(capacity),
      weights_(capacity),
      copied_targets_(options.copied_targets) {
    ArraysSize<T> size(capacity);
    size.add(layers.front().inputs, options.input_gradients ? 2 : 1);
    size.add(layers.back().outputs);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        size.add(layers[l].outputs, keeps_z(layers, l) ? 3 : 2);
        if (options.dropout_seed && layers[l].dropout != 0) size.add(layers[l].outputs);
    }
    buffer_ = AlignedBuffer<T>(size.total());
    T* data = buffer_.data();
    x_ = plan(data, capacity, layers.front().inputs);
    t_ = plan(data, capacity, layers.back().outputs);
    if (options.input_gradients) dx_ = plan(data, capacity, layers.front().inputs);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        LayerArrays& arrays = layers_[l];
        arrays.activation = activation_of<T>(layers[l].activation);
        arrays.a = plan(data, capacity, layers[l].outputs);
        arrays.z = keeps_z(layers, l) ? plan(data, capacity, layers[l].outputs) : arrays.a;
        arrays.dz = plan(data, capacity, layers[l].outputs);
        const bool drops = options.dropout_seed && layers[l].dropout != 0;
        arrays.y = drops ? plan(data, capacity, layers[l].outputs) : arrays.a;
    }
    if (options.dropout_seed) plan_dropout(capacity);
}

template <class T>
void Pass<T>::plan_dropout(std::size_t capacity) {
    auto stride = [&](std::size_t l) {
        return shapes_[l].dropout == 0 ? 0 : round_up(shapes_[l].outputs, dropout_block);
    };
    ArraysSize<std::uint16_t> size(capacity);
    for (std::size_t l = 0; l < shapes_.size(); ++l)
        if (stride(l) != 0) size.add(stride(l));
    if (size.total() == 0) return;
    numbers_ = AlignedBuffer<std::uint16_t>(size.total());
    std::uint16_t* data = numbers_.data();
    for (std::size_t l = 0; l < shapes_.size(); data += capacity * stride(l++)) {
        if (stride(l) == 0) continue;
        layers_[l].numbers = data;
        layers_[l].dropout = {.out = {},
                              .x = {},
                              .numbers = nullptr,
                              .stride = stride(l),
                              .threshold = static_cast<T>(dropout_threshold(shapes_[l].dropout)),
                              .scale = dropout_scale<T>(shapes_[l].dropout)};
    }
}

template <class T>
Batch<T> Pass<T>::batch(
    const Dataset& data, const std::int64_t* order, std::size_t first, std::size_t n, Range mine) {
    Batch<T> batch{x_.rows_from(0, n), t_.rows_from(0, n)};
    if (order == nullptr && !data.chosen.empty()) order = data.chosen.data();
    const bool in_order = order == nullptr;
    if (in_order && static_cast<std::ptrdiff_t>(n) * data.x.row_stride <= most_bytes_in_place &&
        is_readable<T>(data.x, first, n)) {
        batch.x = in_place<T>(data.x, first, n);
        if (!all_finite<T>(data.x.rows_from(first + mine.first, mine.last - mine.first)))
            batch.refused = InputArray::x;
    } else if (data.x.rows != 0 && !gather_rows(data.x, order, first, mine, x_)) {
        batch.refused = InputArray::x;
    }
    if (!gather_targets(batch, data, order, first, n, mine) && batch.refused == InputArray::none)
        batch.refused = InputArray::y;
    if (data.weights) gather_weights_of(batch, *data.weights, order, first, mine);
    return batch;
}

// Targets were looked at when the call began, but somebody may have changed them since.
template <class T>
bool Pass<T>::gather_targets(Batch<T>& batch,
                             const Dataset& data,
                             const std::int64_t* order,
                             std::size_t first,
                             std::size_t n,
                             Range mine) {
    const bool in_order = order == nullptr;
    const std::size_t start = first + mine.first, count = mine.last - mine.first;
    if (data.labels) {
        batch.labels = labels_.data();
        return gather_labels(in_order ? data.y.rows_from(start, count) : data.y,
                             in_order ? nullptr : order + start, count, layers_.back().a.cols,
                             labels_.data() + mine.first);
    }
    if (data.y.cols != layers_.back().a.cols) return gather_repeated(data.y, order, first, mine);
    if (in_order && !copied_targets_ && is_readable<T>(data.y, first, n)) {
        batch.t = in_place<T>(data.y, first, n);
        return true;  // what is not finite shows in the loss
    }
    return gather_rows(data.y, order, first, mine, t_);
}

// Each target for as many outputs, side by side, as there are for one.
template <class T>
bool Pass<T>::gather_repeated(const ArrayView& y,
                              const std::int64_t* order,
                              std::size_t first,
                              Range mine) {
    if (y.cols == 0) return true;  // of a loss that has its targets from elsewhere
    const std::size_t repeats = t_.cols / y.cols;
    Panels<T> targets = t_;
    targets.cols = y.cols;
    if (!gather_rows(y, order, first, mine, targets)) return false;
    for (std::size_t row = mine.first; row < mine.last; ++row)
        for (std::size_t j = t_.cols; j-- > 0;)  // from the end: none is written before it is read
            t_(row, j) = t_(row, j / repeats);
    return true;
}

template <class T>
void Pass<T>::gather_weights_of(Batch<T>& batch,
                                const ArrayView& weights,
                                const std::int64_t* order,
                                std::size_t first,
                                Range mine) {
    const std::size_t start = first + mine.first, n = mine.last - mine.first;
    T* const to = weights_.data() + mine.first;
    const bool good = order != nullptr
                          ? gather_weights(weights, order + start, n, to)
                          : gather_weights(weights.rows_from(start, n), nullptr, n, to);
    if (!good && batch.refused == InputArray::none) batch.refused = InputArray::weights;
    batch.weights = weights_.data();
}

template <class T>
Batch<T> Pass<T>::copy(const ArrayView& x) {
    Batch<T> batch{x_.rows_from(0, x.rows), {}};
    if (!gather(x, nullptr, x_.rows_from(0, x.rows))) batch.refused = InputArray::x;
    return batch;
}

template <class T>
void Pass<T>::gather_output_gradients(const ArrayView& dy) {
    gather(dy, nullptr, limited(layers_.back().dz));
}

template <class T>
void Pass<T>::forward(const PackedNetwork<T>& network,
                      const Batch<T>& batch,
                      std::size_t layer,
                      Range rows,
                      const kernels::UnitCounts<T>* counts) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const LayerArrays& out = layers_[layer];
    const Panels<T> z = out.z.rows_from(first, n), a = out.a.rows_from(first, n);
    kernels::Product<T> product{.out = z,
                                .x = inputs_of(layer, batch).rows_from(first, n),
                                .w = network.weights(layer),
                                .start = network.biases(layer)};
    const bool elementwise = out.activation.is_elementwise();
    if (elementwise)
        product.epilogue = {kernels::Epilogue<T>::Kind::activate, out.activation, a, {}, counts};
    table_.product(product);
    if (!elementwise) table_.softmax(a, z);
    if (out.numbers != nullptr) drop_outputs(batch.step, layer, rows);
}

template <class T>
void Pass<T>::drop_outputs(std::uint64_t step, std::size_t layer, Range rows) {
    const LayerArrays& out = layers_[layer];
    const std::size_t stride = out.dropout.stride;
    const DropoutStep of_step{dropout_seed_.value_or(0), step};  // there is one where numbers are
    for (std::size_t r = rows.first; r < rows.last; ++r)
        draw_dropout(out.numbers + r * stride, stride / dropout_block, of_step, layer,
                     first_row_ + r);
    leave_out(out, out.y, out.a, rows);
}

template <class T>
void Pass<T>::drop_gradients(const LayerArrays& layer, Range rows) {
    leave_out(layer, layer.dz, layer.dz, rows);
    differentiate(layer, rows);
}

template <class T>
void Pass<T>::leave_out(const LayerArrays& layer, Panels<T> to, Panels<const T> from, Range rows) {
    const std::size_t n = rows.last - rows.first;
    kernels::Dropout<T> part = layer.dropout;
    part.out = to.rows_from(rows.first, n);
    part.x = from.rows_from(rows.first, n);
    part.numbers = layer.numbers + rows.first * part.stride;
    table_.dropout(part);
}

namespace {

// The power of two that brings n to between 1/2 and 1, so that neither 1 / n nor a weight times it leaves the range where all
// weights of a batch are small or large. It changes no bits: the gradients are by 1 / (n s), then by s times the weights.
double weight_scale(double n) {
    if (!(n > 0)) return 1;
    constexpr int bias = 1023, fraction = 52;  // of binary64, whose bits need no library
    const int exponent = static_cast<int>(std::bit_cast<std::uint64_t>(n) >> fraction) - bias + 1;
    const auto scale = static_cast<std::uint64_t>(bias - std::clamp(exponent, -126, 126));
    return std::bit_cast<double>(scale << fraction);
}

template <class T>
struct ScaledMean {
    T n, scale;
};

// Not inlined: the steps of rows without weights pass by.
template <class T>
[[gnu::noinline]] ScaledMean<T> scaled_mean(double n) {
    const double scale = weight_scale(n);
    // in a batch without any weight nothing counts, whatever it is divided by
    return {static_cast<T>(n > 0 ? n * scale : 1.0), static_cast<T>(scale)};
}

}  // namespace

template <class T>
void Pass<T>::loss(
    const Named<Loss>& loss, const Batch<T>& batch, double mean_count, bool gradient, Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const LayerArrays& out = layers_.back();
    const bool weighted = batch.weights != nullptr;
    const ScaledMean<T> mean =
        weighted ? scaled_mean<T>(mean_count) : ScaledMean<T>{static_cast<T>(mean_count), 1};
    kernels::LossRows<T> batch_rows{
        .loss = loss.kind,
        .row_losses = row_losses_.data() + first,
        .dz = out.dz.rows_from(first, n),
        .z = out.z.rows_from(first, n),
        .y = out.a.rows_from(first, n),
        .t = batch.t.rows_from(first, n),
        .labels = batch.labels == nullptr ? nullptr : batch.labels + first,
        .numbers = {},
        .mean_count = mean.n,
        .gradient = gradient,
        .output_weights = loss.output_weights.template data<T>(),
        .weights = weighted ? batch.weights + first : nullptr,
        .weight_scale = mean.scale};
    for (std::size_t i = 0; i < Numbers::most; ++i)  // 0 past those of the row
        batch_rows.numbers[i] = static_cast<T>(loss[i]);
    table_.loss(batch_rows);
    if (gradient && !is_of_z(loss)) backward_outputs(rows);
}

template <class T>
void Pass<T>::backward_outputs(Range rows) {
    if (!is_identity(layers_.back().activation.kind)) differentiate(layers_.back(), rows);
}

template <class T>
void Pass<T>::differentiate(const LayerArrays& layer, Range rows) {
    if (is_identity(layer.activation.kind)) return;
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const Panels<T> dz = layer.dz.rows_from(first, n), a = layer.a.rows_from(first, n),
                    z = layer.z.rows_from(first, n);
    if (!layer.activation.is_elementwise()) return table_.softmax_backward(dz, a);
    for (std::size_t p = 0; p < dz.count(); ++p)
        table_.activate_backward(layer.activation, dz.panel(p), a.panel(p), z.panel(p),
                                 n * Panels<T>::width);
}

template <class T>
void Pass<T>::backward_inputs(const PackedNetwork<T>& network, std::size_t layer, Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    kernels::Product<T> product{
        .out = (layer == 0 ? dx_ : layers_[layer - 1].dz).rows_from(first, n),
        .x = layers_[layer].dz.rows_from(first, n),
        .w = network.transposed(layer),
        .start = nullptr};
    if (layer > 0) {
        const LayerArrays& before = layers_[layer - 1];
        if (before.numbers != nullptr) {
            table_.product(product);
            return drop_gradients(before, rows);
        }
        product.epilogue = {kernels::Epilogue<T>::Kind::differentiate, before.activation,
                            before.a.rows_from(first, n), before.z.rows_from(first, n)};
    }
    table_.product(product);
}

template <class T>
void Pass<T>::backward_parameters(const Destination<T>& to,
                                  const Batch<T>& batch,
                                  std::size_t layer,
                                  Range inputs) {
    const Panels<const T> dz = limited(layers_[layer].dz);
    kernels::OuterProduct<T> product{.out = to.values.weights(layer),
                                     .states = {},
                                     .x = inputs_of(layer, batch).rows_from(0, rows_),
                                     .dz = dz,
                                     .first_input = inputs.first,
                                     .last_input = inputs.last,
                                     .update = to.weights};
    // not for an empty part, of which there may be many
    const bool with_biases = shapes_[layer].bias && inputs.first == 0 && inputs.last > 0;
    kernels::ColumnSums<T> sums{
        .out = to.values.biases(layer), .states = {}, .dz = dz, .update = to.biases};
    for (std::size_t k = 0; k < to.states.size() && to.states[k] != nullptr; ++k) {
        product.states[k] = to.states[k]->weights(layer).data;
        sums.states[k] = to.states[k]->biases(layer);
    }
    table_.outer_product(product);
    if (with_biases) table_.column_sums(sums);
}

template <class T>
void Pass<T>::forward(const PackedNetwork<T>& network,
                      const Batch<T>& batch,
                      const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(shapes_, rows_), interrupted, [&](Range rows) {
        for (std::size_t l = 0; l < network.size(); ++l) forward(network, batch, l, rows);
    });
}

template <class T>
void Pass<T>::backward(const PackedNetwork<T>& network,
                       std::size_t first,
                       const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(shapes_, rows_), interrupted, [&](Range rows) {
        for (std::size_t l = network.size(); l-- > first + 1;) backward_inputs(network, l, rows);
    });
}

template <class T>
void Pass<T>::backward_parameters(const PackedArray<T>& gradients,
                                  const Batch<T>& batch,
                                  const InterruptCheck& interrupted) {
    for (std::size_t l = shapes_.size(); l-- > 0;)
        if (shapes_[l].trainable)
            in_pieces({0, shapes_[l].inputs}, inputs_of_a_piece(shapes_[l], rows_), interrupted,
                      [&](Range part) { backward_parameters({gradients}, batch, l, part); });
}

template <class T>
void Pass<T>::backward_first_inputs(const PackedNetwork<T>& network,
                                    const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(shapes_, rows_), interrupted,
              [&](Range rows) { backward_inputs(network, 0, rows); });
}

template <class T>
void Pass<T>::set_outputs(ConstMatrix<T> outputs) {
    const LayerArrays& out = layers_.back();
    for (std::size_t r = 0; r < rows_; ++r)
        for (std::size_t j = 0; j < outputs.cols; ++j) out.z(r, j) = out.a(r, j) = outputs(r, j);
}

template <class T>
void Pass<T>::copy_row_losses(T* to) const {
    std::copy_n(row_losses_.data(), rows_, to);
}

template <class T>
T Pass<T>::row_loss_sum() const {
    return row_sum(row_losses_.data(), rows_);
}

template <class T>
bool Pass<T>::has_finite_targets(const Batch<T>& batch) const {
    for (std::size_t r = 0; batch.labels == nullptr && r < rows_; ++r)
        for (std::size_t j = 0; j < batch.t.cols; ++j)
            if (!std::isfinite(batch.t(r, j))) return false;
    return true;
}

template <class T>
void Pass<T>::add_metrics(MetricSums& sums, const Batch<T>& batch) const {
    const LayerArrays& out = layers_.back();
    sums.add<T>(limited(out.z), limited(out.a), batch.t.rows_from(0, rows_), batch.labels,
                batch.weights);
}

template <class T>
void Pass<T>::add_scores(Rankings<T>& rankings, const Batch<T>& batch) const {
    rankings.add(outputs(), batch.t.rows_from(0, rows_), batch.labels, batch.weights);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace wbcore
