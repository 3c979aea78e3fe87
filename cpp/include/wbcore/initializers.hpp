// Initial weights (docs/arithmetic.md, section 9): computed in float64, rounded to the network's type.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

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

inline constexpr std::array<std::string_view, 13> initializer_names = {"zeros",
                                                                       "ones",
                                                                       "normal",
                                                                       "uniform",
                                                                       "truncated_normal",
                                                                       "xavier",
                                                                       "he",
                                                                       "glorot_normal",
                                                                       "glorot_uniform",
                                                                       "he_uniform",
                                                                       "lecun_normal",
                                                                       "lecun_uniform",
                                                                       "orthogonal"};

constexpr std::optional<Initializer> find_initializer(std::string_view wanted) {
    for (std::size_t i = 0; i < initializer_names.size(); ++i)
        if (initializer_names[i] == wanted) return static_cast<Initializer>(i);
    return std::nullopt;
}

// Fills the weights (I, O) of one layer; a weight depends on seed, layer and its index alone.
template <class T>
void initialize(Initializer initializer,
                std::uint64_t seed,
                std::uint64_t layer,
                Matrix<T> weights);  // (I, O)

// Makes the columns (or the rows, when there are fewer) of a matrix orthonormal, then scales it.
void orthogonalize(Matrix<double> m, double gain);

}  // namespace wbcore
