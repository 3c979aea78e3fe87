// Loops over vectors: whole arrays with a short last vector, rows of panels, and the two kinds of sums.
#pragma once

#include "kernel_table.hpp"
#include "vec.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
// NOLINTNEXTLINE(bugprone-sizeof-expression): a vector may be one number
inline constexpr std::size_t lanes = sizeof(Vector<T>) / sizeof(T);

// f(i, n) handles the n elements from i on: lanes<T> of them, fewer at the end.
template <class T, class F>
inline void for_each_vector(std::size_t n, F f) {
    for (std::size_t i = 0; i < n; i += lanes<T>) f(i, n - i < lanes<T> ? n - i : lanes<T>);
}

// Part of a vector: whole when `n` allows it, else by way of a small array (lanes past n are 0).
template <class T>
inline Vector<T> load_part(const T* p, std::size_t n) {
    if (n == lanes<T>) return load<Vector<T>>(p);
    T part[lanes<T>] = {};
    for (std::size_t i = 0; i < n; ++i) part[i] = p[i];
    return load<Vector<T>>(part);
}
template <class T>
inline void store_part(T* p, Vector<T> v, std::size_t n) {
    if (n == lanes<T>) return store(p, v);
    T part[lanes<T>];
    store(part, v);
    for (std::size_t i = 0; i < n; ++i) p[i] = part[i];
}

// y = f(x)
template <class T, class F>
inline void map(T* y, const T* x, std::size_t n, F f) {
    for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
        store_part(y + i, f(load_part(x + i, part)), part);
    });
}

// y = f(y, x)
template <class T, class F>
inline void map_onto(T* y, const T* x, std::size_t n, F f) {
    for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
        store_part(y + i, f(load_part(y + i, part), load_part(x + i, part)), part);
    });
}

// out[j] = f(x[j], ..) over the rows [first, last), vector by vector
template <class T, class F, class... X>
inline void map_rows(Panels<T> out, std::size_t first, std::size_t last, F f, X... x) {
    for (std::size_t p = 0; p < out.count(); ++p)
        for (std::size_t row = first; row < last; ++row)
            for (std::size_t j = 0; j < Panels<T>::width; j += lanes<T>)
                store(out.panel(p) + row * out.row_stride + j,
                      f(load<Vector<T>>(x.panel(p) + row * x.row_stride + j)...));
}

// 0, 1, 2, ..
template <class T>
inline Vector<T> lane_numbers() {
    T numbers[lanes<T>];
    for (std::size_t i = 0; i < lanes<T>; ++i) numbers[i] = static_cast<T>(i);
    return load<Vector<T>>(numbers);
}

template <class T>
inline void clear_padding(Panels<T> m, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    const std::size_t used = m.cols % Panels<T>::width;
    if (used == 0) return;
    const V zero = broadcast<V>(0), number = lane_numbers<T>();
    for (std::size_t j = used / lanes<T> * lanes<T>; j < Panels<T>::width; j += lanes<T>) {
        const V end = broadcast<V>(used > j ? static_cast<T>(used - j) : T(0));
        T* at = m.panel(m.count() - 1) + first * m.row_stride + j;
        for (std::size_t row = first; row < last; ++row, at += m.row_stride)
            store(at, number < end ? load<V>(at) : zero);
    }
}

// The feature sum of n terms, one number at a time: term(j, s) adds term j to a sum.
template <class T, class Term>
inline T feature_sum_of(std::size_t n, Term term) {
    T total = 0;
    for (std::size_t first = 0; first < n; first += feature_leaf) {
        T s = 0;
        for (std::size_t j = first; j < n && j < first + feature_leaf; ++j) s = term(j, s);
        total = first == 0 ? s : total + s;
    }
    return total;
}

// Feature sums of N rows side by side, so that their chains overlap: term(value, s) adds a value to a sum.
template <std::size_t N, class T, class Term>
inline void feature_sums_of(T* sums, Panels<const T> m, std::size_t row, Term term) {
    constexpr std::size_t leaf_panels = feature_leaf / Panels<T>::width;
    for (std::size_t first = 0; first < m.count(); first += leaf_panels) {
        T s[N] = {};
        for (std::size_t p = first; p < m.count() && p < first + leaf_panels; ++p) {
            const T* values = m.panel(p) + row * m.row_stride;
            const std::size_t left = m.cols - p * Panels<T>::width;
            const std::size_t n = left < Panels<T>::width ? left : Panels<T>::width;
            for (std::size_t j = 0; j < n; ++j)
#pragma GCC unroll 8
                for (std::size_t r = 0; r < N; ++r) s[r] = term(values[r * m.row_stride + j], s[r]);
        }
        for (std::size_t r = 0; r < N; ++r) sums[r] = first == 0 ? s[r] : sums[r] + s[r];
    }
}

// The feature sums of the rows [first, last).
template <class T, class Term>
inline void feature_sums(
    T* sums, Panels<const T> m, std::size_t first, std::size_t last, Term term) {
    std::size_t row = first;
    for (; row + 4 <= last; row += 4, sums += 4) feature_sums_of<4>(sums, m, row, term);
    for (; row < last; ++row, ++sums) feature_sums_of<1>(sums, m, row, term);
}

// Row sums: leaf sums come in order and are folded like a binary counter, so that equal-sized neighbours merge.
template <class V>
class RowTree {
public:
    void add(const V& leaf) {
        stack_[depth_++] = leaf;
        for (std::size_t n = leaves_++; (n & 1) != 0; n >>= 1) {
            --depth_;
            stack_[depth_ - 1] = stack_[depth_ - 1] + stack_[depth_];
        }
    }
    V total() {
        V sum = stack_[--depth_];
        while (depth_ > 0) sum = stack_[--depth_] + sum;
        return sum;
    }

private:
    V stack_[max_tree_depth];
    std::size_t leaves_ = 0, depth_ = 0;
};

template <class V, class F>
[[gnu::noinline]] V fold_leaves(const V& first_leaf, std::size_t rows, const F& chain) {
    RowTree<V> tree;
    tree.add(first_leaf);
    for (std::size_t first = row_leaf; first < rows; first += row_leaf)
        tree.add(chain(first, first + row_leaf < rows ? first + row_leaf : rows));
    return tree.total();
}

// chain(first, last) is the sum of one leaf of rows. Where one leaf is all, it never leaves the registers.
template <class V, class F>
[[gnu::always_inline]] inline V row_sum(std::size_t rows, const F& chain) {
    V sum = chain(0, rows < row_leaf ? rows : row_leaf);
    if (rows > row_leaf) sum = fold_leaves<V>(sum, rows, chain);
    return sum;
}

}  // namespace
}  // namespace wbcore::kernels
