// Losses and their gradients (docs/arithmetic.md, section 6), over the rows [first, last) of a batch.
#pragma once

#include "cross_entropy.hpp"
#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "narrow_rows.hpp"
#include "softmax.hpp"

namespace wbcore::kernels {
namespace {

// The row losses of elements that lie in dz: term(x, s) adds the loss of one to a sum.
template <class T, class Term>
[[gnu::noinline]] void sum_weighted(const LossRows<T>& m,
                                    std::size_t first,
                                    std::size_t last,
                                    Term term) {
    for (std::size_t row = first; row < last; ++row)
        m.row_losses[row] = feature_sum_of<T>(m.dz.cols, [&](std::size_t j, T s) {
            return fma(m.output_weights[j], term(m.dz(row, j), T(0)), s);
        });
}
template <class T, class Term>
inline void sum_elements(const LossRows<T>& m, std::size_t first, std::size_t last, Term term) {
    if (m.output_weights != nullptr) return sum_weighted(m, first, last, term);
    feature_sums<T>(m.row_losses + first, m.dz, first, last, term);
}

// Of losses that are rare, each element's loss and slope, one number at a time.
template <class T>
struct Element {
    T loss, slope;
};
template <class T, class F>
inline void by_elements(const LossRows<T>& m, std::size_t first, std::size_t last, F element) {
    for (std::size_t row = first; row < last; ++row)
        m.row_losses[row] = feature_sum_of<T>(m.dz.cols, [&](std::size_t j, T s) {
            const Element<T> e = element(row, j);
            m.dz(row, j) = e.slope;
            return m.output_weights == nullptr ? s + e.loss : fma(m.output_weights[j], e.loss, s);
        });
}

template <class T>
void weigh_outputs(const LossRows<T>& m, std::size_t first, std::size_t last) {
    for (std::size_t row = first; row < last; ++row)
        for (std::size_t j = 0; j < m.dz.cols; ++j)
            m.dz(row, j) = m.dz(row, j) * m.output_weights[j];
}

// The row losses of elements whose losses lie in dz. One for all losses: it is long, and the terms take longer.
template <class T>
[[gnu::noinline]] void sum_terms(const LossRows<T>& m, std::size_t first, std::size_t last) {
    sum_elements(m, first, last, [](T x, T s) { return s + x; });
}

// The loss of an element is term(x, t) and its derivative slope(x, t), x being z or y. The terms come first, in the place of the
// gradient.
template <class T, class Term, class Slope>
inline void elementwise(const LossRows<T>& m,
                        Panels<const T> x,
                        std::size_t first,
                        std::size_t last,
                        Term term,
                        Slope slope) {
    map_rows(m.dz, first, last, term, x, m.t);
    sum_terms(m, first, last);
    if (m.gradient) map_rows(m.dz, first, last, slope, x, m.t);
}

// The same of narrow rows, in one pass; it takes as much code again, so losses that are rare do without.
template <class T, class Term, class Slope>
inline void elementwise_of_narrow(const LossRows<T>& m,
                                  Panels<const T> x,
                                  std::size_t first,
                                  std::size_t last,
                                  Term term,
                                  Slope slope) {
    using V = Vector<T>;
    Columns<T> of_x, t;
    of_x.read(x, first, last - first);
    t.read(m.t, first, last - first);
    T losses[Columns<T>::rows];
    for (std::size_t at = 0; at < Columns<T>::rows; at += lanes<T>) {
        V s = broadcast<V>(0);
        for (std::size_t k = 0; k < x.cols; ++k) {
            const V input = load<V>(of_x.at[k] + at), target = load<V>(t.at[k] + at),
                    loss = term(input, target);
            s = m.output_weights == nullptr ? s + loss
                                            : fma(broadcast<V>(m.output_weights[k]), loss, s);
            store(of_x.at[k] + at, slope(input, target));
        }
        store(losses + at, s);
    }
    for (std::size_t row = first; row < last; ++row) m.row_losses[row] = losses[row - first];
    if (m.gradient) of_x.write(m.dz, first, last - first);
}

template <class T>
void binary_cross_entropy(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    const V zero = broadcast<V>(0);
    auto term = [=](V z, V t) { return fma(-z, t, z > 0 ? z : zero) + log1p(exp(-abs(z))); };
    auto slope = [=](V z, V t) { return (sigmoid(z) - t) * c; };
    if (m.z.cols <= narrow<T>) return elementwise_of_narrow(m, m.z, first, last, term, slope);
    elementwise(m, m.z, first, last, term, slope);
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
    auto term = [=](V z, V t) {
        const Focal<V> f(z, t, gamma, alpha);
        return fma(f.share_1, f.factor_1 * f.surprise_1, f.share_0 * (f.factor_0 * f.surprise_0));
    };
    auto slope = [=](V z, V t) {
        const Focal<V> f(z, t, gamma, alpha);
        const V p = sigmoid(z), q = sigmoid(-z), g = broadcast<V>(gamma);
        return fma(-f.share_1, f.factor_1 * fma(g, p * f.surprise_1, q),
                   f.share_0 * (f.factor_0 * fma(g, q * f.surprise_0, p))) *
               c;
    };
    elementwise(m, m.z, first, last, term, slope);
}

template <class T>
void poisson(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    elementwise(
        m, m.z, first, last, [](V z, V t) { return fma(-t, z, exp(z)); },
        [=](V z, V t) { return (exp(z) - t) * c; });
}

// e^u - 1 and e^u - 1 - u, the latter without a difference of near numbers: around 0 it is what `reduce` adds to 1 + u.
template <class V>
struct Exceedance {
    V above_one, above_line;

    explicit Exceedance(V u) {
        const V p = reduce(u).p, e = exp(u) - 1;
        const auto near = abs(u) <= Scalar<V>(0.25);
        above_one = near ? u + p : e;
        above_line = near ? p : e - u;
    }
};

template <class T>
void gamma_deviance(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c2 = 2 / m.mean_count;
    elementwise(
        m, m.z, first, last,
        [](V z, V t) {
            const V half = Exceedance<V>(log(t) - z).above_line;
            return half + half;
        },
        [=](V z, V t) { return -Exceedance<V>(log(t) - z).above_one * c2; });
}

// By way of cosh d - 1 = x^2 / (2 + 2 x), x = e^(-|d|) - 1, where the other form would be a difference of near numbers.
template <class T>
void log_cosh(const LossRows<T>& m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const T c = 1 / m.mean_count;
    constexpr T log_2 = T(0x1.62e42fefa39efp-1);
    elementwise(
        m, m.y, first, last,
        [=](V y, V t) {
            const V d = abs(y - t), x = expm1(-d);
            const V far = d + (log1p(exp(-2 * d)) - log_2);
            return d < 1 ? log1p((x * x) / (2 + 2 * x)) : far;
        },
        [=](V y, V t) { return tanh(y - t) * c; });
}

// What an output pays for being too large by d, or too small, at its level.
template <class T>
void quantile(const LossRows<T>& m, std::size_t first, std::size_t last) {
    const T c = 1 / m.mean_count;
    std::size_t levels = 1;
    while (levels < Numbers::most && m.numbers[levels] != 0) ++levels;
    by_elements(m, first, last, [&](std::size_t row, std::size_t j) {
        const T q = m.numbers[j % levels], d = m.y(row, j) - m.t(row, j);
        const T slope = d > 0 ? (1 - q) * c : (d < 0 ? -q * c : T(0));
        return Element<T>{d > 0 ? (1 - q) * d : q * -d, slope};
    });
}

// By how much an output misses a margin of 1 on its side of 0, or the square of that.
template <class T>
void hinge(const LossRows<T>& m, std::size_t first, std::size_t last) {
    const bool squared = m.loss == Loss::squared_hinge;
    const T c = (squared ? T(2) : T(1)) / m.mean_count;
    by_elements(m, first, last, [&](std::size_t row, std::size_t j) {
        const bool above =
            m.labels != nullptr ? j == static_cast<std::size_t>(m.labels[row]) : m.t(row, j) > 0;
        const T y = m.y(row, j), miss = 1 - (above ? y : -y), size = squared ? miss * c : c;
        if (miss <= 0) return Element<T>{0, 0};  // NaN goes on
        return Element<T>{squared ? miss * miss : miss, above ? -size : size};
    });
}

// term(d, s) adds the loss of a difference d = y - t, gradient(d) is its derivative.
template <class T, class Term, class Gradient>
inline void regression(
    const LossRows<T>& m, std::size_t first, std::size_t last, Term term, Gradient gradient) {
    using V = Vector<T>;
    map_rows(m.dz, first, last, [](V y, V t) { return y - t; }, m.y, m.t);
    sum_elements(m, first, last, term);
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
void loss_of_block(const LossRows<T>& m, std::size_t first, std::size_t last) {
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
        case Loss::kl_divergence:
            return cross_entropy(m, first, last);
        case Loss::focal:
            return focal(m, first, last);
        case Loss::quantile:
            return quantile(m, first, last);
        case Loss::poisson:
            return poisson(m, first, last);
        case Loss::gamma_deviance:
            return gamma_deviance(m, first, last);
        case Loss::log_cosh:
            return log_cosh(m, first, last);
        case Loss::hinge:
        case Loss::squared_hinge:
            return hinge(m, first, last);
    }
}

template <class T>
void loss(const LossRows<T>& m) {
    for_each_block<T>(m.z.rows, [&m](std::size_t first, std::size_t last) {
        loss_of_block(m, first, last);
        if (m.gradient && m.output_weights != nullptr) weigh_outputs(m, first, last);
    });
    if (m.weights != nullptr) weigh(m);
    if (m.gradient) clear_padding(m.dz, 0, m.z.rows);
}

}  // namespace
}  // namespace wbcore::kernels
