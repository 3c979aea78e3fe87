// Losses and their gradients (docs/arithmetic.md, section 6), over the rows [first, last) of a batch.
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "softmax.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
inline T soft_target_loss(const LossRows<T>& m, std::size_t row, T maximum, T log_sum) {
    T total = 0;
    for (std::size_t first = 0; first < m.z.cols; first += feature_leaf) {
        T s = 0;
        for (std::size_t j = first; j < m.z.cols && j < first + feature_leaf; ++j)
            if (m.t(row, j) != 0) s = fma(m.t(row, j), log_sum - (m.z(row, j) - maximum), s);
        total = first == 0 ? s : total + s;
    }
    return total;
}

template <class T>
void cross_entropy(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    SoftmaxBlock<T> block;
    T log_sums[SoftmaxBlock<T>::rows] = {};
    exponentials(block, m.dz, m.z, first, last);
    map(log_sums, block.sum, last - first, [](V sum) { return log(sum); });
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
            m.row_losses[row] = soft_target_loss(m, row, maximum, log_sum);
            if (!m.gradient) continue;
            map_rows(m.dz, row, row + 1, [=](V e, V t) { return (e / sum - t) * c; }, m.dz, m.t);
        }
    }
}

template <class T>
void binary_cross_entropy(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    const V zero = broadcast<V>(0);
    // the terms first, in the place of the gradient
    auto term = [=](V z, V t) { return fma(-z, t, z > 0 ? z : zero) + log1p(exp(-abs(z))); };
    map_rows(m.dz, first, last, term, m.z, m.t);
    feature_sums<T>(m.row_losses + first, m.dz, first, last, [](T x, T s) { return s + x; });
    if (m.gradient)
        map_rows(m.dz, first, last, [=](V z, V t) { return (sigmoid(z) - t) * c; }, m.z, m.t);
}

// What the loss and the gradient of one element have in common: for targets of 1 and of 0, -log of the probability of the
// target, the factor that the other probability's power is, and the share of the target.
template <class V>
struct Focal {
    V surprise_1, surprise_0, factor_1, factor_0, share_1, share_0;

    Focal(V z, V t, Scalar<V> gamma, Scalar<V> alpha) {
        const V zero = broadcast<V>(0), u = log1p(exp(-abs(z)));
        surprise_1 = (z < 0 ? -z : zero) + u;
        surprise_0 = (z > 0 ? z : zero) + u;
        factor_1 = exp(-gamma * surprise_0);
        factor_0 = exp(-gamma * surprise_1);
        share_1 = t * alpha;
        share_0 = (1 - t) * (1 - alpha);
    }
};

template <class T>
void focal(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count, gamma = m.numbers[0], alpha = m.numbers[1];
    // the terms first, in the place of the gradient
    auto term = [=](V z, V t) {
        const Focal<V> f(z, t, gamma, alpha);
        return fma(f.share_1, f.factor_1 * f.surprise_1, f.share_0 * (f.factor_0 * f.surprise_0));
    };
    map_rows(m.dz, first, last, term, m.z, m.t);
    feature_sums<T>(m.row_losses + first, m.dz, first, last, [](T x, T s) { return s + x; });
    if (!m.gradient) return;
    auto slope = [=](V z, V t) {
        const Focal<V> f(z, t, gamma, alpha);
        const V p = sigmoid(z), q = sigmoid(-z), g = broadcast<V>(gamma);
        return fma(-f.share_1, f.factor_1 * fma(g, p * f.surprise_1, q),
                   f.share_0 * (f.factor_0 * fma(g, q * f.surprise_0, p))) *
               c;
    };
    map_rows(m.dz, first, last, slope, m.z, m.t);
}

// term(d, s) adds the loss of a difference d = y - t, gradient(d) is its derivative.
template <class T, class Term, class Gradient>
inline void regression(
    const LossRows<T>& m, std::size_t first, std::size_t last, Term term, Gradient gradient) {
    using V = Vector<T>;
    map_rows(m.dz, first, last, [](V y, V t) { return y - t; }, m.y, m.t);
    feature_sums<T>(m.row_losses + first, m.dz, first, last, term);
    if (m.gradient) map_rows(m.dz, first, last, gradient, m.dz);
}

template <class T>
void mse(const LossRows<T>& m, std::size_t first, std::size_t last) {
    const T c = 2 / m.mean_count;
    regression(
        m, first, last, [](T d, T s) { return fma(d, d, s); }, [=](Vector<T> d) { return d * c; });
}

template <class T>
void mae(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const V c = broadcast<V>(1 / m.mean_count), zero = broadcast<V>(0);
    regression(
        m, first, last, [](T d, T s) { return s + (d < 0 ? -d : d); },
        [=](V d) { return d > 0 ? c : (d < 0 ? -c : zero); });
}

template <class T>
void huber(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count, delta = m.numbers[0];
    const V high = broadcast<V>(delta), low = broadcast<V>(-delta);
    regression(
        m, first, last,
        [=](T d, T s) {
            const T size = d < 0 ? -d : d;
            return s + (size <= delta ? (T(0.5) * d) * d : delta * (size - T(0.5) * delta));
        },
        [=](V d) { return (d > delta ? high : (d < -delta ? low : d)) * c; });
}

// The one place that weighs, after whatever loss. Rows of no weight are as if they were not there, even where a loss or a
// gradient is out of range.
template <class T>
[[gnu::noinline]] void weigh(const LossRows<T>& m) {
    using V = Vector<T>;
    for (std::size_t row = 0; row < m.z.rows; ++row)
        m.row_losses[row] = m.weights[row] == 0 ? T(0) : m.weights[row] * m.row_losses[row];
    for (std::size_t p = 0; m.gradient && p < m.dz.count(); ++p)
        for (std::size_t row = 0; row < m.z.rows; ++row) {
            const bool counts = m.weights[row] != 0;
            const T factor = m.weights[row] * m.weight_scale;
            T* const dz = m.dz.panel(p) + row * m.dz.row_stride;
            for (std::size_t j = 0; j < Panels<T>::width; j += lanes<T>)
                store(dz + j, counts ? load<V>(dz + j) * factor : broadcast<V>(0));
        }
}

template <class T>
void loss(const LossRows<T>& m) {
    for_each_block<T>(m.z.rows, [&m](std::size_t first, std::size_t last) {
        switch (m.loss) {
            case Loss::mse:
                return mse(m, first, last);
            case Loss::mae:
                return mae(m, first, last);
            case Loss::huber:
                return huber(m, first, last);
            case Loss::binary_cross_entropy:
                return binary_cross_entropy(m, first, last);
            case Loss::cross_entropy:
                return cross_entropy(m, first, last);
            case Loss::focal:
                return focal(m, first, last);
        }
    });
    if (m.weights != nullptr) weigh(m);
    if (m.gradient) clear_padding(m.dz, 0, m.z.rows);
}

}  // namespace
}  // namespace wbcore::kernels
