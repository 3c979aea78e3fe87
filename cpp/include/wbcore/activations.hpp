// Activation functions: names, and what a backward pass needs of each.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

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
    softmax,  // last layer only
};

// In the order of the enumeration.
inline constexpr std::array<std::string_view, 10> activation_names = {
    "identity", "sigmoid",  "relu", "tanh", "leaky_relu",
    "elu",      "softplus", "gelu", "silu", "softmax"};

constexpr std::string_view name(Activation activation) {
    return activation_names[static_cast<std::size_t>(activation)];
}

constexpr std::optional<Activation> find_activation(std::string_view wanted) {
    for (std::size_t i = 0; i < activation_names.size(); ++i)
        if (activation_names[i] == wanted) return static_cast<Activation>(i);
    return std::nullopt;
}

// Whether each output depends on one z alone.
constexpr bool is_elementwise(Activation activation) { return activation != Activation::softmax; }

// Whether the derivative is computed from z; the others are computed from the output a.
constexpr bool derivative_needs_z(Activation activation) {
    return activation == Activation::leaky_relu || activation == Activation::elu ||
           activation == Activation::softplus || activation == Activation::gelu ||
           activation == Activation::silu;
}

}  // namespace wbcore
