#include "wbcore/probe.hpp"

#include <algorithm>
#include <chrono>

#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// The best rate of `body`, which does `operations`, within `seconds`.
template <class F>
double best_rate(double seconds, double operations, F body) {
    double best = 0;
    const Clock::time_point start = Clock::now();
    do {
        const Clock::time_point began = Clock::now();
        body();
        best = std::max(best, operations / seconds_since(began) / 1e9);
    } while (seconds_since(start) < seconds);
    return best;
}

}  // namespace

template <class T>
Probe probe(double seconds) {
    const kernels::KernelTable<T>& table = kernels::table<T>();
    constexpr std::size_t rounds = 20000;
    volatile T sink = T(0.5);
    const double peak =
        best_rate(seconds / 2, 2.0 * static_cast<double>(table.fma_operations(rounds)),
                  [&] { sink = table.fma_chains(sink, rounds); });

    // 12 rows are whole tiles of 6 and of 12; with one leaf of 256 and two panels all of it fits in L1.
    constexpr std::size_t rows = 12, features = kernels::feature_leaf, outputs = 2 * panel_width<T>;
    AlignedBuffer<T> x(packed_size<T>(rows, features)), w(packed_size<T>(features, outputs)),
        y(packed_size<T>(rows, outputs));
    const Panels<T> out = packed_panels(y.data(), rows, outputs);
    const Panels<T> in = packed_panels(x.data(), rows, features);
    const Panels<T> weights = packed_panels(w.data(), features, outputs);
    constexpr int repeats = 20;
    const double product = best_rate(seconds / 2, 2.0 * rows * features * outputs * repeats, [&] {
        for (int i = 0; i < repeats; ++i) table.product({out, in, weights, nullptr});
    });
    return {peak, product};
}

template Probe probe<float>(double);
template Probe probe<double>(double);

}  // namespace wbcore
