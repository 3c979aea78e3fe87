// Parameters as the kernels want them: panels, with the transposed weights beside them.
#pragma once

#include <span>
#include <vector>

#include "wbcore/network.hpp"

namespace wbcore {

template <class T>
struct PackedLayer {
    Panels<T> w;         // (I, O)
    Panels<T> wt;        // (O, I), for the backward pass; empty when not asked for
    Panels<T> velocity;  // (I, O), likewise
    T* b = nullptr;      // (O), padded to whole panels
    T* b_velocity = nullptr;
    DenseShape shape;
};

// Which parts are wanted beside the weights and biases.
struct PackedParts {
    bool transposed = false, velocity = false;
};

template <class T>
class PackedNetwork {
public:
    // All zeros, to put gradients in
    explicit PackedNetwork(const std::vector<DenseShape>& shapes, PackedParts parts = {});
    // The parameters of a network
    PackedNetwork(const Network<T>& network, PackedParts parts);
    // The layers point into the buffer, which moves along; a copy would point into the original's.
    PackedNetwork(PackedNetwork&&) noexcept = default;
    PackedNetwork& operator=(PackedNetwork&&) noexcept = default;
    PackedNetwork(const PackedNetwork&) = delete;
    PackedNetwork& operator=(const PackedNetwork&) = delete;
    ~PackedNetwork() = default;

    // From and to arrays laid out like the parameters of a network.
    void pack(std::span<const T> parameters);
    void pack_velocity(std::span<const T> velocity);
    void unpack(std::span<T> parameters) const;
    void unpack_velocity(std::span<T> velocity) const;
    bool all_finite() const;
    // this = this + other, element by element; both have the same parts
    void add(const PackedNetwork& other);

    std::vector<DenseShape> shapes() const;
    std::size_t size() const { return layers_.size(); }
    const PackedLayer<T>& operator[](std::size_t index) const { return layers_[index]; }

private:
    AlignedBuffer<T> buffer_;
    std::vector<PackedLayer<T>> layers_;
};

// The parameters of a network that somebody else may be training: those between two of its steps.
template <class T>
PackedNetwork<T> packed_copy(const Network<T>& network, PackedParts parts);

}  // namespace wbcore
