// The seam between the engine and the instruction sets: one table of function pointers for each.
// Kernels trust their arguments; shapes are checked above. What they compute, to the bit: docs/arithmetic.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "wbcore/activations.hpp"
#include "wbcore/input.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/optimizers.hpp"
#include "wbcore/range.hpp"

namespace wbcore::kernels {

// Lengths that the arithmetic contract fixes; no instruction set, thread count or batch size changes them.
inline constexpr std::size_t feature_leaf = 256;
inline constexpr std::size_t row_leaf = 128;
// The row tree is folded as its leaves come, like a binary counter: one partial sum for each bit of the leaf count.
inline constexpr std::size_t max_tree_depth = 64;

// Elementary functions beside the activations.
enum class Function : std::uint8_t { exp, expm1, log, log1p, sqrt };

// As wide as T, so that vectors of both have as many lanes.
template <class T>
struct UnitCountOf {
    using type = std::uint64_t;
};
template <>
struct UnitCountOf<float> {
    using type = std::uint32_t;
};
template <class T>
using UnitCount = typename UnitCountOf<T>::type;

// To be added to for each unit: the rows in which its output is not 0, and in which it is below low or above high.
template <class T>
struct UnitCounts {
    UnitCount<T>* active;     // (O), padded to whole panels
    UnitCount<T>* saturated;  // likewise, or null
    T low, high;
};

// The elementwise step that follows a product, done while its numbers are still at hand.
template <class T>
struct Epilogue {
    enum class Kind : std::uint8_t {
        none,
        activate,       // a = f(out); `a` may be `out` itself
        differentiate,  // out holds dA and becomes dZ, by way of `a` and `z`
    };
    Kind kind = Kind::none;
    ActivationOf<T> activation = {};        // an elementwise one
    Panels<T> a = {};                       // (B, N), packed, as `out` is then
    Panels<const T> z = {};                 // (B, N), packed
    const UnitCounts<T>* counts = nullptr;  // of the outputs `a`; null: they are not counted
};

// out = start + x w
template <class T>
struct Product {
    Panels<T> out;      // (B, N)
    Panels<const T> x;  // (B, K)
    Panels<const T> w;  // (K, N)
    const T* start;     // (N), padded to whole panels; null for zeros
    Epilogue<T> epilogue = {};
};

// What becomes of a gradient: stored, or applied at once to the parameter and its states by the rule of an optimizer.
template <class T>
struct Update {
    bool stores = true;
    Optimizer rule = Optimizer::sgd;
    bool is_general = false;  // a rare rule, or one before which the gradient is prepared
    T numbers[10] =
        {};  // of this step, in the order in which the rule's struct in optimizers.hpp names them
    // How the gradient is prepared: held to +-clip_value unless that is 0, multiplied, and given parts of the parameter.
    T clip_value = 0, scale = 1, l1 = 0, l2 = 0;
};

// g[i][n] = sum over rows of x[r][i] dz[r][n], for the inputs i in [first_input, last_input)
template <class T>
struct OuterProduct {
    Panels<T> out;  // (I, N): the gradient, or the weights it updates
    T* states
        [OptimizerInfo::most_states];  // (I, N) each, laid out like `out`, as many as the rule has
    Panels<const T> x;                 // (B, I)
    Panels<const T> dz;                // (B, N)
    std::size_t first_input, last_input;
    const Update<T>& update;
};

// g[n] = sum over rows of dz[r][n]
template <class T>
struct ColumnSums {
    T* out;                                 // (N), padded: the gradient, or the biases it updates
    T* states[OptimizerInfo::most_states];  // (N) each, padded, as many as the rule has
    Panels<const T> dz;                     // (B, N)
    const Update<T>& update;
};

// Loss of a batch of rows, and its gradient.
template <class T>
struct LossRows {
    Loss loss;
    T* row_losses;  // (B)
    Panels<T>
        dz;  // (B, O): dZ for the entropies, dY for the others; zeros past O.  Scratch when !gradient
    Panels<const T> z;           // (B, O)
    Panels<const T> y;           // (B, O), the outputs
    Panels<const T> t;           // (B, O), the targets, when labels is null
    const std::int64_t* labels;  // (B)
    T numbers[Numbers::most];    // of the loss, in the order of its row
    T mean_count;                // n of section 6
    bool gradient;
    const T* output_weights = nullptr;  // (O), null for those that all are 1
    // (B), or null when every row counts 1. Gradients are of 1 / mean_count, and by weights times `weight_scale`.
    const T* weights = nullptr;
    T weight_scale = 1;
};

// What dropout leaves of rows: out = number < threshold ? +0 : scale * x, forward of outputs, backward of their gradient.
template <class T>
struct Dropout {
    Panels<T> out;                 // (B, O), may be x
    Panels<const T> x;             // (B, O)
    const std::uint16_t* numbers;  // (B, O), padded to whole panels
    std::size_t stride;            // from a row of them to the next
    T threshold;                   // in the numbers' unit, 2^-16
    T scale;
};

// Rows of a panel of parameters are measured so many at a time: a piece that stays in the nearest cache.
inline constexpr std::size_t tracking_rows = 128;
// Sign, exponent and three bits of the fraction of a float.
inline constexpr std::size_t tracking_bins = 4096;
// Of the sum that tells parameters apart: the key of word i is start + i * step, both odd numbers without a pattern (the fractions
// of the square roots of 2 and 3).
inline constexpr std::uint64_t digest_start = 0x6a09e667f3bcc909, digest_step = 0xbb67ae8584caa73b;

// The bin of a number that is counted: its first 12 bits.
[[gnu::always_inline]] inline std::uint32_t bin_of(float x) {
    return __builtin_bit_cast(std::uint32_t, x) >> 20;
}
// With the exponent held to what single precision has: below its range all is in the first bin, above in the first of those that a
// float's infinities and NaN are in, and such ones in the last.
[[gnu::always_inline]] inline std::uint32_t bin_of(double x) {
    constexpr std::uint32_t first = (1023 - 127) * 8, large = 255 * 8, infinity = 2047 * 8;
    const std::uint64_t b = __builtin_bit_cast(std::uint64_t, x);
    const auto sign = static_cast<std::uint32_t>(b >> 63) << 11;
    const auto size = static_cast<std::uint32_t>((b << 1) >> 50);
    const std::uint32_t above = size > first ? size - first : 0;
    return sign | (size >= infinity ? large + 7 : above < large ? above : large);
}

// What is found of a chunk. Moments and extremes are of its finite numbers; zeros are of either sign.
struct ChunkSums {
    std::uint64_t finite = 0, zeros = 0;
    double sum = 0, sizes = 0, mean = 0, deviations = 0, minimum = 0, maximum = 0;
    double change = 0, since_last = 0, update = 0, before = 0, gradient = 0;  // sums of squares
    std::uint64_t digest = 0;
};

// At most tracking_rows rows of a packed panel. Of the other arrays, laid out likewise, null are those that are not asked for.
template <class T>
struct Chunk {
    const T* x;
    std::size_t rows, cols;  // cols: of the panel, those that are there
    const T *initial, *last, *before, *gradient;
    std::uint64_t word,
        words_of_a_row;   // of the digest: the number of the first one, and from a row to the next
    std::uint32_t* bins;  // (tracking_bins), to be added to; null: not asked for
    ChunkSums& sums;
};

template <class T>
struct KernelTable {
    const char* isa;
    void (*product)(const Product<T>&);
    void (*outer_product)(const OuterProduct<T>&);
    void (*column_sums)(const ColumnSums<T>&);
    // Elementwise over n elements; any alignment. `a` and `z` may be the same array.
    void (*activate)(const ActivationOf<T>&, T* a, const T* z, std::size_t n);
    // dz holds dA and becomes dZ
    void (*activate_backward)(const ActivationOf<T>&, T* dz, const T* a, const T* z, std::size_t n);
    void (*softmax)(Panels<T> a, Panels<const T> z);  // (B, O) both
    void (*softmax_backward)(Panels<T> dz,
                             Panels<const T> a);  // (B, O) both; dz holds dA and becomes dZ
    void (*dropout)(const Dropout<T>&);
    void (*loss)(const LossRows<T>&);
    // A rule over n gradients that were stored
    void (*update)(const Update<T>&,
                   T* w,
                   T* const (&states)[OptimizerInfo::most_states],
                   const T* g,
                   std::size_t n);
    // The sum of squares of each row, in binary64; each number is held to +-clip_value first unless that is 0.
    void (*row_squares)(double* sums, Panels<const T> m, T clip_value);
    // Likewise of sizes, |x|
    void (*row_sizes)(double* sums, Panels<const T> m);
    // Shrinks the columns of the panels [first, last) whose norm is above `most` to it.
    void (*limit_columns)(Panels<T> w, Range panels, double most);
    void (*measure)(const Chunk<T>&);
    // Of packed outputs (B, O)
    void (*count_units)(Panels<const T> a, const UnitCounts<T>&);
    void (*transpose)(Panels<T> out,
                      Panels<const T> in,
                      std::size_t first_row,
                      std::size_t last_row);
    void (*function)(Function, T* y, const T* x, std::size_t n);
    // As the functions of input.hpp, for rows of float, double or (gather) bytes, each in one piece.
    bool (*gather)(const ArrayView& in, const std::int64_t* order, Panels<T> out);
    bool (*all_finite)(const ArrayView& in);
    void (*add_scaled)(T* y, const T* x, T scale, std::size_t n);  // y = fma(scale, x, y)
    // `n` rounds of multiply-adds in registers alone, fma_operations(n) in all: what the processor can do at best
    T (*fma_chains)(T x, std::size_t n);
    std::size_t (*fma_operations)(std::size_t n);
};

// The table in use, chosen at the first call. Throws std::runtime_error when WBCORE_ISA names what is not to be had.
template <class T>
const KernelTable<T>& table();

// Those that this machine can run, slowest first; the plain one is the first.
template <class T>
std::vector<const KernelTable<T>*> available_tables();

}  // namespace wbcore::kernels
