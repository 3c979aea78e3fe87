// All kernels of one instruction set, and their table, defined: only a kernels_<isa>.cpp includes this file, after it has
// named the set. Everything lies in an anonymous namespace: code for one processor must not be merged with the same code
// for another.
#pragma once

#include "activations.hpp"
#include "dropout.hpp"
#include "elementwise.hpp"
#include "gather.hpp"
#include "kernel_table.hpp"
#include "losses.hpp"
#include "norms.hpp"
#include "optimizers.hpp"
#include "softmax.hpp"
#include "tracking.hpp"
#include "vec.hpp"

#ifdef WBCORE_PLAIN
#include "products_plain.hpp"
#else
#include "gradients_tiles.hpp"
#include "products_tiles.hpp"
#endif

// a name for an editor that opens this file alone
#ifndef WBCORE_KERNELS
#define WBCORE_KERNELS unnamed
#endif

namespace wbcore::kernels {
namespace {

// Twelve chains: more than latency times throughput of any processor here, and all in registers.
constexpr std::size_t chains = 12;

template <class T>
T fma_chains(T x, std::size_t n) {
    using V = Vector<T>;
    V sum[chains];
    const V a = broadcast<V>(x), b = broadcast<V>(1 - x);
    for (std::size_t c = 0; c < chains; ++c) sum[c] = broadcast<V>(static_cast<T>(c));
    for (std::size_t i = 0; i < n; ++i)
#pragma GCC unroll 12
        for (std::size_t c = 0; c < chains; ++c) sum[c] = fma(a, sum[c], b);
    for (std::size_t c = 1; c < chains; ++c) sum[0] = sum[0] + sum[c];
    return first_lane(sum[0]);
}

template <class T>
std::size_t fma_operations(std::size_t n) {
    return n * chains * lanes<T>;
}

template <class T>
constexpr KernelTable<T> make_table(const char* isa) {
    return {isa,
            product<T>,
            outer_product<T>,
            column_sums<T>,
            activate<T>,
            activate_backward<T>,
            softmax<T>,
            softmax_backward<T>,
            dropout<T>,
            loss<T>,
            update<T>,
            row_squares<T>,
            row_sizes<T>,
            limit_columns<T>,
            measure<T>,
            count_units<T>,
            transpose<T>,
            function<T>,
            gather<T>,
            all_finite<T>,
            add_scaled<T>,
            fma_chains<T>,
            fma_operations<T>};
}

#define WBCORE_TEXT_(x) #x
#define WBCORE_TEXT(x) WBCORE_TEXT_(x)
constexpr KernelTable<float> float_table = make_table<float>(WBCORE_TEXT(WBCORE_KERNELS));
constexpr KernelTable<double> double_table = make_table<double>(WBCORE_TEXT(WBCORE_KERNELS));

}  // namespace

// NOLINTBEGIN(misc-definitions-in-headers): each set includes this header once, into a namespace of its own
namespace WBCORE_KERNELS {
const KernelTable<float>& table(float) { return float_table; }
const KernelTable<double>& table(double) { return double_table; }
}  // namespace WBCORE_KERNELS
// NOLINTEND(misc-definitions-in-headers)

}  // namespace wbcore::kernels
