// A dense layer: what it is, and a view of its parameters.
#pragma once

#include <cstddef>

#include "wbcore/activations.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"

namespace wbcore {

// A = act(X W + b), or without a bias act(X W).
struct Dense {
    std::size_t inputs = 0, outputs = 0;
    Named<Activation> activation = Activation::identity;
    bool bias = true;
    bool trainable =
        true;  // else training computes no gradient of it and leaves its parameters as they are
    double dropout = 0;  // the share of its outputs that a step of a training leaves out, below 1

    std::size_t weights() const { return inputs * outputs; }
    std::size_t biases() const { return bias ? outputs : 0; }
    std::size_t parameters() const { return weights() + biases(); }
    friend bool operator==(const Dense&, const Dense&) = default;
};

// Live: looks into the parameter buffer of the network.
template <class T>
struct DenseView {
    Matrix<T> weights;  // (I, O)
    T* biases;          // (O), null when the layer has none
};

// Z = X W + b for row-major arrays. Throws Interrupted.
template <class T>
void dense_forward(Matrix<T> z,       // (B, O)
                   ConstMatrix<T> x,  // (B, I)
                   ConstMatrix<T> w,  // (I, O)
                   const T* b,        // (O)
                   const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
