// In how many rows a unit is active, and in how many saturated: integers, whose order does not matter.
#pragma once

#include <type_traits>

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
using CountVector = decltype(bits(Vector<T>{}));

// n + 1 in the lanes where the comparison holds.
template <class T>
inline auto counted(CountVector<T> n, auto held) {
    return held ? n + 1 : n;
}

template <class T>
inline void add_counts(UnitCount<T>* to, CountVector<T> n) {
    CountVector<T> counts;
    __builtin_memcpy(&counts, to, sizeof counts);
    counts = counts + n;
    __builtin_memcpy(to, &counts, sizeof counts);
}

// Of `rows` rows of a packed panel, which follow one another, the lanes from `a` on; two at a time, which wait for each other
// less.
template <class T>
inline void count_lanes(const T* a,
                        std::size_t rows,
                        const UnitCounts<T>& counts,
                        std::size_t unit) {
    using V = Vector<T>;
    constexpr std::size_t width = Panels<T>::width;
    const V zero = broadcast<V>(0), low = broadcast<V>(counts.low),
            high = broadcast<V>(counts.high);
    CountVector<T> active[2] = {}, saturated[2] = {};
    auto count = [&](const T* row, int k, auto saturates) {
        const V v = load<V>(row);
        active[k] = counted<T>(active[k], v != zero);
        if constexpr (saturates)
            saturated[k] = counted<T>(counted<T>(saturated[k], v < low), v > high);
    };
    auto count_rows = [&](auto saturates) {
        const T* const end = a + rows * width;
        if (rows % 2 != 0) count(end - width, 0, saturates);
        for (; end - a >= static_cast<std::ptrdiff_t>(2 * width); a += 2 * width) {
            count(a, 0, saturates);
            count(a + width, 1, saturates);
        }
    };
    if (counts.saturated == nullptr) {
        count_rows(std::false_type());
    } else {
        count_rows(std::true_type());
        add_counts<T>(counts.saturated + unit, saturated[0] + saturated[1]);
    }
    add_counts<T>(counts.active + unit, active[0] + active[1]);
}

// Of the rows [row, row + n_rows) of some panels of packed outputs.
template <class T>
inline void count_panels(Panels<const T> a,
                         const UnitCounts<T>& counts,
                         Range panels,
                         std::size_t row,
                         std::size_t n_rows) {
    constexpr std::size_t width = Panels<T>::width;
    for (std::size_t p = panels.first; p < panels.last; ++p)
        for (std::size_t j = 0; j < width; j += lanes<T>)
            count_lanes(a.panel(p) + row * width + j, n_rows, counts, p * width + j);
}

template <class T>
void count_units(Panels<const T> a, const UnitCounts<T>& counts) {
    count_panels(a, counts, {0, a.count()}, 0, a.rows);
}

}  // namespace
}  // namespace wbcore::kernels
