#include "wbcore/network.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

#include "packed.hpp"
#include "prediction.hpp"
#include "team_size.hpp"

namespace wbcore {

namespace {

std::string digits(double x) {
    std::array<char, 32> text{};  // the shortest that say the number take at most 24
    const auto end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
    return {text.data(), end};
}

void require_layer(const std::vector<Dense>& layers, std::size_t l) {
    const Dense& layer = layers[l];
    const std::string where = "[Network] layer " + std::to_string(l) + ": expected ";
    if (layer.inputs == 0 || layer.outputs == 0)
        throw std::invalid_argument(where + "positive sizes, got " + std::to_string(layer.inputs) +
                                    " inputs and " + std::to_string(layer.outputs) + " outputs");
    if (l > 0 && layers[l - 1].outputs != layer.inputs)
        throw std::invalid_argument(where + std::to_string(layers[l - 1].outputs) +
                                    " inputs, the outputs of the layer before it, got " +
                                    std::to_string(layer.inputs));
    if (!is_elementwise(layer.activation) && l + 1 != layers.size())
        throw std::invalid_argument(where + std::string(layer.activation.name()) +
                                    " in the last layer only, got it in one of " +
                                    std::to_string(layers.size()));
    if (!(layer.dropout >= 0 && layer.dropout < 1))
        throw std::invalid_argument(where + "dropout of at least 0 and below 1, got " +
                                    digits(layer.dropout));
    if (layer.dropout != 0 && l + 1 == layers.size())
        throw std::invalid_argument(
            where + "dropout in layers before the last, whose outputs the loss compares, got " +
            digits(layer.dropout) + " in the last of " + std::to_string(layers.size()));
}

template <class T>
std::vector<ActivationOf<T>> activations_of(const std::vector<Dense>& layers) {
    std::vector<ActivationOf<T>> activations;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        try {
            activations.push_back(activation_of<T>(layers[l].activation));
        } catch (const ChoiceError& error) {
            // not a ChoiceError, which would get the operation's name once more
            throw std::invalid_argument("[Network] layer " + std::to_string(l) + ": " +
                                        error.what());
        }
    }
    return activations;
}

}  // namespace

std::size_t parameter_count(const std::vector<Dense>& layers, std::size_t size) {
    if (layers.empty())
        throw std::invalid_argument("[Network] expected at least one layer, got none");
    std::size_t total = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
        require_layer(layers, l);
        const Dense& layer = layers[l];
        // a count that wraps around would make a small buffer for large layers
        std::size_t parameters = 0, bytes = 0;
        if (__builtin_mul_overflow(layer.inputs, layer.outputs, &parameters) ||
            __builtin_add_overflow(parameters, layer.biases(), &parameters) ||
            __builtin_add_overflow(parameters, total, &total) ||
            __builtin_mul_overflow(total, size, &bytes))
            throw OutOfMemory(layer.inputs, layer.outputs, size);
    }
    return total;
}

template <class T>
Network<T>::Network(std::vector<Dense> layers)
    : layers_(std::move(layers)),
      activations_(activations_of<T>(layers_)),
      parameters_(parameter_count(layers_, sizeof(T))) {
    std::size_t offset = 0;
    for (const Dense& layer : layers_) {
        offsets_.push_back(offset);
        offset += layer.parameters();
    }
}

template <class T>
void Network<T>::set_dropout(std::size_t layer, double dropout) {
    std::vector<Dense> changed = layers_;
    changed[layer].dropout = dropout;
    require_layer(changed, layer);
    layers_ = std::move(changed);
}

template <class T>
DenseView<T> Network<T>::layer(std::size_t index) {
    const Dense& layer = layers_[index];
    T* const weights = parameters_.data() + offsets_[index];
    return {{weights, layer.inputs, layer.outputs, layer.outputs},
            layer.bias ? weights + layer.weights() : nullptr};
}

template <class T>
DenseView<const T> Network<T>::layer(std::size_t index) const {
    const DenseView<T> live = const_cast<Network*>(this)->layer(index);
    return {live.weights, live.biases};
}

template <class T>
bool Network<T>::predict(Matrix<T> y,
                         const ArrayView& x,
                         std::size_t n_threads,
                         const InterruptCheck* interrupted) const {
    // Packing reads and writes every weight once, which pays when many rows use them.
    constexpr std::size_t rows_worth_packing = 48;
    const std::size_t n = team_size(n_threads, layers_, x.rows);
    if (x.rows < rows_worth_packing) {
        thread_local std::vector<LayerParameters<T>> in_place;
        in_place.clear();
        for (std::size_t l = 0; l < layers_.size(); ++l) {
            const DenseView<const T> view = layer(l);
            const Matrix<const T>& w = view.weights;
            // row-major is a panel arrangement too; the lanes past the last column read what follows in the buffer
            in_place.push_back(
                {{w.data, w.rows, w.cols, w.stride, panel_width<T>}, view.biases, activations_[l]});
        }
        return predict_rows(y, x, in_place.data(), in_place.size(), n, interrupted);
    }
    const PackedNetwork<T> packed(*this, Transposed::none);
    const std::vector<LayerParameters<T>> layers = packed_layers(packed);
    return predict_rows(y, x, layers.data(), layers.size(), n, interrupted);
}

template class Network<float>;
template class Network<double>;

}  // namespace wbcore
