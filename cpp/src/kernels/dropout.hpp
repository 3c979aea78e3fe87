// What dropout leaves of a layer's outputs, and of the gradient on its way back. The numbers come from src/dropout.cpp: drawing
// them is integer arithmetic, the same on every instruction set.
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
void dropout(const Dropout<T>& m) {
    using V = Vector<T>;
    const V threshold = broadcast<V>(m.threshold), scale = broadcast<V>(m.scale),
            zero = broadcast<V>(0);
    for (std::size_t p = 0; p < m.out.count(); ++p) {
        const std::uint16_t* numbers = m.numbers + p * Panels<T>::width;
        for (std::size_t row = 0; row < m.out.rows; ++row, numbers += m.stride) {
            T* const out = m.out.panel(p) + row * m.out.row_stride;
            const T* const x = m.x.panel(p) + row * m.x.row_stride;
            for (std::size_t j = 0; j < Panels<T>::width; j += lanes<T>) {
                const V number =
                    load_converted<V, std::uint16_t>(reinterpret_cast<const char*>(numbers + j));
                store(out + j, number < threshold ? zero : scale * load<V>(x + j));
            }
        }
    }
}

}  // namespace
}  // namespace wbcore::kernels
