#include "wbcore/evaluation.hpp"

#include <algorithm>
#include <memory>

#include "pass.hpp"
#include "rankings.hpp"
#include "row_tree.hpp"
#include "team_size.hpp"
#include "wbcore/threads.hpp"
#include "weights.hpp"

namespace wbcore {

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Named<Loss>& loss,
                    const std::vector<Named<Metric>>& metrics,
                    std::size_t n_threads,
                    const InterruptCheck& interrupted,
                    const std::type_identity_t<LossFunction<T>>& function) {
    constexpr std::size_t block = kernels::row_leaf;
    require_suitable<T>(loss, network.outputs());
    const PackedNetwork<T> packed = packed_copy(network, Transposed::none);
    const std::optional<double> weight = weight_of_rows<T>(data, nullptr, 0, data.x.rows);
    if (!weight) throw InputError(InputArray::weights);
    MetricSums sums(metrics, loss, network.outputs(), data.x.rows);
    const bool of_classes = loss.info().targets == Targets::classes;
    Rankings<T> rankings(metrics, of_classes || data.labels,
                         of_classes && is_identity(network.layers().back().activation.kind),
                         data.x.rows, network.outputs());
    AlignedBuffer<T> row_losses(function ? 0 : data.x.rows);
    double total = 0;
    const std::size_t blocks = (data.x.rows + block - 1) / block;
    const std::size_t n = std::min(team_size(n_threads, network.layers(), data.x.rows), blocks);
    std::vector<std::unique_ptr<Pass<T>>> passes;
    std::vector<Batch<T>> batches(n);
    for (std::size_t t = 0; t < n; ++t)
        passes.push_back(std::make_unique<Pass<T>>(network.layers(), block,
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
            if (function) return;
            pass.loss(loss, batches[b], 1, false, {0, rows});
            pass.copy_row_losses(row_losses.data() + mine.first);
        };
        run_team(n, [&](std::size_t t, std::size_t size) {
            for (std::size_t b = t; b < n; b += size) evaluate_block(b);
        });
        for (std::size_t t = 0; t < n; ++t) {
            if (passes[t]->rows() == 0) continue;
            passes[t]->add_metrics(sums, batches[t]);
            passes[t]->add_scores(rankings, batches[t]);
            if (!function) continue;
            const Range mine = rows_of(t);
            const double counts =
                weight_of_rows<T>(data, nullptr, mine.first, mine.last - mine.first).value_or(0);
            if (counts == 0) continue;  // there is no mean to ask for
            const double value = function({passes[t]->outputs(), mine.first, nullptr},
                                          passes[t]->output_gradients());
            total += value * counts;
        }
    }
    sums.end_batch();
    if (!function) total = static_cast<double>(row_sum(row_losses.data(), data.x.rows));
    const double count = function ? *weight : mean_count(loss, *weight, network.outputs());
    Evaluation result{total / count, sums.values()};
    rankings.put_into(result.metrics, interrupted);
    return result;
}

template Evaluation evaluate(const Network<float>&,
                             const Dataset&,
                             const Named<Loss>&,
                             const std::vector<Named<Metric>>&,
                             std::size_t,
                             const InterruptCheck&,
                             const LossFunction<float>&);
template Evaluation evaluate(const Network<double>&,
                             const Dataset&,
                             const Named<Loss>&,
                             const std::vector<Named<Metric>>&,
                             std::size_t,
                             const InterruptCheck&,
                             const LossFunction<double>&);

}  // namespace wbcore
