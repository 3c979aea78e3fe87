// Activations, elementary functions and updates of every instruction set: against the plain ones, bit for bit.
#include <cmath>
#include <limits>

#include "kernels/fma_exact.hpp"
#include "tables.hpp"

using namespace tests;
using kernels::Function;

namespace {

constexpr std::size_t activations_without_softmax = activation_names.size() - 1;

// Arguments where a branch, a clamp, an exponent or a rounding changes; all finite.
template <class T>
std::vector<T> hard_points() {
    using limits = std::numeric_limits<T>;
    std::vector<T> points{0, limits::denorm_min(), limits::min(), limits::max(), limits::epsilon()};
    for (const double x :
         {1e-30, 1e-4,  0.01,  0.3465, 0.3466, 0.5,   0.6931, 1.0,   5.0,  9.01,  10.0,  14.4,
          15.0,  16.7,  17.4,  19.1,   20.0,   36.8,  38.5,   39.0,  40.0, 87.33, 88.72, 88.73,
          89.0,  103.9, 104.0, 708.39, 709.78, 710.0, 745.13, 746.0, 1e4,  1e30})
        points.push_back(static_cast<T>(x));
    std::vector<T> all;
    for (const T x : points)
        for (const T near : {std::nextafter(x, T(0)), x,
                             x < limits::max() ? std::nextafter(x, limits::infinity()) : x})
            for (const T sign : {T(1), T(-1)}) all.push_back(sign * near);
    return all;
}

// Hard points, and as many numbers of ordinary size, and of any size.
template <class T>
std::vector<T> arguments(std::mt19937_64& random) {
    std::vector<T> all = hard_points<T>();
    for (int i = 0; i < 10000; ++i) {
        all.push_back(8 * random_number<T>(random));
        const double exponent = 0.1 * std::numeric_limits<T>::max_exponent;
        all.push_back(static_cast<T>(std::exp(exponent * random_number<double>(random))) *
                      random_number<T>(random));
    }
    for (T& x : all)
        if (!std::isfinite(x)) x = 1;
    return all;
}

// Runs f(table, out) for each table on a copy of `before`: once on nearly all of it, and at each offset from a cache line
// and each short length. Compares with the plain table; what lies outside must stay as it was.
template <class T, class F>
void at_all_places(const std::vector<T>& before, F f) {
    auto check = [&](const KernelTable<T>& table, std::size_t offset, std::size_t n,
                     std::size_t all) {
        const checks::Note isa("isa", table.isa), where("offset", offset), length("n", n);
        AlignedBuffer<T> expected(all), out(all);
        for (std::size_t i = 0; i < all; ++i) expected[i] = out[i] = before[i];
        f(plain<T>(), expected.data() + offset, offset, n);
        f(table, out.data() + offset, offset, n);
        CHECK_ARRAYS(out.data(), expected.data(), all);
        CHECK_ARRAYS(out.data(), before.data(), offset);
        CHECK_ARRAYS(&out[offset + n], &before[offset + n], all - offset - n);
    };
    for (const KernelTable<T>* table : fast_tables<T>()) {
        for (std::size_t n = 0; n <= 40; ++n) check(*table, n % 7, n, 70);
        for (std::size_t offset = 0; offset < 17; ++offset) check(*table, offset, 33, 70);
        check(*table, 1, before.size() - 2, before.size());
    }
}

template <class T>
void activations() {
    std::mt19937_64 random(1);
    const std::vector<T> z = arguments<T>(random);
    const std::vector<T> da = random_numbers<T>(random, z.size());
    for (std::size_t i = 0; i < activations_without_softmax; ++i) {
        const Activation activation = static_cast<Activation>(i);
        const checks::Note note("activation", name(activation));
        using Table = KernelTable<T>;
        at_all_places(da, [&](const Table& t, T* out, std::size_t offset, std::size_t n) {
            t.activate(activation, out, z.data() + offset, n);
        });
        at_all_places(z, [&](const Table& t, T* in_place, std::size_t, std::size_t n) {
            t.activate(activation, in_place, in_place, n);
        });
        std::vector<T> a(z.size());
        plain<T>().activate(activation, a.data(), z.data(), z.size());
        for (const T y : a) CHECK(std::isfinite(y));
        at_all_places(da, [&](const Table& t, T* dz, std::size_t offset, std::size_t n) {
            t.activate_backward(activation, dz, a.data() + offset, z.data() + offset, n);
        });
    }
}

// Nothing finite becomes NaN or infinite, and nothing jumps: outputs stay in their ranges at any size of z.
template <class T>
void activations_stay_in_range() {
    const T huge = std::numeric_limits<T>::max();
    for (const T z : {-huge, T(-1000), T(-100), T(100), T(1000), huge}) {
        auto value = [&](Activation activation) {
            T a = not_a_number<T>;
            plain<T>().activate(activation, &a, &z, 1);
            return a;
        };
        const checks::Note note("z", z);
        CHECK_EQUAL(value(Activation::tanh), z < 0 ? T(-1) : T(1));
        CHECK_EQUAL(value(Activation::sigmoid) > T(0.5), z > 0);
        CHECK_EQUAL(value(Activation::elu), z < 0 ? T(-1) : z);
        CHECK_EQUAL(value(Activation::gelu), z < 0 ? T(0) : z);
        if (std::abs(z) < 800) continue;
        CHECK_EQUAL(value(Activation::sigmoid), z < 0 ? T(0) : T(1));
        CHECK_EQUAL(value(Activation::softplus), z < 0 ? T(0) : z);
        CHECK_EQUAL(value(Activation::silu), z < 0 ? T(0) : z);
    }
}

template <class T>
void functions() {
    std::mt19937_64 random(2);
    const std::vector<T> any = arguments<T>(random);
    std::vector<T> negative, positive, unit;
    for (const T x : any) {
        negative.push_back(-std::abs(x));
        positive.push_back(std::abs(x));
        unit.push_back(std::min(std::abs(x), T(1)));
    }
    auto compare = [](Function function, const std::vector<T>& x) {
        const checks::Note note("function", static_cast<int>(function));
        at_all_places(x, [&](const KernelTable<T>& t, T* y, std::size_t offset, std::size_t n) {
            t.function(function, y, x.data() + offset, n);
        });
    };
    compare(Function::exp, any);
    compare(Function::expm1, negative);
    compare(Function::log, positive);
    compare(Function::log1p, unit);
}

template <class T>
void logarithm_outside_its_domain() {
    std::vector<const KernelTable<T>*> tables = fast_tables<T>();
    tables.push_back(&plain<T>());
    const T infinity = std::numeric_limits<T>::infinity();
    for (const KernelTable<T>* table : tables) {
        const checks::Note isa("isa", table->isa);
        const T x[] = {
            0, -T(0), infinity, -1, -infinity, not_a_number<T>, -std::numeric_limits<T>::min()};
        T y[7];
        table->function(Function::log, y, x, 7);
        CHECK_EQUAL(y[0], -infinity);
        CHECK_EQUAL(y[1], -infinity);
        CHECK_EQUAL(y[2], infinity);
        for (int i = 3; i < 7; ++i) CHECK(std::isnan(y[i]));
    }
}

template <class T>
void updates() {
    std::mt19937_64 random(3);
    const std::vector<T> w = random_numbers<T>(random, 200), v = random_numbers<T>(random, 200),
                         g = random_numbers<T>(random, 200);
    for (const T momentum : {T(0), T(0.9)})
        for (const T decay : {T(0), T(0.01)})
            for (const bool nesterov : {false, true})
                for (const bool decayed : {false, true}) {
                    const Sgd<T> sgd{T(0.1), momentum, decay, nesterov, false};
                    const kernels::Update<T> update{&sgd, decayed};
                    std::vector<T> velocity;
                    auto step = [&](const KernelTable<T>& t, T* out, std::size_t at,
                                    std::size_t n) {
                        velocity = v;
                        t.sgd(update, out, momentum == 0 ? nullptr : &velocity[at], &g[at], n);
                    };
                    at_all_places(w, step);
                    // and the velocity
                    std::vector<T> new_w = w;
                    step(plain<T>(), new_w.data(), 3, 100);
                    const std::vector<T> expected = velocity;
                    for (const KernelTable<T>* table : fast_tables<T>()) {
                        new_w = w;
                        step(*table, new_w.data(), 3, 100);
                        CHECK_ARRAYS(velocity.data(), expected.data(), expected.size());
                    }
                    for (std::size_t i = 0; momentum != 0 && i < 100; ++i) {
                        const T d = decayed && decay != 0
                                        ? kernels::fma_exact(decay, w[i], g[i + 3])
                                        : g[i + 3];
                        CHECK_BITS(expected[i + 3], kernels::fma_exact(momentum, v[i + 3], d));
                    }
                }
}

template <class T>
void add_scaled() {
    std::mt19937_64 random(4);
    const std::vector<T> x = random_numbers<T>(random, 200), y = random_numbers<T>(random, 200);
    for (const T scale : {T(0), -T(0), T(1), T(-1.7)})
        at_all_places(y, [&](const KernelTable<T>& t, T* out, std::size_t at, std::size_t n) {
            t.add_scaled(out, &x[at], scale, n);
        });
    T sum = y[0];
    plain<T>().add_scaled(&sum, x.data(), T(-1.7), 1);
    CHECK_BITS(sum, kernels::fma_exact(T(-1.7), x[0], y[0]));
}

template <class T>
void all() {
    activations<T>();
    activations_stay_in_range<T>();
    functions<T>();
    logarithm_outside_its_domain<T>();
    updates<T>();
    add_scaled<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
