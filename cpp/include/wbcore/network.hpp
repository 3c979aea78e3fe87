// A multilayer perceptron: shapes, and all parameters in one flat aligned buffer W0 b0 W1 b1 ...
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "wbcore/dense.hpp"
#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/parameter_lock.hpp"
#include "wbcore/range.hpp"

namespace wbcore {

// How many weights and biases these layers have. Throws std::invalid_argument when one does not fit the next, and OutOfMemory
// when there are more than `size` bytes each leave addresses for.
std::size_t parameter_count(const std::vector<Dense>& layers, std::size_t size);
// Throws std::invalid_argument, likewise, also when a number of an activation is not allowed in T.
template <class T>
void require_layers(const std::vector<Dense>& layers);

template <class T>
class Network {
public:
    // Parameters start at zero. Throws std::invalid_argument when neighbouring layers do not fit, when a size is zero, when a
    // number of an activation is not allowed in T, when softmax is not last, or when dropout is not in [0, 1), or in the last
    // layer.
    explicit Network(std::vector<Dense> layers);
    // A copy has parameters of its own, also one of a part.
    Network(const Network& other);
    Network& operator=(const Network& other);
    Network(Network&&) noexcept = default;
    Network& operator=(Network&&) noexcept = default;
    ~Network() = default;

    // Some neighbouring layers as a network that shares their parameters, the lock, and which layers are trainable: what is
    // done to one is done to the other. It keeps the parameters alive. Throws std::invalid_argument for a range that is empty
    // or goes beyond the last layer.
    Network part(Range layers);

    const std::vector<Dense>& layers() const { return *layers_; }
    std::size_t inputs() const { return layers().front().inputs; }
    std::size_t outputs() const { return layers().back().outputs; }
    // Nobody may be training the network, nor one that shares its parameters.
    void set_trainable(std::size_t layer, bool trainable);
    // Likewise. Throws std::invalid_argument when it is not allowed there.
    void set_dropout(std::size_t layer, double dropout);

    std::span<T> parameters() { return parameters_; }
    std::span<const T> parameters() const { return parameters_; }
    // Those too of the networks that it is a part of.
    std::span<const T> shared_parameters() const {
        return {shared_->parameters.data(), shared_->parameters.size()};
    }
    DenseView<T> layer(std::size_t index);
    DenseView<const T> layer(std::size_t index) const;
    const ActivationOf<T>& activation(std::size_t layer) const { return activations_[layer]; }

    // What train and step hold while they write the parameters, and evaluate, loss_and_gradients, profile and the making of a
    // Predictor while they copy them.
    ParameterLock& lock() const { return shared_->lock; }

    // Changes nothing in the network; any number of threads may predict at once, and no lock is taken: while another thread
    // trains, freeze a Predictor. False when an input is NaN or infinite; y then holds no predictions. Throws Interrupted.
    bool predict(Matrix<T> y,                // (B, O of the last layer)
                 const ArrayView& x,         // (B, I of the first layer)
                 std::size_t n_threads = 0,  // 0: as many as pay
                 const InterruptCheck* interrupted = nullptr) const;
    // The outputs of every layer, likewise; those of the last have the bits of `predict`.
    bool activations(std::span<const Matrix<T>> outputs,  // one a layer, (B, O of it)
                     const ArrayView& x,                  // (B, I of the first layer)
                     std::size_t n_threads = 0,
                     const InterruptCheck* interrupted = nullptr) const;

private:
    template <class F>
    void change(std::size_t layer, F f);
    // What a network and its parts have in common.
    struct Shared {
        explicit Shared(std::size_t n) : parameters(n) {}
        // The layers of a network that looks at these parameters, from the layer `first` of the whole on.
        struct Member {
            std::size_t first;
            std::weak_ptr<std::vector<Dense>> layers;
        };

        AlignedBuffer<T> parameters;
        ParameterLock lock;
        std::mutex mutex;  // for members
        std::vector<Member> members;
    };

    Network(std::shared_ptr<Shared> shared,
            std::size_t first,
            std::vector<Dense> layers,
            T* parameters);

    std::shared_ptr<Shared> shared_;
    std::size_t first_ = 0;  // its first layer, in the whole
    std::shared_ptr<std::vector<Dense>> layers_;
    std::vector<ActivationOf<T>> activations_;
    std::vector<std::size_t> offsets_;  // of each layer's weights among the parameters
    std::span<T> parameters_;
};

}  // namespace wbcore
