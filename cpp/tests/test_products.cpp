// The matrix products of every instruction set: against the plain ones, and those against docs/arithmetic.md, bit for bit.
#include <algorithm>
#include <initializer_list>

#include "contract.hpp"
#include "rules.hpp"
#include "tables.hpp"

using namespace tests;

namespace {

using Sizes = std::initializer_list<std::size_t>;

constexpr std::size_t edges[] = {0, 1, 2, 5, 6, 7, 11, 12, 13, 15, 16, 17, 31, 32, 33};

// x of a product: packed, or row-major with the array's end right behind its last number.
template <class T>
struct Input {
    Input(std::size_t rows, std::size_t cols, bool row_major, std::mt19937_64& random)
        : packed(rows, cols, random), values(rows * cols), view(packed()) {
        if (!row_major) return;
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < cols; ++c) values[r * cols + c] = packed(r, c);
        view = {values.data(), rows, cols, cols, panel_width<T>};
    }
    Packed<T> packed;
    std::vector<T> values;
    Panels<const T> view;
};

template <class T>
void check_product(
    std::size_t rows, std::size_t features, std::size_t outputs, bool row_major, unsigned seed) {
    const checks::Note note("rows, features, outputs",
                            std::to_string(rows) + ", " + std::to_string(features) + ", " +
                                std::to_string(outputs) + (row_major ? ", row-major x" : ""));
    std::mt19937_64 random(seed);
    const Input<T> x(rows, features, row_major, random);
    const Packed<T> w(features, outputs, random);
    std::vector<T> start = random_numbers<T>(random, outputs);
    start.resize(round_up(outputs, panel_width<T>), not_a_number<T>);
    for (const T* b : {static_cast<const T*>(start.data()), static_cast<const T*>(nullptr)}) {
        const Packed<T> expected(rows, outputs);
        plain<T>().product({expected(), x.view, w(), b});
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t o = 0; o < outputs; ++o) {
                const T z = contract::feature_sum<T>(
                    b == nullptr ? T(0) : b[o], features, [&](std::size_t k, T s) {
                        return kernels::fma_exact(x.packed(r, k), w(k, o), s);
                    });
                CHECK_BITS(expected(r, o), z);
            }
        for (const KernelTable<T>* table : fast_tables<T>()) {
            const checks::Note isa("isa", table->isa);
            const Packed<T> out(rows, outputs);
            table->product({out(), x.view, w(), b});
            CHECK_MATRICES(out, expected);
        }
    }
}

template <class T>
void product() {
    unsigned seed = 0;
    for (const std::size_t rows : edges)
        for (const std::size_t outputs : edges)
            check_product<T>(rows, edges[seed % 15], outputs, seed % 2 == 0, seed), ++seed;
    for (const std::size_t features : Sizes{0, 1, 15, 16, 17, 255, 256, 257, 511, 512, 513, 600})
        for (const std::size_t rows : Sizes{1, 6, 13})
            for (const bool row_major : {false, true})
                check_product<T>(rows, features, seed % 2 == 0 ? 33 : 10, row_major, seed), ++seed;
    // groups of panels: several tiles beside each other, and what is left over
    for (const std::size_t outputs : Sizes{48, 49, 63, 64, 65, 80, 81, 113, 128, 129})
        for (const std::size_t rows : Sizes{1, 2, 3, 4, 5, 6, 8, 12, 13})
            check_product<T>(rows, rows % 2 == 0 ? 257 : 19, outputs, rows % 3 == 0, seed), ++seed;
    for (const std::size_t rows : Sizes{127, 128, 129, 300})
        check_product<T>(rows, 9, 17, true, ++seed);
    // one output, where rows and features may come in whole blocks
    for (const std::size_t rows : Sizes{2, 4, 8, 15, 16, 17, 32, 40, 100})
        for (const std::size_t features : Sizes{2, 4, 8, 15, 16, 24, 32, 256, 272, 512, 528})
            for (const bool row_major : {false, true})
                check_product<T>(rows, features, 1, row_major, ++seed);
}

// A part of the rows of a larger batch: what a thread works on.
template <class T>
void product_of_some_rows() {
    std::mt19937_64 random(1);
    const Packed<T> x(40, 20, random), w(20, 33, random);
    const Packed<T> whole(40, 33);
    plain<T>().product({whole(), x(), w(), nullptr});
    for (const KernelTable<T>* table : fast_tables<T>()) {
        const Packed<T> out(40, 33);
        for (std::size_t first = 0; first < 40; first += 8)
            table->product({out().rows_from(first, 8), x().rows_from(first, 8), w(), nullptr});
        CHECK_MATRICES(out, whole);
    }
}

// relu at the end of a product, forward and backward, where the numbers are -0, +0 or tiny: z > 0 ? z : +0, and dA where
// a > 0 (docs/arithmetic.md).
template <class T>
void relu_of_zeros(std::size_t outputs) {
    using Kind = typename kernels::Epilogue<T>::Kind;
    const std::vector<T> numbers{T(-0.0), T(0), T(-1), T(2), std::numeric_limits<T>::denorm_min()};
    const std::size_t rows = 37, features = 16;
    const Packed<T> nothing(rows, features), w(features, outputs), a(rows, outputs);
    std::vector<T> start(round_up(outputs, panel_width<T>));
    for (std::size_t o = 0; o < outputs; ++o) {
        start[o] = numbers[o % numbers.size()];
        for (std::size_t k = 0; k < features; ++k) w(k, o) = -1;
        for (std::size_t r = 0; r < rows; ++r) a(r, o) = numbers[(r + o) % numbers.size()];
    }
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t k = 0; k < features; ++k) nothing(r, k) = 0;
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        const Packed<T> out(rows, outputs), dz(rows, outputs);
        table->product({out(),
                        nothing(),
                        w(),
                        start.data(),
                        {Kind::activate, {Activation::relu, {}}, out(), {}}});
        table->product({dz(),
                        nothing(),
                        w(),
                        start.data(),
                        {Kind::differentiate, {Activation::relu, {}}, a(), a()}});
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t o = 0; o < outputs; ++o) {
                CHECK_BITS(out(r, o), start[o] > 0 ? start[o] : T(0));
                CHECK_BITS(dz(r, o), a(r, o) > 0 ? start[o] : T(0));
            }
    }
}

// Units that are counted at the end of a product, as they are when it is there.
template <class T>
void counts_at_the_end(std::size_t rows, std::size_t outputs, Activation activation) {
    using Kind = typename kernels::Epilogue<T>::Kind;
    const std::size_t features = 16, padded = round_up(outputs, panel_width<T>);
    const Packed<T> x(rows, features), w(features, outputs);
    for (std::size_t k = 0; k < features; ++k) {
        for (std::size_t r = 0; r < rows; ++r) x(r, k) = static_cast<T>((r * 5 + k * 3) % 7) - 3;
        for (std::size_t o = 0; o < outputs; ++o) w(k, o) = static_cast<T>((k + o * 2) % 5) - 2;
    }
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        const Packed<T> z(rows, outputs), a(rows, outputs);
        for (const auto& to : {z(), a()}) {  // in place, and beside what it is of
            AlignedBuffer<kernels::UnitCount<T>> counted(2 * padded), expected(2 * padded);
            const kernels::UnitCounts<T> here{counted.data(), counted.data() + padded, T(0.1),
                                              T(0.9)},
                there{expected.data(), expected.data() + padded, T(0.1), T(0.9)};
            table->product(
                {z(), x(), w(), nullptr, {Kind::activate, {activation, {}}, to, {}, &here}});
            table->count_units(to, there);
            for (std::size_t o = 0; o < outputs; ++o) {
                CHECK_EQUAL(counted[o], expected[o]);
                CHECK_EQUAL(counted[padded + o], expected[padded + o]);
            }
        }
    }
}

constexpr std::size_t n_states = OptimizerInfo::most_states;

// A matrix and its states.
template <class T>
struct Parameters {
    Parameters(std::size_t rows, std::size_t cols, const Rule<T>& rule, std::mt19937_64& random)
        : w(rows, cols, random),
          states{{rows, cols, random}, {rows, cols, random}, {rows, cols, random}} {
        for (std::size_t k = 0; k < n_states; ++k)
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t c = 0; c < cols; ++c)
                    if (rule.squares[k]) states[k](r, c) *= states[k](r, c);
    }
    // As many pointers as the rule has states.
    T* state(std::size_t which, const Rule<T>& rule) const {
        return which < rule.states ? states[which]().data : nullptr;
    }
    Packed<T> w, states[n_states];
};

template <class T>
void same(const Parameters<T>& a, const Parameters<T>& b) {
    CHECK_MATRICES(a.w, b.w);
    for (std::size_t k = 0; k < n_states; ++k) CHECK_MATRICES(a.states[k], b.states[k]);
}

// The rule, from a gradient that was stored, for some rows.
template <class T>
void update_rows(const KernelTable<T>& table,
                 const Rule<T>& rule,
                 const Parameters<T>& to,
                 const Packed<T>& gradient,
                 std::size_t first,
                 std::size_t last) {
    const std::size_t cols = to.w().cols;
    for (std::size_t r = first; r < last; ++r)
        for (std::size_t c = 0; c < cols; c += panel_width<T>) {
            auto state = [&](std::size_t which) {
                return which < rule.states ? &to.states[which](r, c) : nullptr;
            };
            table.update(rule.update, &to.w(r, c), {state(0), state(1), state(2)}, &gradient(r, c),
                         std::min(panel_width<T>, cols - c));
        }
}

template <class T>
void check_outer_product(std::size_t rows,
                         std::size_t inputs,
                         std::size_t outputs,
                         std::size_t first,
                         std::size_t last,
                         const Rule<T>& rule,
                         unsigned seed) {
    const checks::Note note("rows, inputs, outputs, first, last, rule",
                            std::to_string(rows) + ", " + std::to_string(inputs) + ", " +
                                std::to_string(outputs) + ", " + std::to_string(first) + ", " +
                                std::to_string(last) + ", " + rule.name);
    std::mt19937_64 random(seed);
    const Input<T> x(rows, inputs, seed % 2 == 0, random);
    const Packed<T> dz(rows, outputs, random);
    const Parameters<T> before(inputs, outputs, rule, random);
    auto run = [&](const KernelTable<T>& table, const Parameters<T>& out) {
        table.outer_product({out.w(),
                             {out.state(0, rule), out.state(1, rule), out.state(2, rule)},
                             x.view,
                             dz(),
                             first,
                             last,
                             rule.update});
    };
    const Parameters<T> expected(before);
    run(plain<T>(), expected);
    for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t o = 0; o < outputs; ++o) {
            T w = before.w(i, o), states[n_states];
            for (std::size_t k = 0; k < n_states; ++k) states[k] = before.states[k](i, o);
            if (i >= first && i < last) {
                const T g = contract::row_sum<T>(rows, [&](std::size_t r, T s) {
                    return kernels::fma_exact(x.packed(r, i), dz(r, o), s);
                });
                w = updated(rule.update, w, states, g);
            }
            CHECK_BITS(expected.w(i, o), w);
            for (std::size_t k = 0; k < n_states; ++k)
                CHECK_BITS(expected.states[k](i, o), states[k]);
        }
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        const Parameters<T> fused(before), staged(before);
        run(*table, fused);
        same(fused, expected);
        const Packed<T> gradient(inputs, outputs);
        table->outer_product({gradient(), {}, x.view, dz(), first, last, {}});
        update_rows(*table, rule, staged, gradient, first, last);
        same(staged, expected);
    }
}

template <class T>
void outer_product() {
    const Rule<T> stored = rules<T>().front();
    unsigned seed = 0;
    for (const std::size_t inputs : edges)
        for (const std::size_t outputs : edges)
            check_outer_product<T>(edges[seed % 15], inputs, outputs, 0, inputs, stored, seed),
                ++seed;
    // 1 to 12 leaves: full trees, and those with missing branches
    for (const std::size_t rows :
         Sizes{127, 128, 129, 255, 256, 257, 300, 385, 512, 600, 700, 1000, 1025, 1500})
        check_outer_product<T>(rows, 7, 17, 0, 7, stored, seed), ++seed;
    // few outputs go another way than many, as do inputs that are not packed
    for (const std::size_t outputs : Sizes{1, 3, 18})
        for (const std::size_t first : Sizes{0, 1, 15, 16, 17, 32})
            for (const std::size_t last : Sizes{0, 1, 16, 18, 31, 33, 49})
                for (const unsigned packed : {0u, 1u})
                    if (first <= last)
                        check_outer_product<T>(5, 49, outputs, first, last, stored,
                                               2 * ++seed + packed);
}

// Every rule, in the product or after it.
template <class T>
void outer_product_with_rules() {
    unsigned seed = 1000;
    for (const Rule<T>& rule : rules<T>()) {
        for (const std::size_t rows : Sizes{3, 300})
            for (const std::size_t outputs : Sizes{1, 3, 33})
                for (const unsigned packed : {0u, 1u})
                    check_outer_product<T>(rows, 21, outputs, 2, 19, rule, 2 * ++seed + packed);
        // the groups of panels that tiles make, and what is left over
        for (const std::size_t outputs : edges)
            check_outer_product<T>(2, 17, outputs, 0, 17, rule, ++seed);
        for (const std::size_t outputs : Sizes{48, 49, 64, 65, 80, 81, 113, 128, 129})
            for (const std::size_t inputs : Sizes{1, 3, 5})
                check_outer_product<T>(2, inputs, outputs, 0, inputs, rule, ++seed);
    }
}

template <class T>
void check_column_sums(std::size_t rows,
                       std::size_t outputs,
                       const Rule<T>& rule,
                       std::mt19937_64& random) {
    const checks::Note note("rows, outputs, rule", std::to_string(rows) + ", " +
                                                       std::to_string(outputs) + ", " + rule.name);
    const Packed<T> dz(rows, outputs, random);
    const Parameters<T> before(1, outputs, rule, random), expected(before);
    for (std::size_t o = 0; o < outputs; ++o) {
        T states[n_states];
        for (std::size_t k = 0; k < n_states; ++k) states[k] = before.states[k](0, o);
        const T g = contract::row_sum<T>(rows, [&](std::size_t r, T s) { return s + dz(r, o); });
        expected.w(0, o) = updated(rule.update, before.w(0, o), states, g);
        for (std::size_t k = 0; k < n_states; ++k) expected.states[k](0, o) = states[k];
    }
    // one row in panels, as biases lie: one panel after another
    const std::size_t padded = round_up(outputs, panel_width<T>);
    struct Arrays {
        AlignedBuffer<T> w, states[n_states];
    };
    auto arrays = [&](const Parameters<T>& from) {
        Arrays to{AlignedBuffer<T>(padded),
                  {AlignedBuffer<T>(padded), AlignedBuffer<T>(padded), AlignedBuffer<T>(padded)}};
        for (std::size_t o = 0; o < padded; ++o) {
            to.w[o] = o < outputs ? from.w(0, o) : not_a_number<T>;
            for (std::size_t which = 0; which < n_states; ++which)
                to.states[which][o] = o < outputs ? from.states[which](0, o) : not_a_number<T>;
        }
        return to;
    };
    const Arrays wanted = arrays(expected);
    auto check = [&](const Arrays& out) {
        CHECK_ARRAYS(out.w.data(), wanted.w.data(), outputs);
        for (std::size_t which = 0; which < n_states; ++which)
            CHECK_ARRAYS(out.states[which].data(), wanted.states[which].data(), outputs);
    };
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        auto state = [&](Arrays& of, std::size_t which) {
            return which < rule.states ? of.states[which].data() : nullptr;
        };
        Arrays fused = arrays(before), staged = arrays(before);
        table->column_sums({fused.w.data(),
                            {state(fused, 0), state(fused, 1), state(fused, 2)},
                            dz(),
                            rule.update});
        check(fused);
        AlignedBuffer<T> gradient(padded);
        table->column_sums({gradient.data(), {}, dz(), {}});
        table->update(rule.update, staged.w.data(),
                      {state(staged, 0), state(staged, 1), state(staged, 2)}, gradient.data(),
                      outputs);
        check(staged);
    }
}

template <class T>
void column_sums() {
    std::mt19937_64 random(5);
    const std::vector<Rule<T>> all = rules<T>();
    for (const std::size_t rows : Sizes{0, 1, 2, 16, 127, 128, 129, 256, 300, 700, 1025})
        for (const std::size_t outputs : Sizes{1, 7, 8, 9, 15, 16, 17, 33, 64, 65, 129})
            check_column_sums(rows, outputs, all[(rows + outputs) % all.size()], random);
    for (const Rule<T>& rule : all)
        for (const std::size_t outputs : Sizes{1, 8, 9, 16, 17, 33, 65, 129})
            check_column_sums(3, outputs, rule, random);
}

template <class T>
void transpose() {
    std::mt19937_64 random(6);
    // a part of the rows, and all of them
    for (const std::size_t rows : Sizes{1, 6, 7, 8, 9, 15, 16, 17, 24, 33, 64})
        for (const std::size_t cols : Sizes{1, 7, 8, 16, 17, 40}) {
            const Packed<T> in(rows, cols, random), before(cols, rows, random);
            const bool whole = (rows + cols) % 2 == 0;
            const std::size_t first = whole ? 0 : rows / 3, last = whole ? rows : rows - rows / 4;
            auto check = [&](const KernelTable<T>& table) {
                const checks::Note isa("isa", table.isa);
                const Packed<T> out(before);
                table.transpose(out(), in(), first, last);
                for (std::size_t r = 0; r < rows; ++r)
                    for (std::size_t c = 0; c < cols; ++c)
                        CHECK_BITS(out(c, r), r >= first && r < last ? in(r, c) : before(c, r));
            };
            check(plain<T>());
            for (const KernelTable<T>* table : fast_tables<T>()) check(*table);
        }
}

template <class T>
void all() {
    product<T>();
    product_of_some_rows<T>();
    relu_of_zeros<T>(1);
    relu_of_zeros<T>(35);
    for (const std::size_t rows : {1u, 7u, 37u, 150u})
        for (const std::size_t outputs : {1u, 3u, 16u, 35u})
            for (const Activation activation : {Activation::relu, Activation::sigmoid})
                counts_at_the_end<T>(rows, outputs, activation);
    outer_product<T>();
    outer_product_with_rules<T>();
    column_sums<T>();
    transpose<T>();
}

}  // namespace

int main() {
    for (const KernelTable<float>* table : fast_tables<float>()) std::printf("%s ", table->isa);
    std::printf("against plain\n");
    all<float>();
    all<double>();
    return checks::result();
}
