// a * b + c in whole numbers, rounded bit by bit: the oracle of fma. It takes no operation of floating point, and nothing
// from the code that it judges.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace tests {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// A size from 2^-2148, the least product of two doubles, up to their largest sum, below 2^2049: 4197 bits.
class WholeNumber {
public:
    static constexpr int exponent_of_unit = -2148;

    // Adds m * 2^exponent.
    void add(std::uint64_t m, int exponent) {
        const int place = exponent - exponent_of_unit;
        const auto word = static_cast<std::size_t>(place / 64);
        const int shift = place % 64;
        carry(word, m << shift);
        if (shift != 0) carry(word + 1, m >> (64 - shift));
    }
    bool operator<(const WholeNumber& other) const {
        return std::lexicographical_compare(words_.rbegin(), words_.rend(), other.words_.rbegin(),
                                            other.words_.rend());
    }
    // This is the larger one.
    void subtract(const WholeNumber& other) {
        bool borrow = false;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            const std::uint64_t from = words_[i], less = from - other.words_[i];
            const bool borrows = other.words_[i] > from || (less == 0 && borrow);
            words_[i] = less - (borrow ? 1 : 0);
            borrow = borrows;
        }
    }
    void add(const WholeNumber& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) carry(i, other.words_[i]);
    }
    int length() const {
        for (std::size_t i = words_.size(); i-- > 0;)
            if (words_[i] != 0) return static_cast<int>(64 * (i + 1)) - std::countl_zero(words_[i]);
        return 0;
    }
    bool bit(int place) const {
        return (words_[static_cast<std::size_t>(place / 64)] >> place % 64 & 1) != 0;
    }
    bool any_below(int place) const {
        for (int i = 0; i < place / 64; ++i)
            if (words_[static_cast<std::size_t>(i)] != 0) return true;
        for (int i = place - place % 64; i < place; ++i)
            if (bit(i)) return true;
        return false;
    }

private:
    void carry(std::size_t word, std::uint64_t x) {
        while (x != 0) {
            words_[word] += x;
            x = words_[word++] < x ? 1 : 0;
        }
    }
    std::array<std::uint64_t, 67> words_{};
};

// A number taken apart; `unit` is the exponent of its last place.
template <class T>
struct Taken {
    static constexpr int mantissa_bits = std::numeric_limits<T>::digits - 1;
    static constexpr int least = std::numeric_limits<T>::min_exponent - 1 - mantissa_bits;
    bool negative, infinite, nan;
    std::uint64_t mantissa;
    int unit;

    explicit Taken(T x) {
        const std::uint64_t bits = std::bit_cast<Bits<T>>(x), one = 1;
        const std::uint64_t end = (one << (8 * sizeof(T) - 1 - mantissa_bits)) - 1;
        const std::uint64_t exponent = bits >> mantissa_bits & end;
        negative = bits >> (8 * sizeof(T) - 1) != 0;
        mantissa = bits & ((one << mantissa_bits) - 1);
        infinite = exponent == end && mantissa == 0;
        nan = exponent == end && mantissa != 0;
        if (exponent != 0) mantissa |= one << mantissa_bits;
        unit = least + static_cast<int>(exponent != 0 ? exponent - 1 : 0);
    }
    bool zero() const { return mantissa == 0; }
};

// To nearest, ties to even.
template <class T>
T rounded(const WholeNumber& size, bool negative) {
    using Number = Taken<T>;
    const int digits = std::numeric_limits<T>::digits;
    const int lowest = Number::least - WholeNumber::exponent_of_unit;
    const int unit = std::max(size.length() - digits, lowest);
    std::uint64_t q = 0;
    for (int i = digits; i-- > 0;) q = 2 * q + (size.bit(unit + i) ? 1 : 0);
    const bool half = size.bit(unit - 1);
    if (half && (size.any_below(unit - 1) || (q & 1) != 0)) ++q;
    // The leading bit of q counts the exponent up by one, as does what is carried beyond it.
    const Bits<T> infinity = std::bit_cast<Bits<T>>(std::numeric_limits<T>::infinity());
    const auto steps = static_cast<std::uint64_t>(unit - lowest);
    const bool overflow = steps >= infinity >> Number::mantissa_bits ||
                          (steps << Number::mantissa_bits) + q >= infinity;
    const auto bits =
        overflow ? infinity : static_cast<Bits<T>>((steps << Number::mantissa_bits) + q);
    const Bits<T> sign = Bits<T>{negative} << (8 * sizeof(T) - 1);
    return std::bit_cast<T>(static_cast<Bits<T>>(bits | sign));
}

template <class T>
T fma_of_integers(T a, T b, T c) {
    constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const Taken<T> x(a), y(b), z(c);
    const bool negative = x.negative != y.negative;
    if (x.nan || y.nan || z.nan) return nan;
    if (x.infinite || y.infinite) {
        if (x.zero() || y.zero() || (z.infinite && z.negative != negative)) return nan;
        return negative ? -infinity : infinity;
    }
    if (z.infinite) return c;
    WholeNumber product, summand;
    // the product of two mantissas, in halves of the second
    const int shift = 27;
    const std::uint64_t low = y.mantissa & ((1u << shift) - 1), high = y.mantissa >> shift;
    for (const int half : {0, shift}) {
        const std::uint64_t part = half == 0 ? low : high;
        product.add((x.mantissa & 0xffffffff) * part, x.unit + y.unit + half);
        product.add((x.mantissa >> 32) * part, x.unit + y.unit + half + 32);
    }
    summand.add(z.mantissa, z.unit);
    if (negative == z.negative) {
        product.add(summand);
        return rounded<T>(product, negative);
    }
    if (product < summand) {
        summand.subtract(product);
        return rounded<T>(summand, z.negative);
    }
    product.subtract(summand);
    return rounded<T>(product, negative && product.length() > 0);  // what cancels is +0
}

}  // namespace tests
