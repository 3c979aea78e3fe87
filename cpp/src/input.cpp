#include "wbcore/input.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "kernels/kernel_table.hpp"
#include "sparse.hpp"

namespace wbcore {

template <class T>
bool is_plain(const ArrayView& in) {
    return in.type == element_type<T>() && !in.swapped && in.factor == 1 &&
           (in.col_stride == sizeof(T) || in.cols == 1) &&
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
        case ElementType::sparse:  // not asked: its rows are read by what sparse.hpp has
            break;
    }
    return either.template operator()<long double>();
}

const char* row_start(const ArrayView& in, std::int64_t row) {
    return static_cast<const char*>(in.data) + static_cast<std::ptrdiff_t>(row) * in.row_stride;
}

// The first element for which `bad(row, col, value)` holds.
template <class F>
std::optional<Cell> find(const ArrayView& in, F bad) {
    return with_reader(in, [&](auto read_element) -> std::optional<Cell> {
        for (std::size_t r = 0; r < in.rows; ++r) {
            const char* p = row_start(in, static_cast<std::int64_t>(r));
            for (std::size_t c = 0; c < in.cols; ++c, p += in.col_stride)
                if (bad(read_element(p))) return Cell{r, c};
        }
        return std::nullopt;
    });
}

// Whether what `Read` reads may be NaN or infinite.
template <class Read>
constexpr bool reads_fractions = !std::is_integral_v<std::invoke_result_t<Read, const char*>>;

bool is_floating(ElementType type) { return type >= ElementType::float16; }

const char* row_named(const ArrayView& in, const std::int64_t* order, std::size_t row) {
    return row_start(in, order != nullptr ? order[row] : static_cast<std::int64_t>(row));
}

// Row r of `out`, from any type, elements `col_stride` bytes apart; false when one is not finite.
template <class T, class Read>
[[gnu::always_inline]] inline bool gather_row(const char* from,
                                              std::ptrdiff_t col_stride,
                                              T factor,
                                              Panels<T> out,
                                              std::size_t r,
                                              Read read_element) {
    constexpr std::size_t width = Panels<T>::width;
    T* to = out.data + r * out.row_stride;
    bool finite = true;
    auto panel = [&](std::size_t n) __attribute__((always_inline)) {
        for (std::size_t j = 0; j < n; ++j, from += col_stride) {
            to[j] = convert<T>(read_element(from)) * factor;
            if constexpr (reads_fractions<Read>) finite &= std::isfinite(to[j]);
        }
    };
    std::size_t left = out.cols;
    for (; left >= width; left -= width, to += out.panel_stride) panel(width);
    panel(left);
    return finite;
}

template <class T, class Read>
bool gather_rows(const ArrayView& in, const std::int64_t* order, Panels<T> out, Read read_element) {
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(read_element(nullptr)));
    const T factor = static_cast<T>(in.factor);
    bool finite = true;
    for (std::size_t r = 0; r < out.rows; ++r) {
        const char* const from = row_named(in, order, r);
        if (in.col_stride == size)  // a stride that the compiler knows
            finite &= gather_row(from, size, factor, out, r, read_element);
        else
            finite &= gather_row(from, in.col_stride, factor, out, r, read_element);
    }
    return finite;
}

// Where neighbours in memory belong to neighbouring rows.
template <class T, class Read>
bool gather_columns(const ArrayView& in,
                    const std::int64_t* order,
                    Panels<T> out,
                    Read read_element) {
    const T factor = static_cast<T>(in.factor);
    bool finite = true;
    for (std::size_t c = 0; c < out.cols; ++c) {
        const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(c) * in.col_stride;
        for (std::size_t r = 0; r < out.rows; ++r) {
            const T x = convert<T>(read_element(row_named(in, order, r) + offset)) * factor;
            if constexpr (reads_fractions<Read>) finite &= std::isfinite(x);
            out(r, c) = x;
        }
    }
    return finite;
}

// Some elements of a row, from a column on, as double. Out of line: few types are standardized often, and one loop for each is
// enough.
void read_elements(
    const ArrayView& in, std::int64_t row, std::size_t col, std::size_t n, double* to) {
    const char* from = row_start(in, row) + static_cast<std::ptrdiff_t>(col) * in.col_stride;
    with_reader(in, [&](auto read_element) {
        for (std::size_t j = 0; j < n; ++j, from += in.col_stride)
            to[j] = convert<double>(read_element(from));
    });
}

// Calls f(row, col, n, numbers) for pieces of all rows, standardized.
template <class T, class F>
void for_each_standardized(const ArrayView& in, const std::int64_t* order, std::size_t rows, F f) {
    constexpr std::size_t most = 64;  // whole panels of any type
    const Standardization& columns = *in.columns;
    double given[most];
    T numbers[most];
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t col = 0; col < in.cols; col += most) {
            const std::size_t n = std::min(most, in.cols - col);
            const double *means = columns.means + col, *factors = columns.factors + col;
            read_elements(in, order != nullptr ? order[r] : static_cast<std::int64_t>(r), col, n,
                          given);
            for (std::size_t j = 0; j < n; ++j)
                numbers[j] = static_cast<T>((given[j] - means[j]) * factors[j]);
            if (!f(r, col, n, numbers)) return;
        }
}

template <class T>
bool gather_standardized(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    bool finite = true;
    for_each_standardized<T>(
        in, order, out.rows,
        [&](std::size_t row, std::size_t col, std::size_t n, const T* numbers) {
            for (std::size_t j = 0; j < n; j += panel_width<T>)
                std::copy_n(numbers + j, std::min(panel_width<T>, n - j), &out(row, col + j));
            for (std::size_t j = 0; j < n; ++j) finite &= std::isfinite(numbers[j]);
            return true;
        });
    return finite;
}

template <class T>
std::optional<Cell> find_non_finite_standardized(const ArrayView& in) {
    std::optional<Cell> found;
    for_each_standardized<T>(
        in, nullptr, in.rows,
        [&](std::size_t row, std::size_t col, std::size_t n, const T* numbers) {
            for (std::size_t j = 0; j < n && !found; ++j)
                if (!std::isfinite(numbers[j])) found = Cell{row, col + j};
            return !found;
        });
    return found;
}

// Rows that the kernels of an instruction set take.
bool has_kernel(const ArrayView& in) {
    const std::ptrdiff_t size = in.type == ElementType::uint8     ? 1
                                : in.type == ElementType::float32 ? 4
                                : in.type == ElementType::float64 ? 8
                                                                  : 0;
    return size != 0 && (size == 1 || !in.swapped) && (in.col_stride == size || in.cols == 1);
}

// Whether a kernel can look for NaN and infinity: it sees the numbers as they are.
bool has_finite_kernel(const ArrayView& in) { return has_kernel(in) && in.factor == 1; }

}  // namespace

template <class T>
bool gather(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    if (out.rows == 0) return true;
    if (in.sparse != nullptr) return gather_sparse(in, order, out);
    if (in.columns != nullptr) return gather_standardized(in, order, out);
    if (has_kernel(in)) return kernels::table<T>().gather(in, order, out);
    const bool by_columns = std::abs(in.col_stride) > std::abs(in.row_stride);
    return with_reader(in, [&](auto read_element) {
        return by_columns ? gather_columns(in, order, out, read_element)
                          : gather_rows(in, order, out, read_element);
    });
}

namespace {

// A whole number from 0 to classes - 1, which tables and files often give as a floating one.
template <class From>
std::optional<std::int64_t> label_of(From x, std::size_t classes) {
    std::int64_t label = -1;
    if constexpr (std::is_integral_v<From>) {
        label = convert<std::int64_t>(x);  // what does not fit, as 2^63, becomes negative
    } else {
        const double value = convert<double>(x);
        // only then can it be converted, and 2^53 classes fit nowhere
        if (value >= 0 && value < 0x1p53) label = static_cast<std::int64_t>(value);
        if (static_cast<double>(label) != value) return std::nullopt;  // a fraction, or NaN
    }
    if (label < 0 || static_cast<std::size_t>(label) >= classes) return std::nullopt;
    return label;
}

}  // namespace

std::optional<Cell> find_no_label(const ArrayView& in, std::size_t classes) {
    return find(in, [=](auto x) { return !label_of(x, classes); });
}

bool gather_labels(const ArrayView& in,
                   const std::int64_t* order,
                   std::size_t n,
                   std::size_t classes,
                   std::int64_t* out) {
    return with_reader(in, [&](auto read_element) {
        bool known = true;
        for (std::size_t r = 0; r < n; ++r) {
            const auto label = label_of(read_element(row_named(in, order, r)), classes);
            out[r] = label.value_or(0);
            known &= label.has_value();
        }
        return known;
    });
}

template <class T>
bool gather_weights(const ArrayView& in, const std::int64_t* order, std::size_t n, T* out) {
    return with_reader(in, [&](auto read_element) {
        bool good = true;
        for (std::size_t r = 0; r < n; ++r) {
            const T weight = convert<T>(read_element(row_named(in, order, r)));
            const bool is_weight = weight >= 0 && weight <= static_cast<T>(largest_weight);
            out[r] = is_weight ? weight : T(0);
            good &= is_weight;
        }
        return good;
    });
}

template <class T>
bool all_finite(const ArrayView& in) {
    if (in.sparse != nullptr) return sparse_all_finite<T>(in);
    if (in.columns != nullptr) return !find_non_finite_standardized<T>(in);
    if (!is_floating(in.type)) return true;
    return has_finite_kernel(in) ? kernels::table<T>().all_finite(in) : !find_non_finite<T>(in);
}

template <class T>
std::optional<Cell> find_non_finite(const ArrayView& in) {
    if (in.sparse != nullptr) return find_non_finite_sparse<T>(in);
    if (in.columns != nullptr) return find_non_finite_standardized<T>(in);
    if (!is_floating(in.type)) return std::nullopt;
    if (has_finite_kernel(in) && all_finite<T>(in)) return std::nullopt;
    const T factor = static_cast<T>(in.factor);
    return find(in, [factor](auto x) { return !std::isfinite(convert<T>(x) * factor); });
}

std::optional<Cell> find_outside(const ArrayView& in, double low, double high) {
    return find(in, [=](auto x) {
        const double value = convert<double>(x);
        return !(value >= low && value <= high);
    });
}

namespace {

// f(element)
template <class F>
auto of_element(const ArrayView& in, Cell position, F f) {
    const char* p = row_start(in, static_cast<std::int64_t>(position.row)) +
                    static_cast<std::ptrdiff_t>(position.col) * in.col_stride;
    return with_reader(in, [=](auto read_element) { return f(read_element(p)); });
}

}  // namespace

double value_at(const ArrayView& in, Cell position) {
    if (in.sparse != nullptr) return sparse_value_at(in, position);
    return of_element(in, position, [](auto x) { return convert<double>(x); });
}

bool is_zero_at(const ArrayView& in, Cell position) {
    return of_element(in, position, [](auto x) { return convert<long double>(x) == 0; });
}

template bool all_finite<float>(const ArrayView&);
template bool all_finite<double>(const ArrayView&);
template bool is_plain<float>(const ArrayView&);
template bool is_plain<double>(const ArrayView&);
template bool gather(const ArrayView&, const std::int64_t*, Panels<float>);
template bool gather(const ArrayView&, const std::int64_t*, Panels<double>);
template bool gather_weights(const ArrayView&, const std::int64_t*, std::size_t, float*);
template bool gather_weights(const ArrayView&, const std::int64_t*, std::size_t, double*);
template std::optional<Cell> find_non_finite<float>(const ArrayView&);
template std::optional<Cell> find_non_finite<double>(const ArrayView&);

}  // namespace wbcore
