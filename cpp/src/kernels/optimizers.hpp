// What becomes of a gradient (docs/arithmetic.md, section 7).
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

// An update with its numbers in registers: read from memory, they would have to be read again after each store.
template <class T>
class Optimizer {
    using V = Vector<T>;

public:
    explicit Optimizer(const Update<T>& u) : stores_(u.sgd == nullptr) {
        if (stores_) return;
        rate_ = broadcast<V>(-u.sgd->learning_rate);
        momentum_ = broadcast<V>(u.sgd->momentum);
        decay_ = broadcast<V>(u.sgd->weight_decay);
        moves_ = u.sgd->momentum != 0;
        decays_ = u.decayed && u.sgd->weight_decay != 0;
        nesterov_ = u.sgd->nesterov;
    }

    // One vector of parameters, by section 7; `part` of its lanes have a velocity.
    V updated(V w, V g, T* velocity, std::size_t part) const {
        if (decays_) g = fma(decay_, w, g);
        if (!moves_) return fma(rate_, g, w);
        const V v = fma(momentum_, load_part(velocity, part), g);
        store_part(velocity, v, part);
        return fma(rate_, nesterov_ ? fma(momentum_, v, g) : v, w);
    }

    // A gradient on its way to memory: stored as it is, or applied.
    void finish(T* out, T* velocity, V g) const {
        store(out, stores_ ? g : updated(load<V>(out), g, velocity, lanes<T>));
    }

private:
    V rate_{}, momentum_{}, decay_{};
    bool stores_, moves_ = false, decays_ = false, nesterov_ = false;
};

template <class T>
void sgd(const Update<T>& u, T* w, T* velocity, const T* g, std::size_t n) {
    const Optimizer<T> optimizer(u);
    for_each_vector<T>(n, [=, &optimizer](std::size_t i, std::size_t part) {
        store_part(
            w + i,
            optimizer.updated(load_part(w + i, part), load_part(g + i, part), velocity + i, part),
            part);
    });
}

}  // namespace
}  // namespace wbcore::kernels
