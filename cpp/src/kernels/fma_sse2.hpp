// a * b + c with one rounding, from operations that round each: the fma of processors that have none.
//
// The last operation must round an exact value, or one that rounds like it. "Round to odd" makes such values: an inexact
// result whose last bit is 0 is replaced by its neighbour on the other side of the exact value. What is not exact then ends
// in 1, is never half-way between two shorter numbers, and so cannot mislead a second rounding
// (S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums, IEEE Trans. Computers 57, 2008).
#pragma once

#include <emmintrin.h>

#include <cstdint>

#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

typedef std::int32_t I32 __attribute__((vector_size(vector_bytes)));
typedef std::int64_t I64 __attribute__((vector_size(vector_bytes)));

// a + b = sum + error, without rounding (Knuth's TwoSum).
struct ExactSum {
    F64 sum, error;
};
inline ExactSum exact_sum(F64 a, F64 b) {
    const F64 sum = a + b, from_b = sum - a;
    return {sum, (a - (sum - from_b)) + (b - from_b)};
}

// An infinite sum has an error of NaN, which compares false, and stays.
inline F64 rounded_to_odd(ExactSum s) {
    const I64 inexact = (s.error > 0) | (s.error < 0);
    const I32 signs_differ =
        (__builtin_bit_cast(I32, s.sum) ^ __builtin_bit_cast(I32, s.error)) >> 31;
    const I64 too_large =
        inexact &
        __builtin_bit_cast(I64, __builtin_shufflevector(signs_differ, signs_differ, 1, 1, 3, 3));
    // towards zero by one where the sum is too large, then the last bit set
    return __builtin_bit_cast(F64, (__builtin_bit_cast(I64, s.sum) + too_large) | (inexact & 1));
}

inline F64 low_half(F32 x) { return _mm_cvtps_pd(x); }
inline F64 high_half(F32 x) { return _mm_cvtps_pd(_mm_movehl_ps(x, x)); }
inline F32 joined(F64 low, F64 high) {
    return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}

// Products of floats are exact in double; the sum is rounded to odd, and then to float.
[[gnu::noinline, gnu::cold]] F32 fma_by_odd(F32 a, F32 b, F32 c) {
    const F64 low = rounded_to_odd(exact_sum(low_half(a) * low_half(b), low_half(c)));
    const F64 high = rounded_to_odd(exact_sum(high_half(a) * high_half(b), high_half(c)));
    return joined(low, high);
}

// Nearly always two roundings give the same: the second is misled only by a sum half-way between two floats. Half-way has
// the 29 bits 1000.. below a normal float; a subnormal one, or the least normal, is not looked at closely. Zero is: it comes
// from a zero, or from a sum that cancels and is exact.
// Called, not inlined: some twenty instructions in each of a tile's many places would be half a megabyte.
[[gnu::noinline]] F32 fma(F32 a, F32 b, F32 c) {
    const F64 low = low_half(a) * low_half(b) + low_half(c);
    const F64 high = high_half(a) * high_half(b) + high_half(c);
    const F32 y = joined(low, high);
    const I32 last_bits = __builtin_shufflevector(__builtin_bit_cast(I32, low),
                                                  __builtin_bit_cast(I32, high), 0, 2, 4, 6);
    const I32 halfway = (last_bits & 0x1fffffff) == 0x10000000;
    const I32 small = (abs(y) <= 0x1p-126f) & (y != 0);
    if (_mm_movemask_ps(__builtin_bit_cast(F32, halfway | small)) != 0) [[unlikely]]
        return fma_by_odd(a, b, c);
    return y;
}

[[gnu::noinline, gnu::cold]] F64 fma_by_lanes(F64 a, F64 b, F64 c) {
    return F64{fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}

// x = high + low, of 26 bits each (Veltkamp).
struct Halves {
    F64 high, low;
};
inline Halves halves(F64 x) {
    const F64 scaled = x * 0x1.0000002p27, high = scaled - (scaled - x);
    return {high, x - high};
}

// The error of p = a * b (Dekker), two sums without rounding, one rounded to odd, one rounded. Exact where nothing overflows
// and no part of a product is lost below the least double; elsewhere each lane is done by itself.
[[gnu::noinline]] F64 fma(F64 a, F64 b, F64 c) {
    constexpr double large = 0x1p900, small = 0x1p-900;
    const F64 p = a * b, size = abs(p);
    const I64 safe = (abs(a) < large) & (abs(b) < large) & (abs(c) < large) & (size < large) &
                     ((size > small) | (a == 0) | (b == 0));
    if (_mm_movemask_pd(__builtin_bit_cast(F64, safe)) != 3) [[unlikely]]
        return fma_by_lanes(a, b, c);
    const Halves x = halves(a), y = halves(b);
    const F64 error = x.low * y.low - (((p - x.high * y.high) - x.low * y.high) - x.high * y.low);
    const ExactSum tail = exact_sum(c, error), head = exact_sum(p, tail.sum);
    const F64 sum = head.sum + rounded_to_odd(exact_sum(tail.error, head.error));
    return p == 0 ? p + c : sum;  // a product of zero keeps its sign
}

}  // namespace
}  // namespace wbcore::kernels
