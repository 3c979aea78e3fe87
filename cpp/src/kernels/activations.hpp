// Activations over arrays, and as the epilogue of a product. That of rows is softmax.hpp.
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
void activate(Activation activation, T* a, const T* z, std::size_t n) {
    using V = Vector<T>;
    const V zero = broadcast<V>(0);
    switch (activation) {
        case Activation::sigmoid:
            return map(a, z, n, [](V x) { return sigmoid(x); });
        case Activation::relu:
            return map(a, z, n, [=](V x) { return x > 0 ? x : zero; });
        case Activation::tanh:
            return map(a, z, n, [](V x) { return tanh(x); });
        case Activation::leaky_relu:
            return map(a, z, n, [](V x) { return x > 0 ? x : T(0.01) * x; });
        case Activation::elu:
            return map(a, z, n, [](V x) { return x > 0 ? x : expm1(x); });
        case Activation::softplus:
            return map(a, z, n, [](V x) { return softplus(x); });
        case Activation::gelu:
            return map(a, z, n, [](V x) { return gelu(x); });
        case Activation::silu:
            return map(a, z, n, [](V x) { return silu(x); });
        default:
            if (a != z) map(a, z, n, [](V x) { return x; });
    }
}

template <class T>
void activate_backward(Activation activation, T* dz, const T* a, const T* z, std::size_t n) {
    using V = Vector<T>;
    const V zero = broadcast<V>(0), one = broadcast<V>(1);
    switch (activation) {
        case Activation::sigmoid:
            return map_onto(dz, a, n, [](V d, V y) { return d * (y * (1 - y)); });
        case Activation::relu:
            return map_onto(dz, a, n, [=](V d, V y) { return y > 0 ? d : zero; });
        case Activation::tanh:
            return map_onto(dz, a, n, [=](V d, V y) { return d * fma(-y, y, one); });
        case Activation::leaky_relu:
            return map_onto(dz, z, n, [](V d, V x) { return x > 0 ? d : T(0.01) * d; });
        case Activation::elu:
            for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
                const V d = load_part(dz + i, part), y = load_part(a + i, part);
                store_part(dz + i, load_part(z + i, part) > 0 ? d : d * (y + 1), part);
            });
            return;
        case Activation::softplus:
            return map_onto(dz, z, n, [](V d, V x) { return d * sigmoid(x); });
        case Activation::gelu:
            return map_onto(dz, z, n, [](V d, V x) {
                const auto [cumulative, density] = normal(x);
                return d * fma(x, density, cumulative);
            });
        case Activation::silu:
            return map_onto(dz, z, n, [=](V d, V x) {
                const V s = sigmoid(x);
                return d * (s * fma(x, 1 - s, one));
            });
        default:
            return;
    }
}

// The epilogue of a product, over `n_rows` rows of `n_panels` panels.
template <class T>
void apply(const Epilogue<T>& e,
           Panels<T> out,
           std::size_t panel,
           std::size_t n_panels,
           std::size_t row,
           std::size_t n_rows) {
    if (e.kind == Epilogue<T>::Kind::none) return;
    const std::size_t n = n_rows * Panels<T>::width, at = row * Panels<T>::width;
    for (const std::size_t last = panel + n_panels; panel < last; ++panel) {
        if (e.kind == Epilogue<T>::Kind::activate)
            activate(e.activation, e.a.panel(panel) + at, out.panel(panel) + at, n);
        else
            activate_backward(e.activation, out.panel(panel) + at, e.a.panel(panel) + at,
                              e.z.panel(panel) + at, n);
    }
}

}  // namespace
}  // namespace wbcore::kernels
