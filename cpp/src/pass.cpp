#include "pass.hpp"

#include <algorithm>

#include "row_sum.hpp"

namespace wbcore {

using kernels::table;

template <class T>
Panels<T> Pass<T>::plan(T*& data, std::size_t rows, std::size_t cols) {
    const Panels<T> m = packed_panels(data, rows, cols);
    data += packed_size<T>(rows, cols);
    return m;
}

namespace {

// z and a are two arrays only where the backward pass or the loss needs both.
bool keeps_z(const std::vector<DenseShape>& shapes, std::size_t layer) {
    return layer + 1 == shapes.size() || derivative_needs_z(shapes[layer].activation);
}

}  // namespace

template <class T>
Pass<T>::Pass(const std::vector<DenseShape>& shapes, std::size_t capacity, bool input_gradients)
    : layers_(shapes.size()), row_losses_(capacity), labels_(capacity) {
    std::size_t size = packed_size<T>(capacity, shapes.front().inputs) * (input_gradients ? 2 : 1) +
                       packed_size<T>(capacity, shapes.back().outputs);
    for (std::size_t l = 0; l < shapes.size(); ++l)
        size += packed_size<T>(capacity, shapes[l].outputs) * (2 + (keeps_z(shapes, l) ? 1 : 0));
    buffer_ = AlignedBuffer<T>(size);
    T* data = buffer_.data();
    x_ = plan(data, capacity, shapes.front().inputs);
    t_ = plan(data, capacity, shapes.back().outputs);
    if (input_gradients) dx_ = plan(data, capacity, shapes.front().inputs);
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        LayerArrays& arrays = layers_[l];
        arrays.activation = shapes[l].activation;
        arrays.a = plan(data, capacity, shapes[l].outputs);
        arrays.z = keeps_z(shapes, l) ? plan(data, capacity, shapes[l].outputs) : arrays.a;
        arrays.dz = plan(data, capacity, shapes[l].outputs);
    }
}

template <class T>
void Pass<T>::gather_inputs(const ArrayView& x,
                            const std::int64_t* order,
                            std::size_t first,
                            std::size_t last) {
    const bool shuffled = order != nullptr;
    gather(shuffled ? x : x.rows_from(first, last - first), shuffled ? order + first : nullptr,
           x_.rows_from(first, last - first));
}

template <class T>
void Pass<T>::gather_targets(const Dataset& data,
                             const std::int64_t* order,
                             std::size_t first,
                             std::size_t last) {
    const bool shuffled = order != nullptr;
    const ArrayView& y = shuffled ? data.y : data.y.rows_from(first, last - first);
    const std::int64_t* rows = shuffled ? order + first : nullptr;
    if (data.labels)
        gather_labels(y, rows, last - first, labels_.data() + first);
    else
        gather(y, rows, t_.rows_from(first, last - first));
}

template <class T>
void Pass<T>::gather_output_gradients(const ArrayView& dy, std::size_t first, std::size_t last) {
    gather(dy.rows_from(first, last - first), nullptr,
           layers_.back().dz.rows_from(first, last - first));
}

template <class T>
void Pass<T>::forward(const PackedNetwork<T>& network,
                      std::size_t layer,
                      std::size_t first,
                      std::size_t last) {
    const std::size_t n = last - first;
    const LayerArrays& out = layers_[layer];
    const Panels<T> z = out.z.rows_from(first, n), a = out.a.rows_from(first, n);
    table<T>().product(
        {z, inputs_of(layer).rows_from(first, n), network[layer].w, network[layer].b});
    if (out.activation == Activation::softmax) return table<T>().softmax(a, z);
    for (std::size_t p = 0; p < z.count(); ++p)
        table<T>().activate(out.activation, a.panel(p), z.panel(p), n * Panels<T>::width);
}

template <class T>
void Pass<T>::loss(const Objective<T>& objective,
                   double mean_count,
                   bool gradient,
                   std::size_t first,
                   std::size_t last) {
    const std::size_t n = last - first;
    const LayerArrays& out = layers_.back();
    table<T>().loss({objective.loss, row_losses_.data() + first, out.dz.rows_from(first, n),
                     out.z.rows_from(first, n), out.a.rows_from(first, n), t_.rows_from(first, n),
                     has_labels_ ? labels_.data() + first : nullptr, objective.delta,
                     static_cast<T>(mean_count), gradient});
    if (gradient && !is_entropy(objective.loss))
        backward_activation(layers_.size() - 1, first, last);
}

template <class T>
void Pass<T>::backward_activation(std::size_t layer, std::size_t first, std::size_t last) {
    const std::size_t n = last - first;
    const LayerArrays& out = layers_[layer];
    const Panels<T> dz = out.dz.rows_from(first, n), a = out.a.rows_from(first, n),
                    z = out.z.rows_from(first, n);
    if (out.activation == Activation::softmax) return table<T>().softmax_backward(dz, a);
    for (std::size_t p = 0; p < dz.count(); ++p)
        table<T>().activate_backward(out.activation, dz.panel(p), a.panel(p), z.panel(p),
                                     n * Panels<T>::width);
}

template <class T>
void Pass<T>::backward_inputs(const PackedNetwork<T>& network,
                              std::size_t layer,
                              std::size_t first,
                              std::size_t last) {
    const std::size_t n = last - first;
    const Panels<T> dx = layer == 0 ? dx_ : layers_[layer - 1].dz;
    table<T>().product({dx.rows_from(first, n), layers_[layer].dz.rows_from(first, n),
                        network[layer].wt, nullptr});
}

template <class T>
void Pass<T>::backward_parameters(const PackedNetwork<T>& out,
                                  std::size_t layer,
                                  const Sgd<T>* sgd,
                                  std::size_t first_input,
                                  std::size_t last_input) {
    const PackedLayer<T>& to = out[layer];
    const Panels<T> dz = limited(layers_[layer].dz);
    table<T>().outer_product(
        {to.w, to.velocity, limited(inputs_of(layer)), dz, first_input, last_input, {sgd, true}});
    if (sgd != nullptr && layer > 0) table<T>().transpose(to.wt, to.w, first_input, last_input);
    if (first_input == 0 && last_input > 0)  // not for an empty part, of which there may be many
        table<T>().column_sums(
            {to.b, to.b_velocity, dz, {sgd, sgd != nullptr && sgd->decay_biases}});
}

template <class T>
void Pass<T>::backward(const PackedNetwork<T>& network, const PackedNetwork<T>& gradients) {
    for (std::size_t l = network.size(); l-- > 0;) {
        if (l > 0) {
            backward_inputs(network, l, 0, rows_);
            backward_activation(l - 1, 0, rows_);
        }
        backward_parameters(gradients, l, nullptr, 0, network[l].shape.inputs);
    }
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
void Pass<T>::add_metrics(MetricSums& sums) const {
    const LayerArrays& out = layers_.back();
    sums.add<T>(limited(out.z), limited(out.a), limited(t_),
                has_labels_ ? labels_.data() : nullptr);
}

template class Pass<float>;
template class Pass<double>;

}  // namespace wbcore
