// The sums and the dense layer of docs/arithmetic.md as they stand there, one number at a time.
#pragma once

#include <cstddef>

#include "kernels/fma_exact.hpp"

namespace contract {

// Leaves of 256, each a chain, added from first to last; term(k, s) adds the k-th to s.
template <class T, class F>
T feature_sum(T start, std::size_t n, F term) {
    T total = start;
    for (std::size_t lo = 0; lo < n; lo += 256) {
        T s = lo == 0 ? start : T(0);
        for (std::size_t k = lo; k < n && k < lo + 256; ++k) s = term(k, s);
        total = lo == 0 ? s : total + s;
    }
    return total;
}

// The binary tree over the leaves first .. first + leaves - 1 of 128 rows each.
template <class T, class F>
T row_tree(std::size_t first, std::size_t leaves, std::size_t n, F term) {
    if (leaves == 1) {
        T s = 0;
        for (std::size_t r = 128 * first; r < n && r < 128 * (first + 1); ++r) s = term(r, s);
        return s;
    }
    std::size_t left = 1;
    while (2 * left < leaves) left *= 2;
    return row_tree<T>(first, left, n, term) + row_tree<T>(first + left, leaves - left, n, term);
}

template <class T, class F>
T row_sum(std::size_t n, F term) {
    return n == 0 ? T(0) : row_tree<T>(0, (n + 127) / 128, n, term);
}

// Z[r][o] for x (B, I), w (I, O), b (O), row-major.
template <class T>
T dense(
    const T* x, const T* w, const T* b, std::size_t inputs, std::size_t outputs, std::size_t o) {
    return feature_sum<T>(b == nullptr ? T(0) : b[o], inputs, [&](std::size_t k, T s) {
        return wbcore::kernels::fma_exact(x[k], w[k * outputs + o], s);
    });
}

}  // namespace contract
