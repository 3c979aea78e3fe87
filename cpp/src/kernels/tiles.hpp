// Tiles of registers: how they are loaded, multiplied, and laid over matrices. Lanes and rows of a tile run over outputs,
// never over the summed index.
#pragma once

#include <cstddef>
#include <utility>

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
inline constexpr int panel_vectors = static_cast<int>(panel_width<T> / lanes<T>);

// A number that the compiler knows.
template <int N>
struct Constant {
    static constexpr int value = N;
};

// f(Constant<n>) for an n from 1 to N
template <int N, class F>
[[gnu::always_inline]] inline void with_constant(int n, F f) {
    if (n == N) return f(Constant<N>());
    if constexpr (N > 1) with_constant<N - 1>(n, f);
}

// A tile of R rows x W vectors, in registers. The vectors may span several panels.
template <class T, int R, int W>
struct Tile {
    Vector<T> at[std::size_t(R)][std::size_t(W)];
};

// For functions that keep a tile: all that they call becomes a part of them, early. With a sanitizer, whose checks would
// multiply, only the numbers count.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WBCORE_KEEPS_TILE
#else
#define WBCORE_KEEPS_TILE [[gnu::flatten]]
#endif

// f(r, w) for each vector. A loop would be unrolled only after the compiler has decided that what is indexed by variables
// lives in memory; in a function that is WBCORE_KEEPS_TILE every f gets constants before that.
template <class T, int R, int W, class F>
[[gnu::always_inline]] inline void for_each_in_tile(F f) {
    [&]<int... I>(std::integer_sequence<int, I...>) {
        (f(I / W, I % W), ...);
    }(std::make_integer_sequence<int, R * W>());
}

template <class T, int R, int W>
inline Tile<T, R, W> operator+(const Tile<T, R, W>& a, const Tile<T, R, W>& b) {
    Tile<T, R, W> sum;
    for_each_in_tile<T, R, W>([&](int r, int w) { sum.at[r][w] = a.at[r][w] + b.at[r][w]; });
    return sum;
}

// Where vector w of a tile lies, from its first panel on.
template <class T>
[[gnu::always_inline]] inline std::size_t vector_offset(int w, std::size_t panel_stride) {
    return static_cast<std::size_t>(w / panel_vectors<T>) * panel_stride +
           static_cast<std::size_t>(w % panel_vectors<T>) * lanes<T>;
}

// Where element (row r, vector w) of a tile lies.
template <class T>
[[gnu::always_inline]] inline std::size_t tile_offset(const Panels<T>& m, int r, int w) {
    return static_cast<std::size_t>(r) * m.row_stride + vector_offset<T>(w, m.panel_stride);
}

// Where a summed index leads: steps of `step`, rows or panels `apart`.
template <class T>
struct Operand {
    const T* data;
    std::size_t apart, step;
};

// s[r][w] += a[r] * b[w] for each of n steps; a holds one number a row, b the vectors.
template <class T, int R, int W>
[[gnu::always_inline]] inline void accumulate(Tile<T, R, W>& s,
                                              Operand<T> a,
                                              Operand<T> b,
                                              std::size_t n) {
    using V = Vector<T>;
    for (std::size_t k = 0; k < n; ++k, a.data += a.step, b.data += b.step) {
        V vectors[std::size_t(W)];
        for_each_in_tile<T, 1, W>(
            [&](int, int w) { vectors[w] = load<V>(b.data + vector_offset<T>(w, b.apart)); });
        for_each_in_tile<T, R, 1>([&](int r, int) {
            const V x = broadcast<V>(a.data[static_cast<std::size_t>(r) * a.apart]);
            for_each_in_tile<T, 1, W>(
                [&](int, int w) { s.at[r][w] = fma(x, vectors[w], s.at[r][w]); });
        });
    }
}

// Calls f(first, Constant<rows>) for tiles of at most R rows that cover [first, last). Rows are dealt evenly: 16 rows
// are 6 + 5 + 5, which keeps every tile near its full speed, where 6 + 6 + 4 would not.
template <int R, class F>
[[gnu::always_inline]] inline void for_each_row_tile(std::size_t first, std::size_t last, F f) {
    std::size_t tiles = (last - first + R - 1) / R;
    while (first < last) {
        const std::size_t rows = (last - first + tiles - 1) / tiles;
        with_constant<R>(static_cast<int>(rows), [&](auto r) { f(first, r); });
        first += rows;
        --tiles;
    }
}

// Rows of a tile that is `vectors` wide, narrower than a panel: as many chains as a full tile has, up to 12.
template <class T>
constexpr int narrow_rows(int vectors) {
    const int rows = tile_rows * tile_panels * panel_vectors<T> / vectors;
    return rows < 12 ? rows : 12;
}

// Calls f(panel, Constant<R>, Constant<W>) for groups of panels side by side, together all columns: each is to be
// covered by tiles of up to R rows x W vectors. The last group is as narrow as its columns allow.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_column_group(std::size_t rows, std::size_t cols, F f) {
    constexpr int whole = panel_vectors<T>;
    const std::size_t full = (cols + lanes<T> - 1) / panel_width<T>;
    std::size_t panel = 0;
    auto groups = [&](auto n_panels, auto n_rows) {
        constexpr std::size_t n = decltype(n_panels)::value;
        for (; panel + n <= full; panel += n) f(panel, n_rows, Constant<int(n) * whole>());
    };
    // Few rows leave registers for more panels, without which the chains would wait for themselves.
    if (rows == 1) groups(Constant<4>(), Constant<1>());
    if (rows <= few_rows) groups(Constant<few_rows_panels>(), Constant<few_rows>());
    groups(Constant<tile_panels>(), Constant<tile_rows>());
    if constexpr (tile_panels > 1) groups(Constant<1>(), Constant<tile_rows>());
    if constexpr (whole > 1) {
        if (full * panel_width<T> < cols) {
            const std::size_t left = cols - full * panel_width<T>;
            with_constant<whole - 1>(
                static_cast<int>((left + lanes<T> - 1) / lanes<T>),
                [&](auto w) { f(panel, Constant<narrow_rows<T>(decltype(w)::value)>(), w); });
        }
    }
}

// Swaps the off-diagonal blocks of H x H lanes, then those half as large: rows become columns.
template <class T, std::size_t H, std::size_t... J>
[[gnu::always_inline]] inline void transpose_block(Vector<T> (&row)[lanes<T>],
                                                   std::index_sequence<J...> every_lane) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < lanes<T>; ++i) {
        if ((i & H) != 0) continue;
        const Vector<T> a = row[i], b = row[i + H];
        row[i] = __builtin_shufflevector(a, b, ((J & H) == 0 ? J : lanes<T> + J - H)...);
        row[i + H] = __builtin_shufflevector(a, b, ((J & H) == 0 ? J + H : lanes<T> + J)...);
    }
    if constexpr (H > 1) transpose_block<T, H / 2>(row, every_lane);
}

}  // namespace
}  // namespace wbcore::kernels
