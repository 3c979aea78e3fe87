#include "wbcore/input.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace wbcore {

template <class T>
bool is_plain(const ArrayView& in) {
    return in.type == element_type<T>() && !in.swapped && (in.col_stride == sizeof(T) || in.cols == 1) &&
           reinterpret_cast<std::uintptr_t>(in.data) % alignof(T) == 0 && in.row_stride >= 0 &&
           in.row_stride % static_cast<std::ptrdiff_t>(alignof(T)) == 0;
}

namespace {

// IEEE binary16, as bits; there is no such type in C++20.
struct Half {
    std::uint16_t bits;
};

float to_float(Half h) {
    const std::uint32_t sign = std::uint32_t(h.bits & 0x8000u) << 16,
                        exponent = (h.bits >> 10) & 31u;
    const std::uint32_t mantissa = h.bits & 1023u;
    if (exponent == 0)  // zero or subnormal: mantissa * 2^-24
        return std::copysign(static_cast<float>(mantissa) * 0x1p-24f, sign != 0 ? -1.0f : 1.0f);
    const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    const std::uint32_t bits = sign | (wide << 23) | (mantissa << 13);
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
}

template <class To, class From>
To convert(From x) {
    if constexpr (std::is_same_v<From, Half>)
        return static_cast<To>(to_float(x));
    else
        return static_cast<To>(x);
}

// Elements need not be aligned.
template <class From, bool swapped>
From read(const char* p) {
    unsigned char bytes[sizeof(From)];
    std::memcpy(bytes, p, sizeof(From));
    if constexpr (swapped)
        for (std::size_t i = 0; i < sizeof(From) / 2; ++i)
            std::swap(bytes[i], bytes[sizeof(From) - 1 - i]);
    if constexpr (std::is_same_v<From, bool>) return bytes[0] != 0;
    From x;
    std::memcpy(&x, bytes, sizeof(From));
    return x;
}

// Calls f with a reader `From(const char*)` for the element type.
template <class F>
auto with_reader(const ArrayView& in, F f) {
    auto either = [&]<class From> {
        // a type of its own for each, so that the reader is part of the loop that calls it
        return in.swapped ? f([](const char* p) { return read<From, true>(p); })
                          : f([](const char* p) { return read<From, false>(p); });
    };
    switch (in.type) {
        case ElementType::boolean:
            return either.template operator()<bool>();
        case ElementType::int8:
            return either.template operator()<std::int8_t>();
        case ElementType::int16:
            return either.template operator()<std::int16_t>();
        case ElementType::int32:
            return either.template operator()<std::int32_t>();
        case ElementType::int64:
            return either.template operator()<std::int64_t>();
        case ElementType::uint8:
            return either.template operator()<std::uint8_t>();
        case ElementType::uint16:
            return either.template operator()<std::uint16_t>();
        case ElementType::uint32:
            return either.template operator()<std::uint32_t>();
        case ElementType::uint64:
            return either.template operator()<std::uint64_t>();
        case ElementType::float16:
            return either.template operator()<Half>();
        case ElementType::float32:
            return either.template operator()<float>();
        case ElementType::float64:
            return either.template operator()<double>();
        case ElementType::long_double:
            break;
    }
    return either.template operator()<long double>();
}

const char* row_start(const ArrayView& in, std::int64_t row) {
    return static_cast<const char*>(in.data) + static_cast<std::ptrdiff_t>(row) * in.row_stride;
}

// The first element for which `bad(row, col, value)` holds.
template <class F>
std::optional<Position> find(const ArrayView& in, F bad) {
    return with_reader(in, [&](auto read_element) -> std::optional<Position> {
        for (std::size_t r = 0; r < in.rows; ++r) {
            const char* p = row_start(in, static_cast<std::int64_t>(r));
            for (std::size_t c = 0; c < in.cols; ++c, p += in.col_stride)
                if (bad(read_element(p))) return Position{r, c};
        }
        return std::nullopt;
    });
}

bool is_floating(ElementType type) { return type >= ElementType::float16; }

const char* row_named(const ArrayView& in, const std::int64_t* order, std::size_t row) {
    return row_start(in, order != nullptr ? order[row] : static_cast<std::int64_t>(row));
}

// Whole panels at a time, the last one too where the array goes on behind it: what lies past the last column is never
// used.
template <class T>
void gather_native(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    constexpr std::size_t panel_bytes = Panels<T>::width * sizeof(T), rows_ahead = 2;
    const std::size_t row_bytes = in.cols * sizeof(T);
    const char* const end = row_start(in, static_cast<std::int64_t>(in.rows) - 1) +
                            static_cast<std::ptrdiff_t>(row_bytes);
    for (std::size_t r = 0; r < out.rows; ++r) {
        const char* const from = row_named(in, order, r);
        // rows in no order are not foreseen by the processor
        const char* const later = order != nullptr && r + rows_ahead < out.rows
                                      ? row_named(in, order, r + rows_ahead)
                                      : from;
        T* to = out.data + r * out.row_stride;
        for (std::size_t at = 0; at < row_bytes; at += panel_bytes, to += out.panel_stride) {
            __builtin_prefetch(later + at);
            if (end - (from + at) >= static_cast<std::ptrdiff_t>(panel_bytes))
                std::memcpy(to, from + at, panel_bytes);
            else
                std::memcpy(to, from + at, row_bytes - at);
        }
    }
}

// Row r of `in` as any type, elements `col_stride` bytes apart.
template <class T, class Read>
[[gnu::always_inline]] inline void gather_row(
    const char* from, std::ptrdiff_t col_stride, Panels<T> out, std::size_t r, Read read_element) {
    constexpr std::size_t width = Panels<T>::width;
    T* to = out.data + r * out.row_stride;
    auto panel = [&](std::size_t n) __attribute__((always_inline)) {
        for (std::size_t j = 0; j < n; ++j, from += col_stride)
            to[j] = convert<T>(read_element(from));
    };
    std::size_t left = out.cols;
    for (; left >= width; left -= width, to += out.panel_stride) panel(width);
    panel(left);
}

template <class T, class Read>
void gather_rows(const ArrayView& in, const std::int64_t* order, Panels<T> out, Read read_element) {
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(read_element(nullptr)));
    for (std::size_t r = 0; r < out.rows; ++r) {
        const char* const from = row_named(in, order, r);
        if (in.col_stride == size)
            gather_row(from, size, out, r, read_element);  // a stride that the compiler knows
        else
            gather_row(from, in.col_stride, out, r, read_element);
    }
}

// Where neighbours in memory belong to neighbouring rows.
template <class T, class Read>
void gather_columns(const ArrayView& in,
                    const std::int64_t* order,
                    Panels<T> out,
                    Read read_element) {
    for (std::size_t c = 0; c < out.cols; ++c) {
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(c) * in.col_stride;
        for (std::size_t r = 0; r < out.rows; ++r)
            out(r, c) = convert<T>(read_element(row_named(in, order, r) + offset));
    }
}

}  // namespace

template <class T>
void gather(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    if (out.rows == 0) return;
    if (is_plain<T>(in)) return gather_native(in, order, out);
    const bool by_columns = std::abs(in.col_stride) > std::abs(in.row_stride);
    with_reader(in, [&](auto read_element) {
        if (by_columns)
            gather_columns(in, order, out, read_element);
        else
            gather_rows(in, order, out, read_element);
    });
}

void gather_labels(const ArrayView& in,
                   const std::int64_t* order,
                   std::size_t n,
                   std::int64_t* out) {
    with_reader(in, [&](auto read_element) {
        for (std::size_t r = 0; r < n; ++r)
            out[r] = convert<std::int64_t>(read_element(
                row_start(in, order != nullptr ? order[r] : static_cast<std::int64_t>(r))));
    });
}

// By the exponents: a loop over whole numbers is done many at a time, one over sums of numbers is not.
template <class T>
bool all_finite(const T* values, std::size_t n) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Bits exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    Bits found = 0;
    for (std::size_t i = 0; i < n; ++i)
        found |= (std::bit_cast<Bits>(values[i]) & exponent) == exponent ? Bits(1) : Bits(0);
    return found == 0;
}

template <class T>
std::optional<Position> find_non_finite(const ArrayView& in) {
    if (!is_floating(in.type)) return std::nullopt;
    if (is_plain<T>(in)) {
        for (std::size_t r = 0; r < in.rows; ++r) {
            const T* row = reinterpret_cast<const T*>(row_start(in, static_cast<std::int64_t>(r)));
            if (all_finite(row, in.cols)) continue;
            for (std::size_t c = 0; c < in.cols; ++c)
                if (!std::isfinite(row[c])) return Position{r, c};
        }
        return std::nullopt;
    }
    return find(in, [](auto x) { return !std::isfinite(convert<T>(x)); });
}

std::optional<Position> find_outside(const ArrayView& in, double low, double high) {
    return find(in, [=](auto x) {
        const double value = convert<double>(x);
        return !(value >= low && value <= high);
    });
}

double value_at(const ArrayView& in, Position position) {
    const char* p = row_start(in, static_cast<std::int64_t>(position.row)) +
                    static_cast<std::ptrdiff_t>(position.col) * in.col_stride;
    return with_reader(in, [=](auto read_element) { return convert<double>(read_element(p)); });
}

template bool all_finite(const float*, std::size_t);
template bool all_finite(const double*, std::size_t);
template bool is_plain<float>(const ArrayView&);
template bool is_plain<double>(const ArrayView&);
template void gather(const ArrayView&, const std::int64_t*, Panels<float>);
template void gather(const ArrayView&, const std::int64_t*, Panels<double>);
template std::optional<Position> find_non_finite<float>(const ArrayView&);
template std::optional<Position> find_non_finite<double>(const ArrayView&);

}  // namespace wbcore
