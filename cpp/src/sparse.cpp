#include "sparse.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace wbcore {

namespace {

// Numbers that are read at a time: they and their columns stay in L1 until they are in their places.
constexpr std::size_t most = 256;

// The numbers of a row, first <= last.
struct Stored {
    std::size_t first, last;
};

bool has_wide_indices(const ArrayView& in) { return in.row_stride == sizeof(std::int64_t); }

std::size_t stored_in(const ArrayView& in) { return in.sparse->values.cols; }

// Negative ones become larger than any other.
template <class Index>
std::uint64_t index_at(const void* from, std::size_t k) {
    Index index;
    std::memcpy(&index, static_cast<const char*>(from) + k * sizeof index, sizeof index);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(index));
}

std::uint64_t start_of(const ArrayView& in, std::size_t row) {
    return has_wide_indices(in) ? index_at<std::int64_t>(in.data, row)
                                : index_at<std::int32_t>(in.data, row);
}

std::optional<Stored> stored_of(const ArrayView& in, std::size_t row) {
    const std::uint64_t first = start_of(in, row), last = start_of(in, row + 1);
    if (first > last || last > stored_in(in)) return std::nullopt;
    return Stored{first, last};
}

// The columns of n numbers; false when one is not there. They are copied first and looked at then: somebody may change the
// caller's. Loops here have no branches and no types but 32 and 64 bits wide: the compiler makes vectors of them.
bool read_columns(const ArrayView& in, std::size_t first, std::size_t n, std::int32_t* columns) {
    std::uint64_t beyond = 0;
    if (has_wide_indices(in)) {
        for (std::size_t j = 0; j < n; ++j) {
            const std::uint64_t column = index_at<std::int64_t>(in.sparse->columns, first + j);
            columns[j] = static_cast<std::int32_t>(column);
            beyond |= column >> 31;
        }
    } else {
        const auto* const from = static_cast<const char*>(in.sparse->columns);
        std::memcpy(columns, from + first * sizeof *columns, n * sizeof *columns);
    }
    const auto cols = static_cast<std::int32_t>(in.cols);
    std::int32_t wrong = 0;
    for (std::size_t j = 0; j < n; ++j) wrong |= columns[j] < 0 || columns[j] >= cols ? 1 : 0;
    return beyond == 0 && wrong == 0;
}

// Some of all numbers, as one row.
ArrayView values_of(const ArrayView& in, std::size_t first, std::size_t n) {
    ArrayView values = in.sparse->values;
    values.data = static_cast<const char*>(values.data) +
                  static_cast<std::ptrdiff_t>(first) * values.col_stride;
    values.cols = n;
    values.row_stride = static_cast<std::ptrdiff_t>(n) * values.col_stride;
    values.factor = 1;
    return values;
}

template <class T>
T standardized(const Standardization& by, double value, std::size_t col) {
    return static_cast<T>((value - by.means[col]) * by.factors[col]);
}

// What columns without a number hold.
template <class T>
T absent(const ArrayView& in, std::size_t col) {
    return in.columns != nullptr ? standardized<T>(*in.columns, 0, col)
                                 : T(0) * static_cast<T>(in.factor);
}

// n numbers as they are gathered; false when one is not finite then.
template <class T>
bool read_numbers(const ArrayView& in,
                  std::size_t first,
                  std::size_t n,
                  const std::int32_t* columns,
                  T* numbers) {
    ArrayView values = values_of(in, first, n);
    if (in.columns == nullptr) {
        values.factor = in.factor;
        return gather(values, nullptr, packed_panels(numbers, 1, n));
    }
    alignas(alignment) double given[most];
    gather(values, nullptr, packed_panels(given, 1, n));
    bool finite = true;
    for (std::size_t j = 0; j < n; ++j) {
        numbers[j] = standardized<T>(*in.columns, given[j], static_cast<std::size_t>(columns[j]));
        finite &= std::isfinite(numbers[j]);
    }
    return finite;
}

// Some numbers of a row as they are gathered, and whether all are finite.
template <class T>
struct Piece {
    const std::int32_t* columns;
    const T* numbers;
    std::size_t first, n;
    bool finite;
};

// Whether f(piece) is true for all numbers of a row, piece by piece until one is not; false when a column is none.
template <class T, class F>
bool for_each_piece(const ArrayView& in, Stored stored, F f) {
    std::int32_t columns[most];
    alignas(alignment) T numbers[most];
    for (std::size_t first = stored.first; first < stored.last; first += most) {
        const std::size_t n = std::min(most, stored.last - first);
        if (!read_columns(in, first, n, columns)) return false;
        const bool finite = read_numbers(in, first, n, columns, numbers);
        if (!f(Piece<T>{columns, numbers, first, n, finite})) return false;
    }
    return true;
}

// Panel by panel, since the rows of one lie side by side.
template <class T>
bool fill_absent(const ArrayView& in, Panels<T> out) {
    constexpr std::size_t width = Panels<T>::width;
    bool finite = true;
    for (std::size_t p = 0; p < out.count(); ++p) {
        const std::size_t first = p * width, n = std::min(width, out.cols - first);
        T row[width];
        for (std::size_t j = 0; j < n; ++j) {
            row[j] = absent<T>(in, first + j);
            finite &= std::isfinite(row[j]);
        }
        for (std::size_t r = 0; r < out.rows; ++r)
            if (n == width)  // a number that the compiler knows
                std::copy_n(row, width, out.panel(p) + r * out.row_stride);
            else
                std::copy_n(row, n, out.panel(p) + r * out.row_stride);
    }
    return finite;
}

// Whether the columns are side by side, as in rows that have a number in each.
bool is_run(const std::int32_t* columns, std::size_t n) {
    std::int32_t gaps = 0;
    for (std::size_t j = 0; j < n; ++j)
        gaps |= columns[j] ^ (columns[0] + static_cast<std::int32_t>(j));
    return gaps == 0;
}

template <class T>
void place_run(const Piece<T>& piece, Panels<T> out, std::size_t row) {
    constexpr std::size_t width = Panels<T>::width;
    const T* numbers = piece.numbers;
    std::size_t col = static_cast<std::size_t>(piece.columns[0]), left = piece.n;
    while (left > 0) {
        T* const to = &out(row, col);
        const std::size_t n = std::min(left, width - col % width);
        if (n == width)  // a number that the compiler knows
            std::copy_n(numbers, width, to);
        else
            std::copy_n(numbers, n, to);
        numbers += n;
        col += n;
        left -= n;
    }
}

template <class T>
bool has_zeros(const T* numbers, std::size_t n) {
    std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> zeros = 0;
    for (std::size_t j = 0; j < n; ++j) zeros |= numbers[j] == 0 ? 1 : 0;
    return zeros != 0;
}

// A 0 that is stored counts as one that is not, whatever its sign, as in the sum that makes an array of a sparse matrix. A number
// that has become 0 stays what it has become.
template <class T>
void place_beside_zeros(const ArrayView& in,
                        const Piece<T>& piece,
                        Panels<T> out,
                        std::size_t row) {
    for (std::size_t j = 0; j < piece.n; ++j) {
        const std::size_t col = static_cast<std::size_t>(piece.columns[j]);
        const T number = piece.numbers[j];
        out(row, col) = number == 0 && is_zero_at(in.sparse->values, {0, piece.first + j})
                            ? absent<T>(in, col)
                            : number;
    }
}

template <class T>
void place(const ArrayView& in, const Piece<T>& piece, Panels<T> out, std::size_t row) {
    const bool signs = in.sparse->values.type >= ElementType::float16;  // whole numbers have no -0
    if (signs && has_zeros(piece.numbers, piece.n)) return place_beside_zeros(in, piece, out, row);
    const auto span = static_cast<std::size_t>(piece.columns[piece.n - 1] - piece.columns[0]);
    if (span == piece.n - 1 && is_run(piece.columns, piece.n)) return place_run(piece, out, row);
    for (std::size_t j = 0; j < piece.n; ++j)
        out(row, static_cast<std::size_t>(piece.columns[j])) = piece.numbers[j];
}

}  // namespace

template <class T>
bool gather_sparse(const ArrayView& in, const std::int64_t* order, Panels<T> out) {
    bool finite = fill_absent(in, out);
    for (std::size_t r = 0; r < out.rows; ++r) {
        const auto stored =
            stored_of(in, order != nullptr ? static_cast<std::size_t>(order[r]) : r);
        finite &= stored && for_each_piece<T>(in, *stored, [&](const Piece<T>& piece) {
                      place(in, piece, out, r);
                      return piece.finite;
                  });
    }
    return finite;
}

// Only numbers that are stored, and each column's 0.
template <class T>
bool sparse_all_finite(const ArrayView& in) {
    if (in.columns != nullptr)
        for (std::size_t c = 0; c < in.cols; ++c)
            if (!std::isfinite(absent<T>(in, c))) return false;
    for (std::size_t r = 0; r < in.rows; ++r) {
        const auto stored = stored_of(in, r);
        if (!stored ||
            !for_each_piece<T>(in, *stored, [](const Piece<T>& piece) { return piece.finite; }))
            return false;
    }
    return true;
}

template <class T>
std::optional<Cell> find_non_finite_sparse(const ArrayView& in) {
    if (sparse_all_finite<T>(in)) return std::nullopt;
    AlignedBuffer<T> buffer(packed_size<T>(1, in.cols));
    const Panels<T> row = packed_panels(buffer.data(), 1, in.cols);
    for (std::size_t r = 0; r < in.rows; ++r) {
        if (gather_sparse(in.rows_from(r, 1), nullptr, row)) continue;
        for (std::size_t c = 0; c < in.cols; ++c)
            if (!std::isfinite(row(0, c))) return Cell{r, c};
    }
    return std::nullopt;  // starts or columns are to blame
}

double sparse_value_at(const ArrayView& in, Cell position) {
    double value = 0;
    ArrayView plain = in;
    plain.columns = nullptr;
    plain.factor = 1;
    if (const auto stored = stored_of(in, position.row))
        for_each_piece<double>(plain, *stored, [&](const Piece<double>& piece) {
            for (std::size_t j = 0; j < piece.n; ++j)
                if (static_cast<std::size_t>(piece.columns[j]) == position.col)
                    value = piece.numbers[j];
            return true;
        });
    return value;
}

SparseCheck check_sparse(const ArrayView& in) {
    SparseCheck found;
    std::int32_t columns[most];
    for (std::size_t r = 0; r < in.rows; ++r) {
        const auto stored = stored_of(in, r);
        if (!stored) {
            found.row = r;
            return found;
        }
        std::int32_t last = -1;  // column before the piece
        for (std::size_t first = stored->first; first < stored->last; first += most) {
            const std::size_t n = std::min(most, stored->last - first);
            if (!read_columns(in, first, n, columns)) {
                found.number = first;
                const std::size_t last_of_piece = first + n - 1;
                while (*found.number < last_of_piece && read_columns(in, *found.number, 1, columns))
                    ++*found.number;
                return found;
            }
            std::int32_t falls = columns[0] <= last ? 1 : 0;
            for (std::size_t j = 1; j < n; ++j) falls |= columns[j] <= columns[j - 1] ? 1 : 0;
            found.ascending &= falls == 0;
            last = columns[n - 1];
        }
    }
    return found;
}

template bool gather_sparse(const ArrayView&, const std::int64_t*, Panels<float>);
template bool gather_sparse(const ArrayView&, const std::int64_t*, Panels<double>);
template bool sparse_all_finite<float>(const ArrayView&);
template bool sparse_all_finite<double>(const ArrayView&);
template std::optional<Cell> find_non_finite_sparse<float>(const ArrayView&);
template std::optional<Cell> find_non_finite_sparse<double>(const ArrayView&);

}  // namespace wbcore
