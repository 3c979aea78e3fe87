#include "wbcore/network.hpp"

#include <stdexcept>
#include <string>

#include "packed.hpp"
#include "prediction.hpp"
#include "team_size.hpp"

namespace wbcore {

namespace {

void require_layer(const std::vector<DenseShape>& shapes, std::size_t l) {
    const DenseShape& shape = shapes[l];
    const std::string where = "[Network] layer " + std::to_string(l) + ": expected ";
    if (shape.inputs == 0 || shape.outputs == 0)
        throw std::invalid_argument(where + "positive sizes, got " + std::to_string(shape.inputs) +
                                    " inputs and " + std::to_string(shape.outputs) + " outputs");
    if (l > 0 && shapes[l - 1].outputs != shape.inputs)
        throw std::invalid_argument(where + std::to_string(shapes[l - 1].outputs) +
                                    " inputs, the outputs of the layer before it, got " +
                                    std::to_string(shape.inputs));
    if (shape.activation == Activation::softmax && l + 1 != shapes.size())
        throw std::invalid_argument(where + "softmax in the last layer only, got it in one of " +
                                    std::to_string(shapes.size()));
}

}  // namespace

std::size_t parameter_count(const std::vector<DenseShape>& shapes, std::size_t size) {
    if (shapes.empty())
        throw std::invalid_argument("[Network] expected at least one layer, got none");
    std::size_t total = 0;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        require_layer(shapes, l);
        const auto [inputs, outputs, activation] = shapes[l];
        // a count that wraps around would make a small buffer for large layers
        std::size_t parameters = 0, bytes = 0;
        if (__builtin_mul_overflow(inputs, outputs, &parameters) ||
            __builtin_add_overflow(parameters, outputs, &parameters) ||
            __builtin_add_overflow(parameters, total, &total) ||
            __builtin_mul_overflow(total, size, &bytes))
            throw OutOfMemory(inputs, outputs, size);
    }
    return total;
}

template <class T>
Network<T>::Network(std::vector<DenseShape> shapes)
    : shapes_(std::move(shapes)), parameters_(parameter_count(shapes_, sizeof(T))) {
    std::size_t offset = 0;
    for (const DenseShape& shape : shapes_) {
        offsets_.push_back(offset);
        offset += shape.inputs * shape.outputs + shape.outputs;
    }
}

template <class T>
DenseView<T> Network<T>::layer(std::size_t index) {
    const DenseShape& shape = shapes_[index];
    T* weights = parameters_.data() + offsets_[index];
    return {{weights, shape.inputs, shape.outputs, shape.outputs},
            weights + shape.inputs * shape.outputs,
            shape.activation};
}

template <class T>
DenseView<const T> Network<T>::layer(std::size_t index) const {
    const DenseView<T> live = const_cast<Network*>(this)->layer(index);
    return {live.weights, live.biases, live.activation};
}

template <class T>
bool Network<T>::predict(Matrix<T> y,
                         const ArrayView& x,
                         std::size_t n_threads,
                         const InterruptCheck* interrupted) const {
    // Packing reads and writes every weight once, which pays when many rows use them.
    constexpr std::size_t rows_worth_packing = 48;
    const std::size_t n = team_size(n_threads, shapes_, x.rows);
    if (x.rows < rows_worth_packing) {
        thread_local std::vector<LayerParameters<T>> in_place;
        in_place.clear();
        for (std::size_t l = 0; l < shapes_.size(); ++l) {
            const DenseView<const T> view = layer(l);
            const Matrix<const T>& w = view.weights;
            // row-major is a panel arrangement too; the lanes past the last column read what follows in the buffer
            in_place.push_back(
                {{w.data, w.rows, w.cols, w.stride, panel_width<T>}, view.biases, view.activation});
        }
        return predict_rows(y, x, in_place.data(), in_place.size(), n, interrupted);
    }
    const PackedNetwork<T> packed(*this, {});
    const std::vector<LayerParameters<T>> layers = packed_layers(packed);
    return predict_rows(y, x, layers.data(), layers.size(), n, interrupted);
}

template class Network<float>;
template class Network<double>;

}  // namespace wbcore
