// What becomes of a gradient (docs/arithmetic.md, section 7): one struct a rule, whether it ends a product or follows later.
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

// A rule makes one vector of parameters of it and its gradient, and moves its states. It keeps its numbers in registers:
// read from memory, they would have to be read again after each store.

template <class T>
struct Store {
    using V = Vector<T>;
    static constexpr std::size_t states = 0;
    explicit Store(const Update<T>&) {}
    V operator()(V, V g, V (&)[2]) const { return g; }
};

// As a part of the gradient; 0 for parameters that do not decay.
template <class T>
struct Decay {
    using V = Vector<T>;
    explicit Decay(T number) : decay(broadcast<V>(number)), decays(number != 0) {}
    V operator()(V w, V g) const { return decays ? fma(decay, w, g) : g; }
    V decay;
    bool decays;
};

// rate, momentum, decay, nesterov (0 or 1); here without momentum.
template <class T>
struct Sgd {
    using V = Vector<T>;
    static constexpr std::size_t states = 0;
    explicit Sgd(const Update<T>& u) : rate(broadcast<V>(-u.numbers[0])), decayed(u.numbers[2]) {}
    V operator()(V w, V g, V (&)[2]) const { return fma(rate, decayed(w, g), w); }
    V rate;
    Decay<T> decayed;
};

// The same with momentum. States: the velocity.
template <class T>
struct SgdWithMomentum {
    using V = Vector<T>;
    static constexpr std::size_t states = 1;
    explicit SgdWithMomentum(const Update<T>& u)
        : rate(broadcast<V>(-u.numbers[0])),
          momentum(broadcast<V>(u.numbers[1])),
          decayed(u.numbers[2]),
          nesterov(u.numbers[3] != 0) {}
    V operator()(V w, V g, V (&state)[2]) const {
        g = decayed(w, g);
        const V v = state[0] = fma(momentum, state[0], g);
        return fma(rate, nesterov ? fma(momentum, v, g) : v, w);
    }
    V rate, momentum;
    Decay<T> decayed;
    bool nesterov;
};

// rate, beta1, 1 - beta1, beta2, 1 - beta2, root, epsilon, decay; the corrections of this step's bias are in rate and root.
// States: m, v.
template <class T>
struct Adam {
    using V = Vector<T>;
    static constexpr std::size_t states = 2;
    explicit Adam(const Update<T>& u)
        : rate(broadcast<V>(-u.numbers[0])),
          beta1(broadcast<V>(u.numbers[1])),
          rest1(broadcast<V>(u.numbers[2])),
          beta2(broadcast<V>(u.numbers[3])),
          rest2(broadcast<V>(u.numbers[4])),
          root(broadcast<V>(u.numbers[5])),
          epsilon(broadcast<V>(u.numbers[6])),
          decayed(u.numbers[7]) {}
    V operator()(V w, V g, V (&state)[2]) const { return moved(w, decayed(w, g), state); }
    V moved(V w, V g, V (&state)[2]) const {
        const V m = state[0] = fma(beta1, state[0], rest1 * g);
        const V v = state[1] = fma(beta2, state[1], (rest2 * g) * g);
        return fma(rate, m / (sqrt(v) / root + epsilon), w);
    }
    V rate, beta1, rest1, beta2, rest2, root, epsilon;
    Decay<T> decayed;
};

// The numbers and states of Adam, but decay is -(learning rate * weight decay), of the parameter itself.
template <class T>
struct AdamW : Adam<T> {
    using V = Vector<T>;
    using Adam<T>::Adam;
    V operator()(V w, V g, V (&state)[2]) const {
        return this->moved(this->decayed(w, w), g, state);
    }
};

// f(rule): the only switch over rules, entered once for a block of gradients. Momentum of 0 has no velocity.
template <class T, class F>
[[gnu::always_inline]] inline void with_rule(const Update<T>& update, F f) {
    if (update.stores) return f(Store<T>(update));
    switch (update.rule) {
        case Optimizer::sgd:
            return update.numbers[1] == 0 ? f(Sgd<T>(update)) : f(SgdWithMomentum<T>(update));
        case Optimizer::adam:
            return f(Adam<T>(update));
        case Optimizer::adamw:
            return f(AdamW<T>(update));
    }
}

// Parameters and their states: all have one layout, so that one offset serves.
template <class T>
struct Parameters {
    T *data, *states[2];
};

// One vector of parameters, with the gradient g; `part` of its lanes are there.
template <class T, class Rule>
[[gnu::always_inline]] inline void update_at(const Rule& rule,
                                             const Parameters<T>& to,
                                             std::size_t at,
                                             Vector<T> g,
                                             std::size_t part = lanes<T>) {
    Vector<T> states[2] = {};
    for (std::size_t i = 0; i < Rule::states; ++i) states[i] = load_part(to.states[i] + at, part);
    const Vector<T> w = rule(load_part(to.data + at, part), g, states);
    for (std::size_t i = 0; i < Rule::states; ++i) store_part(to.states[i] + at, states[i], part);
    store_part(to.data + at, w, part);
}

template <class T>
void update(const Update<T>& u, T* w, T* const (&states)[2], const T* g, std::size_t n) {
    const Parameters<T> to{w, {states[0], states[1]}};
    with_rule(u, [=](auto rule) {
        for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
            update_at(rule, to, i, load_part(g + i, part), part);
        });
    });
}

}  // namespace
}  // namespace wbcore::kernels
