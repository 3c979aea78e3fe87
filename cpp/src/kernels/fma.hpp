// fma of single numbers: the instruction of a processor that has it, else fma_exact. Never the C library's function.
#pragma once

#include "fma_exact.hpp"

namespace wbcore::kernels {

// Whether an x86-64 has the instruction, asked once, when the library is loaded (isa.cpp). Until then, and for tests that
// take it away, it is false: the bits are the same.
extern bool has_fma_instruction;

namespace {

#if defined(__FMA__) || defined(__aarch64__) || (defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF))

// compiled for processors that have it
inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }

#elif defined(__x86_64__)

// In assembly, since a function compiled for another processor is called, not inlined, which takes longer than the
// instruction. Volatile, since it must not be moved above the question.
inline float fma(float a, float b, float c) {
    if (!has_fma_instruction) return fma_exact(a, b, c);
    asm volatile("vfmadd231ss %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
    return c;
}
inline double fma(double a, double b, double c) {
    if (!has_fma_instruction) return fma_exact(a, b, c);
    asm volatile("vfmadd231sd %2, %1, %0" : "+x"(c) : "x"(a), "x"(b));
    return c;
}

#else

inline float fma(float a, float b, float c) { return fma_exact(a, b, c); }
inline double fma(double a, double b, double c) { return fma_exact(a, b, c); }

#endif

}  // namespace
}  // namespace wbcore::kernels
