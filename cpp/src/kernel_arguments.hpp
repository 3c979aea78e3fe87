// What the kernels are given for an activation by name, and for the settings of an optimizer.
#pragma once

#include "kernels/kernel_table.hpp"

namespace wbcore {

template <class T>
kernels::ActivationOf<T> with_default_numbers(Activation kind) {
    return {kind, {kind == Activation::leaky_relu ? T(0.01) : T(1), T(0)}};
}

// Stored when there is no sgd; `decayed` is whether weight decay touches these parameters.
template <class T>
kernels::Update<T> update_of(const Sgd<T>* sgd, bool decayed) {
    if (sgd == nullptr) return {};
    return {.stores = false,
            .rule = Optimizer::sgd,
            .numbers = {sgd->learning_rate, sgd->momentum, decayed ? sgd->weight_decay : T(0),
                        sgd->nesterov ? T(1) : T(0)}};
}

}  // namespace wbcore
