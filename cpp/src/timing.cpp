#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "pass.hpp"
#include "wbcore/training.hpp"

namespace wbcore {

template <class T>
std::vector<double> time_per_update(const Network<T>& network,
                                    const Dataset& data,
                                    const Objective<T>& objective,
                                    std::size_t batch_size,
                                    std::size_t repeats,
                                    const InterruptCheck& interrupted) {
    if (batch_size == 0 || repeats == 0 || data.x.rows == 0)
        throw std::invalid_argument(
            "[time_per_update] expected rows, a batch_size and repeats, got none");
    using Clock = std::chrono::steady_clock;
    const PackedNetwork<T> packed = packed_copy(network, {.transposed = true, .velocity = false});
    const std::size_t rows = std::min(batch_size, data.x.rows), layers = packed.size();
    Pass<T> pass(network.shapes(), rows);
    pass.set_rows(rows);
    const Batch<T> batch = pass.batch(data, nullptr, 0, rows, {0, rows});
    if (batch.refused != InputArray::none) throw InputError(batch.refused);
    const Sgd<T> still{.learning_rate =
                           T(0)};  // the same arithmetic, and the weights stay as they are
    std::vector<std::vector<double>> times(layers);
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
        std::vector<double> milliseconds(layers, 0.0);
        auto timed = [&](std::size_t layer, auto body) {
            stop_if(interrupted);
            const Clock::time_point start = Clock::now();
            body();
            milliseconds[layer] +=
                std::chrono::duration<double, std::milli>(Clock::now() - start).count();
        };
        for (std::size_t l = 0; l < layers; ++l)
            timed(l, [&] { pass.forward(packed, batch, l, {0, rows}); });
        pass.loss(objective, batch, objective.mean_count(rows, network.outputs()), true, {0, rows});
        for (std::size_t l = layers; l-- > 0;)
            timed(l, [&] {
                if (l > 0) pass.backward_inputs(packed, l, {0, rows});
                pass.backward_parameters(packed, batch, l, &still, {0, packed[l].shape.inputs});
            });
        for (std::size_t l = 0; l < layers; ++l) times[l].push_back(milliseconds[l]);
    }
    std::vector<double> medians;
    for (std::vector<double>& of_layer : times) {
        const auto middle = of_layer.begin() + static_cast<std::ptrdiff_t>(of_layer.size() / 2);
        std::nth_element(of_layer.begin(), middle, of_layer.end());
        medians.push_back(*middle);
    }
    return medians;
}

template std::vector<double> time_per_update(const Network<float>&,
                                             const Dataset&,
                                             const Objective<float>&,
                                             std::size_t,
                                             std::size_t,
                                             const InterruptCheck&);
template std::vector<double> time_per_update(const Network<double>&,
                                             const Dataset&,
                                             const Objective<double>&,
                                             std::size_t,
                                             std::size_t,
                                             const InterruptCheck&);

}  // namespace wbcore
