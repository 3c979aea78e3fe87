#include "wbcore/profile.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "pass.hpp"

namespace wbcore {

template <class T>
std::vector<double> profile(const Network<T>& network,
                            const Dataset& data,
                            const Named<Loss>& loss,
                            std::size_t batch_size,
                            std::size_t repeats,
                            const InterruptCheck& interrupted) {
    if (batch_size == 0 || repeats == 0 || data.x.rows == 0)
        throw std::invalid_argument("[profile] expected rows, a batch_size and repeats, got none");
    using Clock = std::chrono::steady_clock;
    require_suitable<T>(loss, network.outputs());
    const PackedNetwork<T> packed = packed_copy(network, Transposed::after_first_trainable);
    const std::size_t rows = std::min(batch_size, data.x.rows), layers = packed.size();
    const std::size_t first = first_trainable(packed.layers());
    Pass<T> pass(packed.layers(), rows, {.dropout_seed = 0});
    pass.set_rows(rows);
    const Batch<T> batch = pass.batch(data, nullptr, 0, rows, {0, rows});
    if (batch.refused != InputArray::none) throw InputError(batch.refused);
    // the same arithmetic, and the weights stay as they are
    kernels::Update<T> still;
    still.stores = false;
    const Destination<T> destination{packed.parameters(), {}, still, still};
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
        pass.loss(loss, batch, mean_count(loss, rows, network.outputs()), true, {0, rows});
        for (std::size_t l = layers; l-- > 0;)
            timed(l, [&] {
                const Range inputs{0, packed.layers()[l].inputs};
                if (l > first) pass.backward_inputs(packed, l, {0, rows});
                if (!packed.layers()[l].trainable) return;
                pass.backward_parameters(destination, batch, l, inputs);
                packed.transpose(l, inputs);
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

template std::vector<double> profile(const Network<float>&,
                                     const Dataset&,
                                     const Named<Loss>&,
                                     std::size_t,
                                     std::size_t,
                                     const InterruptCheck&);
template std::vector<double> profile(const Network<double>&,
                                     const Dataset&,
                                     const Named<Loss>&,
                                     std::size_t,
                                     std::size_t,
                                     const InterruptCheck&);

}  // namespace wbcore
