// SSE2, which every x86-64 processor has: 16 registers of 16 bytes, no fused multiply-add.
#pragma once

#include <emmintrin.h>

#define WBCORE_VECTOR_BYTES 16
#include "fma_sse2.hpp"
#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

inline F32 sqrt(F32 x) { return _mm_sqrt_ps(x); }
inline F64 sqrt(F64 x) { return _mm_sqrt_pd(x); }
// The product of the lower halves of each number
inline U64 multiply_halves(U64 a, U64 b) {
    return __builtin_bit_cast(
        U64, _mm_mul_epu32(__builtin_bit_cast(__m128i, a), __builtin_bit_cast(__m128i, b)));
}

// A panel is four vectors. Tiles of 2 rows x 1 panel: 8 accumulators, which leave 8 registers for the steps of an fma;
// its arithmetic takes so long that larger tiles gain nothing.
inline constexpr int tile_rows = 2, tile_panels = 1;
inline constexpr int few_rows = 2, few_rows_panels = 1;

}  // namespace
}  // namespace wbcore::kernels
