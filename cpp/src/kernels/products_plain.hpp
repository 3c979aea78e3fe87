// The matrix products, their sums and the transpose, written for reading: the oracle of the tiled ones.
#pragma once

#include "activations.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "optimizers.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
void product(const Product<T>& m) {
    constexpr std::size_t width = Panels<T>::width;
    for (std::size_t p = 0; p < m.out.count(); ++p) {
        const T* w = m.w.panel(p);
        for (std::size_t row = 0; row < m.out.rows; ++row) {
            T* out = m.out.panel(p) + row * m.out.row_stride;
            for (std::size_t j = 0; j < width; ++j)
                out[j] = m.start == nullptr ? T(0) : m.start[p * width + j];
            for (std::size_t first = 0; first < m.x.cols; first += feature_leaf) {
                const std::size_t last =
                    first + feature_leaf < m.x.cols ? first + feature_leaf : m.x.cols;
                T s[width];
                for (std::size_t j = 0; j < width; ++j) s[j] = first == 0 ? out[j] : T(0);
                for (std::size_t k = first; k < last; ++k) {
                    const T x = m.x(row, k);
                    for (std::size_t j = 0; j < width; ++j)
                        s[j] = fma(x, w[k * m.w.row_stride + j], s[j]);
                }
                for (std::size_t j = 0; j < width; ++j) out[j] = first == 0 ? s[j] : out[j] + s[j];
            }
        }
    }
    apply(m.epilogue, m.out, 0, m.out.count(), 0, m.out.rows);
}

template <class T>
void outer_product(const OuterProduct<T>& m) {
    const Parameters<T> to = parameters_of(m.out.data, m.states);
    const Preparation<T> prepared(m.update);
    with_every_rule(m.update, [=, &m](auto rule) {
        for (std::size_t p = 0; p < m.dz.count(); ++p) {
            for (std::size_t i = m.first_input; i < m.last_input; ++i) {
                for (std::size_t j = 0; j < Panels<T>::width; ++j) {
                    const T* dz = m.dz.panel(p) + j;
                    const T g = row_sum<T>(m.x.rows, [=, &m](std::size_t first, std::size_t last) {
                        T s = 0;
                        for (std::size_t row = first; row < last; ++row)
                            s = fma(m.x(row, i), dz[row * m.dz.row_stride], s);
                        return s;
                    });
                    const std::size_t at = p * m.out.panel_stride + i * m.out.row_stride + j;
                    update_at(rule, to, at, prepared(to.data[at], g));
                }
            }
        }
    });
}

template <class T>
void column_sums(const ColumnSums<T>& m) {
    using V = Vector<T>;
    const Parameters<T> to = parameters_of(m.out, m.states);
    const Preparation<T> prepared(m.update);
    with_every_rule(m.update, [=, &m](auto rule) {
        for (std::size_t p = 0; p < m.dz.count(); ++p) {
            for (std::size_t j = 0; j < Panels<T>::width; j += lanes<T>) {
                const T* dz = m.dz.panel(p) + j;
                const V g = row_sum<V>(m.dz.rows, [=, &m](std::size_t first, std::size_t last) {
                    V s = broadcast<V>(0);
                    for (std::size_t row = first; row < last; ++row)
                        s = s + load<V>(dz + row * m.dz.row_stride);
                    return s;
                });
                const std::size_t at = p * Panels<T>::width + j;
                update_at(rule, to, at, prepared(load<V>(to.data + at), g));
            }
        }
    });
}

template <class T>
void transpose(Panels<T> out, Panels<const T> in, std::size_t first_row, std::size_t last_row) {
    for (std::size_t row = first_row; row < last_row; ++row)
        for (std::size_t col = 0; col < in.cols; ++col) out(col, row) = in(row, col);
}

}  // namespace
}  // namespace wbcore::kernels
