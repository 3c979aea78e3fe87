// Losses: names, and which last layers each goes with.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wbcore/activations.hpp"

namespace wbcore {

enum class Loss : std::uint8_t { mse, mae, huber, binary_cross_entropy, cross_entropy };

// In the order of the enumeration.
inline constexpr std::array<std::string_view, 5> loss_names = {
    "mse", "mae", "huber", "binary_cross_entropy", "cross_entropy"};

constexpr std::string_view name(Loss loss) { return loss_names[static_cast<std::size_t>(loss)]; }

constexpr std::optional<Loss> find_loss(std::string_view wanted) {
    for (std::size_t i = 0; i < loss_names.size(); ++i)
        if (loss_names[i] == wanted) return static_cast<Loss>(i);
    return std::nullopt;
}

// The entropies are computed from the last layer's z, so its activation must be the one they undo, or none.
constexpr bool matches(Loss loss, Activation last) {
    if (loss == Loss::cross_entropy)
        return last == Activation::identity || last == Activation::softmax;
    if (loss == Loss::binary_cross_entropy)
        return last == Activation::identity || last == Activation::sigmoid;
    return true;
}

constexpr bool is_entropy(Loss loss) {
    return loss == Loss::cross_entropy || loss == Loss::binary_cross_entropy;
}

// The count that the mean is taken over: rows for cross_entropy, elements for the others.
constexpr std::size_t mean_count(Loss loss, std::size_t rows, std::size_t outputs) {
    return loss == Loss::cross_entropy ? rows : rows * outputs;
}

}  // namespace wbcore
