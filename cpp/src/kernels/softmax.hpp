// Softmax over rows, and the part of it that cross-entropy shares.
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "narrow_rows.hpp"

namespace wbcore::kernels {
namespace {

// The largest element of a row.
template <class T>
inline T row_maximum(Panels<const T> z, std::size_t row) {
    using V = Vector<T>;
    constexpr std::size_t width = Panels<T>::width;
    const T* last_panel = z.panel(z.count() - 1) + row * z.row_stride;
    T largest[width];
    for (std::size_t j = 0; j < width; ++j)
        largest[j] = last_panel[(z.count() - 1) * width + j < z.cols ? j : 0];
    for (std::size_t p = 0; p + 1 < z.count(); ++p)
        for (std::size_t j = 0; j < width; j += lanes<T>) {
            const V a = load<V>(largest + j), b = load<V>(z.panel(p) + row * z.row_stride + j);
            store(largest + j, b > a ? b : a);
        }
    for (std::size_t half = width / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j)
            largest[j] = largest[j + half] > largest[j] ? largest[j + half] : largest[j];
    return largest[0];
}

// Some rows of a softmax on the way: e = exp(z - maximum), and its sums. A block is as long as a vector, so that one
// logarithm serves all of its sums.
template <class T>
struct SoftmaxBlock {
    static constexpr std::size_t rows = Panels<T>::width;
    T maximum[rows], sum[rows];
};

template <class T>
inline void exponentials(
    SoftmaxBlock<T>& block, Panels<T> e, Panels<const T> z, std::size_t first, std::size_t last) {
    for (std::size_t row = first; row < last; ++row) {
        const T maximum = block.maximum[row - first] = row_maximum(z, row);
        map_rows(e, row, row + 1, [=](Vector<T> x) { return exp(x - maximum); }, z);
    }
    feature_sums<T>(block.sum, e, first, last, [](T x, T s) { return s + x; });
}

// Likewise of narrow rows, for a vector of them from lane `at` of a block on; returns their largest elements.
template <class T>
inline Vector<T> exponentials_of_columns(
    Vector<T>* e, Vector<T>& sum, const Columns<T>& z, std::size_t cols, std::size_t at) {
    using V = Vector<T>;
    V maximum = load<V>(z.at[0] + at);
    for (std::size_t k = 1; k < cols; ++k) {
        const V x = load<V>(z.at[k] + at);
        maximum = x > maximum ? x : maximum;
    }
    sum = broadcast<V>(0);
    for (std::size_t k = 0; k < cols; ++k) sum += e[k] = exp(load<V>(z.at[k] + at) - maximum);
    return maximum;
}

// f(first, last) for all rows, a block at a time.
template <class T, class F>
inline void for_each_block(std::size_t rows, F f) {
    for (std::size_t first = 0; first < rows; first += SoftmaxBlock<T>::rows)
        f(first, first + SoftmaxBlock<T>::rows < rows ? first + SoftmaxBlock<T>::rows : rows);
}

template <class T>
void softmax_of_narrow(Panels<T> a, Panels<const T> z, std::size_t first, std::size_t last) {
    using V = Vector<T>;
    Columns<T> columns;
    columns.read(z, first, last - first);
    for (std::size_t at = 0; at < Columns<T>::rows; at += lanes<T>) {
        V e[narrow<T>], sum;
        exponentials_of_columns(e, sum, columns, z.cols, at);
        for (std::size_t k = 0; k < z.cols; ++k) store(columns.at[k] + at, e[k] / sum);
    }
    columns.write(a, first, last - first);
}

template <class T>
void softmax(Panels<T> a, Panels<const T> z) {
    for_each_block<T>(z.rows, [&](std::size_t first, std::size_t last) {
        if (z.cols <= narrow<T>) {
            softmax_of_narrow(a, z, first, last);
            return clear_padding(a, first, last);
        }
        SoftmaxBlock<T> block;
        exponentials(block, a, z, first, last);
        for (std::size_t row = first; row < last; ++row) {
            const T sum = block.sum[row - first];
            map_rows(a, row, row + 1, [=](Vector<T> e) { return e / sum; }, a);
        }
        clear_padding(a, first, last);
    });
}

template <class T>
void softmax_backward(Panels<T> dz, Panels<const T> a) {
    for (std::size_t row = 0; row < dz.rows; ++row) {
        T d = 0;
        for (std::size_t first = 0; first < a.cols; first += feature_leaf) {
            T s = 0;
            for (std::size_t k = first; k < a.cols && k < first + feature_leaf; ++k)
                s = fma(dz(row, k), a(row, k), s);
            d = first == 0 ? s : d + s;
        }
        map_rows(dz, row, row + 1, [=](Vector<T> g, Vector<T> y) { return y * (g - d); }, dz, a);
    }
    clear_padding(dz, 0, dz.rows);
}

}  // namespace
}  // namespace wbcore::kernels
