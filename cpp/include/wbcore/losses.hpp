// Losses: a row for each, with what the rest needs to know of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "wbcore/activations.hpp"
#include "wbcore/named.hpp"

namespace wbcore {

enum class Loss : std::uint8_t {
    mse,
    mae,
    huber,
    binary_cross_entropy,
    cross_entropy,
    focal,
    quantile,
    poisson,
    gamma_deviance,
    log_cosh,
    hinge,
    squared_hinge,
    kl_divergence,
};

// What the targets are: any numbers; numbers from 0 to 1, one a decision; class labels, or shares of classes that sum to 1;
// numbers of at least 0; numbers above 0; decisions, 0 or 1 or else -1 or 1, or labels of which each stands for 1 at its
// output and -1 at the others.
enum class Targets : std::uint8_t { numbers, probabilities, classes, counts, positives, signs };
// What the loss is the mean of.
enum class Mean : std::uint8_t { over_elements, over_rows };

struct LossInfo : Row {
    Targets targets;
    Mean mean;
    // The last activation that the loss includes: it is computed from the z before it, whether that layer has it or none.
    // identity: nothing is included, and the loss is computed from the outputs of any last layer.
    Activation undone = Activation::identity;
    // Its numbers, as far as they are not 0, are levels: output j belongs to target j / levels and has level j % levels.
    bool has_levels = false;
};

// In the order of the enumeration (docs/arithmetic.md, section 6).
inline constexpr auto loss_rows = std::to_array<LossInfo>({
    {{"mse"}, Targets::numbers, Mean::over_elements},
    {{"mae"}, Targets::numbers, Mean::over_elements},
    {{"huber", {{"delta", 1, above_zero}}}, Targets::numbers, Mean::over_elements},
    {{"binary_cross_entropy"}, Targets::probabilities, Mean::over_elements, Activation::sigmoid},
    {{"cross_entropy", {{"label_smoothing", 0, below_one}}},
     Targets::classes,
     Mean::over_rows,
     Activation::softmax},
    {{"focal", {{"gamma", 2, at_least_zero}, {"alpha", 0.25, zero_to_one}}},
     Targets::probabilities,
     Mean::over_elements,
     Activation::sigmoid},
    {{"quantile",
      {{"q1", 0.5, between_zero_and_one},
       {"q2", 0, below_one},
       {"q3", 0, below_one},
       {"q4", 0, below_one},
       {"q5", 0, below_one},
       {"q6", 0, below_one},
       {"q7", 0, below_one},
       {"q8", 0, below_one},
       {"q9", 0, below_one}}},
     Targets::numbers,
     Mean::over_elements,
     Activation::identity,
     true},
    {{"poisson"}, Targets::counts, Mean::over_elements, Activation::exp},
    {{"gamma_deviance"}, Targets::positives, Mean::over_elements, Activation::exp},
    {{"log_cosh"}, Targets::numbers, Mean::over_elements},
    {{"hinge"}, Targets::signs, Mean::over_elements},
    {{"squared_hinge"}, Targets::signs, Mean::over_elements},
    {{"kl_divergence"}, Targets::classes, Mean::over_rows, Activation::softmax},
});

constexpr const auto& rows_of(Loss) { return loss_rows; }

// Weights of the outputs in the mean of a loss, in binary64 and as the kernels take them. Empty: all weigh alike.
class OutputWeights {
public:
    OutputWeights() = default;
    explicit OutputWeights(std::vector<double> weights)
        : weights_(std::move(weights)), single_(weights_.begin(), weights_.end()) {
        for (const double weight : weights_) sum_ += weight;
    }
    bool empty() const { return weights_.empty(); }
    std::size_t size() const { return weights_.size(); }
    double sum() const { return sum_; }  // in order
    const std::vector<double>& values() const { return weights_; }
    // (O), null when empty
    template <class T>
    const T* data() const {
        if (empty()) return nullptr;
        if constexpr (std::is_same_v<T, double>)
            return weights_.data();
        else
            return single_.data();
    }
    friend bool operator==(const OutputWeights&, const OutputWeights&) = default;

private:
    std::vector<double> weights_;
    std::vector<float> single_;
    double sum_ = 0;
};

// In texts they stand after the rest, in brackets: "mse[1, 2]", "huber(0.5)[1, 2, 0.5]".
template <>
struct Beside<Loss> {
    OutputWeights output_weights;
    friend bool operator==(const Beside&, const Beside&) = default;
};

// As those of any kind, but that they know output weights, and refuse levels after one that is 0.
template <>
Named<Loss> parse<Loss>(std::string_view what, std::string_view text);
template <>
void require_allowed<Loss>(const Named<Loss>& loss);
std::string text(const Named<Loss>& loss);

// Throws ChoiceError where a loss cannot be computed in T, or for so many outputs.
template <class T>
void require_suitable(const Named<Loss>& loss, std::size_t outputs);

// Whether the loss is computed from the last layer's z, and its gradient is by z.
constexpr bool is_of_z(const Named<Loss>& loss) {
    return loss.info().undone != Activation::identity;
}

// Margins want outputs on both sides of 0.
constexpr bool matches(const Named<Loss>& loss, const Named<Activation>& last) {
    if (loss.info().targets == Targets::signs)
        return last.kind == Activation::identity || last.kind == Activation::tanh;
    return !is_of_z(loss) || last.kind == Activation::identity || last.kind == loss.info().undone;
}

// How many outputs there are for each target: one, or one for each level.
constexpr std::size_t outputs_of_a_target(const Named<Loss>& loss) {
    std::size_t levels = 1;
    if (!loss.info().has_levels) return levels;
    while (levels < loss.info().numbers.size() && loss.numbers[levels] != 0) ++levels;
    return levels;
}

// What the sum of the row losses is divided by; the weight of rows is their number where they have no weights.
inline double mean_count(const Named<Loss>& loss, double weight, std::size_t outputs) {
    if (!loss.output_weights.empty()) return weight * loss.output_weights.sum();
    return loss.info().mean == Mean::over_rows ? weight : weight * static_cast<double>(outputs);
}
inline double mean_count(const Named<Loss>& loss, std::size_t rows, std::size_t outputs) {
    return mean_count(loss, static_cast<double>(rows), outputs);
}

}  // namespace wbcore
