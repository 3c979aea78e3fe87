// A network as a Python object holds it: structure, views of its parameters, and who may write into it.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "interrupts.hpp"
#include "turn.hpp"
#include "wbcore/network.hpp"
#include "wbcore/tape.hpp"

namespace wbcore::bindings {

// inputs, outputs, activation, bias, trainable, dropout
using LayerTuple = std::tuple<std::size_t, std::size_t, std::string, bool, bool, double>;

inline std::vector<Dense> dense_layers(const std::vector<LayerTuple>& tuples) {
    std::vector<Dense> layers;
    for (const auto& [inputs, outputs, activation, bias, trainable, dropout] : tuples)
        layers.push_back({inputs, outputs, parse<Activation>("activation", activation), bias,
                          trainable, dropout});
    return layers;
}

inline std::vector<LayerTuple> layer_tuples(const std::vector<Dense>& layers) {
    std::vector<LayerTuple> tuples;
    for (const Dense& layer : layers)
        tuples.emplace_back(layer.inputs, layer.outputs, text(layer.activation), layer.bias,
                            layer.trainable, layer.dropout);
    return tuples;
}

template <class T>
class BoundNetwork {
public:
    explicit BoundNetwork(const std::vector<LayerTuple>& layers)
        : network_(dense_layers(layers)), use_(std::make_shared<UseOfNetwork>()) {}

    // Of the layers first .. last - 1: whoever trains one has the turn of both.
    std::unique_ptr<BoundNetwork> part(std::size_t first, std::size_t last) {
        return std::unique_ptr<BoundNetwork>(new BoundNetwork(network_.part({first, last}), use_));
    }

    std::vector<LayerTuple> layers() const { return layer_tuples(network_.layers()); }
    bool is_trainable(std::size_t layer) const {
        require_layer(layer);
        return network_.layers()[layer].trainable;
    }
    void set_trainable(std::size_t layer, bool trainable) {
        require_layer(layer);
        const Turn turn(*use_, "trainable");
        network_.set_trainable(layer, trainable);
    }

    double dropout(std::size_t layer) const {
        require_layer(layer);
        return network_.layers()[layer].dropout;
    }
    void set_dropout(std::size_t layer, double dropout) {
        require_layer(layer);
        const Turn turn(*use_, "dropout");
        network_.set_dropout(layer, dropout);
    }

    // Live views; `self` is their base, so they keep the network alive.
    static py::array parameters(const py::object& self) {
        const std::span<T> all = self.cast<BoundNetwork&>().network_.parameters();
        return py::array_t<T>({all.size()}, {sizeof(T)}, all.data(), self);
    }
    static py::array weights(const py::object& self, std::size_t layer) {
        const Matrix<T> w = self.cast<BoundNetwork&>().layer(layer).weights;
        return py::array_t<T>({w.rows, w.cols}, {w.stride * sizeof(T), sizeof(T)}, w.data, self);
    }
    static py::object biases(const py::object& self, std::size_t layer) {
        const DenseView<T> view = self.cast<BoundNetwork&>().layer(layer);
        if (view.biases == nullptr) return py::none();
        return py::array_t<T>({view.weights.cols}, {sizeof(T)}, view.biases, self);
    }

    // Multiplications of these rows' way forward.
    std::size_t work(std::size_t rows) const { return work_of(rows, network_.parameters().size()); }

    const Network<T>& network() const { return network_; }
    Network<T>& network() { return network_; }
    Tape<T>& tape() { return tape_; }
    UseOfNetwork& use() { return *use_; }

private:
    BoundNetwork(Network<T> network, std::shared_ptr<UseOfNetwork> use)
        : network_(std::move(network)), use_(std::move(use)) {}

    void require_layer(std::size_t index) const {
        if (index >= network_.layers().size())
            throw py::index_error("[Network] expected a layer below " +
                                  std::to_string(network_.layers().size()) + ", got " +
                                  std::to_string(index));
    }
    DenseView<T> layer(std::size_t index) {
        require_layer(index);
        return network_.layer(index);
    }

    Network<T> network_;
    Tape<T> tape_;
    std::shared_ptr<UseOfNetwork> use_;
};

template <class T>
std::span<T> as_span(py::array_t<T>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

}  // namespace wbcore::bindings
