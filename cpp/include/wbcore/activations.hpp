// Activation functions: a row for each, with what the rest needs to know of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "wbcore/named.hpp"

namespace wbcore {

enum class Activation : std::uint8_t {
    identity,
    sigmoid,
    relu,
    tanh,
    leaky_relu,
    elu,
    softplus,
    gelu,
    silu,
    softmax,
    softsign,
    exp,
};

// What the derivative is computed from: the output a, the sum z before it, or both.
enum class Reads : std::uint8_t { output, input, both };
// What an output depends on: on one z, or on all of its row, which only a last layer may.
enum class Scope : std::uint8_t { element, row };
// A function of straight pieces, and the sums z at which they meet; not that of a curved one.
struct Pieces {
    bool straight = false;
    std::size_t n_kinks = 0;
    double kinks[2] = {};
};

struct ActivationInfo : Row {
    Reads reads;
    bool
        relu_family;  // about half of a signal's variance is lost: the initializer he makes up for it
    Pieces pieces = {};
    Scope scope = Scope::element;
};

inline constexpr Pieces one_line{true, 0, {}}, bent_at_zero{true, 1, {0}};

// In the order of the enumeration (docs/arithmetic.md, section 5).
inline constexpr auto activation_rows = std::to_array<ActivationInfo>({
    {{"identity"}, Reads::output, false, one_line},
    {{"sigmoid"}, Reads::output, false},
    {{"relu"}, Reads::output, true, bent_at_zero},
    {{"tanh"}, Reads::output, false},
    {{"leaky_relu", {{"slope", 0.01, at_least_zero}}}, Reads::input, true, bent_at_zero},
    {{"elu", {{"alpha", 1, above_zero}}}, Reads::both, true},
    {{"softplus"}, Reads::input, true},
    {{"gelu"}, Reads::input, true},
    {{"silu"}, Reads::input, true},
    {{"softmax"}, Reads::output, false, {}, Scope::row},
    {{"softsign"}, Reads::input, false},
    {{"exp"}, Reads::output, false},
});

constexpr const auto& rows_of(Activation) { return activation_rows; }

constexpr bool is_elementwise(const Named<Activation>& activation) {
    return activation.info().scope == Scope::element;
}

// Whether outputs are the sums themselves.
constexpr bool is_identity(Activation activation) { return activation == Activation::identity; }

// Whether the backward pass needs z; else the output a is enough.
constexpr bool derivative_needs_z(const Named<Activation>& activation) {
    return activation.info().reads != Reads::output;
}

// Outputs at which the derivative is at least 5 % of the largest one: at others a unit is saturated.
struct OutputRange {
    double low, high;
};
// None where there is no such range, or where outputs do not tell.
std::optional<OutputRange> unsaturated_outputs(const Named<Activation>& activation);

// An activation with its numbers in the type of the arithmetic, as the kernels take it.
template <class T>
struct ActivationOf {
    static constexpr std::size_t most_numbers = 2;

    Activation kind = Activation::identity;
    T numbers[most_numbers] = {};

    bool is_elementwise() const {
        return activation_rows[static_cast<std::size_t>(kind)].scope == Scope::element;
    }
};

// Throws ChoiceError when a number is not allowed in T.
template <class T>
ActivationOf<T> activation_of(const Named<Activation>& activation) {
    const auto numbers = rounded<T>(activation);
    ActivationOf<T> result{activation.kind, {}};
    std::copy_n(numbers.begin(), ActivationOf<T>::most_numbers, result.numbers);
    return result;
}

}  // namespace wbcore
