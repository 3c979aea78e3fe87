// Initial parameters (docs/arithmetic.md, section 9): computed in float64, rounded to the network's type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/named.hpp"

namespace wbcore {

// In the order in which they are listed to users. I and O are the numbers of inputs and outputs.
enum class Initializer : std::uint8_t {
    zeros,
    ones,
    constant,
    normal,            // N(mean, std^2)
    uniform,           // [low, high)
    truncated_normal,  // N(mean, std^2) cut at two standard deviations
    xavier,            // N(0, 1 / I)
    he,                // N(0, 2 / I)
    glorot_normal,     // N(0, 2 / (I + O))
    glorot_uniform,    // [-L, L), L = sqrt(6 / (I + O))
    he_uniform,        // L = sqrt(6 / I)
    lecun_normal,      // as xavier
    lecun_uniform,     // L = sqrt(3 / I)
    orthogonal,        // orthonormal columns, or rows when there are fewer, times gain
};

// What one value is made of: nothing, a draw from N(0, 1), a draw from [0, 1).
enum class Draw : std::uint8_t { none, normal, uniform };

struct InitializerInfo : Row {
    Draw draw;
    bool suits_biases;  // which have no inputs that could be counted
};

inline constexpr auto initializer_rows = std::to_array<InitializerInfo>({
    {{"zeros"}, Draw::none, true},
    {{"ones"}, Draw::none, true},
    {{"constant", {{"value", 0}}}, Draw::none, true},
    {{"normal", {{"mean", 0}, {"std", 0.05, at_least_zero}}}, Draw::normal, true},
    {{"uniform", {{"low", -0.05}, {"high", 0.05}}}, Draw::uniform, true},
    {{"truncated_normal", {{"mean", 0}, {"std", 0.05, at_least_zero}}}, Draw::uniform, true},
    {{"xavier"}, Draw::normal, false},
    {{"he"}, Draw::normal, false},
    {{"glorot_normal"}, Draw::normal, false},
    {{"glorot_uniform"}, Draw::uniform, false},
    {{"he_uniform"}, Draw::uniform, false},
    {{"lecun_normal"}, Draw::normal, false},
    {{"lecun_uniform"}, Draw::uniform, false},
    {{"orthogonal", {{"gain", 1}}}, Draw::normal, false},
});
static_assert(initializer_rows.size() == std::size_t(Initializer::orthogonal) + 1);
constexpr const auto& rows_of(Initializer) { return initializer_rows; }

// Throws ChoiceError when a number is not allowed, or does not go with another.
void require_consistent(const Named<Initializer>& choice);

// Fills a matrix (I, O), which for biases has one row. A value depends on the key (seed, stream) and its index alone; stream is
// weight_stream or bias_stream of a layer. Throws ChoiceError and OutOfMemory before the matrix is touched, and Interrupted.
template <class T>
void initialize(const Named<Initializer>& choice,
                std::uint64_t seed,
                std::uint64_t stream,
                Matrix<T> values,
                const InterruptCheck& interrupted = nullptr);

// From draws of the kind that the row says, as many as there are values; not looked at when it says none.
template <class T>
void initialize(const Named<Initializer>& choice,
                ConstMatrix<double> draws,
                Matrix<T> values,
                const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
