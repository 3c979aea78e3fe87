// Activations, elementary functions and updates of every instruction set: against the plain ones, bit for bit.
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/fma_exact.hpp"
#include "rules.hpp"
#include "tables.hpp"

using namespace tests;
using kernels::Function;

namespace {

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
void check_activation(const Named<Activation>& named,
                      const std::vector<T>& z,
                      const std::vector<T>& da) {
    const checks::Note note("activation", text(named));
    const ActivationOf<T> activation = activation_of<T>(named);
    using Table = KernelTable<T>;
    at_all_places(da, [&](const Table& t, T* out, std::size_t offset, std::size_t n) {
        t.activate(activation, out, z.data() + offset, n);
    });
    at_all_places(z, [&](const Table& t, T* in_place, std::size_t, std::size_t n) {
        t.activate(activation, in_place, in_place, n);
    });
    std::vector<T> a(z.size());
    plain<T>().activate(activation, a.data(), z.data(), z.size());
    // only exp leaves the range, far above
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::isfinite(a[i]) || z[i] > T(80));
    at_all_places(da, [&](const Table& t, T* dz, std::size_t offset, std::size_t n) {
        t.activate_backward(activation, dz, a.data() + offset, z.data() + offset, n);
    });
}

template <class T>
void activations() {
    std::mt19937_64 random(1);
    const std::vector<T> z = arguments<T>(random);
    const std::vector<T> da = random_numbers<T>(random, z.size());
    for (const Named<Activation>& activation : all_choices<Activation>())
        if (is_elementwise(activation)) check_activation(activation, z, da);
}

// Nothing finite becomes NaN or infinite, and nothing jumps: outputs stay in their ranges at any size of z.
template <class T>
void activations_stay_in_range() {
    const T huge = std::numeric_limits<T>::max();
    for (const T z : {-huge, T(-1000), T(-100), T(100), T(1000), huge}) {
        auto value = [&](Activation activation) {
            T a = not_a_number<T>;
            plain<T>().activate(activation_of<T>(activation), &a, &z, 1);
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

// Bits of any kind, which are numbers of any size.
template <class T>
std::vector<T> random_bits(std::mt19937_64& random, std::size_t n) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    std::vector<T> numbers(n);
    for (T& x : numbers) {
        const auto bits = static_cast<Bits>(random());
        std::memcpy(&x, &bits, sizeof x);
        if (!std::isfinite(x)) x = 1;
    }
    return numbers;
}

// Whether x lies between the half-way points on both sides of y: (y - h)^2 < x < (y + h)^2. Where nothing is subnormal,
// y^2 - x is exact, and a multiple of the square of the distance 2h to the next number, so that h^2 does not count.
template <class T>
bool is_nearest_root(T y, T x) {
    const T error = kernels::fma_exact(y, y, -x), up = std::nextafter(y, 2 * y) - y,
            down = y - std::nextafter(y, T(0));
    return error < y * down && -error <= y * up;
}

template <class T>
void square_roots() {
    std::mt19937_64 random(7);
    using limits = std::numeric_limits<T>;
    std::vector<T> x = hard_points<T>();
    for (int i = 0; i < 1000; ++i) {
        // squares, and their neighbours, which are half-way points' nearest
        const T root = static_cast<T>(random() % (sizeof(T) == 4 ? 1u << 12 : 1u << 26));
        for (const T near : {std::nextafter(root * root, T(0)), root * root,
                             std::nextafter(root * root, limits::max())})
            x.push_back(near);
        x.push_back(static_cast<T>(i) * limits::denorm_min());
    }
    const std::vector<T> any = random_bits<T>(random, 100000);
    x.insert(x.end(), any.begin(), any.end());
    for (T& v : x) v = std::abs(v);
    x.push_back(limits::infinity());
    x.push_back(-T(0));
    x.push_back(T(0));
    at_all_places(x, [&](const KernelTable<T>& t, T* y, std::size_t offset, std::size_t n) {
        t.function(Function::sqrt, y, x.data() + offset, n);
    });
    std::vector<T> y(x.size());
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        table->function(Function::sqrt, y.data(), x.data(), x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            CHECK_BITS(y[i], std::sqrt(x[i]));
            const bool exact = x[i] > limits::min() * T(0x1p60) && std::isfinite(x[i]);
            CHECK(!exact || is_nearest_root(y[i], x[i]));
        }
        const T negative = -1;
        table->function(Function::sqrt, y.data(), &negative, 1);
        CHECK(std::isnan(y[0]));
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

// Parameters, then each of the states, at all places; and the plain ones by section 7. The states are of these sizes.
template <class T>
void updates(std::mt19937_64& random,
             const std::vector<T>& w,
             const std::vector<T>& g,
             T size,
             T size_of_squares) {
    constexpr std::size_t n_states = OptimizerInfo::most_states;
    for (const Rule<T>& rule : rules<T>()) {
        const checks::Note note("rule", rule.name);
        std::vector<T> new_w, before[n_states], states[n_states];
        for (std::size_t k = 0; k < n_states; ++k) {
            before[k] = random_state<T>(random, rule.squares[k], 200);
            for (T& x : before[k]) x *= rule.squares[k] ? size_of_squares : size;
        }
        auto reset = [&] {
            new_w = w;
            for (std::size_t k = 0; k < n_states; ++k) states[k] = before[k];
        };
        // the parameters in `out`, or those of one state
        auto step = [&](const KernelTable<T>& t, std::size_t at, std::size_t n, T* out,
                        std::size_t which) {
            T* places[n_states] = {};
            for (std::size_t k = 0; k < rule.states; ++k)
                places[k] = which == k ? out : &states[k][at];
            t.update(rule.update, which == n_states ? out : &new_w[at], places, &g[at], n);
        };
        for (std::size_t which = 0; which <= n_states; ++which)
            at_all_places(which == n_states ? w : before[which],
                          [&](const KernelTable<T>& t, T* out, std::size_t at, std::size_t n) {
                              reset();
                              step(t, at, n, out, which);
                          });
        reset();
        step(plain<T>(), 0, 200, new_w.data(), n_states);
        for (std::size_t i = 0; i < 200; ++i) {
            T state[n_states];
            for (std::size_t k = 0; k < n_states; ++k) state[k] = before[k][i];
            CHECK_BITS(new_w[i], updated(rule.update, w[i], state, g[i]));
            for (std::size_t k = 0; k < n_states; ++k) CHECK_BITS(states[k][i], state[k]);
        }
    }
}

template <class T>
void updates_of_ordinary_size() {
    std::mt19937_64 random(3);
    const std::vector<T> w = random_numbers<T>(random, 200), g = random_numbers<T>(random, 200);
    updates<T>(random, w, g, 1, 1);
}

// What gradients that have become zero leave: means that are subnormal, of parameters that they move, and that they do not.
template <class T>
void updates_of_nearly_nothing() {
    std::mt19937_64 random(8);
    constexpr T smallest = std::numeric_limits<T>::min();
    std::vector<T> w = random_numbers<T>(random, 200), g = random_numbers<T>(random, 200);
    const int exponents = std::numeric_limits<T>::digits - std::numeric_limits<T>::min_exponent;
    for (std::size_t i = 0; i < 200; ++i) {
        w[i] = std::ldexp(w[i], -static_cast<int>(i) * exponents / 180);
        g[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? g[i] * smallest : std::ldexp(g[i], -exponents / 2);
    }
    for (const double squares : {0.0, 1e-30, 1e-12, 1.0})
        updates<T>(random, w, g, smallest, static_cast<T>(squares));
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
    square_roots<T>();
    logarithm_outside_its_domain<T>();
    updates_of_ordinary_size<T>();
    updates_of_nearly_nothing<T>();
    add_scaled<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
