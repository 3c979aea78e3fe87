// Counter-based random numbers: a value depends on its key and index alone (docs/arithmetic.md, section 8).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "wbcore/interruption.hpp"

namespace wbcore {

using Philox4x64Block = std::array<std::uint64_t, 4>;

// One block of Philox 4x64-10 at the counter (counter, part, 0, 0).
Philox4x64Block philox4x64(std::uint64_t counter,
                           std::uint64_t key0,
                           std::uint64_t key1,
                           std::uint64_t part = 0);

// The words of one key and part, in order; starts at any index.
class PhiloxStream {
public:
    PhiloxStream(std::uint64_t key0,
                 std::uint64_t key1,
                 std::uint64_t first_index = 0,
                 std::uint64_t part = 0)
        : key0_(key0), key1_(key1), part_(part), index_(first_index) {}

    std::uint64_t next();                      // a raw word
    std::uint64_t below(std::uint64_t limit);  // uniform in [0, limit), without bias
    double uniform();                          // in [0, 1)
    double standard_normal();

private:
    std::uint64_t key0_, key1_, part_, index_;
    Philox4x64Block block_{};
    std::uint64_t block_number_ = ~std::uint64_t{0};
};

// Streams (second key word) of a seed.
constexpr std::uint64_t weight_stream(std::uint64_t layer) { return layer; }
constexpr std::uint64_t bias_stream(std::uint64_t layer) {
    return (std::uint64_t{1} << 62) + layer;
}
constexpr std::uint64_t shuffle_stream(std::uint64_t epoch) {
    return (std::uint64_t{1} << 63) + epoch;
}
constexpr std::uint64_t dropout_stream(std::uint64_t layer) {
    return (std::uint64_t{5} << 61) + layer;
}
// The order of the blocks of a source in part 0, the orders of the rows of its windows in the parts that follow.
constexpr std::uint64_t block_stream(std::uint64_t epoch) {
    return (std::uint64_t{3} << 62) + epoch;
}

// A permutation of 0 .. order.size() - 1 from a part of a stream of a seed. Throws Interrupted.
void permute(std::span<std::int64_t> order,
             std::uint64_t seed,
             std::uint64_t stream,
             const InterruptCheck& interrupted = nullptr,
             std::uint64_t part = 0);

// Of the rows that are held out
inline constexpr std::uint64_t held_out_stream = ~std::uint64_t{0};

// The order of the rows in one epoch: a permutation of 0 .. order.size() - 1. Throws Interrupted.
void shuffled_order(std::span<std::int64_t> order,
                    std::uint64_t seed,
                    std::uint64_t epoch,
                    const InterruptCheck& interrupted = nullptr);

// The quantile of the standard normal distribution, 0 < u < 1 (AS 241).
double normal_quantile(double u);

}  // namespace wbcore
