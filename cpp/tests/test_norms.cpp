// Norms of gradients and of weights: the sums of section 7 on every instruction set, in panels and in arrays of the user's.
#include <algorithm>
#include <cmath>
#include <limits>

#include "contract.hpp"
#include "tables.hpp"

using namespace tests;

namespace {

constexpr std::size_t edges[] = {1, 2, 7, 8, 9, 15, 16, 17, 33, 255, 256, 257, 600};

// The same numbers row by row, in a buffer that ends with them.
template <class T>
struct RowMajor {
    explicit RowMajor(const Packed<T>& m) : rows(m().rows), cols(m().cols) {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < cols; ++c) numbers.push_back(m(r, c));
    }
    Panels<T> operator()() { return {numbers.data(), rows, cols, cols, panel_width<T>}; }
    std::size_t rows, cols;
    std::vector<T> numbers;
};

// The sum over n numbers of their squares.
template <class F>
double squares(std::size_t n, F number) {
    return contract::feature_sum<double>(0, n, [&](std::size_t k, double s) {
        const double x = static_cast<double>(number(k));
        return kernels::fma_exact(x, x, s);
    });
}

template <class T>
void rows_are_summed() {
    std::mt19937_64 random(1);
    for (const std::size_t rows : {std::size_t(0), std::size_t(1), std::size_t(7), std::size_t(21)})
        for (const std::size_t cols : edges)
            for (const T clip_value : {T(0), T(0.7)}) {
                const Packed<T> m(rows, cols, random);
                RowMajor<T> flat(m);
                for (const KernelTable<T>* table : kernels::available_tables<T>()) {
                    const checks::Note isa("isa", table->isa);
                    std::vector<double> packed(rows), by_rows(rows), sizes(rows);
                    table->row_squares(packed.data(), m(), clip_value);
                    table->row_squares(by_rows.data(), flat(), clip_value);
                    table->row_sizes(sizes.data(), clip_value == 0 ? m() : flat());
                    for (std::size_t r = 0; r < rows; ++r) {
                        const double expected = squares(cols, [&](std::size_t c) {
                            const T x = m(r, c);
                            return clip_value == 0 ? x : std::clamp(x, -clip_value, clip_value);
                        });
                        CHECK_BITS(packed[r], expected);
                        CHECK_BITS(by_rows[r], expected);
                        CHECK_BITS(sizes[r], contract::feature_sum<double>(
                                                 0, cols, [&](std::size_t c, double s) {
                                                     return s + std::abs(double(m(r, c)));
                                                 }));
                    }
                }
            }
}

// Columns within the limit keep their bits, as do those of other panels and those whose norm is not finite.
template <class T>
void columns_are_limited() {
    std::mt19937_64 random(2);
    for (const std::size_t rows : edges)
        for (const std::size_t cols : {1u, 3u, 8u, 17u, 40u}) {
            Packed<T> before(rows, cols, random);
            before(rows - 1, cols - 1) = std::numeric_limits<T>::infinity();
            const double most = 0.9 * std::sqrt(static_cast<double>(rows));
            const Range panels{cols > 33 ? 1u : 0u, before().count()};
            Packed<T> expected(before);
            for (std::size_t c = panels.first * panel_width<T>; c < cols; ++c) {
                const double norm =
                    std::sqrt(squares(rows, [&](std::size_t r) { return before(r, c); }));
                if (!(norm > most) || !std::isfinite(norm)) continue;
                for (std::size_t r = 0; r < rows; ++r)
                    expected(r, c) = static_cast<T>(most / norm) * before(r, c);
            }
            for (const KernelTable<T>* table : kernels::available_tables<T>()) {
                const checks::Note isa("isa", table->isa);
                Packed<T> packed(before);
                table->limit_columns(packed(), panels, most);
                CHECK_MATRICES(packed, expected);
                RowMajor<T> flat(before);
                table->limit_columns(flat(), panels, most);
                const RowMajor<T> wanted(expected);
                CHECK_ARRAYS(flat.numbers.data(), wanted.numbers.data(), wanted.numbers.size());
            }
        }
}

template <class T>
void all() {
    rows_are_summed<T>();
    columns_are_limited<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
