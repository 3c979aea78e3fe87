// One batch on its way through the network: the arrays it leaves behind, planned once, and the steps that fill them.
// Every step works on a range of rows (or of inputs), so that threads can share it without sharing a sum.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "destination.hpp"
#include "kernels/kernel_table.hpp"
#include "packed.hpp"
#include "rankings.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/metrics.hpp"
#include "wbcore/range.hpp"

namespace wbcore {

// Where the inputs and targets of a batch lie: in the caller's arrays if the kernels can read them there, else in copies.
template <class T>
struct Batch {
    Panels<const T> x;                     // (B, I)
    Panels<const T> t;                     // (B, O), when labels is null
    const std::int64_t* labels = nullptr;  // (B)
    const T* weights = nullptr;            // (B), or null: each row counts 1
    // Where a number of the rows that were looked at is NaN or infinite, a label unknown (it is no index then), or a weight none.
    InputArray refused = InputArray::none;
    std::uint64_t step = 1;  // of dropout, in a pass that has it
};

// What a pass does beside the usual.
struct PassOptions {
    bool input_gradients = false;  // dX of the first layer
    // No targets are read in place: each is looked at in the copy that is then used. In training a loss that is not finite tells.
    bool copied_targets = false;
    // Dropout, with the masks of a fit of this seed; without one no layer leaves anything out.
    std::optional<std::uint64_t> dropout_seed = std::nullopt;
};

template <class T>
class Pass {
public:
    // For batches of at most `capacity` rows.
    Pass(const std::vector<Dense>& layers, std::size_t capacity, PassOptions options = {});

    std::size_t rows() const { return rows_; }
    // Another batch. Only the steps after backward_inputs look at its rows.
    void set_rows(std::size_t n) { rows_ = n; }
    // Where these rows are not a whole batch: which of it the first one is, for dropout.
    void set_first_row(std::size_t row) { first_row_ = row; }

    // The n rows of `data` from `first` on, or those that `order`, or else `data`, names from there on. What must be copied is copied for
    // the rows `mine` of the batch alone, and the numbers of those are looked at.
    Batch<T> batch(const Dataset& data,
                   const std::int64_t* order,
                   std::size_t first,
                   std::size_t n,
                   Range mine);
    // All rows of `data`
    Batch<T> batch(const Dataset& data) {
        return batch(data, nullptr, 0, data.y.rows, {0, data.y.rows});
    }
    // Inputs alone, in a copy that outlives the caller's array
    Batch<T> copy(const ArrayView& x);
    // dA of the last layer, from outside
    void gather_output_gradients(const ArrayView& dy);

    void forward(const PackedNetwork<T>& network,
                 const Batch<T>& batch,
                 std::size_t layer,
                 Range rows,
                 const kernels::UnitCounts<T>* counts = nullptr);
    // Row losses, and with `gradient` dZ of the last layer, both weighted. `mean_count` is that of the whole batch.
    void loss(const Named<Loss>& loss,
              const Batch<T>& batch,
              double mean_count,
              bool gradient,
              Range rows);
    // dA -> dZ of the last layer, in place
    void backward_outputs(Range rows);
    // dZ of a layer -> dZ of the one before it, or dX
    void backward_inputs(const PackedNetwork<T>& network, std::size_t layer, Range rows);
    // dW and db for a range of the inputs
    void backward_parameters(const Destination<T>& to,
                             const Batch<T>& batch,
                             std::size_t layer,
                             Range inputs);

    // Through all layers, on one thread; throws Interrupted
    void forward(const PackedNetwork<T>& network,
                 const Batch<T>& batch,
                 const InterruptCheck& interrupted);
    // After the last layer's dZ is known: every dA and dZ down to the outputs of the layer `first`, likewise
    void backward(const PackedNetwork<T>& network,
                  std::size_t first,
                  const InterruptCheck& interrupted);
    // Then the gradients of all layers that can be trained, likewise
    void backward_parameters(const PackedArray<T>& gradients,
                             const Batch<T>& batch,
                             const InterruptCheck& interrupted);
    // dX of the first layer, likewise
    void backward_first_inputs(const PackedNetwork<T>& network, const InterruptCheck& interrupted);

    void set_outputs(ConstMatrix<T> outputs);  // (B, O), as z and a of the last layer
    void copy_row_losses(T* to) const;         // (B)
    T row_loss_sum() const;                    // row sum of the batch's row losses
    // To be asked when the loss is not finite: targets that are read in place are not looked at before.
    bool has_finite_targets(const Batch<T>& batch) const;
    void add_metrics(MetricSums& sums, const Batch<T>& batch) const;
    void add_scores(Rankings<T>& rankings, const Batch<T>& batch) const;

    Panels<const T> outputs() const { return limited(layers_.back().a); }  // (B, O)
    // A layer's, all of them where dropout leaves some out
    Panels<const T> activations(std::size_t layer) const { return limited(layers_[layer].a); }
    Panels<const T> output_gradients() const { return limited(layers_.back().dz); }  // (B, O)
    Panels<T> output_gradients() { return limited(layers_.back().dz); }              // (B, O)
    Panels<const T> input_gradients() const { return limited(dx_); }                 // (B, I)

private:
    // Arrays of one layer's outputs (B, O). `a` is `z` where nobody needs both.
    struct LayerArrays {
        Panels<T> z, a, dz;
        ActivationOf<T> activation;
        // What the next layer takes: `a`, or what dropout leaves of it. Derivatives go by all of `a`.
        Panels<T> y;
        kernels::Dropout<T>
            dropout;  // its arrays, which are filled in for each range of rows, left out
        std::uint16_t* numbers = nullptr;  // (B, O), padded to whole blocks; null without dropout
    };

    Panels<T> limited(Panels<T> m) const { return m.rows_from(0, rows_); }
    Panels<const T> inputs_of(std::size_t layer, const Batch<T>& batch) const {
        return layer == 0 ? batch.x : layers_[layer - 1].y;
    }
    Panels<T> plan(T*& data, std::size_t rows, std::size_t cols);
    void plan_dropout(std::size_t capacity);
    // Out of line, so that a step without dropout does not save registers for it
    [[gnu::noinline]] void drop_outputs(std::uint64_t step, std::size_t layer, Range rows);
    [[gnu::noinline]] void drop_gradients(const LayerArrays& layer, Range rows);
    // The rows of a layer's dropout: of `from`, into `to`
    void leave_out(const LayerArrays& layer, Panels<T> to, Panels<const T> from, Range rows);
    // dA -> dZ, in place
    void differentiate(const LayerArrays& layer, Range rows);
    bool gather_targets(Batch<T>& batch,
                        const Dataset& data,
                        const std::int64_t* order,
                        std::size_t first,
                        std::size_t n,
                        Range mine);
    bool gather_repeated(const ArrayView& y,
                         const std::int64_t* order,
                         std::size_t first,
                         Range mine);
    void gather_weights_of(Batch<T>& batch,
                           const ArrayView& weights,
                           const std::int64_t* order,
                           std::size_t first,
                           Range mine);

    const kernels::KernelTable<T>& table_ = kernels::table<T>();
    const std::vector<Dense> shapes_;
    AlignedBuffer<T> buffer_;
    std::vector<LayerArrays> layers_;
    AlignedBuffer<std::uint16_t> numbers_;
    std::optional<std::uint64_t> dropout_seed_;
    Panels<T> x_, t_, dx_;  // room for copies, and dX
    AlignedBuffer<T> row_losses_;
    AlignedBuffer<std::int64_t> labels_;
    AlignedBuffer<T> weights_;
    std::size_t rows_ = 0, first_row_ = 0;
    bool copied_targets_;
};

}  // namespace wbcore
