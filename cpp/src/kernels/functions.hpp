// Elementary functions on V: a scalar or a vector, one algorithm (docs/arithmetic.md, section 4).
#pragma once

#include "vec.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
struct Constants;

template <>
struct Constants<float> {
    static constexpr float log2e = 0x1.715476p+0f, magic = 0x1.8p+23f;
    // 15 bits, so that n * ln2_hi is exact for every exponent n
    static constexpr float ln2_hi = 0x1.62e4p-1f, ln2_lo = 0x1.7f7d1cp-20f;
    static constexpr float exp_max = 89, exp_min = -110, expm1_min = -20, tanh_max = 10;
    static constexpr float min_exponent = -126, min_normal = 0x1p-126f;
    static constexpr float tiny_scale = 0x1p+24f, tiny_exponent = 24, tail_max = 15;
    static constexpr float inverse_sqrt_two_pi = 0x1.988454p-2f;
    static constexpr unsigned bias = 127, mantissa_bits = 23, sqrt_half_bits = 0x3f3504f3;
    static constexpr unsigned magic_bits = 0x4b400000, log_bias = 128;
    // clang-format off
    static constexpr float e[] = {0x1p-1f,        0x1.555554p-3f,  0x1.55548ep-5f,
                                  0x1.111272p-7f, 0x1.6d8d52p-10f, 0x1.9f0868p-13f};
    static constexpr float l[] = {0x1.555554p-1f, 0x1.999a7cp-2f, 0x1.2438a8p-2f, 0x1.e2fdd4p-3f};
    static constexpr float g[] = {0x1.89d3acp-1f,  -0x1.54ad04p-1f, 0x1.fb319cp-2f,  -0x1.410ef2p-2f,
                                  0x1.51eef8p-3f,  -0x1.1b1cbep-4f, 0x1.560054p-6f,  -0x1.8333f2p-9f,
                                  -0x1.f73532p-11f, 0x1.adafaep-12f};
    // clang-format on
};

template <>
struct Constants<double> {
    static constexpr double log2e = 0x1.71547652b82fep+0, magic = 0x1.8p+52;
    // 38 bits, for the same reason
    static constexpr double ln2_hi = 0x1.62e42fefap-1, ln2_lo = 0x1.cf79abc9e3b3ap-40;
    static constexpr double exp_max = 710, exp_min = -753, expm1_min = -40, tanh_max = 20;
    static constexpr double min_exponent = -1022, min_normal = 0x1p-1022;
    static constexpr double tiny_scale = 0x1p+54, tiny_exponent = 54, tail_max = 39;
    static constexpr double inverse_sqrt_two_pi = 0x1.9884533d43651p-2;
    static constexpr unsigned long bias = 1023, mantissa_bits = 52;
    static constexpr unsigned long sqrt_half_bits = 0x3fe6a09e667f3bcd;
    static constexpr unsigned long magic_bits = 0x4338000000000000, log_bias = 1024;
    // clang-format off
    static constexpr double e[] = {
        0x1p-1,                 0x1.555555555555bp-3,   0x1.5555555555503p-5,  0x1.111111110ec40p-7,
        0x1.6c16c16c3057ep-10,  0x1.a01a01b389d17p-13,  0x1.a01a013665e39p-16, 0x1.71ddf00305cb2p-19,
        0x1.27e5b46805745p-22,  0x1.af6c1d0af5aacp-26,  0x1.1e3d417e78869p-29};
    static constexpr double l[] = {
        0x1.5555555555555p-1, 0x1.9999999999e06p-2, 0x1.249249242aaf2p-2, 0x1.c71c7259aa5fap-3,
        0x1.745cddff61244p-3, 0x1.3b20b4def38a8p-3, 0x1.0f5bf60cdd083p-3, 0x1.0f6a99bdd5599p-3};
    static constexpr double g[] = {
        0x1.89d3abe1f95aep-1,  -0x1.54ad03f27ca17p-1,  0x1.fb31653876f9fp-2,   -0x1.410ed5f8759e3p-2,
        0x1.51f6329f011d2p-3,  -0x1.1b1c254c9ec19p-4,  0x1.54b4d4f4f99f5p-6,   -0x1.88590ea29bbb8p-9,
        -0x1.a250381c7c417p-11, 0x1.1daf1c39367a9p-11, -0x1.f2144a664bcd1p-15, -0x1.a1707cca2475ap-15,
        0x1.17dc86a589e3dp-16, 0x1.0b1e7b7a8722ap-18,  -0x1.73a4796fe6bccp-19, -0x1.68478ef5b498fp-22,
        0x1.d0ce36e6aa98fp-22, 0x1.5f270dedf8358p-25,  -0x1.1b84703c36558p-24, -0x1.1cfbd7a84ec63p-27,
        0x1.10e5910f14dd8p-27, 0x1.898f1d0989c70p-30,  -0x1.4d237368f1a4fp-32};
    // clang-format on
};

template <class V>
using K = Constants<Scalar<V>>;

template <class V, std::size_t N>
inline V horner(V x, const Scalar<V> (&c)[N]) {
    V p = broadcast<V>(c[N - 1]);
#pragma GCC unroll 32
    for (std::size_t i = N - 1; i > 0; --i) p = fma(p, x, broadcast<V>(c[i - 1]));
    return p;
}

// 2^n for integral n in the range of normal exponents. Adding magic moves n into the low mantissa bits.
template <class V>
inline V pow2(V n) {
    return from_bits<V>((bits(n + K<V>::magic) - K<V>::magic_bits + K<V>::bias)
                        << K<V>::mantissa_bits);
}

// The nearest integer, for |x| < 2^(mantissa_bits - 1).
template <class V>
inline V nearest(V x) {
    return (x + K<V>::magic) - K<V>::magic;
}

// y * 2^n in two exact-or-last steps: only the second product can round. Any split of n gives the same bits.
template <class V>
inline V scale(V y, V n) {
    const V half = nearest(n * Scalar<V>(0.5));
    return (y * pow2(half)) * pow2(n - half);
}

// x = n ln 2 + r and e^r = 1 + r + p
template <class V>
struct Reduced {
    V n, r, p;
};

template <class V>
inline Reduced<V> reduce(V x) {
    const V n = fma(x, broadcast<V>(K<V>::log2e), broadcast<V>(K<V>::magic)) - K<V>::magic;
    const V r = fma(-n, broadcast<V>(K<V>::ln2_lo), fma(-n, broadcast<V>(K<V>::ln2_hi), x));
    return {n, r, (r * r) * horner(r, K<V>::e)};
}

// y * 2^n, not yet multiplied: where that is subnormal, a factor goes in before its rounding.
template <class V>
struct WithExponent {
    V y, n;
};

template <class V>
inline V scale(WithExponent<V> x) {
    return scale(x.y, x.n);
}

template <class V>
inline WithExponent<V> scaled_exp(V x) {
    x = x > K<V>::exp_max ? broadcast<V>(K<V>::exp_max) : x;
    x = x < K<V>::exp_min ? broadcast<V>(K<V>::exp_min) : x;
    const auto [n, r, p] = reduce(x);
    const V s = 1 + r;
    return {s + ((r - (s - 1)) + p), n};
}

template <class V>
inline V exp(V x) {
    return scale(scaled_exp(x));
}

// For x <= 0.
template <class V>
inline V expm1(V x) {
    x = x < K<V>::expm1_min ? broadcast<V>(K<V>::expm1_min) : x;
    const auto [n, r, p] = reduce(x);
    const V s = pow2(n), a = s - 1, b = s * r, h = a + b;
    return h + ((b - (h - a)) + s * p);
}

// e^(2|x|) - 1 = h + l, then h / (h + 2) with one division and an fma residual.
template <class V>
inline V tanh(V x) {
    const V magnitude = abs(x);
    const auto [n, r, p] =
        reduce(magnitude > K<V>::tanh_max ? broadcast<V>(2 * K<V>::tanh_max) : 2 * magnitude);
    const V s = pow2(n), a = s - 1, b = s * r, t = a + b;
    V l = (b - (t - a)) + s * p;
    const V h = t + l;
    l = l - (h - t);
    const V d = h + 2, v = d - h, m = ((h - (d - v)) + (2 - v)) + l;
    const V i = 1 / d, q = h * i;
    return copysign(fma(fma(-q, d, h) + fma(-q, m, l), i, q), x);
}

// e^r = h + l with e = 2^n e^r = e^(-|x|); then 1 / (1 + e) or e / (1 + e).
template <class V>
inline WithExponent<V> scaled_sigmoid(V x) {
    V z = -abs(x);
    z = z < K<V>::exp_min ? broadcast<V>(K<V>::exp_min) : z;
    const auto [n, r, p] = reduce(z);
    const V s = 1 + r;
    V l = (r - (s - 1)) + p;
    const V h = s + l;
    l = l - (h - s);
    const V c = pow2(n > K<V>::min_exponent ? n : broadcast<V>(K<V>::min_exponent));
    const V f = h * c, g = l * c, d = 1 + f, m = (f - (d - 1)) + g;
    const auto negative = x < 0;
    const V u = negative ? h : broadcast<V>(1), w = negative ? l : broadcast<V>(0);
    const V i = 1 / d, q = u * i;
    return {fma(fma(-q, d, u) + fma(-q, m, w), i, q), negative ? n : broadcast<V>(0)};
}

template <class V>
inline V sigmoid(V x) {
    return scale(scaled_sigmoid(x));
}

// x sigmoid(x). Below exp_min it is zero, which a finite factor keeps.
template <class V>
inline V silu(V x) {
    const auto [y, n] = scaled_sigmoid(x);
    return scale((x < K<V>::exp_min ? broadcast<V>(K<V>::exp_min) : x) * y, n);
}

// log(w + c) for positive finite w and |c| far below it.
template <class V>
inline V log_corrected(V w, V c) {
    const auto tiny = w < K<V>::min_normal;
    const auto b = bits(tiny ? w * K<V>::tiny_scale : w);
    // the exponent, biased so that a logical shift serves
    const auto j =
        (b - K<V>::sqrt_half_bits + (K<V>::log_bias << K<V>::mantissa_bits)) >> K<V>::mantissa_bits;
    const V m = from_bits<V>(b - ((j - K<V>::log_bias) << K<V>::mantissa_bits));
    const V k = (from_bits<V>(j + K<V>::magic_bits) - (K<V>::magic + K<V>::log_bias)) -
                (tiny ? broadcast<V>(K<V>::tiny_exponent) : broadcast<V>(0));
    const V f = m - 1, s = f / (2 + f), z = s * s;
    const V rest = horner(z, K<V>::l) * z;
    const V h = (Scalar<V>(0.5) * f) * f;
    return k * K<V>::ln2_hi - ((h - fma(s, h + rest, fma(k, broadcast<V>(K<V>::ln2_lo), c))) - f);
}

template <class V>
inline V log(V x) {
    constexpr Scalar<V> infinity = __builtin_inf(), nan = __builtin_nan("");
    V y = log_corrected(x, broadcast<V>(0));
    y = x == infinity ? x : y;
    y = x == 0 ? broadcast<V>(-infinity) : y;
    return x >= 0 ? y : broadcast<V>(nan);
}

// log(1 + u) for u in [0, 1]
template <class V>
inline V log1p(V u) {
    const V w = 1 + u, c = u - (w - 1);
    return log_corrected(w, c / w);
}

// The normal distribution function and its density.
template <class V>
struct Normal {
    V cumulative, density;
};

// e^(-a a / 2) for a >= 0
template <class V>
inline WithExponent<V> scaled_bell(V a) {
    const V h = a * a, l = fma(a, a, -h);
    const auto [e, n] = scaled_exp(Scalar<V>(-0.5) * h);
    return {fma(e, Scalar<V>(-0.5) * l, e), n};
}

// Phi(-a) e^(a a / 2) for a >= 0
template <class V>
inline V tail_ratio(V a) {
    const V i = 1 / (a + 5), t = (a - 5) * i;
    return horner(t, K<V>::g) * i;
}

template <class V>
inline V clamped_tail(V x) {
    const V a = abs(x);
    return a > K<V>::tail_max ? broadcast<V>(K<V>::tail_max) : a;
}

template <class V>
inline Normal<V> normal(V x) {
    const V a = clamped_tail(x), e = scale(scaled_bell(a)), tail = e * tail_ratio(a);
    return {x < 0 ? tail : 1 - tail, e * K<V>::inverse_sqrt_two_pi};
}

// x Phi(x)
template <class V>
inline V gelu(V x) {
    const V a = clamped_tail(x);
    const auto [e, n] = scaled_bell(a);
    const V tail = e * tail_ratio(a);
    const auto negative = x < 0;
    const V y = scale(negative ? -a * tail : tail, n);
    return negative ? y : x * (1 - y);
}

template <class V>
inline V softplus(V x) {
    return (x > 0 ? x : broadcast<V>(0)) + log1p(exp(-abs(x)));
}

}  // namespace
}  // namespace wbcore::kernels
