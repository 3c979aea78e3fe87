#include "wbcore/predictor.hpp"

#include <utility>
#include <vector>

#include "packed.hpp"
#include "prediction.hpp"
#include "team_size.hpp"

namespace wbcore {

template <class T>
struct Predictor<T>::State {
    explicit State(const Network<T>& network)
        : packed(packed_copy(network, Transposed::none)), layers(packed_layers(packed)) {}
    PackedNetwork<T> packed;
    std::vector<LayerParameters<T>> layers;
};

template <class T>
Predictor<T>::Predictor(const Network<T>& network)
    : state_(std::make_unique<const State>(network)) {}

template <class T>
Predictor<T>::Predictor(Predictor&&) noexcept = default;
template <class T>
Predictor<T>& Predictor<T>::operator=(Predictor&&) noexcept = default;
template <class T>
Predictor<T>::~Predictor() = default;

template <class T>
std::size_t Predictor<T>::inputs() const {
    return state_->packed.layers().front().inputs;
}
template <class T>
std::size_t Predictor<T>::outputs() const {
    return state_->packed.layers().back().outputs;
}

template <class T>
bool Predictor<T>::operator()(Matrix<T> y,
                              const ArrayView& x,
                              std::size_t n_threads,
                              const InterruptCheck* interrupted) const {
    return predict_rows(y, x, state_->layers.data(), state_->layers.size(),
                        team_size(n_threads, state_->packed.layers(), x.rows), interrupted);
}

template class Predictor<float>;
template class Predictor<double>;

}  // namespace wbcore
