// The vectors of one instruction set. A kernels_<isa>.cpp names its own, which stays the one it names when the flags of a
// build allow more; without a name, as for an editor that opens a kernel alone, it is the widest that the flags allow.
#pragma once

#if defined(WBCORE_PLAIN)
#include "vec_plain.hpp"
#elif defined(WBCORE_VECTORS)
#include WBCORE_VECTORS
#elif defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512BW__)
#include "vec_avx512.hpp"
#elif defined(__AVX2__) && defined(__FMA__)
#include "vec_avx2.hpp"
#elif defined(__x86_64__)
#include "vec_sse2.hpp"
#elif defined(__aarch64__)
#include "vec_neon.hpp"
#else
#define WBCORE_PLAIN
#include "vec_plain.hpp"
#endif
