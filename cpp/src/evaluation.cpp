#include <algorithm>
#include <memory>

#include "pass.hpp"
#include "row_sum.hpp"
#include "team_size.hpp"
#include "wbcore/threads.hpp"
#include "wbcore/training.hpp"

namespace wbcore {

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Objective<T>& objective,
                    const std::vector<Metric>& metrics,
                    std::size_t n_threads,
                    const InterruptCheck& interrupted) {
    constexpr std::size_t block = kernels::row_leaf;
    const PackedNetwork<T> packed = packed_copy(network, {});
    MetricSums sums(metrics, objective.loss, network.outputs(), data.x.rows);
    AlignedBuffer<T> row_losses(data.x.rows);
    const std::size_t blocks = (data.x.rows + block - 1) / block;
    const std::size_t n = std::min(team_size(n_threads, network.shapes(), data.x.rows), blocks);
    std::vector<std::unique_ptr<Pass<T>>> passes;
    std::vector<Batch<T>> batches(n);
    for (std::size_t t = 0; t < n; ++t)
        passes.push_back(std::make_unique<Pass<T>>(network.shapes(), block,
                                                   PassOptions{.copied_targets = true}));
    // n blocks at a time, one a thread if there are as many; metrics are added in order of the rows, a leaf a block
    for (std::size_t first = 0; first < data.x.rows; first += n * block) {
        if (first > 0) stop_if(interrupted);
        auto rows_of = [&](std::size_t b) {
            const std::size_t from = std::min(first + b * block, data.x.rows);
            return Range{from, std::min(from + block, data.x.rows)};
        };
        auto evaluate_block = [&](std::size_t b) {
            const Range mine = rows_of(b);
            const std::size_t rows = mine.last - mine.first;
            Pass<T>& pass = *passes[b];
            pass.set_rows(rows);
            if (rows == 0) return;
            batches[b] = pass.batch(data, nullptr, mine.first, rows, {0, rows});
            if (batches[b].refused != InputArray::none) throw InputError(batches[b].refused);
            for (std::size_t l = 0; l < packed.size(); ++l)
                pass.forward(packed, batches[b], l, {0, rows});
            pass.loss(objective, batches[b], 1, false, {0, rows});
            pass.copy_row_losses(row_losses.data() + mine.first);
        };
        run_team(n, [&](std::size_t t, std::size_t size) {
            for (std::size_t b = t; b < n; b += size) evaluate_block(b);
        });
        for (std::size_t t = 0; t < n; ++t)
            if (passes[t]->rows() != 0) passes[t]->add_metrics(sums, batches[t]);
    }
    sums.end_batch();
    const double total = static_cast<double>(row_sum(row_losses.data(), data.x.rows));
    return {total / objective.mean_count(data.x.rows, network.outputs()), sums.values()};
}

// The row tree of gradients: partial sums of as many rows come in order and are folded like a binary counter.
template <class T>
class GradientTree {
public:
    void add(PackedNetwork<T> part) {
        for (std::size_t n = parts_++; (n & 1) != 0; n >>= 1) part = after(pop(), part);
        stack_.push_back(std::move(part));
    }
    PackedNetwork<T> total() {
        PackedNetwork<T> sum = pop();
        while (!stack_.empty()) sum = after(pop(), sum);
        return sum;
    }

private:
    static PackedNetwork<T> after(PackedNetwork<T> earlier, const PackedNetwork<T>& later) {
        earlier.add(later);
        return earlier;
    }
    PackedNetwork<T> pop() {
        PackedNetwork<T> last = std::move(stack_.back());
        stack_.pop_back();
        return last;
    }

    std::vector<PackedNetwork<T>> stack_;
    std::size_t parts_ = 0;
};

template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Objective<T>& objective,
                          const InterruptCheck& interrupted) {
    // A power of two of leaves, so that the sum of a block is a sub-tree; no more rows than that are ever held.
    constexpr std::size_t block = 8 * kernels::row_leaf;
    const PackedNetwork<T> packed = packed_copy(network, {.transposed = true, .velocity = false});
    const std::size_t rows = data.x.rows;
    const double count = objective.mean_count(rows, network.outputs());
    AlignedBuffer<T> row_losses(rows);
    Pass<T> pass(network.shapes(), std::min(rows, block), {.copied_targets = true});
    GradientTree<T> tree;
    for (std::size_t first = 0; first < rows; first += block) {
        if (first > 0) stop_if(interrupted);
        const std::size_t n = std::min(block, rows - first);
        pass.set_rows(n);
        const Batch<T> batch = pass.batch(data, nullptr, first, n, {0, n});
        if (batch.refused != InputArray::none) throw InputError(batch.refused);
        pass.forward(packed, batch, interrupted);
        pass.loss(objective, batch, count, true, {0, n});
        pass.copy_row_losses(row_losses.data() + first);
        PackedNetwork<T> part(network.shapes());
        pass.backward(packed, batch, part, interrupted);
        tree.add(std::move(part));
    }
    tree.total().unpack(gradients);
    return static_cast<double>(row_sum(row_losses.data(), rows)) / count;
}

template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Objective<T>& objective) {
    // a layer without weights: the outputs are both z and a
    Pass<T> pass({{1, outputs.cols, Activation::identity}}, outputs.rows, {.copied_targets = true});
    const double count = objective.mean_count(outputs.rows, outputs.cols);
    pass.set_rows(outputs.rows);
    pass.set_outputs(outputs);
    const Batch<T> batch = pass.batch({{}, y, labels});
    if (batch.refused != InputArray::none) throw InputError(batch.refused);
    pass.loss(objective, batch, count, true, {0, outputs.rows});
    copy_rows(gradient, pass.output_gradients());
    return static_cast<double>(pass.row_loss_sum()) / count;
}

template Evaluation evaluate(const Network<float>&,
                             const Dataset&,
                             const Objective<float>&,
                             const std::vector<Metric>&,
                             std::size_t,
                             const InterruptCheck&);
template double loss_and_gradients(std::span<float>,
                                   const Network<float>&,
                                   const Dataset&,
                                   const Objective<float>&,
                                   const InterruptCheck&);
template double loss_and_gradient(
    Matrix<float>, ConstMatrix<float>, const ArrayView&, bool, const Objective<float>&);
template Evaluation evaluate(const Network<double>&,
                             const Dataset&,
                             const Objective<double>&,
                             const std::vector<Metric>&,
                             std::size_t,
                             const InterruptCheck&);
template double loss_and_gradients(std::span<double>,
                                   const Network<double>&,
                                   const Dataset&,
                                   const Objective<double>&,
                                   const InterruptCheck&);
template double loss_and_gradient(
    Matrix<double>, ConstMatrix<double>, const ArrayView&, bool, const Objective<double>&);

}  // namespace wbcore
