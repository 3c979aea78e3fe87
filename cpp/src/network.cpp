#include "wbcore/network.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

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
Network<T>::Network(std::shared_ptr<Shared> shared,
                    std::size_t first,
                    std::vector<Dense> layers,
                    T* parameters)
    : shared_(std::move(shared)),
      first_(first),
      layers_(std::make_shared<std::vector<Dense>>(std::move(layers))),
      activations_(activations_of<T>(*layers_)) {
    std::size_t offset = 0;
    for (const Dense& layer : *layers_) {
        offsets_.push_back(offset);
        offset += layer.parameters();
    }
    parameters_ = {parameters, offset};
    const std::lock_guard adding(shared_->mutex);
    std::erase_if(shared_->members, [](const auto& member) { return member.layers.expired(); });
    shared_->members.push_back({first_, layers_});
}

template <class T>
void require_layers(const std::vector<Dense>& layers) {
    (void)activations_of<T>(layers);
    (void)parameter_count(layers, sizeof(T));
}

template <class T>
Network<T>::Network(std::vector<Dense> layers) {
    require_layers<T>(layers);  // before memory for their parameters is asked for
    auto shared = std::make_shared<Shared>(parameter_count(layers, sizeof(T)));
    T* const parameters = shared->parameters.data();
    *this = Network(std::move(shared), 0, std::move(layers), parameters);
}

template <class T>
Network<T>::Network(const Network& other) : Network(other.layers()) {
    std::ranges::copy(other.parameters_, parameters_.begin());
}

template <class T>
Network<T>& Network<T>::operator=(const Network& other) {
    if (this != &other) *this = Network(other);
    return *this;
}

template <class T>
Network<T> Network<T>::part(Range range) {
    if (range.first >= range.last || range.last > layers().size())
        throw std::invalid_argument(
            "[Network] expected some of " + std::to_string(layers().size()) + " layers, got from " +
            std::to_string(range.first) + " to before " + std::to_string(range.last));
    const auto begin = layers().begin();
    std::vector<Dense> some(begin + static_cast<std::ptrdiff_t>(range.first),
                            begin + static_cast<std::ptrdiff_t>(range.last));
    some.back().dropout = 0;  // which is for outputs that another layer takes
    return {shared_, first_ + range.first, std::move(some),
            parameters_.data() + offsets_[range.first]};
}

template <class T>
void Network<T>::set_trainable(std::size_t layer, bool trainable) {
    change(layer, [=](Dense& shape, bool) { shape.trainable = trainable; });
}

// f(layer, whether it is the last one), of each network that has the layer
template <class T>
template <class F>
void Network<T>::change(std::size_t layer, F f) {
    const std::size_t index = first_ + layer;  // in the whole
    const std::lock_guard looking(shared_->mutex);
    for (const auto& member : shared_->members)
        if (const auto of = member.layers.lock())
            if (index >= member.first && index - member.first < of->size())
                f((*of)[index - member.first], index - member.first + 1 == of->size());
}

template <class T>
void Network<T>::set_dropout(std::size_t layer, double dropout) {
    std::vector<Dense> changed = layers();
    changed[layer].dropout = dropout;
    require_layer(changed, layer);
    // a part that ends with the layer has none
    change(layer, [=](Dense& shape, bool is_last) { shape.dropout = is_last ? 0 : dropout; });
}

template <class T>
DenseView<T> Network<T>::layer(std::size_t index) {
    const Dense& layer = layers()[index];
    T* const weights = parameters_.data() + offsets_[index];
    return {{weights, layer.inputs, layer.outputs, layer.outputs},
            layer.bias ? weights + layer.weights() : nullptr};
}

template <class T>
DenseView<const T> Network<T>::layer(std::size_t index) const {
    const DenseView<T> live = const_cast<Network*>(this)->layer(index);
    return {live.weights, live.biases};
}

namespace {

// f(layers) with the parameters as they suit so many rows.
template <class T, class F>
bool with_parameters(const Network<T>& network, std::size_t rows, F f) {
    // Packing reads and writes every weight once, which pays when many rows use them.
    constexpr std::size_t rows_worth_packing = 48;
    if (rows >= rows_worth_packing) {
        const PackedNetwork<T> packed(network, Transposed::none);
        const std::vector<LayerParameters<T>> layers = packed_layers(packed);
        return f(layers.data());
    }
    thread_local std::vector<LayerParameters<T>> in_place;
    in_place.clear();
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const DenseView<const T> view = network.layer(l);
        const Matrix<const T>& w = view.weights;
        // row-major is a panel arrangement too; the lanes past the last column read what follows in the buffer
        in_place.push_back({{w.data, w.rows, w.cols, w.stride, panel_width<T>},
                            view.biases,
                            network.activation(l)});
    }
    return f(in_place.data());
}

}  // namespace

template <class T>
bool Network<T>::predict(Matrix<T> y,
                         const ArrayView& x,
                         std::size_t n_threads,
                         const InterruptCheck* interrupted) const {
    const std::size_t n = team_size(n_threads, layers(), x.rows);
    return with_parameters(*this, x.rows, [&](const LayerParameters<T>* all) {
        return predict_rows(y, x, all, layers().size(), n, interrupted);
    });
}

template <class T>
bool Network<T>::activations(std::span<const Matrix<T>> outputs,
                             const ArrayView& x,
                             std::size_t n_threads,
                             const InterruptCheck* interrupted) const {
    const std::size_t n = team_size(n_threads, layers(), x.rows);
    return with_parameters(*this, x.rows, [&](const LayerParameters<T>* all) {
        return predict_layers(outputs, x, all, n, interrupted);
    });
}

template void require_layers<float>(const std::vector<Dense>&);
template void require_layers<double>(const std::vector<Dense>&);
template class Network<float>;
template class Network<double>;

}  // namespace wbcore
