// Sparse rows: gathered to the bits of the array that they stand for, and looked at before any memory is touched.
#include "wbcore/sparse.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "check.hpp"

using namespace wbcore;

namespace {

constexpr std::size_t rows = 6;

// Every third number or so, and rows without any and with all.
bool is_stored(std::size_t row, std::size_t col) {
    return row == 1 ? false : row == 2 ? true : (row * 7 + col * 5 + col / 9) % 3 == 0;
}

// With zeros of both signs, and numbers that float32 rounds, or to 0.
template <class From>
From number_of(std::size_t row, std::size_t col) {
    constexpr bool is_real = std::is_floating_point_v<From>;
    if (col % 11 == 4) return From(0);
    if constexpr (is_real) {
        if (col % 11 == 5) return -From(0);
        if (col % 11 == 6) return From(col % 2 == 0 ? 1e-300 : -1e-300);
        if (col % 11 == 7) return From(0.1) * static_cast<From>(col);
    }
    const std::size_t n = row * 31 + col * 17;
    if constexpr (std::is_same_v<From, bool>)
        return true;
    else
        return static_cast<From>(n % 2 == 0 || !std::is_signed_v<From> ? n % 100 : -(n % 100));
}

// The same numbers as an array, 0 + x each, and as sparse rows.
template <class From, class Index>
struct Both {
    std::size_t cols;
    std::vector<unsigned char> bytes;  // of the array
    std::vector<unsigned char> values;
    std::vector<Index> starts{0}, columns;
    SparseNumbers numbers;

    Both(std::size_t width, bool backwards, bool swapped) : cols(width) {
        auto append = [=](std::vector<unsigned char>& to, From x) {
            unsigned char raw[sizeof(From)];
            std::memcpy(raw, &x, sizeof raw);
            if (swapped) std::reverse(raw, raw + sizeof raw);
            to.insert(to.end(), raw, raw + sizeof raw);
        };
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < cols; ++c) {
                const From x = number_of<From>(r, c);
                append(bytes, is_stored(r, c) ? static_cast<From>(From(0) + x) : From(0));
                const std::size_t col = backwards ? cols - 1 - c : c;
                if (!is_stored(r, col)) continue;
                append(values, number_of<From>(r, col));
                columns.push_back(static_cast<Index>(col));
            }
            starts.push_back(static_cast<Index>(columns.size()));
        }
        constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(From));
        numbers.columns = columns.data();
        numbers.values = {values.data(), element_type<From>(), swapped, 1, columns.size(), 0, size};
    }
    Both(const Both&) = delete;
    Both& operator=(const Both&) = delete;
    Both(Both&&) = delete;
    Both& operator=(Both&&) = delete;
    ~Both() = default;

    ArrayView sparse() const { return sparse_rows(starts.data(), rows, cols, &numbers); }
    ArrayView dense() const {
        constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(From));
        const auto stride = static_cast<std::ptrdiff_t>(cols) * size;
        return {bytes.data(), element_type<From>(), numbers.values.swapped, rows, cols, stride,
                size};
    }
};

template <class T>
void same_rows(const ArrayView& sparse,
               const ArrayView& dense,
               const std::vector<std::int64_t>& order) {
    const std::int64_t* const named = order.empty() ? nullptr : order.data();
    const std::size_t n = order.empty() ? sparse.rows : order.size(), cols = sparse.cols;
    AlignedBuffer<T> ours(packed_size<T>(n, cols)), others(packed_size<T>(n, cols));
    const Panels<T> out = packed_panels(ours.data(), n, cols),
                    expected = packed_panels(others.data(), n, cols);
    for (std::size_t i = 0; i < ours.size(); ++i) ours[i] = T(7);
    CHECK_EQUAL(gather(sparse, named, out), gather(dense, named, expected));
    for (std::size_t r = 0; r < n; ++r) {
        for (std::size_t c = 0; c < cols; ++c) CHECK_BITS(out(r, c), expected(r, c));
        for (std::size_t c = cols; c < out.count() * out.width; ++c) CHECK_BITS(out(r, c), T(7));
    }
}

template <class T, class From, class Index>
void gather_as_dense(const Both<From, Index>& both) {
    std::vector<double> means(both.cols), factors(both.cols);
    for (std::size_t c = 0; c < both.cols; ++c) {
        means[c] = c % 5 == 0 ? 0 : 0.3 * static_cast<double>(c);
        factors[c] = c % 2 == 0 ? 1.7 : -0.4;
    }
    const Standardization columns{means.data(), factors.data()};
    for (const double factor : {1.0, -0.3, 0.0, 2.0}) {
        ArrayView sparse = both.sparse(), dense = both.dense();
        sparse.factor = dense.factor = factor;
        if (factor == 2) {
            sparse.columns = dense.columns = &columns;
            sparse.factor = dense.factor = 0;
        }
        const checks::Note note("factor", factor);
        same_rows<T>(sparse, dense, {});
        same_rows<T>(sparse, dense, {5, 2, 2, 1, 0});
        same_rows<T>(sparse.rows_from(2, 3), dense.rows_from(2, 3), {});
        CHECK(all_finite<T>(sparse));
        CHECK(!find_non_finite<T>(sparse));
    }
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < both.cols; ++c)
            CHECK_EQUAL(value_at(both.sparse(), {r, c}), value_at(both.dense(), {r, c}));
}

template <class From>
void all_shapes() {
    const checks::Note type("element type", static_cast<int>(element_type<From>()));
    // pieces of 256 numbers, panels of 8 and 16
    for (const std::size_t cols : {1u, 7u, 16u, 17u, 255u, 256u, 300u, 900u})
        for (int form = 0; form < 4; ++form) {
            const checks::Note note("cols, form",
                                    std::to_string(cols) + ", " + std::to_string(form));
            const Both<From, std::int32_t> narrow(cols, (form & 1) != 0, (form & 2) != 0);
            const Both<From, std::int64_t> wide(cols, (form & 1) != 0, (form & 2) != 0);
            gather_as_dense<float>(narrow);
            gather_as_dense<double>(wide);
            CHECK_EQUAL(check_sparse(narrow.sparse()).ascending, (form & 1) == 0 || cols == 1);
            CHECK_EQUAL(check_sparse(wide.sparse()).ascending, (form & 1) == 0 || cols == 1);
        }
}

// Three rows of four columns: numbers 1 to 5 in columns 0, 3; none; 1, 2, 3.
template <class Index>
struct Small {
    std::vector<Index> starts{0, 2, 2, 5}, columns{0, 3, 1, 2, 3};
    std::vector<float> values{1, 2, 3, 4, 5};
    SparseNumbers numbers{columns.data(), row_major(values.data(), 1, 5, 5)};
    ArrayView view = sparse_rows(starts.data(), 3, 4, &numbers);
    AlignedBuffer<float> buffer{packed_size<float>(1, 4)};
    Panels<float> row = packed_panels(buffer.data(), 1, 4);

    Small() = default;
    Small(const Small&) = delete;
    Small& operator=(const Small&) = delete;
    Small(Small&&) = delete;
    Small& operator=(Small&&) = delete;
    ~Small() = default;
    bool gathers(std::int64_t r) const { return gather(view, &r, row); }
};

template <class Index>
void starts_that_leave_the_numbers() {
    using limits = std::numeric_limits<Index>;
    for (const Index start : {Index(6), Index(-1), limits::max(), limits::min()}) {
        const checks::Note note("start", static_cast<double>(start));
        Small<Index> small;
        CHECK(!check_sparse(small.view).row && !check_sparse(small.view).number);
        small.starts[2] = start;  // of the second row the end, of the third the begin
        CHECK(small.gathers(0) && !small.gathers(1) && !small.gathers(2));
        CHECK(check_sparse(small.view).row == std::size_t{1});
        CHECK(!all_finite<float>(small.view));
        CHECK(!find_non_finite<float>(small.view));
        CHECK_EQUAL(value_at(small.view, {1, 0}), 0.0);
    }
    Small<Index> small;
    small.starts[1] = 4;  // more than the next
    CHECK(small.gathers(0) && !small.gathers(1) && small.gathers(2));
    CHECK(check_sparse(small.view).row == std::size_t{1});
}

template <class Index>
void columns_that_there_are_not() {
    using limits = std::numeric_limits<Index>;
    for (const Index column : {Index(4), Index(-1), limits::max(), limits::min()}) {
        const checks::Note note("column", static_cast<double>(column));
        Small<Index> small;
        small.columns[3] = column;
        CHECK(small.gathers(0) && small.gathers(1) && !small.gathers(2));
        CHECK(check_sparse(small.view).number == std::size_t{3});
        CHECK(!check_sparse(small.view).row);
        CHECK(!all_finite<float>(small.view));
    }
    if constexpr (sizeof(Index) == 8) {  // whose lower half would be one
        Small<Index> small;
        small.columns[3] = (Index(1) << 32) + 1;
        CHECK(!small.gathers(2));
    }
    Small<Index> small;
    small.columns[3] = 1;  // for the second time
    CHECK(!check_sparse(small.view).ascending);
    CHECK(small.gathers(2));
    CHECK_EQUAL(small.row(0, 1), 4.0f);
}

// Where a row begins again with a column that the row before has.
void rows_ascend_one_by_one() {
    Small<std::int32_t> small;
    CHECK(check_sparse(small.view).ascending);
    CHECK(check_sparse(small.view.rows_from(1, 2)).ascending);
    // where one piece of a long row ends and the next begins
    std::vector<std::int32_t> starts{0, 300}, columns(300);
    for (std::int32_t k = 0; k < 300; ++k) columns[static_cast<std::size_t>(k)] = (k + 44) % 300;
    const std::vector<float> values(300, 1.0f);
    const SparseNumbers numbers{columns.data(), row_major(values.data(), 1, 300, 300)};
    CHECK(!check_sparse(sparse_rows(starts.data(), 1, 300, &numbers)).ascending);
}

void numbers_that_are_not_finite() {
    for (const float bad : {INFINITY, -INFINITY, NAN}) {
        Small<std::int32_t> small;
        small.values[3] = bad;
        CHECK(small.gathers(0) && !small.gathers(2));
        CHECK(!all_finite<float>(small.view));
        CHECK(all_finite<float>(small.view.rows_from(0, 2)));
        const auto at = find_non_finite<float>(small.view);
        CHECK(at && at->row == 2 && at->col == 2);
    }
    const std::vector<double> large{1, 1e300, 3};
    const std::vector<std::int32_t> starts{0, 3}, columns{0, 1, 2};
    const SparseNumbers numbers{columns.data(), row_major(large.data(), 1, 3, 3)};
    ArrayView view = sparse_rows(starts.data(), 1, 3, &numbers);
    CHECK(all_finite<double>(view) && !all_finite<float>(view));
    view.factor = 1e300;
    CHECK(!all_finite<double>(view));
    // where there is no number, too
    const std::vector<double> means{0, 0, 0, 1e300}, factors{1, 1, 1, 1e30};
    const Standardization by{means.data(), factors.data()};
    Small<std::int32_t> small;
    small.view.columns = &by;
    small.view.factor = 0;
    CHECK(!small.gathers(1) && !all_finite<float>(small.view));
    const auto at = find_non_finite<float>(small.view);
    CHECK(at && at->row == 0 && at->col == 3);
}

}  // namespace

int main() {
    all_shapes<bool>();
    all_shapes<std::int8_t>();
    all_shapes<std::int64_t>();
    all_shapes<std::uint8_t>();
    all_shapes<std::uint16_t>();
    all_shapes<float>();
    all_shapes<double>();
    all_shapes<long double>();
    starts_that_leave_the_numbers<std::int32_t>();
    starts_that_leave_the_numbers<std::int64_t>();
    columns_that_there_are_not<std::int32_t>();
    columns_that_there_are_not<std::int64_t>();
    rows_ascend_one_by_one();
    numbers_that_are_not_finite();
    return checks::result();
}
