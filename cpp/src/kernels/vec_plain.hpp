// Operations on one number: what the plain kernels are made of.
#pragma once

#include <cstddef>

#include "fma.hpp"

namespace wbcore::kernels {
namespace {

template <class V>
using Scalar = V;

template <class T>
struct VectorOf {
    using type = T;
};

template <class V>
inline V broadcast(V x) {
    return x;
}
template <class V>
inline V load(const V* p) {
    return *p;
}
template <class V>
inline void store(V* p, V x) {
    *p = x;
}
template <class V, class From>
inline V load_converted(const char* p) {
    From x;
    __builtin_memcpy(&x, p, sizeof x);
    return static_cast<V>(x);
}
template <class V>
inline V first_lane(V x) {
    return x;
}

inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
// An instruction, or the C library's function, which IEEE 754 binds to the same bits.
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float copysign(float x, float sign) { return __builtin_copysignf(x, sign); }
inline double copysign(double x, double sign) { return __builtin_copysign(x, sign); }
// The product of the lower halves of two numbers
inline unsigned long multiply_halves(unsigned long a, unsigned long b) {
    return (a & 0xffffffff) * (b & 0xffffffff);
}

inline unsigned bits(float x) { return __builtin_bit_cast(unsigned, x); }
inline unsigned long bits(double x) { return __builtin_bit_cast(unsigned long, x); }
template <class V, class B>
inline V from_bits(B b) {
    return __builtin_bit_cast(V, b);
}

}  // namespace
}  // namespace wbcore::kernels
