#include "wbcore/evaluation.hpp"

#include <algorithm>
#include <memory>

#include "pass.hpp"
#include "row_tree.hpp"
#include "team_size.hpp"
#include "wbcore/threads.hpp"

namespace wbcore {

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Named<Loss>& loss,
                    const std::vector<Metric>& metrics,
                    std::size_t n_threads,
                    const InterruptCheck& interrupted,
                    const std::type_identity_t<LossFunction<T>>& function) {
    constexpr std::size_t block = kernels::row_leaf;
    const std::size_t all = data.count();
    require_suitable<T>(loss, network.outputs());
    const PackedNetwork<T> packed = packed_copy(network, Transposed::none);
    MetricSums sums(metrics, loss, network.outputs(), all);
    AlignedBuffer<T> row_losses(function ? 0 : all);
    double total = 0;
    const std::size_t blocks = (all + block - 1) / block;
    const std::size_t n = std::min(team_size(n_threads, network.layers(), all), blocks);
    std::vector<std::unique_ptr<Pass<T>>> passes;
    std::vector<Batch<T>> batches(n);
    for (std::size_t t = 0; t < n; ++t)
        passes.push_back(std::make_unique<Pass<T>>(network.layers(), block,
                                                   PassOptions{.copied_targets = true}));
    // n blocks at a time, one a thread if there are as many; metrics are added in order of the rows, a leaf a block
    for (std::size_t first = 0; first < all; first += n * block) {
        if (first > 0) stop_if(interrupted);
        auto rows_of = [&](std::size_t b) {
            const std::size_t from = std::min(first + b * block, all);
            return Range{from, std::min(from + block, all)};
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
            if (function) return;
            pass.loss(loss, batches[b], 1, false, {0, rows});
            pass.copy_row_losses(row_losses.data() + mine.first);
        };
        run_team(n, [&](std::size_t t, std::size_t size) {
            for (std::size_t b = t; b < n; b += size) evaluate_block(b);
        });
        for (std::size_t t = 0; t < n; ++t) {
            if (passes[t]->rows() == 0) continue;
            if (!sums.empty()) passes[t]->add_metrics(sums, batches[t]);
            if (!function) continue;
            const std::size_t at = rows_of(t).first;
            const double value = function({passes[t]->outputs(), at, data.order_from(nullptr, at)},
                                          passes[t]->output_gradients());
            total += value * static_cast<double>(passes[t]->rows());
        }
    }
    sums.end_batch();
    if (function) return {total / static_cast<double>(all), sums.values()};
    total = static_cast<double>(row_sum(row_losses.data(), all));
    return {total / mean_count(loss, all, network.outputs()), sums.values()};
}

template Evaluation evaluate(const Network<float>&,
                             const Dataset&,
                             const Named<Loss>&,
                             const std::vector<Metric>&,
                             std::size_t,
                             const InterruptCheck&,
                             const LossFunction<float>&);
template Evaluation evaluate(const Network<double>&,
                             const Dataset&,
                             const Named<Loss>&,
                             const std::vector<Metric>&,
                             std::size_t,
                             const InterruptCheck&,
                             const LossFunction<double>&);

}  // namespace wbcore
