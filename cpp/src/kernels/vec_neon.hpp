// NEON of 64-bit ARM: 32 registers of 16 bytes.
#pragma once

#include <arm_neon.h>

#define WBCORE_VECTOR_BYTES 16
#include "vec_gnu.hpp"

namespace wbcore::kernels {
namespace {

inline F32 fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c, a, b); }
inline F64 fma(F64 a, F64 b, F64 c) { return vfmaq_f64(c, a, b); }
inline F32 sqrt(F32 x) { return vsqrtq_f32(x); }
inline F64 sqrt(F64 x) { return vsqrtq_f64(x); }
// The product of the lower halves of each number
inline U64 multiply_halves(U64 a, U64 b) {
    return __builtin_bit_cast(U64, vmull_u32(vmovn_u64(__builtin_bit_cast(uint64x2_t, a)),
                                             vmovn_u64(__builtin_bit_cast(uint64x2_t, b))));
}

// A panel is four vectors. Tiles of 6 rows x 1 panel: 24 accumulators + 4 of w + 1 of x = 29 of the 32 registers.
inline constexpr int tile_rows = 6, tile_panels = 1;
// 2 x 2: 16 accumulators + 8 of w + 1 of x.
inline constexpr int few_rows = 2, few_rows_panels = 2;

}  // namespace
}  // namespace wbcore::kernels
