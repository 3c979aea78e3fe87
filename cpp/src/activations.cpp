#include "wbcore/activations.hpp"

#include <cmath>
#include <limits>

namespace wbcore {

namespace {

// Of the largest derivative, below which a unit hardly learns.
constexpr double share = 0.05;

}  // namespace

// Derivatives by the output: sigmoid a (1 - a), at most 1/4; tanh 1 - a^2; softsign (1 - |a|)^2; of elu below 0 a + alpha, above 1;
// softplus 1 - exp(-a). Others never become small, as exp, or come to the same output from both sides, as gelu; relu's is 0 where the
// output is, which is counted apart.
std::optional<OutputRange> unsaturated_outputs(const Named<Activation>& activation) {
    constexpr double unbounded = std::numeric_limits<double>::infinity();
    switch (activation.kind) {
        case Activation::sigmoid: {
            const double low = (1 - std::sqrt(1 - share)) / 2;
            return OutputRange{low, 1 - low};
        }
        case Activation::tanh:
            return OutputRange{-std::sqrt(1 - share), std::sqrt(1 - share)};
        case Activation::softsign:
            return OutputRange{std::sqrt(share) - 1, 1 - std::sqrt(share)};
        case Activation::elu: {
            // with a small alpha all that is not above 0, where the derivative is 1
            constexpr auto positive = static_cast<double>(std::numeric_limits<float>::denorm_min());
            const double alpha = activation.at("alpha");
            const double low = share * std::fmax(1, alpha) - alpha;
            return OutputRange{low < 0 ? low : positive, unbounded};
        }
        case Activation::softplus:
            return OutputRange{-std::log1p(-share), unbounded};
        case Activation::identity:
        case Activation::relu:
        case Activation::leaky_relu:
        case Activation::gelu:
        case Activation::silu:
        case Activation::softmax:
        case Activation::exp:
            break;
    }
    return std::nullopt;
}

}  // namespace wbcore
