// What becomes of a gradient (docs/arithmetic.md, section 7): one struct a rule, whether it ends a product or follows later.
#pragma once

#include "kernel_table.hpp"
#include "lanes.hpp"

namespace wbcore::kernels {
namespace {

constexpr std::size_t most_states = OptimizerInfo::most_states;

// A rule makes one vector of parameters of it and its gradient, and moves its states. It keeps its numbers in registers:
// read from memory, they would have to be read again after each store.

template <class T>
struct Store {
    using V = Vector<T>;
    static constexpr std::size_t states = 0;
    explicit Store(const Update<T>&) {}
    V operator()(V, V g, V (&)[most_states]) const { return g; }
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
    V operator()(V w, V g, V (&)[most_states]) const { return fma(rate, decayed(w, g), w); }
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
    V operator()(V w, V g, V (&state)[most_states]) const {
        g = decayed(w, g);
        const V v = state[0] = fma(momentum, state[0], g);
        return fma(rate, nesterov ? fma(momentum, v, g) : v, w);
    }
    V rate, momentum;
    Decay<T> decayed;
    bool nesterov;
};

// x, or 0 where it makes no difference to w - factor * (x / divisor): x is subnormal, the divisor at least epsilon (and no NaN),
// and w so much larger that what is taken from it is less than a quarter of its last digit. The mean of gradients that have
// become zero (a unit that is dead, a pixel that is always black) ends as a subnormal number, and a processor takes twice as
// long to divide a vector that has one. The plain kernels divide, so that they are what is compared with.
template <class T>
struct Numerator {
    using V = Vector<T>;
    static constexpr T smallest = sizeof(T) == 4 ? T(__FLT_MIN__) : T(__DBL_MIN__);
    static constexpr T digits = sizeof(T) == 4 ? T(0x1p27) : T(0x1p56);  // 8 times those of T
    Numerator(T factor, T added)
        : epsilon(broadcast<V>(added)),
          unmoved(broadcast<V>((factor < 0 ? -factor : factor) / added * (smallest * digits))) {}
    V operator()(V x, V divisor, V w) const {
        if constexpr (lanes<T> == 1) {
            return x;
        } else {
            const auto is_nothing =
                (abs(x) < broadcast<V>(smallest)) & (abs(w) > unmoved) & (divisor >= epsilon);
            return is_nothing ? broadcast<V>(0) : x;
        }
    }
    V epsilon, unmoved;
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
          numerator(u.numbers[0], u.numbers[6]),
          decayed(u.numbers[7]) {}
    V operator()(V w, V g, V (&state)[most_states]) const { return moved(w, decayed(w, g), state); }
    V moved(V w, V g, V (&state)[most_states]) const {
        const V m = state[0] = fma(beta1, state[0], rest1 * g);
        const V v = state[1] = fma(beta2, state[1], (rest2 * g) * g);
        const V divisor = sqrt(v) / root + epsilon;
        return fma(rate, numerator(m, divisor, w) / divisor, w);
    }
    V rate, beta1, rest1, beta2, rest2, root, epsilon;
    Numerator<T> numerator;
    Decay<T> decayed;
};

// The numbers and states of Adam, but decay is -(learning rate * weight decay), of the parameter itself.
template <class T>
struct AdamW : Adam<T> {
    using V = Vector<T>;
    using Adam<T>::Adam;
    V operator()(V w, V g, V (&state)[most_states]) const {
        return this->moved(this->decayed(w, w), g, state);
    }
};

// rate, decay, alpha, 1 - alpha, epsilon, momentum. States: v, m when it is centred, the velocity when it has momentum.
template <class T, bool centred, bool with_momentum>
struct RmsProp {
    using V = Vector<T>;
    static constexpr std::size_t states = 1 + (centred ? 1 : 0) + (with_momentum ? 1 : 0);
    explicit RmsProp(const Update<T>& u)
        : rate(broadcast<V>(-u.numbers[0])),
          alpha(broadcast<V>(u.numbers[2])),
          rest(broadcast<V>(u.numbers[3])),
          epsilon(broadcast<V>(u.numbers[4])),
          momentum(broadcast<V>(u.numbers[5])),
          decayed(u.numbers[1]) {}
    V operator()(V w, V g, V (&state)[most_states]) const {
        g = decayed(w, g);
        V size = state[0] = fma(alpha, state[0], (rest * g) * g);
        if constexpr (centred) {
            const V m = state[1] = fma(alpha, state[1], rest * g);
            size = fma(-m, m, size);
            size = size < 0 ? broadcast<V>(0) : size;  // by rounding alone
        }
        V direction = g / (sqrt(size) + epsilon);
        if constexpr (with_momentum)
            direction = state[states - 1] = fma(momentum, state[states - 1], direction);
        return fma(rate, direction, w);
    }
    V rate, alpha, rest, epsilon, momentum;
    Decay<T> decayed;
};

// of_gradient, decay, beta1, 1 - beta1, beta2, 1 - beta2, root, epsilon, of_mean: the rate and this step's corrections of the
// gradient and of its mean are in the first and the last. States: m, v.
template <class T>
struct NAdam {
    using V = Vector<T>;
    static constexpr std::size_t states = 2;
    explicit NAdam(const Update<T>& u)
        : of_gradient(broadcast<V>(u.numbers[0])),
          beta1(broadcast<V>(u.numbers[2])),
          rest1(broadcast<V>(u.numbers[3])),
          beta2(broadcast<V>(u.numbers[4])),
          rest2(broadcast<V>(u.numbers[5])),
          root(broadcast<V>(u.numbers[6])),
          epsilon(broadcast<V>(u.numbers[7])),
          of_mean(broadcast<V>(u.numbers[8])),
          numerator(1, u.numbers[7]),
          decayed(u.numbers[1]) {}
    V operator()(V w, V g, V (&state)[most_states]) const {
        g = decayed(w, g);
        const V m = state[0] = fma(beta1, state[0], rest1 * g);
        const V v = state[1] = fma(beta2, state[1], (rest2 * g) * g);
        const V step = fma(of_gradient, g, of_mean * m);
        const V divisor = sqrt(v) / root + epsilon;
        return w - numerator(step, divisor, w) / divisor;
    }
    V of_gradient, beta1, rest1, beta2, rest2, root, epsilon, of_mean;
    Numerator<T> numerator;
    Decay<T> decayed;
};

// rate, decay, epsilon; the decay of the rate is in it. States: the sum of squares.
template <class T>
struct Adagrad {
    using V = Vector<T>;
    static constexpr std::size_t states = 1;
    explicit Adagrad(const Update<T>& u)
        : rate(broadcast<V>(-u.numbers[0])),
          epsilon(broadcast<V>(u.numbers[2])),
          decayed(u.numbers[1]) {}
    V operator()(V w, V g, V (&state)[most_states]) const {
        g = decayed(w, g);
        const V sum = state[0] = fma(g, g, state[0]);
        return fma(rate, g / (sqrt(sum) + epsilon), w);
    }
    V rate, epsilon;
    Decay<T> decayed;
};

// 1, -1, or x itself where it is a zero or NaN
template <class V>
inline V sign_of(V x) {
    return x > 0 ? broadcast<V>(1) : (x < 0 ? broadcast<V>(-1) : x);
}

// nothing, decay, eta_minus, eta_plus, min_step, max_step. States: the size of the step, the gradient before.
template <class T>
struct Rprop {
    using V = Vector<T>;
    static constexpr std::size_t states = 2;
    explicit Rprop(const Update<T>& u)
        : eta_minus(broadcast<V>(u.numbers[2])),
          eta_plus(broadcast<V>(u.numbers[3])),
          min_step(broadcast<V>(u.numbers[4])),
          max_step(broadcast<V>(u.numbers[5])),
          decayed(u.numbers[1]) {}
    V operator()(V w, V g, V (&state)[most_states]) const {
        g = decayed(w, g);
        const V zero = broadcast<V>(0), one = broadcast<V>(1), turned = g * state[1];
        V size = state[0] * (turned > 0 ? eta_plus : (turned < 0 ? eta_minus : one));
        size = size < min_step ? min_step : (size > max_step ? max_step : size);
        state[0] = size;
        g = state[1] = turned < 0 ? zero : g;
        return fma(-size, sign_of(g), w);
    }
    V eta_minus, eta_plus, min_step, max_step;
    Decay<T> decayed;
};

// rate, decay, beta1, 1 - beta1, beta2, 1 - beta2; decay is as for AdamW. States: m.
template <class T>
struct Lion {
    using V = Vector<T>;
    static constexpr std::size_t states = 1;
    explicit Lion(const Update<T>& u)
        : rate(broadcast<V>(-u.numbers[0])),
          beta1(broadcast<V>(u.numbers[2])),
          rest1(broadcast<V>(u.numbers[3])),
          beta2(broadcast<V>(u.numbers[4])),
          rest2(broadcast<V>(u.numbers[5])),
          decayed(u.numbers[1]) {}
    V operator()(V w, V g, V (&state)[most_states]) const {
        w = decayed(w, w);
        const V direction = fma(beta1, state[0], rest1 * g);
        state[0] = fma(beta2, state[0], rest2 * g);
        return fma(rate, sign_of(direction), w);
    }
    V rate, beta1, rest1, beta2, rest2;
    Decay<T> decayed;
};

// What stands between a gradient and its rule.
template <class T>
struct Preparation {
    using V = Vector<T>;
    explicit Preparation(const Update<T>& u)
        : most(broadcast<V>(u.clip_value)),
          scale(broadcast<V>(u.scale)),
          l1(broadcast<V>(u.l1)),
          l2(broadcast<V>(u.l2)),
          clips(u.clip_value != 0),
          with_l1(u.l1 != 0),
          with_l2(u.l2 != 0) {}
    V operator()(V w, V g) const {
        if (clips) g = g > most ? most : (g < -most ? -most : g);
        g = scale * g;
        if (with_l1) g = w > 0 ? g + l1 : (w < 0 ? g - l1 : g);
        return with_l2 ? fma(l2, w, g) : g;
    }
    V most, scale, l1, l2;
    bool clips, with_l1, with_l2;
};

// f(rule) for those that stand in the code of every tile, which no update that is general has. Entered once for a block of
// gradients. Momentum of 0 has no velocity.
template <class T, class F>
[[gnu::always_inline]] inline void with_common_rule(const Update<T>& update, F f) {
    if (update.stores) return f(Store<T>(update));
    switch (update.rule) {
        case Optimizer::sgd:
            return update.numbers[1] == 0 ? f(Sgd<T>(update)) : f(SgdWithMomentum<T>(update));
        case Optimizer::adam:
            return f(Adam<T>(update));
        case Optimizer::adamw:
            return f(AdamW<T>(update));
        case Optimizer::rmsprop:
        case Optimizer::nadam:
        case Optimizer::adagrad:
        case Optimizer::rprop:
        case Optimizer::lion:
            return;
    }
}

template <class T, class F>
[[gnu::always_inline]] inline void with_rms_prop(const Update<T>& update, F f) {
    const bool momentum = update.numbers[5] != 0;
    if (update.numbers[6] != 0)
        return momentum ? f(RmsProp<T, true, true>(update)) : f(RmsProp<T, true, false>(update));
    return momentum ? f(RmsProp<T, false, true>(update)) : f(RmsProp<T, false, false>(update));
}

// f(rule) for any rule.
template <class T, class F>
[[gnu::always_inline]] inline void with_every_rule(const Update<T>& update, F f) {
    if (update.stores) return f(Store<T>(update));
    switch (update.rule) {
        case Optimizer::sgd:
            return update.numbers[1] == 0 ? f(Sgd<T>(update)) : f(SgdWithMomentum<T>(update));
        case Optimizer::adam:
            return f(Adam<T>(update));
        case Optimizer::adamw:
            return f(AdamW<T>(update));
        case Optimizer::rmsprop:
            return with_rms_prop(update, f);
        case Optimizer::nadam:
            return f(NAdam<T>(update));
        case Optimizer::adagrad:
            return f(Adagrad<T>(update));
        case Optimizer::rprop:
            return f(Rprop<T>(update));
        case Optimizer::lion:
            return f(Lion<T>(update));
    }
}

// Parameters and their states: all have one layout, so that one offset serves.
template <class T>
struct Parameters {
    T *data, *states[most_states];
};

template <class T>
[[gnu::always_inline]] inline Parameters<T> parameters_of(T* data,
                                                          T* const (&states)[most_states]) {
    return {data, {states[0], states[1], states[2]}};
}

// One vector of parameters, with the gradient g; `part` of its lanes are there.
template <class T, class Rule>
[[gnu::always_inline]] inline void update_at(const Rule& rule,
                                             const Parameters<T>& to,
                                             std::size_t at,
                                             Vector<T> g,
                                             std::size_t part = lanes<T>) {
    Vector<T> states[most_states] = {};
    for (std::size_t i = 0; i < Rule::states; ++i) states[i] = load_part(to.states[i] + at, part);
    const Vector<T> w = rule(load_part(to.data + at, part), g, states);
    for (std::size_t i = 0; i < Rule::states; ++i) store_part(to.states[i] + at, states[i], part);
    store_part(to.data + at, w, part);
}

// Gradients that lie in memory of nobody else, rows of vectors side by side, and where their parameters lie.
template <class T>
struct Block {
    T* gradients;
    std::size_t stride;  // of gradients, from row to row
    std::size_t rows, vectors;
    std::size_t at, row_stride, panel_stride;
};

// f(gradient's place, parameter's place) for each vector
template <class T, class F>
[[gnu::always_inline]] inline void for_each_in_block(const Block<T>& b, F f) {
    for (std::size_t i = 0; i < b.rows; ++i)
        for (std::size_t v = 0; v < b.vectors; ++v) {
            const std::size_t col = v * lanes<T>, panel = col / Panels<T>::width;
            f(b.gradients + i * b.stride + col,
              b.at + i * b.row_stride + panel * b.panel_stride + col % Panels<T>::width);
        }
}

template <class T>
[[gnu::noinline]] void prepare(const Update<T>& u, const T* parameters, const Block<T>& b) {
    const Preparation<T> prepared(u);
    for_each_in_block<T>(b, [=](T* g, std::size_t at) {
        store(g, prepared(load<Vector<T>>(parameters + at), load<Vector<T>>(g)));
    });
}

// Any rule: one loop for each, whatever the widths, since code for every tile would be as large as all the other kernels.
template <class T>
[[gnu::noinline]] void update_any(const Update<T>& u, const Parameters<T>& to, const Block<T>& b) {
    if (u.clip_value != 0 || u.scale != 1 || u.l1 != 0 || u.l2 != 0) prepare<T>(u, to.data, b);
    with_every_rule(u, [=](auto rule) {
        for_each_in_block<T>(
            b, [=](const T* g, std::size_t at) { update_at(rule, to, at, load<Vector<T>>(g)); });
    });
}

// The same for n gradients in a row that are somebody's, the last of which may be a part of a vector.
template <class T>
[[gnu::noinline]] void update_any(const Update<T>& u,
                                  const Parameters<T>& to,
                                  const T* g,
                                  std::size_t n) {
    constexpr std::size_t at_once = 64 * lanes<T>, width = Panels<T>::width;
    T gradients[at_once];
    auto copy = [](T* there, const T* from, std::size_t count) {
        if (there != nullptr)
            for (std::size_t i = 0; i < count; ++i) there[i] = from[i];
    };
    std::size_t at = 0;
    for (std::size_t whole; (whole = (n - at) / lanes<T>) != 0;) {
        if (whole > 64) whole = 64;
        copy(gradients, g + at, whole * lanes<T>);
        update_any<T>(u, to, {gradients, 0, 1, whole, at, 0, width});
        at += whole * lanes<T>;
    }
    const std::size_t rest = n - at;
    if (rest == 0) return;
    T copies[1 + most_states][lanes<T>] = {};
    Parameters<T> part{copies[0], {}}, there{to.data + at, {}};
    for (std::size_t k = 0; k < most_states && to.states[k] != nullptr; ++k) {
        part.states[k] = copies[1 + k];
        there.states[k] = to.states[k] + at;
    }
    copy(gradients, g + at, rest);
    copy(part.data, there.data, rest);
    for (std::size_t k = 0; k < most_states; ++k) copy(part.states[k], there.states[k], rest);
    update_any<T>(u, part, {gradients, 0, 1, 1, 0, 0, width});
    copy(there.data, part.data, rest);
    for (std::size_t k = 0; k < most_states; ++k) copy(there.states[k], part.states[k], rest);
}

template <class T>
void update(const Update<T>& u, T* w, T* const (&states)[most_states], const T* g, std::size_t n) {
    const Parameters<T> to = parameters_of(w, states);
    if (u.is_general) return update_any(u, to, g, n);
    with_common_rule(u, [=](auto rule) {
        for_each_vector<T>(n, [=](std::size_t i, std::size_t part) {
            update_at(rule, to, i, load_part(g + i, part), part);
        });
    });
}

}  // namespace
}  // namespace wbcore::kernels
