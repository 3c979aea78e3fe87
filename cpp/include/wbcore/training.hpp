// The training loop: mini-batches, epochs, validation, and what it leaves behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/metrics.hpp"
#include "wbcore/network.hpp"
#include "wbcore/optimizers.hpp"
#include "wbcore/statistics.hpp"

namespace wbcore {

// Rows and what they should give.
struct Dataset {
    ArrayView x;          // (N, I)
    ArrayView y;          // (N, O), or integer labels (N, 1)
    bool labels = false;  // y holds class labels

    Dataset rows_from(std::size_t first, std::size_t n) const {
        return {x.rows_from(first, n), y.rows_from(first, n), labels};
    }
};

// What is computed of a batch.
template <class T>
struct Objective {
    Loss loss = Loss::mse;
    T delta = T(1);  // of huber

    // What the sum of the row losses is divided by.
    double mean_count(std::size_t rows, std::size_t outputs) const {
        return static_cast<double>(wbcore::mean_count(loss, rows, outputs));
    }
};

template <class T>
struct TrainingOptions {
    Objective<T> objective;
    Sgd<T> sgd;
    std::size_t epochs = 1, batch_size = 32;
    bool shuffle = true;
    std::uint64_t seed = 0;
    std::size_t n_threads = 0;  // 0: as many as pay
    std::vector<Metric> metrics;
};

struct EpochResult {
    double loss = 0;
    std::vector<double> metrics;
    std::optional<double> validation_loss;
    std::vector<double> validation_metrics;
};

enum class TrainingStatus : std::uint8_t {
    completed,
    stopped,      // the epoch callback asked for it
    interrupted,  // the interrupt check asked for it; the parameters are those of the last whole batch, or of the last epoch when
                  // it was in the middle of a long update
    diverged,  // the loss or a parameter became NaN or infinite; the parameters are those of the last finite epoch
    refused,  // an input or target is NaN or infinite, or a label unknown; the parameters are those of the last epoch without
};

struct TrainingEnd {
    TrainingStatus status = TrainingStatus::completed;
    std::size_t epoch = 0, batch = 0;
    InputArray refused = InputArray::none;
};

// After each epoch, with the network up to date; true stops. It may change the parameters, and it may throw: the network
// then keeps this epoch.
using EpochCallback = std::function<bool(std::size_t epoch, const EpochResult&)>;

// `velocity` has the shape of the parameters (empty when there is no momentum) and is updated in place.
// Throws std::invalid_argument, before anything is changed, for a batch_size of 0 or sizes that do not fit; InputError when
// the validation data are refused, Interrupted when the check says so during a validation: the network is then that of the
// epoch before it.
template <class T>
TrainingEnd train(Network<T>& network,
                  std::span<T> velocity,
                  const Dataset& data,
                  const Dataset* validation,
                  const TrainingOptions<T>& options,
                  const EpochCallback& on_epoch = nullptr,
                  const InterruptCheck& interrupted = nullptr);

// All that follow throw InputError for numbers that are refused, and Interrupted when the check says so.
struct Evaluation {
    double loss = 0;
    std::vector<double> metrics;
};

template <class T>
Evaluation evaluate(const Network<T>& network,
                    const Dataset& data,
                    const Objective<T>& objective,
                    const std::vector<Metric>& metrics,
                    std::size_t n_threads = 0,
                    const InterruptCheck& interrupted = nullptr);

// The loss of all rows as one batch, and its gradient, laid out like the parameters.
template <class T>
double loss_and_gradients(std::span<T> gradients,
                          const Network<T>& network,
                          const Dataset& data,
                          const Objective<T>& objective,
                          const InterruptCheck& interrupted = nullptr);

// The loss of given outputs (B, O), and its gradient with respect to them.
template <class T>
double loss_and_gradient(Matrix<T> gradient,
                         ConstMatrix<T> outputs,
                         const ArrayView& y,
                         bool labels,
                         const Objective<T>& objective);

// One step of gradient descent on the user's row-major parameters.
template <class T>
void sgd_step(Network<T>& network,
              std::span<const T> gradients,
              std::span<T> velocity,
              const Sgd<T>& sgd);

// Median milliseconds a batch, by layer: forward, backward and update. Works on a copy of the network.
template <class T>
std::vector<double> time_per_update(const Network<T>& network,
                                    const Dataset& data,
                                    const Objective<T>& objective,
                                    std::size_t batch_size,
                                    std::size_t repeats,
                                    const InterruptCheck& interrupted = nullptr);

// Forward with everything kept that backward needs, for people who write their own loop.
template <class T>
class Tape {
public:
    Tape();
    ~Tape();
    Tape(Tape&&) noexcept;
    Tape& operator=(Tape&&) noexcept;
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    void forward(Matrix<T> y,  // (B, O)
                 const Network<T>& network,
                 const ArrayView& x,  // (B, I)
                 const InterruptCheck& interrupted = nullptr);
    // Against the parameters as they were at the last forward.
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
