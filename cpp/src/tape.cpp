#include "wbcore/tape.hpp"

#include <memory>

#include "pass.hpp"

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
                      const InterruptCheck& interrupted,
                      const std::optional<DropoutStep>& dropout) {
    PassOptions options{.input_gradients = true};
    if (dropout) options.dropout_seed = dropout->seed;
    auto state = std::unique_ptr<State>(new State{PackedNetwork<T>(network, Transposed::all),
                                                  Pass<T>(network.layers(), x.rows, options),
                                                  {}});
    Pass<T>& pass = state->pass;
    pass.set_rows(x.rows);
    state->batch = pass.copy(x);
    if (state->batch.refused != InputArray::none) throw InputError(state->batch.refused);
    if (dropout) state->batch.step = dropout->step;
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
    PackedArray<T> packed_gradients(network.plan());
    pass.gather_output_gradients(dy);
    pass.backward_outputs({0, pass.rows()});
    pass.backward(network, 0, interrupted);
    pass.backward_parameters(packed_gradients, state_->batch, interrupted);
    pass.backward_first_inputs(network, interrupted);
    packed_gradients.unpack(gradients);
    copy_rows(dx, pass.input_gradients());
}

template class Tape<float>;
template class Tape<double>;

}  // namespace wbcore
