// The row sum of one column of numbers (docs/arithmetic.md, section 2).
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/kernel_table.hpp"

namespace wbcore {

// Leaf sums come in order and are folded like a binary counter.
template <class T>
T row_sum(const T* values, std::size_t n) {
    T stack[kernels::max_tree_depth];
    std::size_t depth = 0, leaves = 0;
    for (std::size_t first = 0; first < n; first += kernels::row_leaf) {
        T s = 0;
        for (std::size_t i = first; i < n && i < first + kernels::row_leaf; ++i) s = s + values[i];
        for (std::size_t bits = leaves++; (bits & 1) != 0; bits >>= 1) s = stack[--depth] + s;
        stack[depth++] = s;
    }
    if (depth == 0) return T(0);
    T sum = stack[--depth];
    while (depth > 0) sum = stack[--depth] + sum;
    return sum;
}

}  // namespace wbcore
