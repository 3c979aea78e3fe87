// Callers' arrays: every element type, stride, byte order and alignment, read in place.
#include "wbcore/input.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "check.hpp"
#include "kernels/kernel_table.hpp"

using namespace wbcore;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Numbers of a type that show a wrong sign, a wrong size and a wrong rounding.
template <class From>
std::vector<From> samples() {
    using limits = std::numeric_limits<From>;
    if constexpr (std::is_same_v<From, bool>) return {false, true, true};
    std::vector<From> values{From(0), From(1), From(2), From(100), limits::max(), limits::lowest()};
    if constexpr (std::is_integral_v<From>)
        for (int shift = 0; shift < 12; ++shift)
            values.push_back(static_cast<From>(limits::max() / 3 * 2 >> shift));
    else
        for (const double x : {0.1, -0.1, 1e-40, 1.0 + 0x1p-24, 1.0 + 0x1.8p-23, 1e30, -1e-300})
            values.push_back(static_cast<From>(x));
    return values;
}

// The bytes of a matrix (rows, cols) of which every element lies by itself, `gap` bytes apart, from an odd address.
struct Scattered {
    std::vector<unsigned char> bytes;
    ArrayView view;

    template <class From>
    Scattered(const std::vector<From>& values,
              std::size_t rows,
              std::size_t cols,
              std::ptrdiff_t gap,
              bool column_major,
              bool row_backwards,
              bool col_backwards,
              bool swapped) {
        const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(sizeof(From)) + gap;
        bytes.assign(static_cast<std::size_t>(step) * rows * cols + 1, 0xaa);
        view.type = element_type<From>();
        view.swapped = swapped;
        view.rows = rows;
        view.cols = cols;
        view.row_stride = column_major ? step : step * static_cast<std::ptrdiff_t>(cols);
        view.col_stride = column_major ? step * static_cast<std::ptrdiff_t>(rows) : step;
        unsigned char* origin = bytes.data() + 1;
        auto turn = [&](std::ptrdiff_t& stride, std::size_t n, bool backwards) {
            if (!backwards) return;
            origin += stride * static_cast<std::ptrdiff_t>(n - 1);
            stride = -stride;
        };
        turn(view.row_stride, rows, row_backwards);
        turn(view.col_stride, cols, col_backwards);
        view.data = origin;
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < cols; ++c) {
                unsigned char* p = origin + static_cast<std::ptrdiff_t>(r) * view.row_stride +
                                   static_cast<std::ptrdiff_t>(c) * view.col_stride;
                const From value = values[(r * cols + c) % values.size()];
                std::memcpy(p, &value, sizeof(From));
                if (swapped) std::reverse(p, p + sizeof(From));
            }
    }
};

template <class T, class From>
void gathered(const Scattered& in, const std::vector<From>& values) {
    const std::size_t rows = in.view.rows, cols = in.view.cols;
    const std::vector<std::int64_t> order{static_cast<std::int64_t>(rows) - 1, 0, 0, 1};
    for (const std::int64_t* rows_in_order :
         {order.data(), static_cast<const std::int64_t*>(nullptr)}) {
        const std::size_t n = rows_in_order == nullptr ? rows : order.size();
        AlignedBuffer<T> buffer(packed_size<T>(n, cols));
        const Panels<T> out = packed_panels(buffer.data(), n, cols);
        gather(in.view, rows_in_order, out);
        for (std::size_t r = 0; r < n; ++r) {
            const std::size_t from =
                rows_in_order == nullptr ? r : static_cast<std::size_t>(order[r]);
            for (std::size_t c = 0; c < cols; ++c)
                CHECK_BITS(out(r, c), static_cast<T>(values[(from * cols + c) % values.size()]) *
                                          static_cast<T>(in.view.factor));
            for (std::size_t c = cols; c < out.count() * out.width; ++c)
                CHECK_BITS(out(r, c), T(0));
        }
    }
}

template <class From>
void gather_all_layouts() {
    const checks::Note type("element type", static_cast<int>(element_type<From>()));
    const std::vector<From> values = samples<From>();
    for (const std::size_t cols : {1u, 7u, 16u, 17u, 35u, 64u, 133u})
        for (const std::ptrdiff_t gap : {0, 1, 8})
            for (int form = 0; form < 16; ++form) {
                const checks::Note note("cols, gap, form", std::to_string(cols) + ", " +
                                                               std::to_string(gap) + ", " +
                                                               std::to_string(form));
                Scattered in(values, 5, cols, gap, (form & 1) != 0, (form & 2) != 0,
                             (form & 4) != 0, (form & 8) != 0);
                in.view.factor = gap == 8 ? 0.7 : 1;
                gathered<float>(in, values);
                gathered<double>(in, values);
                const From at = values[(3 * cols + cols - 1) % values.size()];
                CHECK_BITS(value_at(in.view, {3, cols - 1}), static_cast<double>(at));
            }
}

// An aligned array of the network's own type takes a path of its own; also as a part, in strides, and upside down.
template <class T>
void gather_native() {
    for (const std::size_t cols : {1u, 7u, 8u, 15u, 16u, 17u, 32u, 40u}) {
        const checks::Note note("cols", cols);
        const std::size_t stride = cols + 3;
        std::vector<T> values(6 * stride - 3);  // the last row ends with the array
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i);
        const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(stride * sizeof(T));
        ArrayView in{values.data(), element_type<T>(), false, 6, cols, bytes, sizeof(T)};
        auto check = [&](const ArrayView& view, auto row_of) {
            AlignedBuffer<T> buffer(packed_size<T>(view.rows, cols));
            const Panels<T> out = packed_panels(buffer.data(), view.rows, cols);
            gather(view, nullptr, out);
            for (std::size_t r = 0; r < view.rows; ++r)
                for (std::size_t c = 0; c < cols; ++c)
                    CHECK_BITS(out(r, c), values[row_of(r) * stride + c]);
        };
        check(in, [](std::size_t r) { return r; });
        check(in.rows_from(2, 3), [](std::size_t r) { return r + 2; });
        in.data = &values[5 * stride];
        in.row_stride = -bytes;
        check(in, [](std::size_t r) { return 5 - r; });
        in.row_stride = 0;  // a broadcast row
        check(in, [](std::size_t) { return 5u; });
    }
}

// binary16 by its definition.
double slow_half(unsigned bits) {
    const double sign = (bits & 0x8000u) != 0 ? -1 : 1;
    const int exponent = static_cast<int>(bits >> 10 & 31u),
              mantissa = static_cast<int>(bits & 1023u);
    if (exponent == 31) return mantissa == 0 ? sign * infinity : std::nan("");
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

void all_halves() {
    std::vector<std::uint16_t> halves(1 << 16);
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
    std::vector<std::uint16_t> turned = halves;
    for (std::uint16_t& h : turned) h = static_cast<std::uint16_t>(h << 8 | h >> 8);
    for (const bool swapped : {false, true}) {
        const ArrayView in{swapped ? turned.data() : halves.data(),
                           ElementType::float16,
                           swapped,
                           1,
                           halves.size(),
                           0,
                           2};
        AlignedBuffer<float> floats(packed_size<float>(1, halves.size()));
        AlignedBuffer<double> doubles(packed_size<double>(1, halves.size()));
        const Panels<float> f = packed_panels(floats.data(), 1, halves.size());
        const Panels<double> d = packed_panels(doubles.data(), 1, halves.size());
        gather(in, nullptr, f);
        gather(in, nullptr, d);
        for (std::size_t i = 0; i < halves.size(); ++i) {
            const double expected = slow_half(static_cast<unsigned>(i));
            if (std::isnan(expected)) {
                CHECK(std::isnan(f(0, i)) && std::isnan(d(0, i)));
            } else {
                CHECK_BITS(f(0, i), static_cast<float>(expected));
                CHECK_BITS(d(0, i), expected);
            }
        }
        const auto found = find_non_finite<double>(in);
        CHECK(found && found->row == 0 && found->col == 0x7c00);
    }
}

template <class T>
void non_finite_in_each_place() {
    constexpr std::size_t rows = 3, cols = 19;
    for (const double bad : {infinity, -infinity, std::nan("")})
        for (const std::ptrdiff_t gap : {0, 1})
            for (std::size_t at = 0; at < rows * cols; ++at) {
                std::vector<double> values(rows * cols, 0.5);
                values[at] = bad;
                std::vector<T> same(values.begin(), values.end());
                const Scattered wide(values, rows, cols, gap, gap != 0, false, gap != 0, false);
                for (const ArrayView& view : {wide.view, row_major(same, cols)}) {
                    const auto found = find_non_finite<T>(view);
                    CHECK(found && found->row == at / cols && found->col == at % cols);
                    const auto outside = find_outside(view, 0, 1);
                    CHECK(outside && outside->row == at / cols && outside->col == at % cols);
                    CHECK(!find_non_finite<T>(view.rows_from(0, at / cols)));
                    CHECK(!all_finite<T>(view));
                    CHECK(all_finite<T>(view.rows_from(0, at / cols)));
                    AlignedBuffer<T> room(packed_size<T>(rows, cols));
                    const Panels<T> out = packed_panels(room.data(), rows, cols);
                    CHECK(!gather(view, nullptr, out));
                    CHECK(
                        gather(view.rows_from(0, at / cols), nullptr, out.rows_from(0, at / cols)));
                }
            }
}

// The kernels of every instruction set see NaN in each place, and only in the rows they are asked for: not in the gaps
// between rows, and not behind the last one.
template <class T, class From>
void non_finite_for_each_isa() {
    constexpr std::size_t rows = 3;
    const From nan = std::numeric_limits<From>::quiet_NaN();
    for (const kernels::KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        for (std::size_t cols = 1; cols < 36; ++cols)
            for (const std::size_t gap : {0u, 3u}) {
                const checks::Note note("cols, gap",
                                        std::to_string(cols) + ", " + std::to_string(gap));
                const std::size_t stride = cols + gap;
                std::vector<From> values(rows * stride + 40, nan);
                ArrayView in = row_major(values.data(), rows, cols, stride);
                in.factor = gap == 0 ? 1 : 0.7;
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t c = 0; c < cols; ++c)
                        values[r * stride + c] =
                            static_cast<From>(r + 1) / static_cast<From>(c + 3);
                AlignedBuffer<T> room(packed_size<T>(rows, cols));
                const Panels<T> out = packed_panels(room.data(), rows, cols);
                const std::vector<std::int64_t> order{2, 0};
                CHECK(table->all_finite(in));
                CHECK(table->gather(in, nullptr, out));
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t c = 0; c < cols; ++c)
                        CHECK_BITS(out(r, c), static_cast<T>(values[r * stride + c]) *
                                                  static_cast<T>(in.factor));
                for (std::size_t at = 0; at < rows * cols; ++at) {
                    From& value = values[at / cols * stride + at % cols];
                    const From before = std::exchange(value, nan);
                    CHECK(!table->all_finite(in));
                    CHECK(!table->gather(in, nullptr, out));
                    const bool chosen = at / cols != 1;
                    CHECK_EQUAL(table->gather(in, order.data(), out.rows_from(0, 2)), !chosen);
                    value = before;
                }
            }
    }
}

template <class T>
void bytes_for_each_isa() {
    constexpr std::size_t rows = 3;
    for (const kernels::KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        for (const std::size_t cols : {1u, 15u, 63u, 64u, 65u, 128u, 200u}) {
            const checks::Note note("cols", cols);
            std::vector<std::uint8_t> bytes(rows * (cols + 3));
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = static_cast<std::uint8_t>(i * 151 + 7);
            ArrayView in = row_major(bytes.data(), rows, cols, cols + 3);
            in.factor = 1.0 / 255;
            const std::vector<std::int64_t> order{2, 0, 2, 1};
            AlignedBuffer<T> room(packed_size<T>(order.size(), cols));
            const Panels<T> out = packed_panels(room.data(), order.size(), cols);
            CHECK(table->gather(in, order.data(), out));
            for (std::size_t r = 0; r < order.size(); ++r)
                for (std::size_t c = 0; c < cols; ++c)
                    CHECK_BITS(
                        out(r, c),
                        static_cast<T>(bytes[static_cast<std::size_t>(order[r]) * (cols + 3) + c]) *
                            static_cast<T>(in.factor));
        }
    }
}

void finite_numbers() {
    // finite as they are, but not in float32
    const std::vector<double> large{1, 1e300, 3.5e38};
    const ArrayView in = row_major(large, 3);
    CHECK(!find_non_finite<double>(in));
    const auto found = find_non_finite<float>(in);
    CHECK(found && found->col == 1);
    // and scaled, not in either
    ArrayView scaled = in;
    scaled.factor = 1e10;
    CHECK(find_non_finite<double>(scaled) && !all_finite<double>(scaled));
    scaled.factor = 1e-300;
    CHECK(find_non_finite<float>(scaled));
    CHECK(all_finite<double>(scaled) && !is_plain<double>(scaled) && is_plain<double>(in));
    // the largest numbers do not add up to a false alarm
    const std::vector<float> maxima(40, std::numeric_limits<float>::max());
    CHECK(!find_non_finite<float>({maxima.data(), ElementType::float32, false, 2, 20, 80, 4}));
    const std::vector<std::uint64_t> whole(4, std::numeric_limits<std::uint64_t>::max());
    CHECK(!find_non_finite<float>({whole.data(), ElementType::uint64, false, 1, 4, 32, 8}));
    CHECK(!find_non_finite<float>({}));
}

void outside() {
    const std::vector<std::int64_t> labels{0, 9, 3, 10, -1};
    auto found = [&](double low, double high) {
        const auto at =
            find_outside({labels.data(), ElementType::int64, false, 5, 1, 8, 0}, low, high);
        return at ? static_cast<int>(at->row) : -1;
    };
    CHECK_EQUAL(found(0, 9), 3);
    CHECK_EQUAL(found(0, 10), 4);
    CHECK_EQUAL(found(-1, 10), -1);
    const std::vector<std::uint64_t> huge{1, std::numeric_limits<std::uint64_t>::max()};
    const auto at = find_outside({huge.data(), ElementType::uint64, false, 2, 1, 8, 0}, 0, 9);
    CHECK(at && at->row == 1);
}

template <class From>
void labels() {
    const checks::Note type("element type", static_cast<int>(element_type<From>()));
    std::vector<From> values;
    for (int i = 0; i < 9; ++i) values.push_back(static_cast<From>(i * 7 % 9 % 2 == 0 ? i : 1));
    const std::vector<std::int64_t> order{8, 0, 3, 3};
    for (const bool swapped : {false, true}) {
        const Scattered in(values, 9, 1, 3, false, true, false, swapped);
        std::vector<std::int64_t> out(9), some(4);
        CHECK(gather_labels(in.view, nullptr, 9, 9, out.data()));
        CHECK(gather_labels(in.view, order.data(), 4, 9, some.data()));
        for (std::size_t i = 0; i < 9; ++i)
            CHECK_EQUAL(out[i], static_cast<std::int64_t>(values[i]));
        for (std::size_t i = 0; i < 4; ++i)
            CHECK_EQUAL(some[i],
                        static_cast<std::int64_t>(values[static_cast<std::size_t>(order[i])]));
        // the greatest is 8, or 1 for bools: with that many classes it names none, and 0 takes its place
        const std::size_t greatest =
            static_cast<std::size_t>(*std::max_element(values.begin(), values.end()));
        CHECK(!gather_labels(in.view, nullptr, 9, greatest, out.data()));
        for (std::size_t i = 0; i < 9; ++i)
            CHECK(out[i] >= 0 && static_cast<std::size_t>(out[i]) < greatest);
    }
}

// Whole numbers are labels in any type; fractions, NaN and what is beyond are none.
template <class From>
void labels_that_are_floating() {
    std::vector<std::int64_t> out(5, -1);
    const std::vector<From> good{0, 2, 1, From(-0.0), 2};
    CHECK(gather_labels(row_major(good, 1), nullptr, 5, 3, out.data()));
    CHECK(out == std::vector<std::int64_t>({0, 2, 1, 0, 2}));
    CHECK(!find_no_label(row_major(good, 1), 3));
    const From nan = std::numeric_limits<From>::quiet_NaN(),
               inf = std::numeric_limits<From>::infinity();
    for (const From bad : {From(0.5), From(-0.5), From(3), From(-1), nan, inf, -inf, From(1e30)}) {
        const std::vector<From> values{2, bad, 1};
        CHECK(!gather_labels(row_major(values, 1), nullptr, 3, 3, out.data()));
        CHECK_EQUAL(out[0], 2);
        CHECK_EQUAL(out[1], 0);
        CHECK_EQUAL(out[2], 1);
        const auto at = find_no_label(row_major(values, 1), 3);
        CHECK(at && at->row == 1);
    }
}

template <class From>
void labels_of_no_class(From far) {
    const std::vector<From> values{2, far, 1};
    std::vector<std::int64_t> out(3, -1);
    CHECK(!gather_labels(row_major(values, 1), nullptr, 3, 3, out.data()));
    CHECK_EQUAL(out[0], 2);
    CHECK_EQUAL(out[1], 0);
    CHECK_EQUAL(out[2], 1);
}

}  // namespace

int main() {
    gather_all_layouts<bool>();
    gather_all_layouts<std::int8_t>();
    gather_all_layouts<std::int16_t>();
    gather_all_layouts<std::int32_t>();
    gather_all_layouts<std::int64_t>();
    gather_all_layouts<std::uint8_t>();
    gather_all_layouts<std::uint16_t>();
    gather_all_layouts<std::uint32_t>();
    gather_all_layouts<std::uint64_t>();
    gather_all_layouts<float>();
    gather_all_layouts<double>();
    gather_all_layouts<long double>();
    gather_native<float>();
    gather_native<double>();
    all_halves();
    bytes_for_each_isa<float>();
    bytes_for_each_isa<double>();
    non_finite_for_each_isa<float, float>();
    non_finite_for_each_isa<float, double>();
    non_finite_for_each_isa<double, float>();
    non_finite_for_each_isa<double, double>();
    non_finite_in_each_place<float>();
    non_finite_in_each_place<double>();
    finite_numbers();
    outside();
    labels<bool>();
    labels<std::int8_t>();
    labels<std::int16_t>();
    labels<std::int32_t>();
    labels<std::int64_t>();
    labels<std::uint8_t>();
    labels<std::uint16_t>();
    labels<std::uint32_t>();
    labels<std::uint64_t>();
    labels_of_no_class<std::int8_t>(-1);
    labels_of_no_class<std::int64_t>(3);
    labels_of_no_class<std::int64_t>(std::numeric_limits<std::int64_t>::min());
    labels_of_no_class<std::uint64_t>(std::numeric_limits<std::uint64_t>::max());
    labels_that_are_floating<float>();
    labels_that_are_floating<double>();
    labels_that_are_floating<long double>();
    return checks::result();
}
