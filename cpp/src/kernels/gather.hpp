// Rows of numbers on their way from the caller's array into panels, and the search for NaN and infinity.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
class FiniteCheck {
public:
    void add(Vector<T> x) { finite_ = finite_ & (abs(x) < infinity_); }
    bool passed() const {
        const Vector<T> failed = finite_ ? broadcast<Vector<T>>(0) : broadcast<Vector<T>>(1);
        std::uint32_t words[sizeof failed / sizeof(std::uint32_t)], any = 0;
        __builtin_memcpy(words, &failed, sizeof failed);
        for (const std::uint32_t word : words) any |= word;
        return any == 0;
    }

private:
    const Vector<T> infinity_ = broadcast<Vector<T>>(static_cast<T>(__builtin_inf()));
    decltype(Vector<T>() < Vector<T>()) finite_ = broadcast<Vector<T>>(0) < infinity_;
};

// The `n` numbers at p, at most a vector's worth, as a vector of T with zeros at its end.
template <class T, class From>
[[gnu::always_inline]] inline Vector<T> load_few(const char* p, std::size_t n) {
    From from[lanes<T>] = {};
    __builtin_memcpy(from, p, n * sizeof(From));
    return load_converted<Vector<T>, From>(reinterpret_cast<const char*>(from));
}

// Fewer than a vector's worth.
template <class T, class From>
inline bool few_are_finite(const char* p, std::size_t n) {
    bool finite = true;
    for (std::size_t i = 0; i < n; ++i) {
        From x;
        __builtin_memcpy(&x, p + i * sizeof(From), sizeof x);
        const T y = static_cast<T>(x);
        finite &= y - y == 0;  // NaN for the others
    }
    return finite;
}

template <class T, class From>
bool all_finite_rows(const ArrayView& in) {
    const bool one_piece = in.row_stride == static_cast<std::ptrdiff_t>(in.cols * sizeof(From));
    const std::size_t rows = one_piece ? 1 : in.rows,
                      cols = one_piece ? in.rows * in.cols : in.cols;
    const char* row = static_cast<const char*>(in.data);
    if (cols < lanes<T>) {
        bool finite = true;
        for (std::size_t r = 0; r < rows; ++r, row += in.row_stride)
            finite &= few_are_finite<T, From>(row, cols);
        return finite;
    }
    FiniteCheck<T> check;
    for (std::size_t r = 0; r < rows; ++r, row += in.row_stride) {
        auto vector_at = [=](std::size_t i) {
            return load_converted<Vector<T>, From>(row + i * sizeof(From));
        };
        for (std::size_t i = 0; i + lanes<T> <= cols; i += lanes<T>) check.add(vector_at(i));
        check.add(vector_at(cols - lanes<T>));  // some of it for the second time
    }
    return check.passed();
}

// The row at `from` into row r of `out`. As far as `end` the caller's array may be read; `later` is a row to bring nearer.
template <class T, class From>
inline void gather_row(const char* from,
                       const char* end,
                       const char* later,
                       Panels<T> out,
                       std::size_t r,
                       Vector<T> factor,
                       FiniteCheck<T>& check) {
    constexpr std::size_t width = Panels<T>::width, bytes = lanes<T> * sizeof(From), line = 64;
    T* to = out.data + r * out.row_stride;
    std::size_t left = out.cols;
    for (; left >= width; left -= width, to += out.panel_stride, later += width * sizeof(From)) {
        for (std::size_t at = 0; at < width * sizeof(From); at += line)
            __builtin_prefetch(later + at);
        for (std::size_t j = 0; j < width; j += lanes<T>, from += bytes) {
            const Vector<T> x = load_converted<Vector<T>, From>(from) * factor;
            check.add(x);
            store(to + j, x);
        }
    }
    for (std::size_t j = 0; j < left; j += lanes<T>, from += bytes) {
        const std::size_t n = left - j < lanes<T> ? left - j : lanes<T>;
        Vector<T> x;
        if (end - from >=
            static_cast<std::ptrdiff_t>(bytes))  // whole vectors, as long as there are
            x = lane_numbers<T>() < broadcast<Vector<T>>(static_cast<T>(n))
                    ? load_converted<Vector<T>, From>(from)
                    : broadcast<Vector<T>>(0);
        else
            x = load_few<T, From>(from, n);
        x = x * factor;
        check.add(x);
        store(to + j, x);
    }
}

// f(row of `in`, a later row, r) for each row r of `out`. Rows in no order are not foreseen by the processor.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_gathered(const ArrayView& in,
                                                     const std::int64_t* order,
                                                     Panels<T> out,
                                                     F f) {
    constexpr std::size_t rows_ahead = 2;
    auto row = [&](std::size_t r) {
        const std::int64_t number = order != nullptr ? order[r] : static_cast<std::int64_t>(r);
        return static_cast<const char*>(in.data) +
               static_cast<std::ptrdiff_t>(number) * in.row_stride;
    };
    for (std::size_t r = 0; r < out.rows; ++r)
        f(row(r), row(order != nullptr && r + rows_ahead < out.rows ? r + rows_ahead : r), r);
}

template <class T, class From>
bool gather_rows(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    const char* const last_row =
        static_cast<const char*>(in.data) +
        (in.row_stride > 0 ? static_cast<std::ptrdiff_t>(in.rows - 1) * in.row_stride : 0);
    const char* const end = last_row + in.cols * sizeof(From);
    const Vector<T> factor = broadcast<Vector<T>>(static_cast<T>(in.factor));
    FiniteCheck<T> check;
    for_each_gathered(in, order, out, [&](const char* from, const char* later, std::size_t r) {
        gather_row<T, From>(from, end, later, out, r, factor, check);
    });
    return check.passed();
}

// Bytes by the cache line: that many the compiler widens in whole vectors.
template <class T>
void gather_bytes(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    constexpr std::size_t line = 64;
    const T factor = static_cast<T>(in.factor);
    for_each_gathered(in, order, out, [&](const char* from, const char* later, std::size_t r) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(from);
        std::size_t c = 0;
        for (; c + line <= out.cols; c += line) {
            __builtin_prefetch(later + c);
            T numbers[line];
            for (std::size_t i = 0; i < line; ++i)
                numbers[i] = static_cast<T>(static_cast<int>(bytes[c + i]));
            for (std::size_t j = 0; j < line; j += lanes<T>)
                store(&out(r, c + j), load<Vector<T>>(numbers + j) * broadcast<Vector<T>>(factor));
        }
        for (; c < out.cols; ++c) out(r, c) = static_cast<T>(bytes[c]) * factor;
    });
}

template <class T>
bool gather(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    if (in.type == ElementType::float32) return gather_rows<T, float>(in, order, out);
    if (in.type == ElementType::float64) return gather_rows<T, double>(in, order, out);
    gather_bytes(in, order, out);
    return true;
}

template <class T>
bool all_finite(const ArrayView& in) {
    return in.type == ElementType::float32 ? all_finite_rows<T, float>(in)
                                           : all_finite_rows<T, double>(in);
}

}  // namespace
}  // namespace wbcore::kernels
