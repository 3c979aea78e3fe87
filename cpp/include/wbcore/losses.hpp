// Losses: a row for each, with what the rest needs to know of it.
#pragma once

#include <array>
#include <cstdint>

#include "wbcore/activations.hpp"
#include "wbcore/named.hpp"

namespace wbcore {

enum class Loss : std::uint8_t { mse, mae, huber, binary_cross_entropy, cross_entropy, focal };

// What the targets are: any numbers; numbers from 0 to 1, one a decision; class labels, or shares of classes that sum to 1.
enum class Targets : std::uint8_t { numbers, probabilities, classes };
// What the loss is the mean of.
enum class Mean : std::uint8_t { over_elements, over_rows };

struct LossInfo : Row {
    Targets targets;
    Mean mean;
    // The last activation that the loss includes: it is computed from the z before it, whether that layer has it or none.
    // identity: nothing is included, and the loss is computed from the outputs of any last layer.
    Activation undone = Activation::identity;
};

// In the order of the enumeration (docs/arithmetic.md, section 6).
inline constexpr auto loss_rows = std::to_array<LossInfo>({
    {{"mse"}, Targets::numbers, Mean::over_elements},
    {{"mae"}, Targets::numbers, Mean::over_elements},
    {{"huber", {{"delta", 1, above_zero}}}, Targets::numbers, Mean::over_elements},
    {{"binary_cross_entropy"}, Targets::probabilities, Mean::over_elements, Activation::sigmoid},
    {{"cross_entropy"}, Targets::classes, Mean::over_rows, Activation::softmax},
    {{"focal", {{"gamma", 2, at_least_zero}, {"alpha", 0.25, zero_to_one}}},
     Targets::probabilities,
     Mean::over_elements,
     Activation::sigmoid},
});

constexpr const auto& rows_of(Loss) { return loss_rows; }

// Whether the loss is computed from the last layer's z, and its gradient is by z.
constexpr bool is_of_z(const Named<Loss>& loss) {
    return loss.info().undone != Activation::identity;
}

constexpr bool matches(const Named<Loss>& loss, const Named<Activation>& last) {
    return !is_of_z(loss) || last.kind == Activation::identity || last.kind == loss.info().undone;
}

// What the sum of the row losses is divided by; the weight of rows is their number where they have no weights.
constexpr double mean_count(const Named<Loss>& loss, double weight, std::size_t outputs) {
    return loss.info().mean == Mean::over_rows ? weight : weight * static_cast<double>(outputs);
}
constexpr double mean_count(const Named<Loss>& loss, std::size_t rows, std::size_t outputs) {
    return mean_count(loss, static_cast<double>(rows), outputs);
}

}  // namespace wbcore
