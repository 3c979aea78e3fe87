// The products that sum over the rows of a batch, dW and db, in register tiles, with the update at their end; and the
// transpose of weights.
#pragma once

#include <cstddef>
#include <utility>

#include "kernel_table.hpp"
#include "lanes.hpp"
#include "optimizers.hpp"
#include "tiles.hpp"

namespace wbcore::kernels {
namespace {

// The sums over one leaf of rows of x[row][input + r] * dz[row][n], for the R inputs and W vectors of n of a tile.
template <class T, int R, int W>
[[gnu::always_inline]] inline Tile<T, R, W> outer_product_tile(const Operand<T>& x,
                                                               const Operand<T>& dz,
                                                               std::size_t input,
                                                               std::size_t first,
                                                               std::size_t last) {
    Tile<T, R, W> s;
    for_each_in_tile<T, R, W>([&](int r, int w) { s.at[r][w] = broadcast<Vector<T>>(0); });
    accumulate<T, R, W>(s, {x.data + input + first * x.step, x.apart, x.step},
                        {dz.data + first * dz.step, dz.apart, dz.step}, last - first);
    return s;
}

// The sums of one panel's inputs, a row of W vectors for each.
template <class T, int W>
using PanelSums = Tile<T, int(panel_width<T>), W>;

// One leaf of rows for the inputs [first, last) of a panel, in tiles of up to R inputs x W vectors.
template <class T, int R, int W>
WBCORE_KEEPS_TILE [[gnu::noinline]] void outer_product_leaf(
    PanelSums<T, W>& sums, const Operand<T>& x, const Operand<T>& dz, Range inputs, Range rows) {
    constexpr int width = int(panel_width<T>), most = R < width ? R : width;
    for_each_row_tile<most>(inputs.first, inputs.last, [&](std::size_t input, auto n) {
        constexpr int N = decltype(n)::value;
        const auto s = outer_product_tile<T, N, W>(x, dz, input, rows.first, rows.last);
        for_each_in_tile<T, N, W>(
            [&](int r, int w) { sums.at[input + static_cast<std::size_t>(r)][w] = s.at[r][w]; });
    });
}

// The sums over all rows for the inputs [first, last) of one panel of x. Leaf by leaf for the whole panel, so that a leaf
// of x and of dz stays in L1 for all its tiles.
template <class T, int R, int W>
[[gnu::always_inline]] inline PanelSums<T, W> outer_product_sums(
    Panels<const T> x, std::size_t first, std::size_t last, Panels<const T> dz, std::size_t panel) {
    const std::size_t origin = first / panel_width<T> * panel_width<T>;
    const Operand<T> a{x.panel(first / panel_width<T>), 1, x.row_stride},
        b{dz.panel(panel), dz.panel_stride, dz.row_stride};
    return row_sum<PanelSums<T, W>>(x.rows, [=](std::size_t row, std::size_t last_row) {
        PanelSums<T, W> leaf;
        outer_product_leaf<T, R, W>(leaf, a, b, {first - origin, last - origin}, {row, last_row});
        return leaf;
    });
}

// f(first, last) for the pieces of [first, last) that lie in one panel each.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_panel(std::size_t first, std::size_t last, F f) {
    while (first < last) {
        const std::size_t end = (first / panel_width<T> + 1) * panel_width<T>;
        f(first, end < last ? end : last);
        first = end;
    }
}

// What becomes of the sums of the inputs [first, last) of one panel of x and one group of columns.
template <class T, int W>
[[gnu::noinline]] void update_block(const OuterProduct<T>& m,
                                    PanelSums<T, W>& sums,
                                    std::size_t first,
                                    std::size_t last,
                                    std::size_t panel) {
    const Parameters<T> to = parameters_of(m.out.data, m.states);
    const std::size_t row_stride = m.out.row_stride, panel_stride = m.out.panel_stride;
    const std::size_t at = panel * panel_stride + first * row_stride;
    auto* const sum = sums.at + first % panel_width<T>;
    if (m.update.is_general) [[unlikely]]
        return update_any<T>(m.update, to,
                             {reinterpret_cast<T*>(sum), W * lanes<T>, last - first, W, at,
                              row_stride, panel_stride});
    with_common_rule(m.update, [=](auto rule) {
        const auto* g = sum;
        std::size_t row = at;
        for (std::size_t n = last - first; n > 0; --n, ++g, row += row_stride)
            for_each_in_tile<T, 1, W>([&](int, int w) {
                update_at(rule, to, row + vector_offset<T>(w, panel_stride), (*g)[w]);
            });
    });
}

// The inputs [first, last) of one panel of x and one group of columns.
template <class T, int R, int W>
void outer_product_block(const OuterProduct<T>& m,
                         std::size_t first,
                         std::size_t last,
                         std::size_t panel) {
    auto sums = outer_product_sums<T, R, W>(m.x, first, last, m.dz, panel);
    update_block<T, W>(m, sums, first, last, panel);
}

// Lanes run over the outputs, rows of a tile over the inputs.
template <class T>
void outer_product_by_outputs(const OuterProduct<T>& m) {
    for_each_column_group<T>(
        m.last_input - m.first_input, m.dz.cols,
        [&](std::size_t panel, auto max_rows, auto vectors) {
            for_each_panel<T>(
                m.first_input, m.last_input, [&](std::size_t first, std::size_t last) {
                    outer_product_block<T, decltype(max_rows)::value, decltype(vectors)::value>(
                        m, first, last, panel);
                });
        });
}

template <class T, int W>
void column_sums_of(const ColumnSums<T>& m, std::size_t panel) {
    using V = Vector<T>;
    const T* dz = m.dz.panel(panel);
    const Tile<T, 1, W> g =
        row_sum<Tile<T, 1, W>>(m.dz.rows, [=, &m](std::size_t first, std::size_t last) {
            Tile<T, 1, W> s;
            for_each_in_tile<T, 1, W>([&](int, int w) { s.at[0][w] = broadcast<V>(0); });
            for (std::size_t row = first; row < last; ++row)
                for_each_in_tile<T, 1, W>([&](int, int w) {
                    s.at[0][w] = s.at[0][w] + load<V>(dz + row * m.dz.row_stride +
                                                      vector_offset<T>(w, m.dz.panel_stride));
                });
            return s;
        });
    const Parameters<T> to = parameters_of(m.out, m.states);
    with_common_rule(m.update, [=, &g](auto rule) {
        for_each_in_tile<T, 1, W>([&](int, int w) {
            update_at(rule, to, panel * panel_width<T> + vector_offset<T>(w, panel_width<T>),
                      g.at[0][w]);
        });
    });
}

template <class T>
void column_sums(const ColumnSums<T>& m);

// Some panels at a time, whose sums are stored first: tiles know common rules alone.
template <class T>
[[gnu::noinline]] void column_sums_for_any(const ColumnSums<T>& m) {
    constexpr std::size_t width = panel_width<T>, most = 8;
    T sums[most * width];
    const Update<T> stores{};
    for (std::size_t p = 0; p < m.dz.count(); p += most) {
        const std::size_t left = m.dz.cols - p * width,
                          cols = left < most * width ? left : most * width;
        column_sums<T>({sums,
                        {},
                        {m.dz.panel(p), m.dz.rows, cols, m.dz.row_stride, m.dz.panel_stride},
                        stores});
        update_any<T>(m.update, parameters_of(m.out, m.states),
                      {sums, 0, 1, (cols + lanes<T> - 1) / lanes<T>, p * width, 0, width});
    }
}

// As many panels at a time as there are: one sum waits for the last addition, so several run side by side.
template <class T>
void column_sums(const ColumnSums<T>& m) {
    if (m.update.is_general) return column_sums_for_any(m);
    for_each_column_group<T>(1, m.dz.cols, [&](std::size_t panel, auto, auto vectors) {
        column_sums_of<T, decltype(vectors)::value>(m, panel);
    });
}

// One block of lanes x lanes; rows past the last one are zeros.
template <class T>
inline void transpose_at(
    Panels<T> out, Panels<const T> in, std::size_t first, std::size_t last, std::size_t col) {
    using V = Vector<T>;
    V row[lanes<T>];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < lanes<T>; ++i)
        row[i] = first + i < last ? load<V>(&in(first + i, col)) : broadcast<V>(0);
    transpose_block<T, lanes<T> / 2>(row, std::make_index_sequence<lanes<T>>());
#pragma GCC unroll 16
    for (std::size_t j = 0; j < lanes<T>; ++j)
        if (col + j < in.cols) store(&out(col + j, first), row[j]);
}

template <class T>
void transpose(Panels<T> out, Panels<const T> in, std::size_t first_row, std::size_t last_row) {
    auto one_row = [&](std::size_t row) {
        for (std::size_t col = 0; col < in.cols; ++col) out(col, row) = in(row, col);
    };
    // single rows up to a multiple of the lanes, and after the last whole block unless the matrix ends there
    std::size_t row = first_row;
    for (; row < last_row && row % lanes<T> != 0; ++row) one_row(row);
    const bool to_the_end = last_row == in.rows;
    for (; row + lanes<T> <= last_row || (to_the_end && row < last_row); row += lanes<T>)
        for (std::size_t col = 0; col < in.cols; col += lanes<T>)
            transpose_at(out, in, row, last_row, col);
    for (; row < last_row; ++row) one_row(row);
}

// What becomes of the gradients of n inputs, a panel's row for each; those before the first of `m` are nobody's.
template <class T>
[[gnu::noinline]] void update_rows(const OuterProduct<T>& m,
                                   T* gradients,
                                   std::size_t input,
                                   std::size_t n) {
    const Parameters<T> to = parameters_of(m.out.data, m.states);
    const std::size_t row_stride = m.out.row_stride, cols = m.dz.cols;
    const std::size_t first = input < m.first_input ? m.first_input - input : 0;
    if (m.update.is_general) {
        if (first < n)
            update_any<T>(m.update, to,
                          {gradients + first * panel_width<T>, panel_width<T>, n - first,
                           (cols + lanes<T> - 1) / lanes<T>, (input + first) * row_stride,
                           row_stride, m.out.panel_stride});
        return;
    }
    with_common_rule(m.update, [=](auto rule) {
        for (std::size_t i = first; i < n; ++i)
            for (std::size_t j = 0; j < cols; j += lanes<T>)
                update_at(rule, to, (input + i) * row_stride + j,
                          load<Vector<T>>(gradients + i * panel_width<T> + j));
    });
}

// Few outputs would leave most lanes empty, so lanes run over the inputs, a few panels of them at a time, and the sums
// are transposed on their way to the weights.
template <class T>
void outer_product_by_inputs(const OuterProduct<T>& m) {
    constexpr std::size_t width = panel_width<T>, most_panels = 4;
    alignas(alignment) T sums[most_panels * width * width], gradients[most_panels * width * width];
    const std::size_t first_panel = m.first_input / width;
    const Panels<const T> x{m.x.panel(first_panel), m.x.rows, m.last_input - first_panel * width,
                            m.x.row_stride, m.x.panel_stride};
    for_each_column_group<T>(
        m.dz.cols, x.cols, [&](std::size_t panel, auto max_rows, auto vectors) {
            constexpr int W = decltype(vectors)::value;
            static_assert(W <= static_cast<int>(most_panels) * panel_vectors<T>);
            constexpr std::size_t most = std::size_t(W) * lanes<T>;
            const std::size_t at = panel * width, n = x.cols - at < most ? x.cols - at : most;
            const Panels<T> g_t{sums, m.dz.cols, n, width, width * width};
            const Panels<T> g{gradients, n, m.dz.cols, width, 0};
            const auto s =
                outer_product_sums<T, decltype(max_rows)::value, W>(m.dz, 0, m.dz.cols, x, panel);
            for (std::size_t output = 0; output < m.dz.cols; ++output)
                for_each_in_tile<T, 1, W>([&](int, int w) {
                    store(g_t.data + output * g_t.row_stride + tile_offset<T>(g_t, 0, w),
                          s.at[output][w]);
                });
            transpose<T>(g, g_t, 0, m.dz.cols);
            update_rows(m, gradients, first_panel * width + at, n);
        });
}

// Whether it takes clearly fewer vectors to let the lanes run over the inputs. Vectors of x reach past its last column,
// where a row-major x may have ended.
template <class T>
inline bool pays_by_inputs(const OuterProduct<T>& m) {
    auto vectors = [](std::size_t n) { return (n + lanes<T> - 1) / lanes<T>; };
    const std::size_t outputs = m.dz.cols, inputs = m.last_input - m.first_input;
    return outputs <= panel_width<T> &&
           5 * outputs * vectors(inputs) < 4 * inputs * vectors(outputs) &&
           (m.x.row_stride == panel_width<T> || m.x.cols % panel_width<T> == 0);
}

template <class T>
void outer_product(const OuterProduct<T>& m) {
    if (pays_by_inputs(m)) return outer_product_by_inputs(m);
    outer_product_by_outputs(m);
}

}  // namespace
}  // namespace wbcore::kernels
