// Searches of the caller's large arrays.
#pragma once

#include <algorithm>
#include <optional>

#include "interrupts.hpp"
#include "wbcore/input.hpp"

namespace wbcore::bindings {

// What `find` finds first in an array, of rows of whole pieces: a search of large arrays lets go of the GIL and ends with Ctrl-C.
// The caller holds the array.
template <class Find>
std::optional<Cell> find_first(const ArrayView& values, Find find) {
    constexpr std::size_t piece = std::size_t(1) << 22;  // numbers: some thousandths of a second
    const std::size_t rows =
        std::max<std::size_t>(piece / std::max<std::size_t>(values.cols, 1), 1);
    return without_gil(work_of(values.rows, values.cols),
                       [&](const InterruptCheck& interrupted) -> std::optional<Cell> {
                           for (std::size_t first = 0; first < values.rows; first += rows) {
                               if (first > 0) stop_if(interrupted);
                               const std::size_t n = std::min(rows, values.rows - first);
                               if (const std::optional<Cell> at = find(values.rows_from(first, n)))
                                   return Cell{first + at->row, at->col};
                           }
                           return std::nullopt;
                       });
}

inline std::optional<Cell> find_first_outside(const ArrayView& values, double low, double high) {
    return find_first(values, [=](const ArrayView& part) { return find_outside(part, low, high); });
}

}  // namespace wbcore::bindings
