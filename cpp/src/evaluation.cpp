#include "wbcore/evaluation.hpp"

#include <algorithm>
#include <memory>

#include "pass.hpp"
#include "rankings.hpp"
#include "row_tree.hpp"
#include "team_size.hpp"
#include "wbcore/threads.hpp"

namespace wbcore {

namespace {

// Of the rows of a leaf, in their order, as weight_of_rows adds them.
template <class T>
double weight_of(const Batch<T>& batch, std::size_t rows) {
    if (batch.weights == nullptr) return static_cast<double>(rows);
    double sum = 0;
    for (std::size_t r = 0; r < rows; ++r) sum += static_cast<double>(batch.weights[r]);
    return sum;
}

}  // namespace

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Named<Loss>& loss,
                    const std::vector<Named<Metric>>& metrics,
                    std::size_t n_threads,
                    const InterruptCheck& interrupted,
                    const std::type_identity_t<LossFunction<T>>& function,
                    const NextWindow& next) {
    constexpr std::size_t block = kernels::row_leaf;
    require_suitable<T>(loss, network.outputs());
    const PackedNetwork<T> packed = packed_copy(network, Transposed::none);
    const std::size_t all = data.count();
    MetricSums sums(metrics, loss, network.outputs(), all);
    const bool of_classes = loss.info().targets == Targets::classes;
    Rankings<T> rankings(metrics, of_classes || data.labels,
                         of_classes && is_identity(network.layers().back().activation.kind), all,
                         network.outputs());
    RowTree<T> row_losses;
    RowTree<double> weights;
    double total = 0;  // of a function's values
    const std::size_t blocks = (all + block - 1) / block;
    const std::size_t n = std::min(team_size(n_threads, network.layers(), all), blocks);
    std::vector<std::unique_ptr<Pass<T>>> passes;
    std::vector<Batch<T>> batches(n);
    for (std::size_t t = 0; t < n; ++t)
        passes.push_back(std::make_unique<Pass<T>>(network.layers(), block,
                                                   PassOptions{.copied_targets = true}));
    Window window = whole(data);
    auto ask = [&](const Pass<T>& pass, Panels<T> gradient, std::size_t from, double weight) {
        const std::int64_t* order = window.order == nullptr ? nullptr : window.order + from;
        total += function({pass.outputs(), from, order}, gradient) * weight;
    };
    // n blocks at a time, one a thread if there are as many; losses and metrics are added in order of the rows, a leaf a block
    auto evaluate_from = [&](std::size_t first) {
        auto evaluate_block = [&](std::size_t b) {
            const std::size_t from = std::min(first + b * block, window.rows);
            const std::size_t rows = std::min(block, window.rows - from);
            Pass<T>& pass = *passes[b];
            pass.set_rows(rows);
            if (rows == 0) return;
            batches[b] = pass.batch(window.data, window.order, from, rows, {0, rows});
            if (batches[b].refused != InputArray::none) throw InputError(batches[b].refused);
            for (std::size_t l = 0; l < packed.size(); ++l)
                pass.forward(packed, batches[b], l, {0, rows});
            if (!function) pass.loss(loss, batches[b], 1, false, {0, rows});
        };
        run_team(n, [&](std::size_t t, std::size_t size) {
            for (std::size_t b = t; b < n; b += size) evaluate_block(b);
        });
        for (std::size_t b = 0; b < n; ++b) {
            Pass<T>& pass = *passes[b];
            if (pass.rows() == 0) continue;
            const double weight = weight_of(batches[b], pass.rows());
            weights.push(weight);
            pass.add_metrics(sums, batches[b]);
            pass.add_scores(rankings, batches[b]);
            if (!function)
                row_losses.push(pass.row_loss_sum());
            else if (weight != 0)  // else there is no mean to ask for
                ask(pass, pass.output_gradients(), first + b * block, weight);
        }
    };
    for (std::size_t begin = 0; begin < all; begin += window.rows) {
        if (next) window = require_whole(next(begin), begin, all, block);
        for (std::size_t first = 0; first < window.rows; first += n * block) {
            if (begin + first > 0) stop_if(interrupted);
            evaluate_from(first);
        }
    }
    sums.end_batch();
    const double weight = all == 0 ? 0 : weights.total();
    if (!function) total = all == 0 ? 0 : static_cast<double>(row_losses.total());
    const double count = function ? weight : mean_count(loss, weight, network.outputs());
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
                             const LossFunction<float>&,
                             const NextWindow&);
template Evaluation evaluate(const Network<double>&,
                             const Dataset&,
                             const Named<Loss>&,
                             const std::vector<Named<Metric>>&,
                             std::size_t,
                             const InterruptCheck&,
                             const LossFunction<double>&,
                             const NextWindow&);

}  // namespace wbcore
