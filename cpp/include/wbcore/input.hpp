// The caller's arrays, of any numeric type, stride and byte order, read in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "wbcore/matrix.hpp"

namespace wbcore {

enum class ElementType : std::uint8_t {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float16,
    float32,
    float64,
    long_double,
    sparse,  // of the rows of a sparse matrix, which has a type of its own for its numbers (sparse.hpp)
};

// For each column c, an element x counts as T((binary64(x) - means[c]) * factors[c]): two operations in binary64, then one rounding.
struct Standardization {
    const double* means;    // (cols)
    const double* factors;  // (cols)
};

struct SparseNumbers;

// (rows, cols); strides in bytes, of any sign. What counts is each element, converted to T, times T(factor).
struct ArrayView {
    const void* data = nullptr;
    ElementType type = ElementType::float32;
    bool swapped = false;  // byte order is not the machine's
    std::size_t rows = 0, cols = 0;
    std::ptrdiff_t row_stride = 0, col_stride = 0;
    double factor = 1;  // small enough for the product with any integer to be finite
    // Where it is not null, it takes the place of the factor, which is not 1 then: whoever asks only for that need not ask for both.
    const Standardization* columns = nullptr;
    // Where the type is sparse: `data` are the starts of its rows then, each row_stride bytes wide.
    const SparseNumbers* sparse = nullptr;

    // The rows first .. first + n - 1.
    ArrayView rows_from(std::size_t first, std::size_t n) const {
        ArrayView part = *this;
        part.data =
            static_cast<const char*>(data) + static_cast<std::ptrdiff_t>(first) * row_stride;
        part.rows = n;
        return part;
    }
};

// The type of an array of T, a number of C++.
template <class T>
constexpr ElementType element_type() {
    if constexpr (std::is_same_v<T, bool>) return ElementType::boolean;
    if constexpr (std::is_floating_point_v<T>)
        return sizeof(T) == 4   ? ElementType::float32
               : sizeof(T) == 8 ? ElementType::float64
                                : ElementType::long_double;
    static_assert(std::is_arithmetic_v<T>);
    constexpr ElementType with_sign[] = {ElementType::int8, ElementType::int16, ElementType::int32,
                                         ElementType::int64};
    constexpr ElementType without[] = {ElementType::uint8, ElementType::uint16, ElementType::uint32,
                                       ElementType::uint64};
    constexpr std::size_t at = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? with_sign[at] : without[at];
}

// A row-major array (rows, cols), `stride` elements from one row to the next.
template <class T>
ArrayView row_major(const T* data, std::size_t rows, std::size_t cols, std::size_t stride) {
    return {data,
            element_type<T>(),
            false,
            rows,
            cols,
            static_cast<std::ptrdiff_t>(stride * sizeof(T)),
            static_cast<std::ptrdiff_t>(sizeof(T))};
}

// All of `values` as rows of `cols` elements.
template <class T>
ArrayView row_major(const std::vector<T>& values, std::size_t cols) {
    return row_major(values.data(), values.size() / cols, cols, cols);
}

// Whether the rows are contiguous arrays of T that can be read as they are.
template <class T>
bool is_plain(const ArrayView& in);

// Inputs that span more are copied into panels: the kernels read them column by column too, and with rows so far apart that
// more than L1 lies between the first and the last, copying them once is faster.
inline constexpr std::ptrdiff_t most_bytes_in_place = std::ptrdiff_t(32) << 10;

// Rows of `in`, converted and scaled, into the rows of `out`: row r of `out` is row order[r], or row r when order is null.
// False when one of the numbers is NaN or infinite then.
template <class T>
bool gather(const ArrayView& in, const std::int64_t* order, Panels<T> out);

// The same for one column of labels, of any type. False when one of them is no whole number from 0 to classes - 1; 0 takes its
// place, so that all of `out` may index.
bool gather_labels(const ArrayView& in,
                   const std::int64_t* order,
                   std::size_t n,
                   std::size_t classes,
                   std::int64_t* out);

// Of a row. Sums of as many as there may be, and their inverses, are far from what float32 cannot hold.
inline constexpr double largest_weight = 1e18;

// The same for one column of weights of rows, converted to T. False when one of them is not from 0 to largest_weight; 0 takes
// its place.
template <class T>
bool gather_weights(const ArrayView& in, const std::int64_t* order, std::size_t n, T* out);

// The caller's array that a number was refused in.
enum class InputArray : std::uint8_t { none, x, y, weights };

// What a call that has no status to return throws when an input is NaN or infinite, a label names no class, or a weight is none.
// Nothing has been changed but its own output.
class InputError : public std::invalid_argument {
public:
    explicit InputError(InputArray where)
        : std::invalid_argument(
              where == InputArray::x ? "expected finite inputs x, got NaN or infinity"
              : where == InputArray::y
                  ? "expected finite targets y, or labels of the outputs, got others"
                  : "expected finite weights of at least 0, got others"),
          array(where) {}
    InputArray array;
};

// No element is NaN or infinite once converted and scaled.
template <class T>
bool all_finite(const ArrayView& in);

struct Cell {
    std::size_t row, col;
};

// The first element that is NaN or infinite once converted to T.
template <class T>
std::optional<Cell> find_non_finite(const ArrayView& in);

// The first element outside [low, high] (as double).
std::optional<Cell> find_outside(const ArrayView& in, double low, double high);

// The first element that is no whole number from 0 to classes - 1.
std::optional<Cell> find_no_label(const ArrayView& in, std::size_t classes);

// One element as double.
double value_at(const ArrayView& in, Cell position);

// Whether one element is 0, before anything is converted. Not of a sparse matrix.
bool is_zero_at(const ArrayView& in, Cell position);

// Rows, what they should give, and how much each counts.
struct Dataset {
    ArrayView x;          // (N, I)
    ArrayView y;          // (N, O), or labels (N, 1): whole numbers of any type
    bool labels = false;  // y holds class labels
    // The rows that count, in this order, so that a part of the caller's arrays is used without a copy; empty: all of them.
    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    std::span<const std::int64_t> chosen = {};
    std::optional<ArrayView> weights = std::nullopt;  // (N, 1); none: each row counts 1

    std::size_t count() const { return chosen.empty() ? x.rows : chosen.size(); }
    // Of all rows
    Dataset rows_from(std::size_t first, std::size_t n) const {
        Dataset part{x.rows_from(first, n), y.rows_from(first, n), labels};
        if (weights) part.weights = weights->rows_from(first, n);
        return part;
    }
};

// What the rows that count, count together: the row sum, in float64, of their weights, each converted to T; their number where
// they have none. Throws InputError when one is no weight.
template <class T>
double total_weight(const Dataset& data);

// The next `rows` rows in the order in which they are taken: those of `data` that `order` names, or its first ones when order is
// null. What it shows stays as it is until the next window is asked for.
struct Window {
    Dataset data;
    const std::int64_t* order = nullptr;
    std::size_t rows = 0;
};

// Gives the rows from `first` on, at least one.
using NextWindow = std::function<Window(std::size_t first)>;

// A window of `rows` rows in pieces of `piece` rows, batches or leaves: whole ones, unless they are the last.
inline Window require_whole(const Window& window,
                            std::size_t first,
                            std::size_t rows,
                            std::size_t piece) {
    const std::size_t left = rows - first;
    if (window.rows == 0 || window.rows > left || (window.rows < left && window.rows % piece != 0))
        throw std::logic_error("expected a window of whole pieces of " + std::to_string(piece) +
                               ", got " + std::to_string(window.rows) + " of " +
                               std::to_string(left) + " rows");
    return window;
}

// All rows of an array that count, in `order` or as they come
inline Window whole(const Dataset& data, const std::int64_t* order = nullptr) {
    return {data, order == nullptr ? data.chosen.data() : order, data.count()};
}

}  // namespace wbcore
