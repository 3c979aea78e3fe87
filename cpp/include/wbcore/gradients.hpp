// Losses with their gradients. All throw InputError for numbers that are refused, ChoiceError for one of the loss, and
// Interrupted when the check says so.
#pragma once

#include <optional>
#include <span>
#include <type_traits>

#include "wbcore/dropout.hpp"
#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/loss_function.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// The loss of all rows as one batch, and its gradient, laid out like the parameters: 0 for layers that are not trainable. With
// the masks of a step of a fit, where one is named; else no layer leaves anything out.
template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Named<Loss>& loss,
                          const InterruptCheck& interrupted = nullptr,
                          const std::optional<DropoutStep>& dropout = std::nullopt);

// The same of a loss of the caller's, asked once, with all rows.
template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const std::type_identity_t<LossFunction<T>>& loss,
                          const InterruptCheck& interrupted = nullptr,
                          const std::optional<DropoutStep>& dropout = std::nullopt);

// The loss of given outputs (B, O), and its gradient with respect to them.
template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Named<Loss>& loss);

}  // namespace wbcore
