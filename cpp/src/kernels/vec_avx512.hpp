// AVX-512: 32 registers of 64 bytes.
#pragma once

#include <immintrin.h>

#define WBCORE_VECTOR_BYTES 64
#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

inline F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
inline F64 fma(F64 a, F64 b, F64 c) { return _mm512_fmadd_pd(a, b, c); }
// With a mask of all lanes, since gcc 12 warns of what _mm512_sqrt_ps leaves undefined on purpose (its bug 105593).
inline F32 sqrt(F32 x) { return _mm512_mask_sqrt_ps(x, 0xffff, x); }
inline F64 sqrt(F64 x) { return _mm512_mask_sqrt_pd(x, 0xff, x); }
// In one instruction: the compiler makes halves and puts them together.
template <>
inline F64 load_converted<F64, float>(const char* p) {
    return _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(reinterpret_cast<const float*>(p)));
}
// The product of the lower halves of each number
inline U64 multiply_halves(U64 a, U64 b) {
    return __builtin_bit_cast(U64, _mm512_maskz_mul_epu32(0xff, __builtin_bit_cast(__m512i, a),
                                                          __builtin_bit_cast(__m512i, b)));
}

// Tiles of 12 rows x 2 panels: 24 accumulators + 2 of w, the broadcast of x being part of the fma.
inline constexpr int tile_rows = 12, tile_panels = 2;
// 4 x 4: 16 accumulators.
inline constexpr int few_rows = 4, few_rows_panels = 4;

}  // namespace
}  // namespace wbcore::kernels
