// Elementary functions over arrays, and multiply-adds.
#pragma once

#include "functions.hpp"
#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

template <class T>
void function(Function f, T* y, const T* x, std::size_t n) {
    using V = Vector<T>;
    switch (f) {
        case Function::exp:
            return map(y, x, n, [](V v) { return exp(v); });
        case Function::expm1:
            return map(y, x, n, [](V v) { return expm1(v); });
        case Function::log:
            return map(y, x, n, [](V v) { return log(v); });
        case Function::log1p:
            return map(y, x, n, [](V v) { return log1p(v); });
        case Function::sqrt:
            return map(y, x, n, [](V v) { return sqrt(v); });
    }
}

template <class T>
void add_scaled(T* y, const T* x, T scale, std::size_t n) {
    map_onto(y, x, n,
             [=](Vector<T> sum, Vector<T> v) { return fma(broadcast<Vector<T>>(scale), v, sum); });
}

}  // namespace
}  // namespace wbcore::kernels
