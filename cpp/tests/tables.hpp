// Every kernel table that this machine can run, the plain one first; and numbers to try them with.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/kernel_table.hpp"

namespace tests {

using namespace wbcore;
using kernels::KernelTable;

template <class T>
const KernelTable<T>& plain() {
    static const KernelTable<T>& table = *kernels::available_tables<T>().front();
    return table;
}

// Those beside the plain one.
template <class T>
std::vector<const KernelTable<T>*> fast_tables() {
    std::vector<const KernelTable<T>*> tables = kernels::available_tables<T>();
    tables.erase(tables.begin());
    return tables;
}

// Every row of a table: with the numbers that it says, and with others where they are allowed.
template <class Kind>
std::vector<Named<Kind>> all_choices() {
    std::vector<Named<Kind>> all;
    for (std::size_t i = 0; i < rows_of(Kind{}).size(); ++i) {
        Named<Kind> other = static_cast<Kind>(i);
        all.push_back(other);
        const Numbers& numbers = other.info().numbers;
        for (std::size_t n = 0; n < numbers.size(); ++n) {
            const double changed = other.numbers[n] * 0.7;
            if (numbers[n].allowed.contains(changed)) other.numbers[n] = changed;
        }
        if (!(other == all.back())) all.push_back(other);
    }
    return all;
}

template <class T>
inline constexpr T not_a_number = std::numeric_limits<T>::quiet_NaN();

template <class T>
T random_number(std::mt19937_64& random) {
    return static_cast<T>(std::normal_distribution<double>()(random));
}

template <class T>
std::vector<T> random_numbers(std::mt19937_64& random, std::size_t n) {
    std::vector<T> values(n);
    for (T& value : values) value = random_number<T>(random);
    return values;
}

// A packed matrix with NaN wherever a kernel has no business: columns past `cols`, and the spare row of a panel.
template <class T>
class Packed {
public:
    Packed(std::size_t rows, std::size_t cols)
        : buffer_(packed_size<T>(rows, cols)), rows_(rows), cols_(cols) {
        for (std::size_t i = 0; i < buffer_.size(); ++i) buffer_[i] = not_a_number<T>;
    }
    Packed(std::size_t rows, std::size_t cols, std::mt19937_64& random) : Packed(rows, cols) {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < cols; ++c) (*this)(r, c) = random_number<T>(random);
    }

    // Like the views that it gives, a constant matrix has elements that may change.
    Panels<T> operator()() const { return packed_panels(buffer_.data(), rows_, cols_); }
    T& operator()(std::size_t row, std::size_t col) const { return (*this)()(row, col); }

private:
    mutable AlignedBuffer<T> buffer_;
    std::size_t rows_, cols_;
};

template <class T>
void same(const Packed<T>& a, const Packed<T>& b, const char* text, const char* file, int line) {
    for (std::size_t r = 0; r < b().rows; ++r)
        for (std::size_t c = 0; c < b().cols; ++c) {
            if (checks::same_bits(a(r, c), b(r, c))) continue;
            return checks::fail(file, line,
                                std::string(text) + ": at (" + std::to_string(r) + ", " +
                                    std::to_string(c) + "), " + checks::shown(a(r, c)) +
                                    " has not the bits of " + checks::shown(b(r, c)));
        }
}
#define CHECK_MATRICES(a, b) tests::same(a, b, #a " == " #b, __FILE__, __LINE__)

// For those kernels that leave zeros in the padding.
template <class T>
bool padding_is_zero(const Panels<T>& m) {
    for (std::size_t r = 0; r < m.rows; ++r)
        for (std::size_t c = m.cols; c < m.count() * Panels<T>::width; ++c)
            if (!checks::same_bits<T>(m(r, c), T(0))) return false;
    return true;
}

}  // namespace tests
