// A frozen network: nothing but prediction, at the least cost a call.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// Holds a copy of the parameters, arranged for the kernels. Immutable: any number of threads may call it at once, without a
// lock; a call allocates nothing once the calling thread has made one of that size. The bits are those of Network::predict.
template <class T>
class Predictor {
public:
    explicit Predictor(const Network<T>& network);
    // Of `parameters` in the order of a network's: W0 b0 W1 b1 ... Throws std::invalid_argument for layers that are none of a
    // network's, or another number of parameters.
    Predictor(const std::vector<Dense>& layers, std::span<const T> parameters);
    Predictor(Predictor&&) noexcept;
    Predictor& operator=(Predictor&&) noexcept;
    Predictor(const Predictor&) = delete;
    Predictor& operator=(const Predictor&) = delete;
    ~Predictor();

    std::size_t inputs() const;
    std::size_t outputs() const;
    const std::vector<Dense>& layers() const;
    // A copy of the parameters, in the order of a network's.
    void copy_parameters(std::span<T> to) const;

    // False when an input is NaN or infinite; y then holds no predictions. Throws Interrupted.
    bool operator()(Matrix<T> y,         // (B, O of the last layer)
                    const ArrayView& x,  // (B, I of the first layer)
                    std::size_t n_threads = 1,
                    const InterruptCheck* interrupted = nullptr) const;

private:
    struct State;
    std::unique_ptr<const State> state_;
};

}  // namespace wbcore
