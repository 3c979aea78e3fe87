// AVX2 + FMA: 16 registers of 32 bytes.
#pragma once

#include <immintrin.h>

#define WBCORE_VECTOR_BYTES 32
#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

inline F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a, b, c); }
inline F64 fma(F64 a, F64 b, F64 c) { return _mm256_fmadd_pd(a, b, c); }
inline F32 sqrt(F32 x) { return _mm256_sqrt_ps(x); }
inline F64 sqrt(F64 x) { return _mm256_sqrt_pd(x); }
// In one instruction: the compiler makes halves and puts them together.
template <>
inline F64 load_converted<F64, float>(const char* p) {
    return _mm256_cvtps_pd(_mm_loadu_ps(reinterpret_cast<const float*>(p)));
}
// The product of the lower halves of each number
inline U64 multiply_halves(U64 a, U64 b) {
    return __builtin_bit_cast(
        U64, _mm256_mul_epu32(__builtin_bit_cast(__m256i, a), __builtin_bit_cast(__m256i, b)));
}

// Tiles of 6 rows x 1 panel: 12 accumulators + 2 of w + 1 broadcast of x = 15 of the 16 registers.
inline constexpr int tile_rows = 6, tile_panels = 1;
// 3 x 2: 12 accumulators again.
inline constexpr int few_rows = 3, few_rows_panels = 2;

}  // namespace
}  // namespace wbcore::kernels
