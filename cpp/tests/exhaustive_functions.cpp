// The elementary functions and activations against the C library in a wider type, on the instruction set in use:
// all 2^32 float32, and many float64. Built and run only when asked for; says which argument is worst, and exits with the
// number of functions that exceed their bound (docs/arithmetic.md, section 5).
//   exhaustive_functions [float32] [float64] [--points=100000000] [function ...]
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

#include "tables.hpp"
#include "wbcore/isa.hpp"

using namespace tests;
using kernels::Function;

namespace {

// The reference has 29 bits more than float32, and 11 or more than float64: the C library's few ulp of it are 1e-8 and
// 3e-3 ulp of ours.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;
static_assert(std::numeric_limits<long double>::digits >= 64, "no wider type for float64 here");

template <class T>
using limits = std::numeric_limits<T>;

// ---- references

template <class W>
W sigmoid(W x) {
    const W e = std::exp(-std::abs(x));
    return (x < 0 ? e : W(1)) / (1 + e);
}

template <class W>
W softplus(W x) {
    return std::max(x, W(0)) + std::log1p(std::exp(-std::abs(x)));
}

template <class W>
W elu(W x) {
    return x > 0 ? x : std::expm1(x);
}

// x Phi(x) = x erfc(t) / 2 with t = -x / sqrt(2). The tail multiplies the relative rounding error of t by 2 t^2, too much for
// float64, so the first term of a Taylor series takes it back: with d the error of t, x^2 - 2 t^2 = 4 t d.
template <class W>
W gelu(W x) {
    const W t = x * W(-0.70710678118654752440L);
    W tail = std::erfc(t);
    if (limits<W>::digits > 53 && t > 1 && t < 200) {
        const W square = x * x, twice = 2 * t * t;
        const W d =
            ((square - twice) + (std::fma(x, x, -square) - std::fma(2 * t, t, -twice))) / (4 * t);
        tail -= W(1.12837916709551257390L) * std::exp(-t * t) * d;  // 2 / sqrt(pi)
    }
    return x * (tail / 2);
}

// ---- what is tried

template <class T>
struct Case {
    std::string_view name;
    void (*ours)(T* y, const T* x, std::size_t n);
    Wide<T> (*exact)(Wide<T>);
    T lowest, highest;  // arguments
    double span;        // where the function has its shape
    double bound;       // in ulp
};

template <class T, Function function>
void apply(T* y, const T* x, std::size_t n) {
    kernels::table<T>().function(function, y, x, n);
}

template <class T, Activation activation>
void apply(T* y, const T* x, std::size_t n) {
    kernels::table<T>().activate({activation, {T(1), T(0)}}, y, x, n);
}

template <class T>
std::array<Case<T>, 10> cases() {
    using W = Wide<T>;
    constexpr bool narrow = sizeof(T) == 4;
    constexpr T max = limits<T>::max(), least = limits<T>::denorm_min();
    constexpr double log_max = narrow ? 110 : 770, basic = narrow ? 1 : 1.5;
    constexpr auto exp = [](W x) { return std::exp(x); };
    constexpr auto expm1 = [](W x) { return std::expm1(x); };
    constexpr auto log = [](W x) { return std::log(x); };
    constexpr auto log1p = [](W x) { return std::log1p(x); };
    constexpr auto tanh = [](W x) { return std::tanh(x); };
    constexpr auto silu = [](W x) { return x * sigmoid(x); };
    return {{
        {"exp", apply<T, Function::exp>, exp, -max, max, log_max, basic},
        {"expm1", apply<T, Function::expm1>, expm1, -max, 0, 45, basic},
        {"log", apply<T, Function::log>, log, least, max, 4, basic},
        {"log1p", apply<T, Function::log1p>, log1p, 0, 1, 1, basic},
        {"tanh", apply<T, Activation::tanh>, tanh, -max, max, 25, basic},
        {"sigmoid", apply<T, Activation::sigmoid>, sigmoid<W>, -max, max, log_max, basic},
        {"softplus", apply<T, Activation::softplus>, softplus<W>, -max, max, log_max, 2},
        {"elu", apply<T, Activation::elu>, elu<W>, -max, max, 45, basic},
        {"silu", apply<T, Activation::silu>, silu, -max, max, log_max, 2},
        {"gelu", apply<T, Activation::gelu>, gelu<W>, -max, max, 40, 9},
    }};
}

// ---- arguments, in blocks that any thread can make

constexpr std::size_t block_size = 1 << 16;

// Block i of the 2^16 that hold every float32.
void arguments(std::vector<float>& x, std::size_t block, const Case<float>& c) {
    x.clear();
    for (std::size_t i = 0; i < block_size; ++i) {
        const float value =
            std::bit_cast<float>(static_cast<std::uint32_t>(block * block_size + i));
        if (value >= c.lowest && value <= c.highest) x.push_back(value);
    }
}

// Powers of two, multiples of ln(2) / 2 (where argument reduction changes its multiple), and their neighbours.
std::vector<double> hard_points() {
    std::vector<double> all;
    for (int exponent = -1074; exponent < 1024; ++exponent)
        for (const double factor : {1.0, std::sqrt(0.5)}) {
            all.push_back(std::ldexp(factor, exponent));
            all.push_back(1 + all.back());
            all.push_back(1 - all.back());
        }
    for (int i = 0; i < 2200; ++i) all.push_back(i * (std::log(2.0) / 2));
    for (std::size_t i = 0, n = all.size(); i < n; ++i) {
        all.push_back(std::nextafter(all[i], limits<double>::infinity()));
        all.push_back(std::nextafter(all[i], -limits<double>::infinity()));
    }
    return all;
}

// Hard points in block 0; then bit patterns, where the function has its shape, around zero, and small of every size.
void arguments(std::vector<double>& x, std::size_t block, const Case<double>& c) {
    x = block == 0 ? hard_points() : std::vector<double>();
    std::mt19937_64 random(block);
    std::uniform_real_distribution<double> uniform(-1, 1);
    while (x.size() < block_size) {
        x.push_back(std::bit_cast<double>(random()));
        x.push_back(c.span * uniform(random));
        x.push_back(uniform(random));
        x.push_back(std::copysign(std::exp(12 * uniform(random) - 8), uniform(random)));
    }
    // What is outside on one side only is inside with the other sign.
    for (double& value : x)
        if (value < c.lowest || value > c.highest) value = -value;
    std::erase_if(x, [&](double value) { return !(value >= c.lowest && value <= c.highest); });
}

// ---- errors

// |y - exact| in units of the last place of exact. Beyond the range the last place stays what it was there, and an infinite y
// stands for the power of two after the largest number.
template <class T>
double ulps(T y, Wide<T> exact) {
    using W = Wide<T>;
    const W after_max = W(2) * std::ldexp(W(1), limits<T>::max_exponent - 1);
    exact = std::clamp(exact, -after_max, after_max);
    const W ours = std::isinf(y) ? std::copysign(after_max, W(y)) : W(y);
    if (ours == exact) return 0;
    int exponent = 0;
    std::frexp(exact, &exponent);
    if (exact == 0) exponent = limits<T>::min_exponent;
    exponent = std::clamp(exponent, limits<T>::min_exponent, limits<T>::max_exponent);
    return static_cast<double>(std::ldexp(std::abs(ours - exact), limits<T>::digits - exponent));
}

template <class T>
struct Worst {
    double error = -1;
    T at = 0;
    std::uint64_t points = 0;

    void add(T x, double e) {
        ++points;
        if (std::isnan(e)) e = limits<double>::infinity();
        if (e > error) error = e, at = x;
    }
    void add(const Worst& other) {
        points += other.points;
        if (other.error > error) error = other.error, at = other.at;
    }
};

template <class T>
Worst<T> worst_of_blocks(const Case<T>& c, std::size_t blocks) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Worst<T> worst;
    auto work = [&] {
        Worst<T> mine;
        std::vector<T> x, y;
        for (std::size_t block; (block = next++) < blocks;) {
            arguments(x, block, c);
            y.resize(x.size());
            c.ours(y.data(), x.data(), x.size());
            for (std::size_t i = 0; i < x.size(); ++i)
                mine.add(x[i], ulps<T>(y[i], c.exact(static_cast<Wide<T>>(x[i]))));
        }
        const std::lock_guard lock(mutex);
        worst.add(mine);
    };
    std::vector<std::thread> threads(std::max(1u, std::thread::hardware_concurrency()));
    for (std::thread& thread : threads) thread = std::thread(work);
    for (std::thread& thread : threads) thread.join();
    return worst;
}

// ---- the program

struct Choice {
    bool floats = false, doubles = false;
    std::uint64_t points = 100'000'000;
    std::vector<std::string_view> functions;  // none: all

    bool wants(std::string_view name) const {
        return functions.empty() ||
               std::find(functions.begin(), functions.end(), name) != functions.end();
    }
};

Choice choice_of(int argc, char** argv) {
    constexpr std::string_view points = "--points=";
    Choice choice;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "float32")
            choice.floats = true;
        else if (word == "float64")
            choice.doubles = true;
        else if (word.starts_with(points))
            choice.points = std::strtoull(argv[i] + points.size(), nullptr, 10);
        else
            choice.functions.push_back(word);
    }
    if (!choice.floats && !choice.doubles) choice.floats = choice.doubles = true;
    return choice;
}

template <class T>
void try_all(const Choice& choice, std::size_t blocks, const char* type) {
    for (const Case<T>& c : cases<T>()) {
        if (!choice.wants(c.name)) continue;
        const auto began = std::chrono::steady_clock::now();
        const Worst<T> worst = worst_of_blocks(c, blocks);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        const double at = static_cast<double>(worst.at);
        std::printf("%s %-9s %8.4f ulp at %-24a (%13.6g), bound %.1f, %llu points, %.0f s%s\n",
                    type, std::string(c.name).c_str(), worst.error, at, at, c.bound,
                    static_cast<unsigned long long>(worst.points), took.count(),
                    worst.error <= c.bound ? "" : "  TOO MUCH");
        std::fflush(stdout);
        checks::failures += worst.error <= c.bound ? 0 : 1;
    }
}

bool known(std::string_view name) {
    const auto all = cases<float>();
    return std::any_of(all.begin(), all.end(),
                       [&](const Case<float>& c) { return c.name == name; });
}

}  // namespace

int main(int argc, char** argv) {
    const Choice choice = choice_of(argc, argv);
    for (const std::string_view name : choice.functions)
        if (!known(name)) return std::printf("no function '%s'\n", std::string(name).c_str()), 2;
    std::printf("instruction set %s\n", isa().c_str());
    if (choice.floats) try_all<float>(choice, (std::size_t{1} << 32) / block_size, "float32");
    if (choice.doubles) try_all<double>(choice, choice.points / block_size + 1, "float64");
    return checks::result();
}
