// In how many rows a unit is active, and in how many saturated: integers, whose order does not matter.
#pragma once

#include <type_traits>

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
using CountVector = decltype(bits(Vector<T>{}));

// n + 1 in the lanes where the comparison holds. That of vectors without masks of their own is -1 there.
template <class T>
inline CountVector<T> counted(CountVector<T> n, auto held) {
    if constexpr (lanes<T> == 1 || sizeof(n) == 64)
        return held ? n + 1 : n;
    else
        return n - __builtin_bit_cast(CountVector<T>, held);
}

template <class T>
inline void add_counts(UnitCount<T>* to, CountVector<T> n) {
    CountVector<T> counts;
    __builtin_memcpy(&counts, to, sizeof counts);
    counts = counts + n;
    __builtin_memcpy(to, &counts, sizeof counts);
}

// Of `rows` rows of a packed panel, which follow one another, the lanes from `a` on; some at a time, which do not wait for each
// other.
template <class T>
inline void count_lanes(const T* a,
                        std::size_t rows,
                        const UnitCounts<T>& counts,
                        std::size_t unit) {
    using V = Vector<T>;
    constexpr std::size_t width = Panels<T>::width, at_once = 4;
    const V zero = broadcast<V>(0), low = broadcast<V>(counts.low),
            high = broadcast<V>(counts.high);
    CountVector<T> active[at_once] = {}, saturated[at_once] = {};
    auto count = [&](const T* row, std::size_t k, auto saturates) {
        const V v = load<V>(row);
        active[k] = counted<T>(active[k], v != zero);
        if constexpr (saturates)
            saturated[k] = counted<T>(counted<T>(saturated[k], v < low), v > high);
    };
    auto count_rows = [&](auto saturates) {
        std::size_t row = 0;
        for (; row + at_once <= rows; row += at_once, a += at_once * width)
#pragma GCC unroll 4
            for (std::size_t k = 0; k < at_once; ++k) count(a + k * width, k, saturates);
        for (; row < rows; ++row, a += width) count(a, 0, saturates);
    };
    auto sum = [](const auto& n) { return (n[0] + n[1]) + (n[2] + n[3]); };
    if (counts.saturated == nullptr) {
        count_rows(std::false_type());
    } else {
        count_rows(std::true_type());
        add_counts<T>(counts.saturated + unit, sum(saturated));
    }
    add_counts<T>(counts.active + unit, sum(active));
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
