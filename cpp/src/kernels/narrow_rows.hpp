// Rows of a few columns, which would leave most of a vector unused: a block of them is turned, so that a vector has one column of
// as many rows as it has lanes.
#pragma once

#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

// Up to so many columns turning a block costs less than the lanes it fills.
template <class T>
inline constexpr std::size_t narrow = 16;

// A block of narrow rows, as many as a panel is wide, column by column.
template <class T>
struct Columns {
    static constexpr std::size_t rows = Panels<T>::width;
    T at[narrow<T>][rows] = {};

    // Of rows from `first` on, n of them; the rest is 0.
    void read(Panels<const T> m, std::size_t first, std::size_t n) {
        for (std::size_t k = 0; k < m.cols; ++k) {
            const T* from = &m(first, k);
            for (std::size_t r = 0; r < n; ++r) at[k][r] = from[r * m.row_stride];
        }
    }
    void write(Panels<T> m, std::size_t first, std::size_t n) const {
        for (std::size_t k = 0; k < m.cols; ++k) {
            T* to = &m(first, k);
            for (std::size_t r = 0; r < n; ++r) to[r * m.row_stride] = at[k][r];
        }
    }
};

}  // namespace
}  // namespace wbcore::kernels
