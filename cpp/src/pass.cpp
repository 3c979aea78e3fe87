#include "pass.hpp"

#include <algorithm>
#include <cmath>

#include "kernel_arguments.hpp"
#include "pieces.hpp"
#include "row_sum.hpp"

namespace wbcore {

template <class T>
Panels<T> Pass<T>::plan(T*& data, std::size_t rows, std::size_t cols) {
    const Panels<T> m = packed_panels(data, rows, cols);
    data += packed_size<T>(rows, cols);
    return m;
}

namespace {

// z and a are two arrays only where they differ, and the backward pass or the loss needs both.
bool keeps_z(const std::vector<DenseShape>& shapes, std::size_t layer) {
    const Activation activation = shapes[layer].activation;
    const bool is_last = layer + 1 == shapes.size();
    return (is_last && activation != Activation::identity) || derivative_needs_z(activation);
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

}  // namespace

namespace {

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
Pass<T>::Pass(const std::vector<DenseShape>& shapes, std::size_t capacity, PassOptions options)
    : layers_(shapes.size()),
      row_losses_(capacity),
      labels_(capacity),
      copied_targets_(options.copied_targets) {
    ArraysSize<T> size(capacity);
    size.add(shapes.front().inputs, options.input_gradients ? 2 : 1);
    size.add(shapes.back().outputs);
    for (std::size_t l = 0; l < shapes.size(); ++l)
        size.add(shapes[l].outputs, keeps_z(shapes, l) ? 3 : 2);
    buffer_ = AlignedBuffer<T>(size.total());
    T* data = buffer_.data();
    x_ = plan(data, capacity, shapes.front().inputs);
    t_ = plan(data, capacity, shapes.back().outputs);
    if (options.input_gradients) dx_ = plan(data, capacity, shapes.front().inputs);
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        LayerArrays& arrays = layers_[l];
        arrays.activation = shapes[l].activation;
        arrays.a = plan(data, capacity, shapes[l].outputs);
        arrays.z = keeps_z(shapes, l) ? plan(data, capacity, shapes[l].outputs) : arrays.a;
        arrays.dz = plan(data, capacity, shapes[l].outputs);
    }
}

template <class T>
Batch<T> Pass<T>::batch(
    const Dataset& data, const std::int64_t* order, std::size_t first, std::size_t n, Range mine) {
    Batch<T> batch{x_.rows_from(0, n), t_.rows_from(0, n)};
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
    if (in_order && !copied_targets_ && is_readable<T>(data.y, first, n)) {
        batch.t = in_place<T>(data.y, first, n);
        return true;  // what is not finite shows in the loss
    }
    return gather_rows(data.y, order, first, mine, t_);
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
                      Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const LayerArrays& out = layers_[layer];
    const Panels<T> z = out.z.rows_from(first, n), a = out.a.rows_from(first, n);
    kernels::Product<T> product{z, inputs_of(layer, batch).rows_from(first, n), network[layer].w,
                                network[layer].b};
    if (is_elementwise(out.activation))
        product.epilogue = {
            kernels::Epilogue<T>::Kind::activate, with_default_numbers<T>(out.activation), a, {}};
    table_.product(product);
    if (out.activation == Activation::softmax) table_.softmax(a, z);
}

template <class T>
void Pass<T>::loss(const Objective<T>& objective,
                   const Batch<T>& batch,
                   double mean_count,
                   bool gradient,
                   Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const LayerArrays& out = layers_.back();
    table_.loss({objective.loss,
                 row_losses_.data() + first,
                 out.dz.rows_from(first, n),
                 out.z.rows_from(first, n),
                 out.a.rows_from(first, n),
                 batch.t.rows_from(first, n),
                 batch.labels == nullptr ? nullptr : batch.labels + first,
                 {objective.delta, 0},
                 static_cast<T>(mean_count),
                 gradient});
    if (gradient && !is_entropy(objective.loss)) backward_outputs(rows);
}

template <class T>
void Pass<T>::backward_outputs(Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    const LayerArrays& out = layers_.back();
    const Panels<T> dz = out.dz.rows_from(first, n), a = out.a.rows_from(first, n),
                    z = out.z.rows_from(first, n);
    if (out.activation == Activation::softmax) return table_.softmax_backward(dz, a);
    if (out.activation == Activation::identity) return;
    for (std::size_t p = 0; p < dz.count(); ++p)
        table_.activate_backward(with_default_numbers<T>(out.activation), dz.panel(p), a.panel(p),
                                 z.panel(p), n * Panels<T>::width);
}

template <class T>
void Pass<T>::backward_inputs(const PackedNetwork<T>& network, std::size_t layer, Range rows) {
    const std::size_t first = rows.first, n = rows.last - rows.first;
    kernels::Product<T> product{(layer == 0 ? dx_ : layers_[layer - 1].dz).rows_from(first, n),
                                layers_[layer].dz.rows_from(first, n), network[layer].wt, nullptr};
    if (layer > 0) {
        const LayerArrays& before = layers_[layer - 1];
        product.epilogue = {kernels::Epilogue<T>::Kind::differentiate,
                            with_default_numbers<T>(before.activation),
                            before.a.rows_from(first, n), before.z.rows_from(first, n)};
    }
    table_.product(product);
}

template <class T>
void Pass<T>::backward_parameters(const PackedNetwork<T>& out,
                                  const Batch<T>& batch,
                                  std::size_t layer,
                                  const Sgd<T>* sgd,
                                  Range inputs) {
    const PackedLayer<T>& to = out[layer];
    const Panels<T> dz = limited(layers_[layer].dz);
    table_.outer_product({to.w,
                          {to.velocity.data, nullptr},
                          inputs_of(layer, batch).rows_from(0, rows_),
                          dz,
                          inputs.first,
                          inputs.last,
                          update_of(sgd, true)});
    if (sgd != nullptr && layer > 0) table_.transpose(to.wt, to.w, inputs.first, inputs.last);
    if (inputs.first == 0 && inputs.last > 0)  // not for an empty part, of which there may be many
        table_.column_sums({to.b,
                            {to.b_velocity, nullptr},
                            dz,
                            update_of(sgd, sgd != nullptr && sgd->decay_biases)});
}

template <class T>
void Pass<T>::forward(const PackedNetwork<T>& network,
                      const Batch<T>& batch,
                      const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(network.shapes(), rows_), interrupted, [&](Range rows) {
        for (std::size_t l = 0; l < network.size(); ++l) forward(network, batch, l, rows);
    });
}

template <class T>
void Pass<T>::backward(const PackedNetwork<T>& network,
                       const Batch<T>& batch,
                       const PackedNetwork<T>& gradients,
                       const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(network.shapes(), rows_), interrupted, [&](Range rows) {
        for (std::size_t l = network.size(); l-- > 1;) backward_inputs(network, l, rows);
    });
    for (std::size_t l = network.size(); l-- > 0;) {
        const std::size_t inputs = network[l].shape.inputs;
        in_pieces({0, inputs}, inputs_of_a_piece(network[l].shape, rows_), interrupted,
                  [&](Range part) { backward_parameters(gradients, batch, l, nullptr, part); });
    }
}

template <class T>
void Pass<T>::backward_first_inputs(const PackedNetwork<T>& network,
                                    const InterruptCheck& interrupted) {
    in_pieces({0, rows_}, rows_of_a_piece(network.shapes(), rows_), interrupted,
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
    sums.add<T>(limited(out.z), limited(out.a), batch.t.rows_from(0, rows_), batch.labels);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace wbcore
