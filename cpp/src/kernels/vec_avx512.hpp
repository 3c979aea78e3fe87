// AVX-512: 32 registers of 64 bytes.
#pragma once

#include <immintrin.h>

#define WBCORE_VECTOR_BYTES 64
#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

inline F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
inline F64 fma(F64 a, F64 b, F64 c) { return _mm512_fmadd_pd(a, b, c); }

// Tiles of 12 rows x 2 panels: 24 accumulators + 2 of w, the broadcast of x being part of the fma.
inline constexpr int tile_rows = 12, tile_panels = 2;
// 4 x 4: 16 accumulators.
inline constexpr int few_rows = 4, few_rows_panels = 4;

}  // namespace
}  // namespace wbcore::kernels
