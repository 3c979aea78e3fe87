// Random a, b, c where a fused multiply-add goes wrong if it can: half-way between two numbers and a little beside, where
// sums cancel, at both ends of the range.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <random>

namespace tests {

inline constexpr std::size_t length = 64;

// fma(a, b[i], c[i])
template <class T>
struct Terms {
    T a, b[length], c[length];
};

template <class T>
class Source {
public:
    explicit Source(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    T sign() { return below(2) == 0 ? T(1) : T(-1); }
    // Any float or double whatever: subnormal, infinite, NaN.
    T any() {
        const std::uint64_t word = random_() >> (64 - 8 * sizeof(T));
        T x;
        std::memcpy(&x, &word, sizeof x);
        return x;
    }
    // A random mantissa, half of the time with few bits at either end of it, times 2^exponent.
    T with_exponent(int exponent) {
        std::uint64_t mantissa = random_() >> (64 - digits + 1);
        if (below(2) == 0) mantissa = below(9);
        if (below(3) == 0) mantissa = (std::uint64_t{1} << (digits - 1)) - 1 - mantissa;
        const T x = T(1) + static_cast<T>(mantissa) * std::numeric_limits<T>::epsilon();
        return sign() * std::ldexp(x, exponent);
    }
    // A subnormal number or one of the least normal ones, often next to a power of two.
    T small() {
        std::uint64_t steps = std::uint64_t{1} << below(digits + 1);
        if (below(2) == 0) steps = 1 + below(steps);
        return sign() * static_cast<T>(steps + below(3) - 1) * limits::denorm_min();
    }
    // Times a, it is about 2^exponent: by far less than an epsilon when the mantissa of a has few bits,
    // since (1 + d) (1 - d) = 1 - d^2.
    T partner(T a, int exponent) {
        const T m = std::ldexp(a, -std::ilogb(a));
        return below(2) == 0 ? std::ldexp(std::copysign(T(2), m) - m, exponent - std::ilogb(a))
                             : with_exponent(exponent - std::ilogb(a));
    }
    // An exponent of a normal number, often near those that make c or the result subnormal or infinite.
    int exponent() {
        const int low = limits::min_exponent, high = limits::max_exponent - 1;
        switch (below(4)) {
            case 0:
                return low + 5 - static_cast<int>(below(2 * digits));
            case 1:
                return high - static_cast<int>(below(4));
            default:
                return low + static_cast<int>(below(static_cast<std::uint64_t>(high - low)));
        }
    }
    // Below c by about a precision, more or less: the product decides how c is rounded.
    int distance() { return digits - 3 + static_cast<int>(below(6)); }

private:
    using limits = std::numeric_limits<T>;
    static constexpr int digits = limits::digits;
    std::mt19937_64 random_;
};

template <class T>
Terms<T> any_bits(Source<T>& source) {
    Terms<T> t;
    t.a = source.any();
    for (T& b : t.b) b = source.any();
    for (T& c : t.c) c = source.any();
    return t;
}

// Products close to half a unit in the last place of c, where bits far below decide.
template <class T>
Terms<T> near_halfway(Source<T>& source) {
    Terms<T> t;
    t.a = source.with_exponent(source.exponent() / 2);
    for (std::size_t i = 0; i < length; ++i) {
        const int of_c = source.exponent();
        t.c[i] = source.with_exponent(of_c);
        t.b[i] = source.partner(t.a, of_c - source.distance());
    }
    return t;
}

// The same where subnormal numbers are rounded: the last place is the least number, and does not follow the exponent.
template <class T>
Terms<T> near_halfway_of_subnormals(Source<T>& source) {
    using limits = std::numeric_limits<T>;
    Terms<T> t;
    // about half of the product's exponent, so that b is no subnormal itself
    t.a = source.with_exponent(limits::min_exponent / 2 -
                               static_cast<int>(source.below(limits::digits)));
    for (std::size_t i = 0; i < length; ++i) {
        t.c[i] = source.small();
        const int of_product =
            limits::min_exponent - limits::digits - 3 + static_cast<int>(source.below(6));
        t.b[i] = source.partner(t.a, of_product);
    }
    return t;
}

// Sums that cancel but for the last bits.
template <class T>
Terms<T> cancelling(Source<T>& source) {
    Terms<T> t;
    const int exponent = source.exponent() / 2;
    t.a = source.with_exponent(exponent);
    for (std::size_t i = 0; i < length; ++i) {
        t.b[i] = source.with_exponent(source.exponent() - exponent);
        t.c[i] = -t.a * t.b[i];
        for (std::uint64_t steps = source.below(3); steps > 0; --steps)
            t.c[i] = std::nextafter(t.c[i], source.sign() * std::numeric_limits<T>::infinity());
    }
    return t;
}

// About the largest number, where the last place of c decides whether the sum is infinite.
template <class T>
Terms<T> near_the_end(Source<T>& source) {
    using limits = std::numeric_limits<T>;
    Terms<T> t;
    const int exponent = limits::max_exponent / 2 - static_cast<int>(source.below(limits::digits));
    t.a = source.with_exponent(exponent);
    for (std::size_t i = 0; i < length; ++i) {
        const int less = static_cast<int>(source.below(limits::digits + 4));
        t.b[i] = source.partner(t.a, limits::max_exponent - static_cast<int>(source.below(3)));
        t.c[i] = std::copysign(source.below(2) == 0
                                   ? limits::max()
                                   : source.with_exponent(limits::max_exponent - 1 - less),
                               source.sign());
        // one of the two near the end, the other about half a unit of it
        if (source.below(2) == 0) t.b[i] = source.partner(t.a, limits::max_exponent - 1 - less);
    }
    return t;
}

// Zeros, infinities and the ends of the range, in all pairs.
template <class T>
Terms<T> special(Source<T>& source) {
    using limits = std::numeric_limits<T>;
    const T numbers[] = {0,
                         1,
                         limits::min(),
                         limits::max(),
                         limits::denorm_min(),
                         limits::infinity(),
                         limits::quiet_NaN(),
                         std::nextafter(limits::min(), T(0)),
                         std::nextafter(T(1), T(0)),
                         T(0.5)};
    auto pick = [&] { return source.sign() * numbers[source.below(std::size(numbers))]; };
    Terms<T> t;
    t.a = pick();
    for (T& b : t.b) b = pick();
    for (T& c : t.c) c = pick();
    return t;
}

// All of them, in the order that a program takes them in turn.
template <class T>
inline constexpr Terms<T> (*kinds_of_terms[])(Source<T>&) = {
    any_bits<T>,   near_halfway<T>, near_halfway_of_subnormals<T>,
    cancelling<T>, near_the_end<T>, special<T>};

}  // namespace tests
