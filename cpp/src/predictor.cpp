#include "wbcore/predictor.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "packed.hpp"
#include "prediction.hpp"
#include "team_size.hpp"

namespace wbcore {

template <class T>
struct Predictor<T>::State {
    explicit State(PackedNetwork<T> parameters)
        : packed(std::move(parameters)), layers(packed_layers(packed)) {}
    PackedNetwork<T> packed;
    std::vector<LayerParameters<T>> layers;
};

template <class T>
Predictor<T>::Predictor(const Network<T>& network)
    : state_(std::make_unique<const State>(packed_copy(network, Transposed::none))) {}

template <class T>
Predictor<T>::Predictor(const std::vector<Dense>& layers, std::span<const T> parameters) {
    require_layers<T>(layers);
    const std::size_t n = parameter_count(layers, sizeof(T));
    if (parameters.size() != n)
        throw std::invalid_argument("[Predictor] expected " + std::to_string(n) +
                                    " parameters, got " + std::to_string(parameters.size()));
    PackedNetwork<T> packed(layers, Transposed::none);
    packed.pack(parameters);
    state_ = std::make_unique<const State>(std::move(packed));
}

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
const std::vector<Dense>& Predictor<T>::layers() const {
    return state_->packed.layers();
}
template <class T>
void Predictor<T>::copy_parameters(std::span<T> to) const {
    state_->packed.parameters().unpack(to);
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
