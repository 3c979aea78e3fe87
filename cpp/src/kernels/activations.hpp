// Activations over arrays, and as the epilogue of a product. That of rows is softmax.hpp.
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"
#include "unit_counts.hpp"

namespace wbcore::kernels {
namespace {

// One struct an activation: a = forward(z), and dz = backward(da, a, z) (docs/arithmetic.md, section 5).

template <class V>
struct Identity {
    V forward(V z) const { return z; }
    V backward(V d, V, V) const { return d; }
};

template <class V>
struct Sigmoid {
    V forward(V z) const { return sigmoid(z); }
    V backward(V d, V a, V) const { return d * (a * (1 - a)); }
};

template <class V>
struct Relu {
    V forward(V z) const { return z > 0 ? z : broadcast<V>(0); }
    V backward(V d, V a, V) const { return a > 0 ? d : broadcast<V>(0); }
};

// Whether an activation is cheap enough to be done in the registers of a product: one instruction a vector. That of Relu.
template <class T>
[[gnu::always_inline]] inline bool is_done_in_registers(const ActivationOf<T>& activation) {
    return activation.kind == Activation::relu;
}

template <class V>
struct Tanh {
    V forward(V z) const { return tanh(z); }
    V backward(V d, V a, V) const { return d * fma(-a, a, broadcast<V>(1)); }
};

template <class V>
struct LeakyRelu {
    V forward(V z) const { return z > 0 ? z : slope * z; }
    V backward(V d, V, V z) const { return z > 0 ? d : slope * d; }
    Scalar<V> slope;
};

template <class V>
struct Elu {
    V forward(V z) const { return z > 0 ? z : alpha * expm1(z); }
    V backward(V d, V a, V z) const { return z > 0 ? d : d * (a + alpha); }
    Scalar<V> alpha;
};

template <class V>
struct Softplus {
    V forward(V z) const { return softplus(z); }
    V backward(V d, V, V z) const { return d * sigmoid(z); }
};

template <class V>
struct Gelu {
    V forward(V z) const { return gelu(z); }
    V backward(V d, V, V z) const {
        const auto [cumulative, density] = normal(z);
        return d * fma(z, density, cumulative);
    }
};

template <class V>
struct Silu {
    V forward(V z) const { return silu(z); }
    V backward(V d, V, V z) const {
        const V s = sigmoid(z);
        return d * (s * fma(z, 1 - s, broadcast<V>(1)));
    }
};

template <class V>
struct Softsign {
    V forward(V z) const { return z / (1 + abs(z)); }
    V backward(V d, V, V z) const {
        const V s = 1 + abs(z);
        return (d / s) / s;  // the square of s may overflow
    }
};

template <class V>
struct Exp {
    V forward(V z) const { return exp(z); }
    V backward(V d, V a, V) const { return d * a; }
};

// use(f) with the struct of an activation: the one switch, without a default, so that the compiler finds what was forgotten.
template <class T, class Use>
[[gnu::always_inline]] inline void with_activation(const ActivationOf<T>& activation, Use use) {
    using V = Vector<T>;
    const T(&numbers)[2] = activation.numbers;
    switch (activation.kind) {
        case Activation::identity:
            return use(Identity<V>());
        case Activation::sigmoid:
            return use(Sigmoid<V>());
        case Activation::relu:
            return use(Relu<V>());
        case Activation::tanh:
            return use(Tanh<V>());
        case Activation::leaky_relu:
            return use(LeakyRelu<V>{.slope = numbers[0]});
        case Activation::elu:
            return use(Elu<V>{.alpha = numbers[0]});
        case Activation::softplus:
            return use(Softplus<V>());
        case Activation::gelu:
            return use(Gelu<V>());
        case Activation::silu:
            return use(Silu<V>());
        case Activation::softmax:
            return;  // of rows: softmax.hpp
        case Activation::softsign:
            return use(Softsign<V>());
        case Activation::exp:
            return use(Exp<V>());
    }
}

template <class T>
void activate(const ActivationOf<T>& activation, T* a, const T* z, std::size_t n) {
    if (activation.kind == Activation::identity && a == z) return;
    with_activation(activation,
                    [=](auto f) { map(a, z, n, [=](Vector<T> x) { return f.forward(x); }); });
}

template <class T>
void activate_backward(
    const ActivationOf<T>& activation, T* dz, const T* a, const T* z, std::size_t n) {
    if (activation.kind == Activation::identity) return;
    with_activation(activation, [=](auto f) {
        for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
            store_part(
                dz + i,
                f.backward(load_part(dz + i, part), load_part(a + i, part), load_part(z + i, part)),
                part);
        });
    });
}

// The epilogue of a product, over `n_rows` rows of `n_panels` panels; of one whose step was done in registers, what is left.
template <class T>
void apply(const Epilogue<T>& e,
           Panels<T> out,
           std::size_t panel,
           std::size_t n_panels,
           std::size_t row,
           std::size_t n_rows,
           bool is_done = false) {
    if (e.kind == Epilogue<T>::Kind::none) return;
    const std::size_t n = n_rows * Panels<T>::width, at = row * Panels<T>::width;
    for (std::size_t p = panel; p < panel + n_panels && !is_done; ++p) {
        if (e.kind == Epilogue<T>::Kind::activate)
            activate(e.activation, e.a.panel(p) + at, out.panel(p) + at, n);
        else
            activate_backward(e.activation, out.panel(p) + at, e.a.panel(p) + at, e.z.panel(p) + at,
                              n);
    }
    if (e.counts != nullptr)
        count_panels<T>(e.a, *e.counts, {panel, panel + n_panels}, row, n_rows);
}

}  // namespace
}  // namespace wbcore::kernels
