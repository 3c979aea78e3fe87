#include <memory>
#include <mutex>

#include "kernel_arguments.hpp"
#include "pass.hpp"
#include "wbcore/training.hpp"

namespace wbcore {

template <class T>
struct Tape<T>::State {
    PackedNetwork<T> network;
    Pass<T> pass;
    Batch<T> batch;
};

template <class T>
Tape<T>::Tape() = default;

template <class T>
Tape<T>::~Tape() = default;
template <class T>
Tape<T>::Tape(Tape&&) noexcept = default;
template <class T>
Tape<T>& Tape<T>::operator=(Tape&&) noexcept = default;

template <class T>
std::size_t Tape<T>::rows() const {
    return state_->pass.rows();
}

template <class T>
void Tape<T>::forward(Matrix<T> y,
                      const Network<T>& network,
                      const ArrayView& x,
                      const InterruptCheck& interrupted) {
    auto state = std::unique_ptr<State>(
        new State{PackedNetwork<T>(network, {.transposed = true, .velocity = false}),
                  Pass<T>(network.shapes(), x.rows, {.input_gradients = true}),
                  {}});
    Pass<T>& pass = state->pass;
    pass.set_rows(x.rows);
    state->batch = pass.copy(x);
    if (state->batch.refused != InputArray::none) throw InputError(state->batch.refused);
    pass.forward(state->network, state->batch, interrupted);
    copy_rows(y, pass.outputs());
    state_ = std::move(state);
}

template <class T>
void Tape<T>::backward(std::span<T> gradients,
                       Matrix<T> dx,
                       const ArrayView& dy,
                       const InterruptCheck& interrupted) {
    Pass<T>& pass = state_->pass;
    const PackedNetwork<T>& network = state_->network;
    PackedNetwork<T> packed_gradients(network.shapes());
    pass.gather_output_gradients(dy);
    pass.backward_outputs({0, pass.rows()});
    pass.backward(network, state_->batch, packed_gradients, interrupted);
    pass.backward_first_inputs(network, interrupted);
    packed_gradients.unpack(gradients);
    copy_rows(dx, pass.input_gradients());
}

template <class T>
void sgd_step(Network<T>& network,
              std::span<const T> gradients,
              std::span<T> velocity,
              const Sgd<T>& sgd) {
    const std::unique_lock writing(network.lock());
    const T* g = gradients.data();
    T* v = velocity.data();
    auto step = [&](T* w, bool decayed, std::size_t n) {
        kernels::table<T>().update(update_of(&sgd, decayed), w, {v, nullptr}, g, n);
        g += n;
        if (v != nullptr) v += n;
    };
    for (std::size_t l = 0; l < network.shapes().size(); ++l) {
        const DenseView<T> layer = network.layer(l);
        step(layer.weights.data, true, layer.weights.rows * layer.weights.cols);
        step(layer.biases, sgd.decay_biases, layer.weights.cols);
    }
}

template class Tape<float>;
template void sgd_step(Network<float>&,
                       std::span<const float>,
                       std::span<float>,
                       const Sgd<float>&);
template class Tape<double>;
template void sgd_step(Network<double>&,
                       std::span<const double>,
                       std::span<double>,
                       const Sgd<double>&);

}  // namespace wbcore
