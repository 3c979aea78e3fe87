// What a record of parameters is made of: sums in binary64 over 16 lanes, which every instruction set has in the same order, and
// counts, whose order does not matter (docs/tracking.md).
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

inline constexpr std::size_t tracking_lanes = 16;

// The sum of f(x[i], ..) over n numbers: element i in lane i % 16, the lanes folded by halves.
template <class T, class F, class... X>
inline double lane_sum(std::size_t n, F f, const X*... x) {
    using V = Vector<double>;
    constexpr std::size_t parts = tracking_lanes / lanes<double>;
    V sums[parts];
    for (std::size_t k = 0; k < parts; ++k) sums[k] = broadcast<V>(0);
    std::size_t i = 0;
    for (; i + tracking_lanes <= n; i += tracking_lanes)
#pragma GCC unroll 16
        for (std::size_t k = 0; k < parts; ++k)
            sums[k] = sums[k] + f(load_converted<V, T>(
                                    reinterpret_cast<const char*>(x + i + k * lanes<double>))...);
    double lane[tracking_lanes];
    for (std::size_t k = 0; k < parts; ++k) store(lane + k * lanes<double>, sums[k]);
    for (std::size_t k = 0; i < n; ++i, ++k) lane[k] = lane[k] + f(static_cast<double>(x[i])...);
    for (std::size_t half = tracking_lanes / 2; half > 0; half /= 2)
        for (std::size_t k = 0; k < half; ++k) lane[k] = lane[k] + lane[k + half];
    return lane[0];
}

template <class V>
inline V size_of(V x) {
    return x < 0 ? -x : x;
}

template <class T>
inline double distance_squares(const T* x, const T* y, std::size_t n) {
    return lane_sum<T>(
        n,
        [](auto a, auto b) {
            const auto d = a - b;
            return d * d;
        },
        x, y);
}

inline std::uint32_t bits_of(float x) { return __builtin_bit_cast(std::uint32_t, x); }
inline std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }

// Of n > 0 finite numbers.
template <class T>
inline void extremes(ChunkSums& sums, const T* x, std::size_t n) {
    T low = x[0], high = x[0];
    std::size_t i = 0;
    if (n >= lanes<T>) {
        using V = Vector<T>;
        V least = load<V>(x), most = least;
        for (; i + lanes<T> <= n; i += lanes<T>) {
            const V v = load<V>(x + i);
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
        T lows[lanes<T>], highs[lanes<T>];
        store(lows, least);
        store(highs, most);
        for (std::size_t k = 0; k < lanes<T>; ++k) {
            low = lows[k] < low ? lows[k] : low;
            high = highs[k] > high ? highs[k] : high;
        }
    }
    for (; i < n; ++i) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    // + 0: which zero is the least one would depend on the lanes
    sums.minimum = static_cast<double>(low) + 0.0;
    sums.maximum = static_cast<double>(high) + 0.0;
}

// Sums, and squares of deviations by a second pass, of numbers whose `sum` is known, all of them finite.
template <class T>
inline void finite_moments(ChunkSums& sums, const T* x, std::size_t n, double sum) {
    sums.finite = n;
    sums.sum = sum;
    if (n == 0) return;
    sums.sizes = lane_sum<T>(n, [](auto a) { return size_of(a); }, x);
    const double mean = sum / static_cast<double>(n);
    sums.mean = mean;
    sums.deviations = lane_sum<T>(
        n,
        [mean](auto a) {
            const auto d = a - mean;
            return d * d;
        },
        x);
    extremes(sums, x, n);
}

template <class T>
inline double sum_of(const T* x, std::size_t n) {
    return lane_sum<T>(n, [](auto a) { return a; }, x);
}

// Where some may be NaN or infinite.
template <class T>
[[gnu::noinline]] void moments_of_some(ChunkSums& sums, const T* x, std::size_t n) {
    T finite[tracking_chunk] = {};
    std::size_t count = 0;
    for (std::size_t i = 0; i < n; ++i)
        if (x[i] - x[i] == 0) finite[count++] = x[i];
    finite_moments(sums, finite, count, sum_of(finite, count));
}

template <class T>
inline void moments(ChunkSums& sums, const T* x, std::size_t n) {
    const double sum = sum_of(x, n);
    if (sum - sum == 0) return finite_moments(sums, x, n, sum);
    moments_of_some(sums, x, n);
}

template <class T>
inline void count_zeros(ChunkSums& sums, const T* x, std::size_t n) {
    std::uint32_t zeros = 0, negative = 0;
    for (std::size_t i = 0; i < n; ++i) {
        zeros += bits_of(x[i]) == 0;
        negative += bits_of(x[i]) == bits_of(-T(0));
    }
    sums.zeros = zeros;
    sums.negative_zeros = negative;
}

// Sign, exponent and three bits of the fraction.
inline void count_bins(std::uint32_t* bins, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) ++bins[bits_of(x[i]) >> 20];
}
// With the exponent held to what single precision has: below its range all is in the first bin, above in the bin of infinity.
inline void count_bins(std::uint32_t* bins, const double* x, std::size_t n) {
    constexpr std::uint64_t first = (1023 - 127) * 8, most = 255 * 8, infinity = 2047 * 8;
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t sign = bits_of(x[i]) >> 63;
        const std::uint64_t size = (bits_of(x[i]) << 1) >> 50;
        if (size >= infinity) continue;
        const std::uint64_t above = size > first ? size - first : 0;
        ++bins[sign << 11 | (above < most ? above : most)];
    }
}

// Of the 64-bit word `word` of an array of parameters, each of two floats or one double.
inline std::uint64_t digest_term(std::uint64_t bits, std::uint64_t word) {
    const std::uint64_t keyed = bits ^ (digest_start + digest_step * word);
    return (keyed & 0xffffffff) * (keyed >> 32) + (bits << 32 | bits >> 32);
}
inline std::uint64_t digest_sum(const double* x, std::size_t n, std::uint64_t word) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += digest_term(bits_of(x[i]), word + i);
    return sum;
}
inline std::uint64_t digest_sum(const float* x, std::size_t n, std::uint64_t word) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i + 1 < n; i += 2) {
        const std::uint64_t low = bits_of(x[i]), high = bits_of(x[i + 1]);
        sum += digest_term(high << 32 | low, word + i / 2);
    }
    if (n % 2 != 0) sum += digest_term(bits_of(x[n - 1]), word + n / 2);
    return sum;
}

template <class T>
void measure(const Chunk<T>& chunk) {
    ChunkSums& sums = chunk.sums;
    const std::size_t n = chunk.n;
    moments(sums, chunk.x, n);
    count_zeros(sums, chunk.x, n);
    if (chunk.bins != nullptr) count_bins(chunk.bins, chunk.x, n);
    sums.digest = digest_sum(chunk.x, n, chunk.word);
    if (chunk.initial != nullptr) sums.change = distance_squares(chunk.x, chunk.initial, n);
    if (chunk.last != nullptr) sums.since_last = distance_squares(chunk.x, chunk.last, n);
    if (chunk.before != nullptr) {
        sums.update = distance_squares(chunk.x, chunk.before, n);
        sums.before = lane_sum<T>(n, [](auto a) { return a * a; }, chunk.before);
    }
    if (chunk.gradient != nullptr)
        sums.gradient = lane_sum<T>(n, [](auto a) { return a * a; }, chunk.gradient);
}

// n + 1 in the lanes where the comparison holds.
template <class T, class Held>
inline auto counted(decltype(bits(Vector<T>{})) n, Held held) {
    if constexpr (lanes<T> == 1)
        return n + static_cast<decltype(n)>(held);
    else
        return n - __builtin_bit_cast(decltype(n), held);  // -1 where it holds
}

template <class T>
void count_units(const UnitRows<T>& units) {
    using V = Vector<T>;
    using N = decltype(bits(V{}));
    const V zero = broadcast<V>(0), low = broadcast<V>(units.low), high = broadcast<V>(units.high);
    for (std::size_t p = 0; p < units.a.count(); ++p)
        for (std::size_t j = 0; j < Panels<T>::width; j += lanes<T>) {
            const T* a = units.a.panel(p) + j;
            N active{}, below{}, above{};
            if (units.saturated == nullptr)
                for (std::size_t row = 0; row < units.a.rows; ++row, a += units.a.row_stride)
                    active = counted<T>(active, load<V>(a) != zero);
            else
                for (std::size_t row = 0; row < units.a.rows; ++row, a += units.a.row_stride) {
                    const V v = load<V>(a);
                    active = counted<T>(active, v != zero);
                    below = counted<T>(below, v < low);
                    above = counted<T>(above, v > high);
                }
            const std::size_t at = p * Panels<T>::width + j;
            auto add = [at](UnitCount<T>* to, N n) {
                N counts;
                __builtin_memcpy(&counts, to + at, sizeof counts);
                counts = counts + n;
                __builtin_memcpy(to + at, &counts, sizeof counts);
            };
            add(units.active, active);
            if (units.saturated != nullptr) add(units.saturated, below + above);
        }
}

}  // namespace
}  // namespace wbcore::kernels
