#include "packed.hpp"

#include <algorithm>
#include <shared_mutex>

#include "wbcore/input.hpp"

namespace wbcore {

std::size_t first_trainable(const std::vector<Dense>& layers) {
    std::size_t first = 0;
    while (first < layers.size() && !layers[first].trainable) ++first;
    return first;
}

template <class T>
PackedPlan<T>::PackedPlan(std::vector<Dense> layers) : layers_(std::move(layers)) {
    for (const Dense& layer : layers_) {
        weights_.push_back(size_);
        size_ += packed_size<T>(layer.inputs, layer.outputs);
        biases_.push_back(size_);
        size_ += round_up(layer.biases(), panel_width<T>);
    }
}

namespace {

// From the start of an array to that of the next, when kernels use both: equal offsets should lie about half of the 4 KB apart
// within which processors take a load for one of a number that is just being stored, and an odd number of cache lines.
template <class T>
std::size_t distance_of_arrays(std::size_t size) {
    constexpr std::size_t page = 64 * panel_width<T>, apart = 33 * panel_width<T>;
    return round_up(size, page) + apart;
}

// f(panel's row, its place in the flat array, how many numbers) for each row of each panel of a layer's weights
template <class T, class F>
void for_each_piece(Panels<T> w, F f) {
    for (std::size_t i = 0; i < w.rows; ++i)
        for (std::size_t p = 0; p < w.count(); ++p) {
            const std::size_t first = p * Panels<T>::width;
            f(w.panel(p) + i * w.row_stride, i * w.cols + first,
              std::min(w.cols - first, Panels<T>::width));
        }
}

}  // namespace

template <class T>
PackedArray<T>::PackedArray(const std::shared_ptr<const PackedPlan<T>>& plan)
    : PackedArray(plan, AlignedBuffer<T>(plan->size())) {}

template <class T>
PackedArray<T>::PackedArray(std::shared_ptr<const PackedPlan<T>> plan, AlignedBuffer<T> own)
    : PackedArray(std::move(plan), own.data()) {
    own_ = std::move(own);
}

template <class T>
PackedArray<T>::PackedArray(std::shared_ptr<const PackedPlan<T>> plan, T* data)
    : plan_(std::move(plan)), data_(data) {
    for (std::size_t l = 0; l < layers().size(); ++l) {
        const Dense& shape = layers()[l];
        weights_.push_back(packed_panels(data + plan_->weights(l), shape.inputs, shape.outputs));
        biases_.push_back(shape.bias ? data + plan_->biases(l) : nullptr);
    }
}

template <class T>
void PackedArray<T>::pack(std::span<const T> flat) {
    const T* from = flat.data();
    for (std::size_t l = 0; l < layers().size(); ++l) {
        for_each_piece(weights(l), [from](T* to, std::size_t at, std::size_t n) {
            std::copy_n(from + at, n, to);
        });
        from += layers()[l].weights();
        std::copy_n(from, layers()[l].biases(), biases(l));
        from += layers()[l].biases();
    }
}

template <class T>
void PackedArray<T>::unpack(std::span<T> flat) const {
    T* to = flat.data();
    for (std::size_t l = 0; l < layers().size(); ++l) {
        for_each_piece(weights(l), [to](const T* from, std::size_t at, std::size_t n) {
            std::copy_n(from, n, to + at);
        });
        to += layers()[l].weights();
        std::copy_n(biases(l), layers()[l].biases(), to);
        to += layers()[l].biases();
    }
}

template <class T>
PackedArray<T>& PackedArray<T>::operator+=(const PackedArray& other) {
    for (std::size_t i = 0; i < plan_->size(); ++i) data_[i] = data_[i] + other.data_[i];
    return *this;
}

template <class T>
bool PackedArray<T>::all_finite() const {
    auto finite = [](const T* values, std::size_t n) {
        return wbcore::all_finite<T>(row_major(values, 1, n, n));
    };
    for (std::size_t l = 0; l < layers().size(); ++l) {
        const Panels<T> w = weights(l);
        if (layers()[l].bias && !finite(biases(l), w.cols)) return false;
        const std::size_t whole = w.cols / panel_width<T>, rest = w.cols % panel_width<T>;
        for (std::size_t p = 0; p < whole; ++p)
            if (!finite(w.panel(p), w.rows * w.row_stride)) return false;
        if (rest == 0) continue;
        const T* last = w.panel(whole);
        for (std::size_t i = 0; i < w.rows; ++i)
            if (!finite(last + i * w.row_stride, rest)) return false;
    }
    return true;
}

template <class T>
PackedNetwork<T>::PackedNetwork(const std::vector<Dense>& layers,
                                Transposed which,
                                std::size_t more)
    : plan_(std::make_shared<const PackedPlan<T>>(layers)), transposed_(layers.size()) {
    std::size_t from = which == Transposed::all ? 0 : layers.size();
    if (which == Transposed::after_first_trainable) from = first_trainable(layers) + 1;
    const std::size_t distance = more == 0 ? plan_->size() : distance_of_arrays<T>(plan_->size());
    std::size_t size = (1 + more) * distance;
    for (std::size_t l = from; l < layers.size(); ++l)
        size += packed_size<T>(layers[l].outputs, layers[l].inputs);
    buffer_ = AlignedBuffer<T>(size);
    T* data = buffer_.data();
    for (std::size_t i = 0; i < 1 + more; ++i, data += distance) arrays_.emplace_back(plan_, data);
    for (std::size_t l = from; l < layers.size(); ++l) {
        transposed_[l] = packed_panels(data, layers[l].outputs, layers[l].inputs);
        data += packed_size<T>(layers[l].outputs, layers[l].inputs);
    }
}

template <class T>
PackedNetwork<T>::PackedNetwork(const Network<T>& network, Transposed which, std::size_t more)
    : PackedNetwork(network.layers(), which, more) {
    pack(network.parameters());
}

template <class T>
void PackedNetwork<T>::pack(std::span<const T> parameters) {
    arrays_[0].pack(parameters);
    for (std::size_t l = 0; l < size(); ++l) transpose(l, {0, layers()[l].inputs});
}

template <class T>
PackedNetwork<T> packed_copy(const Network<T>& network, Transposed which) {
    PackedNetwork<T> packed(network.layers(), which);
    const std::shared_lock copying(network.lock());
    packed.pack(network.parameters());
    return packed;
}

template class PackedPlan<float>;
template class PackedPlan<double>;
template class PackedArray<float>;
template class PackedArray<double>;
template class PackedNetwork<float>;
template class PackedNetwork<double>;
template PackedNetwork<float> packed_copy(const Network<float>&, Transposed);
template PackedNetwork<double> packed_copy(const Network<double>&, Transposed);

}  // namespace wbcore
