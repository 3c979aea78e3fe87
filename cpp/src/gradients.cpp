#include "wbcore/gradients.hpp"

#include <algorithm>

#include "pass.hpp"
#include "row_tree.hpp"

namespace wbcore {

namespace {

// Without the padding
template <class T>
void copy_panels(Panels<T> to, Panels<const T> from) {
    for (std::size_t r = 0; r < from.rows; ++r)
        for (std::size_t j = 0; j < from.cols; ++j) to(r, j) = from(r, j);
}

// A power of two of leaves, so that the sum of a block is a sub-tree; no more rows than that are ever held.
constexpr std::size_t block = 8 * kernels::row_leaf;

std::optional<std::uint64_t> seed_of(const std::optional<DropoutStep>& dropout) {
    if (!dropout) return std::nullopt;
    return dropout->seed;
}

// forward(batch, first, n) for the blocks of all rows, whose numbers have been looked at.
template <class T, class F>
void for_each_block(Pass<T>& pass,
                    const PackedNetwork<T>& packed,
                    const Dataset& data,
                    const InterruptCheck& interrupted,
                    const std::optional<DropoutStep>& dropout,
                    F f) {
    for (std::size_t first = 0; first < data.x.rows; first += block) {
        if (first > 0) stop_if(interrupted);
        const std::size_t n = std::min(block, data.x.rows - first);
        pass.set_rows(n);
        pass.set_first_row(first);
        Batch<T> batch = pass.batch(data, nullptr, first, n, {0, n});
        if (dropout) batch.step = dropout->step;
        if (batch.refused != InputArray::none) throw InputError(batch.refused);
        pass.forward(packed, batch, interrupted);
        f(batch, first, n);
    }
}

// From dZ of the last layer to the sums of a block
template <class T>
PackedArray<T> gradients_of_block(Pass<T>& pass,
                                  const PackedNetwork<T>& packed,
                                  const Batch<T>& batch,
                                  const InterruptCheck& interrupted) {
    PackedArray<T> part(packed.plan());
    pass.backward(packed, first_trainable(packed.layers()), interrupted);
    pass.backward_parameters(part, batch, interrupted);
    return part;
}

}  // namespace

template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Named<Loss>& loss,
                          const InterruptCheck& interrupted,
                          const std::optional<DropoutStep>& dropout) {
    require_suitable<T>(loss, network.outputs());
    const PackedNetwork<T> packed = packed_copy(network, Transposed::after_first_trainable);
    const std::size_t rows = data.x.rows;
    const double count = mean_count(loss, total_weight<T>(data), network.outputs());
    AlignedBuffer<T> row_losses(rows);
    Pass<T> pass(packed.layers(), std::min(rows, block),
                 {.copied_targets = true, .dropout_seed = seed_of(dropout)});
    RowTree<PackedArray<T>> tree;
    for_each_block(pass, packed, data, interrupted, dropout,
                   [&](const Batch<T>& batch, std::size_t first, std::size_t n) {
                       pass.loss(loss, batch, count, true, {0, n});
                       pass.copy_row_losses(row_losses.data() + first);
                       tree.push(gradients_of_block(pass, packed, batch, interrupted));
                   });
    tree.total().unpack(gradients);
    return static_cast<double>(row_sum(row_losses.data(), rows)) / count;
}

// Forward twice: the loss wants all outputs, and a block's activations are gone by then.
template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const std::type_identity_t<LossFunction<T>>& loss,
                          const InterruptCheck& interrupted,
                          const std::optional<DropoutStep>& dropout) {
    const PackedNetwork<T> packed = packed_copy(network, Transposed::after_first_trainable);
    const std::size_t rows = data.x.rows, outputs = network.outputs();
    AlignedBuffer<T> all(2 * packed_size<T>(rows, outputs));
    const Panels<T> y = packed_panels(all.data(), rows, outputs),
                    dy = packed_panels(all.data() + packed_size<T>(rows, outputs), rows, outputs);
    Pass<T> pass(packed.layers(), std::min(rows, block), {.dropout_seed = seed_of(dropout)});
    for_each_block(pass, packed, data, interrupted, dropout,
                   [&](const Batch<T>&, std::size_t first, std::size_t n) {
                       copy_panels<T>(y.rows_from(first, n), pass.outputs());
                   });
    const double value = loss({y, 0, nullptr}, dy);
    RowTree<PackedArray<T>> tree;
    for_each_block(pass, packed, data, interrupted, dropout,
                   [&](const Batch<T>& batch, std::size_t first, std::size_t n) {
                       copy_panels<T>(pass.output_gradients(), dy.rows_from(first, n));
                       pass.backward_outputs({0, n});
                       tree.push(gradients_of_block(pass, packed, batch, interrupted));
                   });
    tree.total().unpack(gradients);
    return value;
}

template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Named<Loss>& loss) {
    require_suitable<T>(loss, outputs.cols);
    // a layer without weights: the outputs are both z and a
    Pass<T> pass({{1, outputs.cols}}, outputs.rows, {.copied_targets = true});
    const double count = mean_count(loss, outputs.rows, outputs.cols);
    pass.set_rows(outputs.rows);
    pass.set_outputs(outputs);
    const Batch<T> batch = pass.batch({{}, y, labels});
    if (batch.refused != InputArray::none) throw InputError(batch.refused);
    pass.loss(loss, batch, count, true, {0, outputs.rows});
    copy_rows(gradient, Panels<const T>(pass.output_gradients()));
    return static_cast<double>(pass.row_loss_sum()) / count;
}

template double loss_and_gradients(std::span<float>,
                                   const Network<float>&,
                                   const Dataset&,
                                   const Named<Loss>&,
                                   const InterruptCheck&,
                                   const std::optional<DropoutStep>&);
template double loss_and_gradients(std::span<double>,
                                   const Network<double>&,
                                   const Dataset&,
                                   const Named<Loss>&,
                                   const InterruptCheck&,
                                   const std::optional<DropoutStep>&);
template double loss_and_gradients(std::span<float>,
                                   const Network<float>&,
                                   const Dataset&,
                                   const LossFunction<float>&,
                                   const InterruptCheck&,
                                   const std::optional<DropoutStep>&);
template double loss_and_gradients(std::span<double>,
                                   const Network<double>&,
                                   const Dataset&,
                                   const LossFunction<double>&,
                                   const InterruptCheck&,
                                   const std::optional<DropoutStep>&);
template double loss_and_gradient(
    Matrix<float>, ConstMatrix<float>, const ArrayView&, bool, const Named<Loss>&);
template double loss_and_gradient(
    Matrix<double>, ConstMatrix<double>, const ArrayView&, bool, const Named<Loss>&);

}  // namespace wbcore
