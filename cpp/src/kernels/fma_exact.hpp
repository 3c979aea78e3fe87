// a * b + c with one rounding, to nearest even, for any three numbers, from operations that every processor has: for those
// without the instruction. A C library's function is no substitute: some lose subnormal results, the sign of a zero, or what
// lies beside 2^128.
#pragma once

#include <cstdint>

namespace wbcore::kernels {
namespace {

// The product is exact in double (48 bits, exponents from -298). The sum is rounded there, and again to float, which differs
// from one rounding only if the sum in double is half-way between two floats: otherwise it lies on the same side of every
// such middle as the exact sum, since rounding keeps the order and the middles are doubles. Half-way are the 29 bits 1000..
// below a normal float, or anything where floats are subnormal (a zero is no such case: it comes of zeros, or of a sum that
// cancels and is exact). There the sum is rounded to odd (fma_sse2.hpp says why that cannot mislead): the error of the sum
// is found without rounding (Knuth), and where it is not 0 the last bit becomes 1, on the side of the exact sum.
inline float fma_exact(float a, float b, float c) {
    const double p = static_cast<double>(a) * static_cast<double>(b), z = static_cast<double>(c),
                 sum = p + z;
    const float y = static_cast<float>(sum);
    const auto bits = __builtin_bit_cast(std::uint64_t, sum);
    const bool halfway = (bits & 0x1fffffff) == 0x10000000;
    const bool small = (__builtin_fabsf(y) <= 0x1p-126f) & (y != 0);
    if (!(halfway | small)) [[likely]]
        return y;
    const double from_z = sum - p, error = (p - (sum - from_z)) + (z - from_z);
    // an infinite sum has an error of NaN, which compares false, and stays
    const bool inexact = (error > 0) | (error < 0),
               too_large = inexact & ((error < 0) == (sum > 0));
    const std::uint64_t odd = (bits - (too_large ? 1u : 0u)) | (inexact ? 1u : 0u);
    return static_cast<float>(__builtin_bit_cast(double, odd));
}

__extension__ typedef unsigned __int128 Wide;

// |x| = mantissa * 2^exponent, of a finite x
struct Parts {
    std::uint64_t mantissa;
    int exponent;
};
inline Parts parts(std::uint64_t bits) {
    const std::uint64_t fraction = bits & 0xfffffffffffff;
    const int biased = static_cast<int>(bits >> 52 & 0x7ff);
    return biased == 0 ? Parts{fraction, -1074} : Parts{fraction | 1ull << 52, biased - 1075};
}

// x / 2^n, where a last bit of 1 stands for all that was cut off.
inline Wide shifted(Wide x, int n) {
    if (n >= 128) return x != 0;
    const Wide y = x >> n;
    return y | static_cast<unsigned>(y << n != x);
}

// sum * 2^unit rounded to a double; 0 < sum < 2^127, and `sign` is that of the result, on its bit.
inline double rounded(Wide sum, int unit, std::uint64_t sign) {
    // the upper 64 bits with a leading 1, the last one standing for those below
    const auto high = static_cast<std::uint64_t>(sum >> 64), low = static_cast<std::uint64_t>(sum);
    const int zeros = high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll(low);
    const Wide aligned = sum << zeros;
    const std::uint64_t m = static_cast<std::uint64_t>(aligned >> 64) |
                            static_cast<unsigned>(static_cast<std::uint64_t>(aligned) != 0);
    unit += 64 - zeros;
    // A double has 53 of the 64, and no unit below 2^-1074.
    const int normal = 11, least = -1074 - unit;
    const int cut = least > normal ? least : normal;
    if (cut > 64) return __builtin_bit_cast(double, sign);  // below half of the least number
    const std::uint64_t q = cut < 64 ? m >> cut : 0, half = 1ull << (cut - 1),
                        rest = cut < 64 ? m & (2 * half - 1) : m;
    const std::uint64_t up = (rest > half) | ((rest == half) & (q & 1));
    // The leading bit of q, and what is carried beyond it, count up the exponent.
    const int exponent = unit + cut + 1074;
    if (exponent > 2045) return __builtin_bit_cast(double, sign | 0x7ffull << 52);
    return __builtin_bit_cast(double,
                              sign | ((static_cast<std::uint64_t>(exponent) << 52) + (q + up)));
}

// In whole numbers. The product has at most 106 bits, and is taken as up to 126 with a unit 2^20 smaller, u = 2^(e - 20).
// With c = m * 2^d * u the sum is exact for 0 <= d <= 73, both being below 2^126. Otherwise the lower one loses bits behind
// a last one that stands for them, which rounds as the exact sum does if the result is cut at least two places above it:
//   d < 0:   one factor is normal (else u is 2^-2168, far below the unit of any c), so the product is at least 2^72 u, and
//            c below 2^52 u. The sum has 72 bits or more, of which 53 stay.
//   d > 73:  u becomes the unit of c / 2^73. Up to d = 93 the product loses nothing, its last 20 bits being 0. Beyond, it is
//            below 2^126 / 2^(d - 73) <= 2^105 u. A normal c is at least 2^125 u: the sum has 125 bits or more, of which 53
//            stay. A subnormal c has the least unit there is, and nothing is kept below it: 73 places are cut.
[[gnu::noinline]] inline double fma_exact(double a, double b, double c) {
    constexpr std::uint64_t sign = 1ull << 63, infinity = 0x7ffull << 52;
    const auto x = __builtin_bit_cast(std::uint64_t, a), y = __builtin_bit_cast(std::uint64_t, b),
               z = __builtin_bit_cast(std::uint64_t, c);
    // What is infinite or NaN is so without rounding; a finite product must not become infinite before such a c is added.
    if ((x & infinity) == infinity || (y & infinity) == infinity) return a * b + c;
    if ((z & infinity) == infinity) return c + c;
    const Parts of_a = parts(x), of_b = parts(y), of_c = parts(z);
    Wide product = static_cast<Wide>(of_a.mantissa) * of_b.mantissa;
    if (product == 0) return a * b + c;  // exact, and a sum of zeros has the sign it should
    product <<= 20;
    int unit = of_a.exponent + of_b.exponent - 20;
    Wide summand = of_c.mantissa;
    const int d = of_c.exponent - unit;
    if (d < 0) {
        summand = shifted(summand, -d);
    } else if (d <= 73) {
        summand <<= d;
    } else {
        summand <<= 73;
        product = shifted(product, d - 73);
        unit += d - 73;
    }
    const std::uint64_t sign_of_product = (x ^ y) & sign;
    if (((sign_of_product ^ z) & sign) == 0)
        return rounded(product + summand, unit, sign_of_product);
    if (product > summand) return rounded(product - summand, unit, sign_of_product);
    if (product < summand) return rounded(summand - product, unit, z & sign);
    return 0;  // +0, as always where a sum cancels
}

}  // namespace
}  // namespace wbcore::kernels
