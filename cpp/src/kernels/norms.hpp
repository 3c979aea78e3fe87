// Norms in binary64, of gradients and of weights (docs/arithmetic.md, section 7): feature sums of squares, and of sizes.
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

// s + x * x; of a float the square is exact, and so no set needs a fused operation.
inline double add_square(float x, double s) {
    return s + static_cast<double>(x) * static_cast<double>(x);
}
inline double add_square(double x, double s) { return fma(x, x, s); }

// What a sum of a row is of: the next one for the number x.
template <class T>
struct Squares {
    double operator()(T x, double s) const { return add_square(x, s); }
};
template <class T>
struct ClippedSquares {
    double operator()(T x, double s) const {
        return add_square(x > most ? most : (x < -most ? -most : x), s);
    }
    T most;
};
template <class T>
struct Sizes {
    double operator()(T x, double s) const { return s + static_cast<double>(x < 0 ? -x : x); }
};

// N rows side by side, so that their chains overlap.
template <std::size_t N, class T, class Add>
inline void row_sums_of(double* sums, Panels<const T> m, std::size_t row, Add add) {
    constexpr std::size_t leaf_panels = feature_leaf / Panels<T>::width;
    for (std::size_t first = 0; first < m.count(); first += leaf_panels) {
        double s[N] = {};
        for (std::size_t p = first; p < m.count() && p < first + leaf_panels; ++p) {
            const T* values = m.panel(p) + row * m.row_stride;
            const std::size_t left = m.cols - p * Panels<T>::width;
            const std::size_t n = left < Panels<T>::width ? left : Panels<T>::width;
            for (std::size_t j = 0; j < n; ++j)
#pragma GCC unroll 8
                for (std::size_t r = 0; r < N; ++r) s[r] = add(values[r * m.row_stride + j], s[r]);
        }
        for (std::size_t r = 0; r < N; ++r) sums[r] = first == 0 ? s[r] : sums[r] + s[r];
    }
}

template <class T, class Add>
inline void row_sums(double* sums, Panels<const T> m, Add add) {
    std::size_t row = 0;
    for (; row + 8 <= m.rows; row += 8) row_sums_of<8>(sums + row, m, row, add);
    for (; row < m.rows; ++row) row_sums_of<1>(sums + row, m, row, add);
}

template <class T>
void row_squares(double* sums, Panels<const T> m, T clip_value) {
    if (clip_value == 0) return row_sums(sums, m, Squares<T>());
    row_sums(sums, m, ClippedSquares<T>{clip_value});
}

template <class T>
void row_sizes(double* sums, Panels<const T> m) {
    row_sums(sums, m, Sizes<T>());
}

// The sums of squares of up to lanes<double> columns, from `first` on; `n` of them are there.
template <class T>
inline Vector<double> column_squares(const T* first,
                                     std::size_t rows,
                                     std::size_t row_stride,
                                     std::size_t n) {
    using V = Vector<double>;
    auto row_of = [=](std::size_t row) {
        const T* from = first + row * row_stride;
        T part[lanes<double>] = {};
        if (n < lanes<double>) {  // past the last column an array of the user's may end
            for (std::size_t j = 0; j < n; ++j) part[j] = from[j];
            from = part;
        }
        return load_converted<V, T>(reinterpret_cast<const char*>(from));
    };
    V total = broadcast<V>(0);
    for (std::size_t leaf = 0; leaf < rows; leaf += feature_leaf) {
        V s = broadcast<V>(0);
        for (std::size_t row = leaf; row < rows && row < leaf + feature_leaf; ++row) {
            const V x = row_of(row);
            s = fma(x, x, s);
        }
        total = leaf == 0 ? s : total + s;
    }
    return total;
}

// What each column of a panel is to be multiplied by, 1 where it is within its limit or not finite; whether one is not 1.
template <class T>
inline bool column_factors(T (&factors)[Panels<T>::width],
                           Panels<T> w,
                           std::size_t p,
                           double most) {
    bool any = false;
    const std::size_t left = w.cols - p * Panels<T>::width;
    for (std::size_t j = 0; j < Panels<T>::width; j += lanes<double>) {
        double norms[lanes<double>] = {};
        if (j < left) {
            const std::size_t n = left - j < lanes<double> ? left - j : lanes<double>;
            store(norms, sqrt(column_squares<T>(w.panel(p) + j, w.rows, w.row_stride, n)));
        }
        for (std::size_t k = 0; k < lanes<double>; ++k) {
            const bool above = norms[k] > most && norms[k] < __builtin_inf();
            factors[j + k] = above ? static_cast<T>(most / norms[k]) : T(1);
            any = any || above;
        }
    }
    return any;
}

template <class T>
void limit_columns(Panels<T> w, Range panels, double most) {
    for (std::size_t p = panels.first; p < panels.last; ++p) {
        T factors[Panels<T>::width];
        if (!column_factors(factors, w, p, most)) continue;
        const std::size_t left = w.cols - p * Panels<T>::width;
        const std::size_t n = left < Panels<T>::width ? left : Panels<T>::width;
        for (std::size_t row = 0; row < w.rows; ++row)
            map_onto(w.panel(p) + row * w.row_stride, factors, n,
                     [](Vector<T> x, Vector<T> factor) { return factor * x; });
    }
}

}  // namespace
}  // namespace wbcore::kernels
