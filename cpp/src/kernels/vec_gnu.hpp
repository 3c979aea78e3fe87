// Operations on GNU vectors of WBCORE_VECTOR_BYTES, the part that every instruction set shares: arithmetic, comparison
// and ?: are the compiler's own. A vec_<isa>.hpp defines the length, includes this, and adds fma.
#pragma once

#include <cstddef>
#include <cstdint>

// the scalar steps of a chain
#include "fma.hpp"

// nobody's, for an editor that opens this file alone
#ifndef WBCORE_VECTOR_BYTES
#define WBCORE_VECTOR_BYTES 16
#endif

namespace wbcore::kernels {
namespace {

inline constexpr int vector_bytes = WBCORE_VECTOR_BYTES;

typedef float F32 __attribute__((vector_size(vector_bytes)));
typedef double F64 __attribute__((vector_size(vector_bytes)));
typedef std::uint32_t U32 __attribute__((vector_size(vector_bytes)));
typedef std::uint64_t U64 __attribute__((vector_size(vector_bytes)));

template <class V>
struct ScalarOf;
template <>
struct ScalarOf<F32> {
    using type = float;
};
template <>
struct ScalarOf<F64> {
    using type = double;
};
template <class V>
using Scalar = typename ScalarOf<V>::type;

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
    using type = F32;
};
template <>
struct VectorOf<double> {
    using type = F64;
};

template <class V>
inline V load(const Scalar<V>* p) {
    V v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
template <class V>
inline void store(Scalar<V>* p, V v) {
    __builtin_memcpy(p, &v, sizeof v);
}

// As many numbers of another type as V has lanes, from any address. In registers: by way of an array the compiler may
// store halves and load them as one, for which the processor has to wait.
template <class V, class From>
inline V load_converted(const char* p) {
    typedef From Numbers __attribute__((vector_size(sizeof(V) / sizeof(Scalar<V>) * sizeof(From))));
    Numbers numbers;
    __builtin_memcpy(&numbers, p, sizeof numbers);
    return __builtin_convertvector(numbers, V);
}

template <class V>
inline V broadcast(Scalar<V> x) {
    return x - V{};  // x - (+0) is x for every x, so the compiler drops the subtraction
}

template <class V>
inline Scalar<V> first_lane(V v) {
    return v[0];
}

inline U32 bits(F32 x) { return __builtin_bit_cast(U32, x); }
inline U64 bits(F64 x) { return __builtin_bit_cast(U64, x); }
template <class V>
inline V from_bits(U32 b) {
    return __builtin_bit_cast(V, b);
}
template <class V>
inline V from_bits(U64 b) {
    return __builtin_bit_cast(V, b);
}

inline F32 abs(F32 x) { return from_bits<F32>(bits(x) & 0x7fffffffu); }
inline F64 abs(F64 x) { return from_bits<F64>(bits(x) & 0x7fffffffffffffffu); }
inline F32 copysign(F32 x, F32 sign) {
    return from_bits<F32>((bits(x) & 0x7fffffffu) | (bits(sign) & 0x80000000u));
}
inline F64 copysign(F64 x, F64 sign) {
    return from_bits<F64>((bits(x) & 0x7fffffffffffffffu) | (bits(sign) & 0x8000000000000000u));
}

}  // namespace
}  // namespace wbcore::kernels
