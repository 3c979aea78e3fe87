// Forward with everything kept that backward needs, for people who write their own loop.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "wbcore/dropout.hpp"
#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

template <class T>
class Tape {
public:
    Tape();
    ~Tape();
    Tape(Tape&&) noexcept;
    Tape& operator=(Tape&&) noexcept;
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    // With the masks of a step of a fit, where one is named. Throws InputError for numbers that are refused; both throw
    // Interrupted.
    void forward(Matrix<T> y,  // (B, O)
                 const Network<T>& network,
                 const ArrayView& x,  // (B, I)
                 const InterruptCheck& interrupted = nullptr,
                 const std::optional<DropoutStep>& dropout = std::nullopt);
    // Against the parameters as they were at the last forward. Gradients of layers that were not trainable are 0.
    void backward(std::span<T> gradients,
                  Matrix<T> dx,         // (B, I)
                  const ArrayView& dy,  // (B, O)
                  const InterruptCheck& interrupted = nullptr);
    bool recorded() const { return state_ != nullptr; }
    std::size_t rows() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace wbcore
