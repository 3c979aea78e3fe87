// Records as bytes, little-endian, as python/wbcore/_record_bytes.py reads them. Numbers are of 8 bytes; what is shorter is
// followed by zeros up to a multiple of that:
//   version (1), index, whether it is extra, step, epoch, batch, digest, number of layers
//   of each layer its weights and its biases: 1 (0: there are none), n, zeros, nonfinite, the 11 numbers of ArrayRecord, number of
//     bins, counts (4 bytes each), bins (2 bytes each)
//   and of its units: rows, number of units, 1 if active + 2 if saturated is there, these
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "training_hooks.hpp"
#include "wbcore/tracking.hpp"

namespace wbcore::bindings {

class ByteWriter {
public:
    template <class N>
    void number(N x) {
        static_assert(sizeof x == 8);
        values(std::span<const N>(&x, 1));
    }
    template <class N>
    void values(std::span<const N> x) {
        static_assert(std::is_trivially_copyable_v<N>);
        bytes_.append(reinterpret_cast<const char*>(x.data()), x.size_bytes());
        bytes_.append((8 - bytes_.size() % 8) % 8, '\0');
    }
    template <class N>
    void values(const std::vector<N>& x) {
        values(std::span<const N>(x));
    }
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

std::string bytes_of(const ParameterRecord& record);

// What is needed of the bytes of a record to keep it.
struct RecordHead {
    std::uint64_t index;
    bool is_extra;
    std::int64_t epoch;
};
RecordHead head_of(std::string_view bytes);

// Of a fit whose parameters are recorded.
template <class T>
class HeldTracking : public BoundTracking {
public:
    // Of these layers, whose parameters lie in panels.
    HeldTracking(std::size_t every, const std::vector<Dense>& layers) {
        tracking.every = every;
        for (const Dense& layer : layers) {
            parameters_ += packed_size<T>(layer.inputs, layer.outputs) +
                           round_up(layer.biases(), panel_width<T>);
            units_ += layer.outputs;
        }
    }
    std::string bytes() const override;
    void restore(std::string_view bytes) override;

    Tracking<T> tracking;

private:
    std::size_t parameters_ = 0, units_ = 0;
};

}  // namespace wbcore::bindings
