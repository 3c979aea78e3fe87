// What outputs and targets decide, for metrics.
#pragma once

#include <cstddef>

#include "wbcore/matrix.hpp"

namespace wbcore {

// The largest of a row, the first of equals
template <class T>
std::size_t argmax(Panels<const T> m, std::size_t row) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < m.cols; ++j)
        if (m(row, j) > m(row, best)) best = j;
    return best;
}

// How many numbers of a row come before that of a column, the largest first and the first of equals first.
template <class T>
std::size_t place_of(Panels<const T> m, std::size_t row, std::size_t col) {
    std::size_t before = 0;
    for (std::size_t j = 0; j < m.cols; ++j)
        before += m(row, j) > m(row, col) || (m(row, j) == m(row, col) && j < col) ? 1u : 0u;
    return before;
}

template <class T>
bool is_yes(T target) {
    return target > T(0.5);
}

}  // namespace wbcore
