#include "wbcore/gradients.hpp"

#include <algorithm>

#include "pass.hpp"
#include "row_tree.hpp"
#include "weights.hpp"

namespace wbcore {

template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Named<Loss>& loss,
                          const InterruptCheck& interrupted) {
    // A power of two of leaves, so that the sum of a block is a sub-tree; no more rows than that are ever held.
    constexpr std::size_t block = 8 * kernels::row_leaf;
    (void)rounded<T>(loss);
    const PackedNetwork<T> packed = packed_copy(network, Transposed::after_first_trainable);
    const std::size_t rows = data.x.rows;
    const std::optional<double> weight = weight_of_rows<T>(data, nullptr, 0, rows);
    if (!weight) throw InputError(InputArray::weights);
    const double count = mean_count(loss, *weight, network.outputs());
    AlignedBuffer<T> row_losses(rows);
    Pass<T> pass(packed.layers(), std::min(rows, block), {.copied_targets = true});
    RowTree<PackedArray<T>> tree;
    for (std::size_t first = 0; first < rows; first += block) {
        if (first > 0) stop_if(interrupted);
        const std::size_t n = std::min(block, rows - first);
        pass.set_rows(n);
        const Batch<T> batch = pass.batch(data, nullptr, first, n, {0, n});
        if (batch.refused != InputArray::none) throw InputError(batch.refused);
        pass.forward(packed, batch, interrupted);
        pass.loss(loss, batch, count, true, {0, n});
        pass.copy_row_losses(row_losses.data() + first);
        PackedArray<T> part(packed.plan());
        pass.backward(packed, first_trainable(packed.layers()), interrupted);
        pass.backward_parameters(part, batch, interrupted);
        tree.push(std::move(part));
    }
    tree.total().unpack(gradients);
    return static_cast<double>(row_sum(row_losses.data(), rows)) / count;
}

template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Named<Loss>& loss) {
    (void)rounded<T>(loss);
    // a layer without weights: the outputs are both z and a
    Pass<T> pass({{1, outputs.cols}}, outputs.rows, {.copied_targets = true});
    const double count = mean_count(loss, outputs.rows, outputs.cols);
    pass.set_rows(outputs.rows);
    pass.set_outputs(outputs);
    const Batch<T> batch = pass.batch({{}, y, labels});
    if (batch.refused != InputArray::none) throw InputError(batch.refused);
    pass.loss(loss, batch, count, true, {0, outputs.rows});
    copy_rows(gradient, pass.output_gradients());
    return static_cast<double>(pass.row_loss_sum()) / count;
}

template double loss_and_gradients(std::span<float>,
                                   const Network<float>&,
                                   const Dataset&,
                                   const Named<Loss>&,
                                   const InterruptCheck&);
template double loss_and_gradients(std::span<double>,
                                   const Network<double>&,
                                   const Dataset&,
                                   const Named<Loss>&,
                                   const InterruptCheck&);
template double loss_and_gradient(
    Matrix<float>, ConstMatrix<float>, const ArrayView&, bool, const Named<Loss>&);
template double loss_and_gradient(
    Matrix<double>, ConstMatrix<double>, const ArrayView&, bool, const Named<Loss>&);

}  // namespace wbcore
