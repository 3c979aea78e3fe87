#include "packed.hpp"

#include <algorithm>
#include <shared_mutex>

#include "kernels/kernel_table.hpp"
#include "wbcore/input.hpp"

namespace wbcore {

namespace {

// Hands out consecutive pieces of a buffer; with no buffer it only counts.
template <class T>
class Pieces {
public:
    explicit Pieces(T* data) : data_(data) {}
    Panels<T> panels(std::size_t rows, std::size_t cols) {
        return packed_panels(take(packed_size<T>(rows, cols)), rows, cols);
    }
    T* vector(std::size_t n) { return take(round_up(n, panel_width<T>)); }
    std::size_t taken() const { return taken_; }

private:
    T* take(std::size_t n) {
        T* piece = data_ == nullptr ? nullptr : data_ + taken_;
        taken_ += n;
        return piece;
    }
    T* data_;
    std::size_t taken_ = 0;
};

template <class T>
std::size_t plan(std::vector<PackedLayer<T>>& layers,
                 T* data,
                 const std::vector<DenseShape>& shapes,
                 PackedParts parts) {
    Pieces<T> pieces(data);
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        const DenseShape& shape = shapes[l];
        PackedLayer<T>& layer = layers[l];
        layer.shape = shape;
        layer.w = pieces.panels(shape.inputs, shape.outputs);
        layer.b = pieces.vector(shape.outputs);
        if (parts.transposed) layer.wt = pieces.panels(shape.outputs, shape.inputs);
        if (!parts.velocity) continue;
        layer.velocity = pieces.panels(shape.inputs, shape.outputs);
        layer.b_velocity = pieces.vector(shape.outputs);
    }
    return pieces.taken();
}

template <class T>
const T* pack_layer(Panels<T> w, T* b, const T* from) {
    for (std::size_t i = 0; i < w.rows; ++i)
        for (std::size_t p = 0; p < w.count(); ++p) {
            const std::size_t first = p * Panels<T>::width;
            const std::size_t n = std::min(w.cols - first, Panels<T>::width);
            std::copy_n(from + i * w.cols + first, n, w.panel(p) + i * w.row_stride);
        }
    from += w.rows * w.cols;
    std::copy_n(from, w.cols, b);
    return from + w.cols;
}

template <class T>
T* unpack_layer(Panels<T> w, const T* b, T* to) {
    for (std::size_t i = 0; i < w.rows; ++i)
        for (std::size_t p = 0; p < w.count(); ++p) {
            const std::size_t first = p * Panels<T>::width;
            const std::size_t n = std::min(w.cols - first, Panels<T>::width);
            std::copy_n(w.panel(p) + i * w.row_stride, n, to + i * w.cols + first);
        }
    to += w.rows * w.cols;
    std::copy_n(b, w.cols, to);
    return to + w.cols;
}

}  // namespace

template <class T>
PackedNetwork<T>::PackedNetwork(const std::vector<DenseShape>& shapes, PackedParts parts)
    : layers_(shapes.size()) {
    buffer_ = AlignedBuffer<T>(plan<T>(layers_, nullptr, shapes, parts));
    plan(layers_, buffer_.data(), shapes, parts);
}

template <class T>
PackedNetwork<T>::PackedNetwork(const Network<T>& network, PackedParts parts)
    : PackedNetwork(network.shapes(), parts) {
    pack(network.parameters());
}

template <class T>
std::vector<DenseShape> PackedNetwork<T>::shapes() const {
    std::vector<DenseShape> shapes;
    for (const PackedLayer<T>& layer : layers_) shapes.push_back(layer.shape);
    return shapes;
}

template <class T>
void PackedNetwork<T>::pack(std::span<const T> parameters) {
    const T* from = parameters.data();
    for (const PackedLayer<T>& layer : layers_) {
        from = pack_layer(layer.w, layer.b, from);
        if (layer.wt.data != nullptr)
            kernels::table<T>().transpose(layer.wt, layer.w, 0, layer.w.rows);
    }
}

template <class T>
void PackedNetwork<T>::pack_velocity(std::span<const T> velocity) {
    const T* from = velocity.data();
    for (const PackedLayer<T>& layer : layers_)
        from = pack_layer(layer.velocity, layer.b_velocity, from);
}

template <class T>
void PackedNetwork<T>::unpack(std::span<T> parameters) const {
    T* to = parameters.data();
    for (const PackedLayer<T>& layer : layers_) to = unpack_layer(layer.w, layer.b, to);
}

template <class T>
void PackedNetwork<T>::unpack_velocity(std::span<T> velocity) const {
    T* to = velocity.data();
    for (const PackedLayer<T>& layer : layers_)
        to = unpack_layer(layer.velocity, layer.b_velocity, to);
}

template <class T>
void PackedNetwork<T>::add(const PackedNetwork& other) {
    for (std::size_t i = 0; i < buffer_.size(); ++i) buffer_[i] = buffer_[i] + other.buffer_[i];
}

template <class T>
bool PackedNetwork<T>::all_finite() const {
    auto finite = [](const T* values, std::size_t n) {
        return wbcore::all_finite<T>(row_major(values, 1, n, n));
    };
    for (const PackedLayer<T>& layer : layers_) {
        if (!finite(layer.b, layer.w.cols)) return false;
        const std::size_t whole = layer.w.cols / panel_width<T>,
                          rest = layer.w.cols % panel_width<T>;
        for (std::size_t p = 0; p < whole; ++p)
            if (!finite(layer.w.panel(p), layer.w.rows * layer.w.row_stride)) return false;
        if (rest == 0) continue;
        const T* last = layer.w.panel(whole);
        for (std::size_t i = 0; i < layer.w.rows; ++i)
            if (!finite(last + i * layer.w.row_stride, rest)) return false;
    }
    return true;
}

template <class T>
PackedNetwork<T> packed_copy(const Network<T>& network, PackedParts parts) {
    PackedNetwork<T> packed(network.shapes(), parts);
    const std::shared_lock copying(network.lock());
    packed.pack(network.parameters());
    return packed;
}

template class PackedNetwork<float>;
template class PackedNetwork<double>;
template PackedNetwork<float> packed_copy(const Network<float>&, PackedParts);
template PackedNetwork<double> packed_copy(const Network<double>&, PackedParts);

}  // namespace wbcore
