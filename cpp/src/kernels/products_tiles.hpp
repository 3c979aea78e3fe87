// The forward product in register tiles, which the backward pass to the inputs is too.
#pragma once

#include <cstddef>
#include <utility>

#include "activations.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "tiles.hpp"

namespace wbcore::kernels {
namespace {

// A step that is done while the sums are in registers.
template <class T>
[[gnu::always_inline]] inline bool is_in_tile(const Product<T>& m) {
    const Epilogue<T>& e = m.epilogue;
    return is_done_in_registers(e.activation) && e.kind != Epilogue<T>::Kind::none &&
           (e.kind == Epilogue<T>::Kind::differentiate || e.a.data == m.out.data);
}

template <class T, int R, int W>
[[gnu::always_inline]] inline void step_in_tile(Tile<T, R, W>& s,
                                                const Epilogue<T>& e,
                                                std::size_t panel,
                                                std::size_t row) {
    using V = Vector<T>;
    const Relu<V> relu;
    if (e.kind == Epilogue<T>::Kind::activate)
        return for_each_in_tile<T, R, W>(
            [&](int r, int w) { s.at[r][w] = relu.forward(s.at[r][w]); });
    const T* a = e.a.panel(panel) + row * e.a.row_stride;
    for_each_in_tile<T, R, W>([&](int r, int w) {
        const V output = load<V>(a + tile_offset<T>(e.a, r, w));
        s.at[r][w] = relu.backward(s.at[r][w], output, output);  // it reads no z
    });
}

// One leaf of the summed features, from first on.
template <class T, int R, int W>
WBCORE_KEEPS_TILE void product_tile(const Product<T>& m,
                                    std::size_t panel,
                                    std::size_t row,
                                    std::size_t first) {
    using V = Vector<T>;
    constexpr std::size_t width = Panels<T>::width;
    const std::size_t last = first + feature_leaf < m.x.cols ? first + feature_leaf : m.x.cols;
    Tile<T, R, W> s;
    for_each_in_tile<T, R, W>([&](int r, int w) {
        s.at[r][w] = first == 0 && m.start != nullptr
                         ? load<V>(m.start + panel * width + vector_offset<T>(w, width))
                         : broadcast<V>(0);
    });
    auto add_leaf = [&](std::size_t row_stride) {
        const T* weights = m.w.panel(panel) + first * m.w.row_stride;
        const T* x = m.x.panel(first / width) + row * row_stride;
        std::size_t k = first;
        for (; k + width <= last; k += width, x += m.x.panel_stride) {
            accumulate<T, R, W>(s, {x, row_stride, 1}, {weights, m.w.panel_stride, m.w.row_stride},
                                width);
            weights += width * m.w.row_stride;
        }
        if (k < last)
            accumulate<T, R, W>(s, {x, row_stride, 1}, {weights, m.w.panel_stride, m.w.row_stride},
                                last - k);
    };
    // a stride that the compiler knows leaves one address where there would be R
    if (m.x.row_stride == width)
        add_leaf(width);
    else
        add_leaf(m.x.row_stride);
    T* out = m.out.panel(panel) + row * m.out.row_stride;
    if (first != 0)
        for_each_in_tile<T, R, W>([&](int r, int w) {
            s.at[r][w] = load<V>(out + tile_offset<T>(m.out, r, w)) + s.at[r][w];
        });
    if (last == m.x.cols && is_in_tile(m)) step_in_tile(s, m.epilogue, panel, row);
    for_each_in_tile<T, R, W>(
        [&](int r, int w) { store(out + tile_offset<T>(m.out, r, w), s.at[r][w]); });
}

// The rows [row, last_row). One leaf of a group's weights (16 KB a panel) stays in L1 for all row tiles; the rows come from
// L2, and the sums of the group stay near until its last leaf.
template <class T>
void product_block(const Product<T>& m, std::size_t row, std::size_t last_row) {
    const bool is_done = is_in_tile(m), follows = !is_done || m.epilogue.counts != nullptr;
    for_each_column_group<T>(
        last_row - row, m.out.cols, [&](std::size_t panel, auto max_rows, auto vectors) {
            constexpr int W = decltype(vectors)::value;
            std::size_t first = 0;
            do {
                for_each_row_tile<decltype(max_rows)::value>(
                    row, last_row, [&](std::size_t tile_row, auto rows) {
                        product_tile<T, decltype(rows)::value, W>(m, panel, tile_row, first);
                    });
                first += feature_leaf;
            } while (first < m.x.cols);
            if (follows)
                apply(m.epilogue, m.out, panel, (W + panel_vectors<T> - 1) / panel_vectors<T>, row,
                      last_row - row, is_done);
        });
}

template <class T>
void product_by_outputs(const Product<T>& m) {
    // Whole tiles of 6 and of 12 rows, and a batch of 128 is one block: with 1024 features they take half of an L2 of 1 MB.
    constexpr std::size_t most_rows = 132;
    const std::size_t blocks = (m.out.rows + most_rows - 1) / most_rows;
    for (std::size_t block = 0; block < blocks; ++block)
        product_block(m, m.out.rows * block / blocks, m.out.rows * (block + 1) / blocks);
}

// s[r] as the only number of row r of a panel, for each lane r.
template <class T, std::size_t... R>
[[gnu::always_inline]] inline void store_column(T* out,
                                                std::size_t row_stride,
                                                Vector<T> s,
                                                std::index_sequence<R...> every_lane) {
    const Vector<T> zero = broadcast<Vector<T>>(0);
    auto store_row = [=]<std::size_t... J>(auto row, std::index_sequence<J...>) {
        constexpr std::size_t r = decltype(row)::value;
        T* const to = out + r * row_stride;
        store(to, __builtin_shufflevector(s, zero, (J == 0 ? r : lanes<T> + J)...));
        for (std::size_t j = lanes<T>; j < panel_width<T>; j += lanes<T>) store(to + j, zero);
    };
    (store_row(Constant<int(R)>(), every_lane), ...);
}

// The sums of a block of rows, one in each lane, over the features [first, last), which come in whole blocks too.
template <class T>
[[gnu::always_inline]] inline Vector<T> add_features(
    const Product<T>& m, std::size_t row, std::size_t first, std::size_t last, Vector<T> s) {
    for (std::size_t k = first; k < last; k += lanes<T>) {
        Vector<T> x[lanes<T>];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes<T>; ++i) x[i] = load<Vector<T>>(&m.x(row + i, k));
        transpose_block<T, lanes<T> / 2>(x, std::make_index_sequence<lanes<T>>());
#pragma GCC unroll 16
        for (std::size_t j = 0; j < lanes<T>; ++j)
            s = fma(x[j], broadcast<Vector<T>>(m.w.data[(k + j) * m.w.row_stride]), s);
    }
    return s;
}

// The rows [first, first + n) of a product.
template <class T>
Product<T> product_of_rows(const Product<T>& m, std::size_t first, std::size_t n) {
    Product<T> part = m;
    part.out = m.out.rows_from(first, n);
    part.x = m.x.rows_from(first, n);
    part.epilogue.a = m.epilogue.a.rows_from(first, n);
    part.epilogue.z = m.epilogue.z.rows_from(first, n);
    return part;
}

// One output would leave all lanes but one empty, so lanes run over the rows, as far as these come in whole blocks.
template <class T>
[[gnu::noinline]] void product_by_rows(const Product<T>& m) {
    const std::size_t whole = m.out.rows / lanes<T> * lanes<T>;
    for (std::size_t row = 0; row < whole; row += lanes<T>) {
        Vector<T> sum = broadcast<Vector<T>>(m.start != nullptr ? *m.start : T(0));
        for (std::size_t first = 0; first < m.x.cols; first += feature_leaf) {
            const std::size_t end = first + feature_leaf, last = end < m.x.cols ? end : m.x.cols;
            sum = first == 0 ? add_features(m, row, first, last, sum)
                             : sum + add_features(m, row, first, last, broadcast<Vector<T>>(0));
        }
        store_column(m.out.data + row * m.out.row_stride, m.out.row_stride, sum,
                     std::make_index_sequence<lanes<T>>());
    }
    apply(m.epilogue, m.out, 0, 1, 0, whole);
    if (whole < m.out.rows) product_by_outputs(product_of_rows(m, whole, m.out.rows - whole));
}

template <class T>
void product(const Product<T>& m) {
    if (m.out.cols == 1 && m.x.cols % lanes<T> == 0 && m.out.rows >= lanes<T>)
        return product_by_rows(m);
    product_by_outputs(m);
}

}  // namespace
}  // namespace wbcore::kernels
