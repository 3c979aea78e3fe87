// A multilayer perceptron: shapes, and all parameters in one flat aligned buffer W0 b0 W1 b1 ...
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "wbcore/dense.hpp"
#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/parameter_lock.hpp"

namespace wbcore {

// How many weights and biases these layers have. Throws std::invalid_argument when one does not fit the next, and OutOfMemory
// when there are more than `size` bytes each leave addresses for.
std::size_t parameter_count(const std::vector<Dense>& layers, std::size_t size);

template <class T>
class Network {
public:
    // Parameters start at zero. Throws std::invalid_argument when neighbouring layers do not fit, when a size is zero, when a
    // number of an activation is not allowed in T, when softmax is not last, or when dropout is not in [0, 1), or in the last
    // layer.
    explicit Network(std::vector<Dense> layers);

    const std::vector<Dense>& layers() const { return layers_; }
    std::size_t inputs() const { return layers_.front().inputs; }
    std::size_t outputs() const { return layers_.back().outputs; }
    // Nobody may be training the network.
    void set_trainable(std::size_t layer, bool trainable) { layers_[layer].trainable = trainable; }
    // Likewise. Throws std::invalid_argument when it is not allowed there.
    void set_dropout(std::size_t layer, double dropout);

    std::span<T> parameters() { return {parameters_.data(), parameters_.size()}; }
    std::span<const T> parameters() const { return {parameters_.data(), parameters_.size()}; }
    DenseView<T> layer(std::size_t index);
    DenseView<const T> layer(std::size_t index) const;
    const ActivationOf<T>& activation(std::size_t layer) const { return activations_[layer]; }

    // What train and step hold while they write the parameters, and evaluate, loss_and_gradients, profile and the making of a
    // Predictor while they copy them.
    ParameterLock& lock() const { return lock_; }

    // Changes nothing in the network; any number of threads may predict at once, and no lock is taken: while another thread
    // trains, freeze a Predictor. False when an input is NaN or infinite; y then holds no predictions. Throws Interrupted.
    bool predict(Matrix<T> y,                // (B, O of the last layer)
                 const ArrayView& x,         // (B, I of the first layer)
                 std::size_t n_threads = 0,  // 0: as many as pay
                 const InterruptCheck* interrupted = nullptr) const;

private:
    std::vector<Dense> layers_;
    std::vector<ActivationOf<T>> activations_;
    std::vector<std::size_t> offsets_;  // of each layer's weights in the buffer
    AlignedBuffer<T> parameters_;
    mutable ParameterLock lock_;
};

}  // namespace wbcore
