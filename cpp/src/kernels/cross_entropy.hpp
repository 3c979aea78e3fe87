// Cross-entropy of softmax's probabilities and the divergence from soft targets (docs/arithmetic.md, section 6).
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "narrow_rows.hpp"
#include "softmax.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
inline T soft_target_loss(const LossRows<T>& m, std::size_t row, T maximum, T log_sum) {
    return feature_sum_of<T>(m.z.cols, [&](std::size_t j, T s) {
        const T t = m.t(row, j);
        return t != 0 ? fma(t, log_sum - (m.z(row, j) - maximum), s) : s;
    });
}

// The targets of label smoothing: each its share of 1 - smoothing, and an equal one of the rest.
template <class T>
struct SmoothedTargets {
    const LossRows<T>& m;
    T kept, added;

    explicit SmoothedTargets(const LossRows<T>& rows)
        : m(rows),
          kept(1 - rows.numbers[0]),
          added(rows.numbers[0] / static_cast<T>(rows.z.cols)) {}
    T operator()(std::size_t row, std::size_t j) const {
        if (m.labels == nullptr) return fma(kept, m.t(row, j), added);
        return j == static_cast<std::size_t>(m.labels[row]) ? kept + added : added;
    }
};

template <class T>
[[gnu::noinline]] void smoothed_cross_entropy(
    const LossRows<T>& m, std::size_t row, T maximum, T sum, T log_sum) {
    const T c = 1 / m.mean_count;
    const SmoothedTargets<T> target(m);
    m.row_losses[row] = feature_sum_of<T>(m.z.cols, [&](std::size_t j, T s) {
        const T t = target(row, j);
        m.dz(row, j) = (m.dz(row, j) / sum - t) * c;
        return fma(t, log_sum - (m.z(row, j) - maximum), s);
    });
}

// As that of cross-entropy, less the entropy of the targets, term by term.
template <class T>
[[gnu::noinline]] void divergence(const LossRows<T>& m, std::size_t row, T maximum, T log_sum) {
    m.row_losses[row] = feature_sum_of<T>(m.z.cols, [&](std::size_t j, T s) {
        const T t = m.t(row, j);
        T log_t = 0;
        map(&log_t, &t, 1, [](Vector<T> x) { return log(x); });
        return t != 0 ? fma(t, log_t + (log_sum - (m.z(row, j) - maximum)), s) : s;
    });
}

template <class T>
void cross_entropy_of_wide(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    SoftmaxBlock<T> block;
    T log_sums[SoftmaxBlock<T>::rows] = {};
    exponentials(block, m.dz, m.z, first, last);
    map(log_sums, block.sum, last - first, [](V sum) { return log(sum); });
    const bool diverges = m.loss == Loss::kl_divergence;
    if (!diverges && m.numbers[0] != 0) {
        for (std::size_t row = first; row < last; ++row)
            smoothed_cross_entropy(m, row, block.maximum[row - first], block.sum[row - first],
                                   log_sums[row - first]);
        return;
    }
    for (std::size_t row = first; row < last; ++row) {
        const T maximum = block.maximum[row - first], sum = block.sum[row - first];
        const T log_sum = log_sums[row - first];
        if (m.labels != nullptr) {
            const std::size_t label = static_cast<std::size_t>(m.labels[row]);
            m.row_losses[row] = log_sum - (m.z(row, label) - maximum);
            if (!m.gradient) continue;
            const T at_label = (m.dz(row, label) / sum - 1) * c;
            map_rows(m.dz, row, row + 1, [=](V e) { return e / sum * c; }, m.dz);
            m.dz(row, label) = at_label;
        } else {
            if (diverges)
                divergence(m, row, maximum, log_sum);
            else
                m.row_losses[row] = soft_target_loss(m, row, maximum, log_sum);
            if (!m.gradient) continue;
            map_rows(m.dz, row, row + 1, [=](V e, V t) { return (e / sum - t) * c; }, m.dz, m.t);
        }
    }
}

// The targets of a block: classes as rows of 0 with a single 1, and what label smoothing makes of them.
template <class T>
void read_targets(Columns<T>& t, const LossRows<T>& m, std::size_t first, std::size_t n) {
    if (m.labels == nullptr)
        t.read(m.t, first, n);
    else
        for (std::size_t k = 0; k < m.z.cols; ++k)
            for (std::size_t r = 0; r < Columns<T>::rows; ++r)
                t.at[k][r] = r < n && static_cast<std::size_t>(m.labels[first + r]) == k;
    if (m.loss == Loss::kl_divergence || m.numbers[0] == 0) return;
    using V = Vector<T>;
    const SmoothedTargets<T> smoothed(m);
    const V kept = broadcast<V>(smoothed.kept), added = broadcast<V>(smoothed.added);
    for (std::size_t k = 0; k < m.z.cols; ++k)
        map(t.at[k], t.at[k], Columns<T>::rows, [=](V share) { return fma(kept, share, added); });
}

// All of a block for a vector of its rows, from lane `at` on: one loop for targets of any kind.
template <class T>
void cross_entropy_of_lanes(
    const LossRows<T>& m, Columns<T>& z, const Columns<T>& t, T* losses, std::size_t at) {
    using V = Vector<T>;
    const std::size_t classes = m.z.cols;
    const bool diverges = m.loss == Loss::kl_divergence && m.labels == nullptr;
    const T c = 1 / m.mean_count;
    const V zero = broadcast<V>(0);
    V e[narrow<T>], sum;
    const V maximum = exponentials_of_columns(e, sum, z, classes, at);
    const V log_sum = log(sum);
    V s = zero;
    for (std::size_t k = 0; k < classes; ++k) {
        const V share = load<V>(t.at[k] + at),
                surprise = log_sum - (load<V>(z.at[k] + at) - maximum);
        s = share != zero ? fma(share, diverges ? log(share) + surprise : surprise, s) : s;
        store(z.at[k] + at, (e[k] / sum - share) * c);
    }
    store(losses + at, s);
}

template <class T>
void cross_entropy_of_narrow(const LossRows<T>& m, std::size_t first, std::size_t last) {
    Columns<T> z, t;
    z.read(m.z, first, last - first);
    read_targets(t, m, first, last - first);
    T losses[Columns<T>::rows];
    for (std::size_t at = 0; at < Columns<T>::rows; at += lanes<T>)
        cross_entropy_of_lanes(m, z, t, losses, at);
    for (std::size_t row = first; row < last; ++row) m.row_losses[row] = losses[row - first];
    if (m.gradient) z.write(m.dz, first, last - first);
}

template <class T>
void cross_entropy(const LossRows<T>& m, std::size_t first, std::size_t last) {
    return m.z.cols <= narrow<T> ? cross_entropy_of_narrow(m, first, last)
                                 : cross_entropy_of_wide(m, first, last);
}

}  // namespace
}  // namespace wbcore::kernels
