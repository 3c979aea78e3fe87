// Initial weights (docs/arithmetic.md, section 9): computed in float64, rounded to the network's type.
#pragma once

#include <cstdint>

#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"

namespace wbcore {

enum class Initializer : std::uint8_t {
    zeros,
    ones,
    normal,            // N(0, 1)
    uniform,           // [0, 1)
    truncated_normal,  // N(0, 1) cut at two standard deviations
    xavier,            // N(0, 1 / I)
    he,                // N(0, 2 / I)
    glorot_normal,
    glorot_uniform,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    orthogonal,
};

// Fills the weights (I, O) of one layer; a weight depends on seed, layer and its index alone.
template <class T>
void initialize(Initializer initializer,
                std::uint64_t seed,
                std::uint64_t layer,
                Matrix<T> weights);  // (I, O)

// Makes the columns (or the rows, when there are fewer) of a matrix orthonormal, then scales it. Throws Interrupted.
void orthogonalize(Matrix<double> m, double gain, const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
