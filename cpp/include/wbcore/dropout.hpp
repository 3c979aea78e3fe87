// Dropout: which outputs of a layer a step of a training leaves out (docs/arithmetic.md, section 3.5).
#pragma once

#include <cstddef>
#include <cstdint>

namespace wbcore {

// Of which step of which fit the masks are. Together with layer, row of the batch and unit it decides what is left out.
struct DropoutStep {
    std::uint64_t seed = 0;  // of the fit
    std::uint64_t step = 1;  // counted from 1, over all trainings of the optimizer's state
};

// A unit is left out where its number, of 16 bits, is below this. Shares are thus multiples of 2^-16, and never all.
constexpr std::uint32_t dropout_threshold(double dropout) {
    constexpr double all = 65536;
    const double nearest = dropout * all + 0.5;
    return nearest >= all - 1 ? 65535 : static_cast<std::uint32_t>(nearest);
}

// By what the outputs that stay are multiplied, so that the mean stays.
template <class T>
constexpr T dropout_scale(double dropout) {
    return static_cast<T>(1 / (1 - dropout));
}

// The numbers of one row of a batch come in blocks of so many units.
inline constexpr std::size_t dropout_block = 16;

// The numbers of `blocks` blocks of units, from unit 0 on.
void draw_dropout(std::uint16_t* numbers,
                  std::size_t blocks,
                  const DropoutStep& of,
                  std::size_t layer,
                  std::size_t row);

}  // namespace wbcore
