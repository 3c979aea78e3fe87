// One batch on its way through the network: the arrays it leaves behind, planned once, and the steps that fill them.
// Every step works on a range of rows (or of inputs), so that threads can share it without sharing a sum.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "packed.hpp"
#include "wbcore/training.hpp"

namespace wbcore {

template <class T>
class Pass {
public:
    // For batches of at most `capacity` rows; dX of the first layer only if it is asked for.
    Pass(const std::vector<DenseShape>& shapes, std::size_t capacity, bool input_gradients = false);

    std::size_t rows() const { return rows_; }
    // A new batch of n rows; `labels`: its targets are class labels
    void begin(std::size_t n, bool labels) {
        has_labels_ = labels;
        set_rows(n);
    }
    // Another batch of the same kind. Only the steps after backward_inputs look at its rows.
    void set_rows(std::size_t n) { rows_ = n; }

    void gather_inputs(const ArrayView& x,
                       const std::int64_t* order,
                       std::size_t first,
                       std::size_t last);
    void gather_targets(const Dataset& data,
                        const std::int64_t* order,
                        std::size_t first,
                        std::size_t last);
    // dA of the last layer, from outside
    void gather_output_gradients(const ArrayView& dy, std::size_t first, std::size_t last);

    void forward(const PackedNetwork<T>& network,
                 std::size_t layer,
                 std::size_t first,
                 std::size_t last);
    // Row losses, and with `gradient` dZ of the last layer. `mean_count` is that of the whole batch.
    void loss(const Objective<T>& objective,
              double mean_count,
              bool gradient,
              std::size_t first,
              std::size_t last);
    // dA -> dZ of a layer, in place
    void backward_activation(std::size_t layer, std::size_t first, std::size_t last);
    // dA of the inputs of a layer: of the layer before it, or dX
    void backward_inputs(const PackedNetwork<T>& network,
                         std::size_t layer,
                         std::size_t first,
                         std::size_t last);
    // dW and db for the inputs [first_input, last_input): stored in `gradients`, or applied when there is an sgd
    void backward_parameters(const PackedNetwork<T>& out,
                             std::size_t layer,
                             const Sgd<T>* sgd,
                             std::size_t first_input,
                             std::size_t last_input);

    // After the last layer's dZ is known: every dA, dZ and gradient, on one thread
    void backward(const PackedNetwork<T>& network, const PackedNetwork<T>& gradients);

    void set_outputs(ConstMatrix<T> outputs);  // (B, O), as z and a of the last layer
    void copy_row_losses(T* to) const;         // (B)
    T row_loss_sum() const;                    // row sum of the batch's row losses
    void add_metrics(MetricSums& sums) const;

    Panels<const T> outputs() const { return limited(layers_.back().a); }            // (B, O)
    Panels<const T> output_gradients() const { return limited(layers_.back().dz); }  // (B, O)
    Panels<const T> input_gradients() const { return limited(dx_); }                 // (B, I)

private:
    // Arrays of one layer's outputs (B, O). `a` is `z` where nobody needs both.
    struct LayerArrays {
        Panels<T> z, a, dz;
        Activation activation;
    };

    Panels<T> limited(Panels<T> m) const { return m.rows_from(0, rows_); }
    Panels<T> inputs_of(std::size_t layer) const { return layer == 0 ? x_ : layers_[layer - 1].a; }
    Panels<T> plan(T*& data, std::size_t rows, std::size_t cols);

    AlignedBuffer<T> buffer_;
    std::vector<LayerArrays> layers_;
    Panels<T> x_, t_, dx_;
    AlignedBuffer<T> row_losses_;
    std::vector<std::int64_t> labels_;
    bool has_labels_ = false;
    std::size_t rows_ = 0;
};

}  // namespace wbcore
