// Parameters as the kernels want them, in panels: one plan of where each layer's lie, and arrays that are laid out by it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "wbcore/network.hpp"
#include "wbcore/range.hpp"

namespace wbcore {

// Where the weights and biases of each layer lie: offsets, made once for a structure.
template <class T>
class PackedPlan {
public:
    explicit PackedPlan(std::vector<Dense> layers);

    const std::vector<Dense>& layers() const { return layers_; }
    std::size_t size() const { return size_; }
    std::size_t weights(std::size_t layer) const { return weights_[layer]; }
    std::size_t biases(std::size_t layer) const { return biases_[layer]; }

private:
    std::vector<Dense> layers_;
    std::vector<std::size_t> weights_, biases_;
    std::size_t size_ = 0;
};

// The first layer that training changes; how many there are when none does.
std::size_t first_trainable(const std::vector<Dense>& layers);

// A number for each parameter: the parameters themselves, a gradient, a state of an optimizer. Like a span, a const one gives
// access to numbers that are not.
template <class T>
class PackedArray {
public:
    PackedArray() = default;
    // Zeros, in memory of its own.
    explicit PackedArray(const std::shared_ptr<const PackedPlan<T>>& plan);
    // In memory of others, plan->size() numbers.
    PackedArray(std::shared_ptr<const PackedPlan<T>> plan, T* data);

    // The same numbers, in the same memory.
    PackedArray view() const { return {plan_, data_}; }
    bool empty() const { return plan_ == nullptr; }
    const std::shared_ptr<const PackedPlan<T>>& plan() const { return plan_; }
    T* data() const { return data_; }                                       // plan->size() numbers
    Panels<T> weights(std::size_t layer) const { return weights_[layer]; }  // (I, O)
    // (O), padded to whole panels; null when the layer has none
    T* biases(std::size_t layer) const { return biases_[layer]; }

    // From and to an array laid out like the parameters of a network.
    void pack(std::span<const T> flat);
    void unpack(std::span<T> flat) const;
    PackedArray& operator+=(const PackedArray& other);
    bool all_finite() const;

private:
    PackedArray(std::shared_ptr<const PackedPlan<T>> plan, AlignedBuffer<T> own);

    const std::vector<Dense>& layers() const { return plan_->layers(); }

    std::shared_ptr<const PackedPlan<T>> plan_;
    AlignedBuffer<T> own_;
    T* data_ = nullptr;  // memory keeps its place when its buffer is moved
    std::vector<Panels<T>> weights_;
    std::vector<T*> biases_;
};

// Which layers have their weights transposed beside them, for the backward pass to their inputs.
enum class Transposed : std::uint8_t {
    none,
    after_first_trainable,  // what training needs
    all,
};

// The parameters of a network, what the kernels derive from them, and room for arrays that are used with them, all in one piece
// of memory: as a large one it goes back to the system when the network goes.
template <class T>
class PackedNetwork {
public:
    // All zeros
    PackedNetwork(const std::vector<Dense>& layers, Transposed which, std::size_t more = 0);
    PackedNetwork(const Network<T>& network, Transposed which, std::size_t more = 0);

    const std::shared_ptr<const PackedPlan<T>>& plan() const { return plan_; }
    const std::vector<Dense>& layers() const { return plan_->layers(); }
    std::size_t size() const { return layers().size(); }
    const PackedArray<T>& parameters() const { return arrays_[0]; }
    const PackedArray<T>& more(std::size_t index) const { return arrays_[1 + index]; }
    Panels<T> weights(std::size_t layer) const { return arrays_[0].weights(layer); }
    const T* biases(std::size_t layer) const { return arrays_[0].biases(layer); }
    Panels<T> transposed(std::size_t layer) const {
        return transposed_[layer];
    }  // (O, I), or empty

    void pack(std::span<const T> parameters);
    // After the weights of these inputs have changed; nothing for a layer that is not transposed.
    void transpose(std::size_t layer, Range inputs) const {
        if (transposed_[layer].data == nullptr) return;
        table_->transpose(transposed_[layer], weights(layer), inputs.first, inputs.last);
    }

private:
    std::shared_ptr<const PackedPlan<T>> plan_;
    AlignedBuffer<T> buffer_;
    std::vector<PackedArray<T>> arrays_;  // the parameters first
    std::vector<Panels<T>> transposed_;
    const kernels::KernelTable<T>* table_ = &kernels::table<T>();
};

// The parameters of a network that somebody else may be training: those between two of its steps.
template <class T>
PackedNetwork<T> packed_copy(const Network<T>& network, Transposed which);

}  // namespace wbcore
