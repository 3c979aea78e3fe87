// Row sums over parts that come in order: folded like a binary counter (docs/arithmetic.md, section 2).
#pragma once

#include <cstddef>
#include <utility>

#include "kernels/kernel_table.hpp"

namespace wbcore {

template <class Part>
class RowTree {
public:
    void push(Part part) {
        for (std::size_t n = parts_++; (n & 1) != 0; n >>= 1) part = pop_with(part);
        stack_[depth_++] = std::move(part);
    }
    // There must have been a part.
    Part total() {
        Part sum = std::move(stack_[--depth_]);
        while (depth_ > 0) sum = pop_with(sum);
        return sum;
    }

private:
    Part pop_with(const Part& later) {
        Part earlier = std::move(stack_[--depth_]);
        earlier += later;
        return earlier;
    }

    Part stack_[kernels::max_tree_depth];
    std::size_t depth_ = 0, parts_ = 0;
};

// The row sum of one column of numbers.
template <class T>
T row_sum(const T* values, std::size_t n) {
    if (n == 0) return T(0);
    RowTree<T> tree;
    for (std::size_t first = 0; first < n; first += kernels::row_leaf) {
        T s = 0;
        for (std::size_t i = first; i < n && i < first + kernels::row_leaf; ++i) s = s + values[i];
        tree.push(s);
    }
    return tree.total();
}

}  // namespace wbcore
