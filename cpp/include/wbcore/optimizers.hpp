// Optimizers: their settings. The update itself is a kernel; its state has the shape of the parameters.
#pragma once

#include <cstdint>

namespace wbcore {

enum class Optimizer : std::uint8_t { sgd, adam };

// Stochastic gradient descent (docs/arithmetic.md, section 7).
template <class T>
struct Sgd {
    T learning_rate = T(0.01);
    T momentum = T(0);
    T weight_decay = T(0);
    bool nesterov = false;
    bool decay_biases = false;
};

}  // namespace wbcore
