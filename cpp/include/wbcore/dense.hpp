// A dense layer: its shape, and a view of its parameters.
#pragma once

#include <cstddef>

#include "wbcore/activations.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"

namespace wbcore {

struct DenseShape {
    std::size_t inputs = 0, outputs = 0;
    Activation activation = Activation::identity;
};

// A = act(X W + b).  Live: looks into the parameter buffer of the network.
template <class T>
struct DenseView {
    Matrix<T> weights;  // (I, O)
    T* biases;          // (O)
    Activation activation;
};

// Z = X W + b for row-major arrays. Throws Interrupted.
template <class T>
void dense_forward(Matrix<T> z,       // (B, O)
                   ConstMatrix<T> x,  // (B, I)
                   ConstMatrix<T> w,  // (I, O)
                   const T* b,        // (O)
                   const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
