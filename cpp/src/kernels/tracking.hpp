// What a record of parameters is made of: sums in binary64 for each column of a panel, which every instruction set has in the same
// order, and counts, whose order does not matter (docs/tracking.md).
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"
#include "unit_counts.hpp"

namespace wbcore::kernels {
namespace {

// Of a number for each column of a panel
template <class T>
inline constexpr std::size_t panel_parts = Panels<T>::width / lanes<double>;

// A sum for each column, in binary64.
template <class T>
struct ColumnSum {
    Vector<double> part[panel_parts<T>] = {};

    // Of those columns that are there, folded by halves.
    double total(std::size_t cols) const {
        double lane[Panels<T>::width];
        for (std::size_t k = 0; k < panel_parts<T>; ++k) store(lane + k * lanes<double>, part[k]);
        for (std::size_t j = cols; j < Panels<T>::width; ++j) lane[j] = 0;
        for (std::size_t half = Panels<T>::width / 2; half > 0; half /= 2)
            for (std::size_t j = 0; j < half; ++j) lane[j] = lane[j] + lane[j + half];
        return lane[0];
    }
};

// f(place, k) for part k of each row, which begins at that place.
template <class T, class F>
inline void for_each_part(std::size_t rows, F f) {
    for (std::size_t row = 0; row < rows; ++row)
#pragma GCC unroll 16
        for (std::size_t k = 0; k < panel_parts<T>; ++k)
            f(row * Panels<T>::width + k * lanes<double>, k);
}

template <class T>
inline Vector<double> converted(const T* x) {
    return load_converted<Vector<double>, T>(reinterpret_cast<const char*>(x));
}

template <class T>
inline double sum_of(const T* x, std::size_t rows, std::size_t cols) {
    ColumnSum<T> sum;
    for_each_part<T>(rows, [&](std::size_t at, std::size_t k) {
        sum.part[k] = sum.part[k] + converted(x + at);
    });
    return sum.total(cols);
}

// Of numbers that are all finite and sum up to `sum`. The squares of the deviations take a second pass, so that they lose nothing
// to the mean.
template <class T>
inline void finite_moments(
    ChunkSums& sums, const T* x, std::size_t rows, std::size_t cols, double sum) {
    using V = Vector<double>;
    sums.finite = rows * cols;
    sums.sum = sum;
    sums.mean = sum / static_cast<double>(rows * cols);
    const V mean = broadcast<V>(sums.mean), none = broadcast<V>(0);
    ColumnSum<T> sizes, deviations;
    for_each_part<T>(rows, [&](std::size_t at, std::size_t k) {
        const V v = converted(x + at), d = v - mean;
        sizes.part[k] = sizes.part[k] + (v < none ? -v : v);
        deviations.part[k] = fma(d, d, deviations.part[k]);
    });
    sums.sizes = sizes.total(cols);
    sums.deviations = deviations.total(cols);
}

// Extremes of each column, and how many are zeros.
template <class T>
inline void extremes(ChunkSums& sums, const T* x, std::size_t rows, std::size_t cols) {
    using V = Vector<T>;
    constexpr std::size_t width = Panels<T>::width;
    T lows[width], highs[width];
    UnitCount<T> zeros[width];
    const V zero = broadcast<V>(0);
    for (std::size_t j = 0; j < width; j += lanes<T>) {
        V low = load<V>(x + j), high = low;
        decltype(bits(V{})) count{};
        for (std::size_t row = 0; row < rows; ++row) {
            const V v = load<V>(x + row * width + j);
            low = v < low ? v : low;
            high = v > high ? v : high;
            count = counted<T>(count, v == zero);
        }
        store(lows + j, low);
        store(highs + j, high);
        __builtin_memcpy(zeros + j, &count, sizeof count);
    }
    T low = lows[0], high = highs[0];
    for (std::size_t j = 0; j < cols; ++j) {
        low = lows[j] < low ? lows[j] : low;
        high = highs[j] > high ? highs[j] : high;
        sums.zeros += zeros[j];
    }
    // + 0: which zero is the least one would depend on their order
    sums.minimum = static_cast<double>(low) + 0.0;
    sums.maximum = static_cast<double>(high) + 0.0;
}

// The same where some are NaN or infinite, which do not count; number after number.
template <class T>
[[gnu::noinline]] void moments_of_some(ChunkSums& sums,
                                       const T* x,
                                       std::size_t rows,
                                       std::size_t cols) {
    auto for_each_finite = [=](auto f) {
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t j = 0; j < cols; ++j) {
                const T v = x[row * Panels<T>::width + j];
                if (v - v == 0) f(static_cast<double>(v));
            }
    };
    sums.minimum = __builtin_inf();
    sums.maximum = -__builtin_inf();
    for_each_finite([&](double v) {
        ++sums.finite;
        sums.sum = sums.sum + v;
        sums.sizes = sums.sizes + (v < 0 ? -v : v);
        sums.minimum = (v < sums.minimum ? v : sums.minimum) + 0.0;
        sums.maximum = (v > sums.maximum ? v : sums.maximum) + 0.0;
        sums.zeros += v == 0;
    });
    sums.mean = sums.sum / static_cast<double>(sums.finite);
    for_each_finite([&](double v) {
        const double d = v - sums.mean;
        sums.deviations = sums.deviations + d * d;
    });
}

template <class T>
inline void moments(ChunkSums& sums, const T* x, std::size_t rows, std::size_t cols) {
    const double sum = sum_of(x, rows, cols);
    if (sum - sum != 0) return moments_of_some(sums, x, rows, cols);
    finite_moments(sums, x, rows, cols, sum);
    extremes(sums, x, rows, cols);
}

// Squares of the differences from those at first and at the last record
template <class T>
inline void changes(const Chunk<T>& chunk) {
    using V = Vector<double>;
    ColumnSum<T> change, since_last;
    for_each_part<T>(chunk.rows, [&](std::size_t at, std::size_t k) {
        const V v = converted(chunk.x + at), d = v - converted(chunk.initial + at),
                e = v - converted(chunk.last + at);
        change.part[k] = fma(d, d, change.part[k]);
        since_last.part[k] = fma(e, e, since_last.part[k]);
    });
    chunk.sums.change = change.total(chunk.cols);
    chunk.sums.since_last = since_last.total(chunk.cols);
}

template <class T>
inline void updates(const Chunk<T>& chunk) {
    using V = Vector<double>;
    ColumnSum<T> update, before;
    for_each_part<T>(chunk.rows, [&](std::size_t at, std::size_t k) {
        const V b = converted(chunk.before + at), d = converted(chunk.x + at) - b;
        update.part[k] = fma(d, d, update.part[k]);
        before.part[k] = fma(b, b, before.part[k]);
    });
    chunk.sums.update = update.total(chunk.cols);
    chunk.sums.before = before.total(chunk.cols);
}

template <class T>
inline double squares_of(const T* x, std::size_t rows, std::size_t cols) {
    ColumnSum<T> sum;
    for_each_part<T>(rows, [&](std::size_t at, std::size_t k) {
        const Vector<double> v = converted(x + at);
        sum.part[k] = fma(v, v, sum.part[k]);
    });
    return sum.total(cols);
}

template <class T>
inline void count_bins(std::uint32_t* bins, const T* x, std::size_t rows, std::size_t cols) {
    constexpr std::size_t width = Panels<T>::width;
    for (std::size_t row = 0; row < rows; ++row, x += width)
        if (cols == width)
#pragma GCC unroll 16
            for (std::size_t j = 0; j < width; ++j) ++bins[bin_of(x[j])];
        else
            for (std::size_t j = 0; j < cols; ++j) ++bins[bin_of(x[j])];
}

// The sum over the words of the rows, those past the last column left out.
template <class T>
inline std::uint64_t digest_sum(const Chunk<T>& chunk) {
    using V = Vector<double>;
    using U = decltype(bits(V{}));
    constexpr std::size_t words = alignment / sizeof(std::uint64_t), parts = words / lanes<double>;
    const std::size_t used = (chunk.cols * sizeof(T) + 7) / 8;
    std::uint64_t keys[words], masks[words], sums[words];
    for (std::size_t w = 0; w < words; ++w) {
        keys[w] = digest_start + digest_step * (chunk.word + w);
        const bool half = chunk.cols * sizeof(T) < (w + 1) * 8;
        masks[w] = half ? 0xffffffff : ~std::uint64_t{0};
    }
    const std::uint64_t next = digest_step * chunk.words_of_a_row;
    for (std::size_t k = 0; k < parts; ++k) {
        U key, mask, sum{};
        __builtin_memcpy(&key, keys + k * lanes<double>, sizeof key);
        __builtin_memcpy(&mask, masks + k * lanes<double>, sizeof mask);
        for (std::size_t row = 0; row < chunk.rows; ++row) {
            const T* at = chunk.x + row * Panels<T>::width + k * (Panels<T>::width / parts);
            U word;
            __builtin_memcpy(&word, at, sizeof word);
            word = word & mask;
            const U keyed = word ^ key;
            sum = sum + (multiply_halves(keyed, keyed >> 32) + (word << 32 | word >> 32));
            key = key + next;
        }
        __builtin_memcpy(sums + k * lanes<double>, &sum, sizeof sum);
    }
    std::uint64_t total = 0;
    for (std::size_t w = 0; w < used; ++w) total += sums[w];
    return total;
}

template <class T>
void measure(const Chunk<T>& chunk) {
    ChunkSums& sums = chunk.sums;
    sums = {};
    moments(sums, chunk.x, chunk.rows, chunk.cols);
    if (chunk.bins != nullptr) count_bins(chunk.bins, chunk.x, chunk.rows, chunk.cols);
    sums.digest = digest_sum(chunk);
    if (chunk.initial != nullptr) changes(chunk);
    if (chunk.before != nullptr) updates(chunk);
    if (chunk.gradient != nullptr)
        sums.gradient = squares_of(chunk.gradient, chunk.rows, chunk.cols);
}

}  // namespace
}  // namespace wbcore::kernels
