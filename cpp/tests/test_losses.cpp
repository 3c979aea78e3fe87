// Softmax of every instruction set against docs/arithmetic.md one number at a time, and the losses of each against the plain
// ones, bit for bit.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "contract.hpp"
#include "tables.hpp"

using namespace tests;
using kernels::Function;

namespace {

constexpr std::size_t widths[] = {1, 2, 7, 8, 9, 10, 15, 16, 17, 33, 255, 256, 257, 600};

template <class T>
std::vector<const KernelTable<T>*> all_tables() {
    std::vector<const KernelTable<T>*> tables = fast_tables<T>();
    tables.insert(tables.begin(), &plain<T>());
    return tables;
}

template <class T>
T function(Function f, T x) {
    T y;
    plain<T>().function(f, &y, &x, 1);
    return y;
}

// One row of softmax: e, its sum, and the largest z.
template <class T>
struct Row {
    std::vector<T> e;
    T maximum, sum;
    Row(const Packed<T>& z, std::size_t r) : e(z().cols), maximum(z(r, 0)) {
        for (std::size_t j = 0; j < e.size(); ++j) maximum = std::max(maximum, z(r, j));
        for (std::size_t j = 0; j < e.size(); ++j)
            e[j] = function(Function::exp, z(r, j) - maximum);
        sum =
            contract::feature_sum<T>(T(0), e.size(), [&](std::size_t j, T s) { return s + e[j]; });
    }
};

template <class T>
void softmax() {
    std::mt19937_64 random(1);
    for (const std::size_t outputs : widths) {
        const std::size_t rows = outputs % 3 == 1 ? outputs % 5 + 1 : 37;  // of some blocks
        const checks::Note note("outputs", outputs);
        const Packed<T> z(rows, outputs, random), da(rows, outputs, random);
        for (std::size_t j = 0; j < outputs; ++j) z(rows - 1, j) *= 1000;
        for (const KernelTable<T>* table : all_tables<T>()) {
            const checks::Note isa("isa", table->isa);
            const Packed<T> a(rows, outputs), dz(da);
            table->softmax(a(), z());
            table->softmax_backward(dz(), a());
            CHECK(padding_is_zero(a()));
            CHECK(padding_is_zero(dz()));
            const Packed<T> in_place(z);
            table->softmax(in_place(), in_place());
            CHECK_MATRICES(in_place, a);
            for (std::size_t r = 0; r < rows; ++r) {
                const Row<T> row(z, r);
                const T d = contract::feature_sum<T>(T(0), outputs, [&](std::size_t j, T s) {
                    return kernels::fma_exact(da(r, j), a(r, j), s);
                });
                for (std::size_t j = 0; j < outputs; ++j) {
                    CHECK_BITS(a(r, j), row.e[j] / row.sum);
                    CHECK_BITS(dz(r, j), a(r, j) * (da(r, j) - d));
                }
            }
        }
    }
}

// Targets that suit the loss: shares that sum to one, probabilities with both ends, or any number.
template <class T>
Packed<T> targets(const LossInfo& loss,
                  std::size_t rows,
                  std::size_t outputs,
                  std::mt19937_64& random) {
    Packed<T> t(rows, outputs, random);
    if (loss.targets == Targets::numbers || loss.targets == Targets::signs) return t;
    for (std::size_t r = 0; r < rows; ++r) {
        T sum = 0;
        for (std::size_t j = 0; j < outputs; ++j) {
            t(r, j) = std::min(std::abs(t(r, j)), T(1));
            if (loss.targets == Targets::positives) t(r, j) += T(0.125);
            sum += t(r, j);
        }
        for (std::size_t j = 0; loss.targets == Targets::classes && j < outputs; ++j)
            t(r, j) /= sum;
    }
    return t;
}

// Every instruction set has the bits of the plain one, which the committed vectors hold to docs/arithmetic.md (test_vectors),
// and the reference in sums longer than a leaf (tests/test_core_against_reference.py).
template <class T>
void losses() {
    std::mt19937_64 random(2);
    for (const Named<Loss>& loss : all_choices<Loss>())
        for (std::size_t place = 0; place < 2 * std::size(widths); ++place) {
            const std::size_t outputs = widths[place / 2];
            const std::vector<T> all_weights = random_numbers<T>(random, outputs);
            const bool weighted = place % 2 == 1 && loss.info().mean == Mean::over_elements;
            const T* const weights = weighted ? all_weights.data() : nullptr;
            const std::size_t rows = place % 4 < 2 ? outputs % 6 + 1 : 37;
            const T n = static_cast<T>(mean_count(loss, rows + 40, outputs));
            const auto numbers = rounded<T>(loss);
            const checks::Note note("loss, outputs", text(loss) + ", " + std::to_string(outputs));
            const Packed<T> z(rows, outputs, random), y(rows, outputs, random),
                t = targets<T>(loss.info(), rows, outputs, random);
            for (std::size_t j = 0; j < outputs; ++j) z(0, j) *= 200;
            if (!is_of_z(loss)) y(0, 0) = t(0, 0);  // a difference of 0
            auto ask = [&](const KernelTable<T>& table, const Packed<T>& dz, bool gradient) {
                std::vector<T> row_losses(rows, not_a_number<T>);
                kernels::LossRows<T> asked{.loss = loss.kind,
                                           .row_losses = row_losses.data(),
                                           .dz = dz(),
                                           .z = z(),
                                           .y = y(),
                                           .t = t(),
                                           .labels = nullptr,
                                           .numbers = {},
                                           .mean_count = n,
                                           .gradient = gradient,
                                           .output_weights = weights};
                std::copy(numbers.begin(), numbers.end(), asked.numbers);
                table.loss(asked);
                return row_losses;
            };
            const Packed<T> expected(rows, outputs);
            const std::vector<T> expected_losses = ask(plain<T>(), expected, true);
            for (std::size_t r = 0; r < rows; ++r)  // that of counts lacks log(t!)
                CHECK(expected_losses[r] >= 0 || weighted ||
                      loss.info().targets == Targets::counts);
            for (const KernelTable<T>* table : all_tables<T>()) {
                const checks::Note isa("isa", table->isa);
                const Packed<T> dz(rows, outputs), scratch(rows, outputs);
                CHECK_ARRAYS(ask(*table, dz, true).data(), expected_losses.data(), rows);
                CHECK_ARRAYS(ask(*table, scratch, false).data(), expected_losses.data(), rows);
                CHECK(padding_is_zero(dz()));
                CHECK_MATRICES(dz, expected);
            }
        }
}

// After any loss, row losses and gradients of every instruction set are those without weights, times the weight of the row and a
// power of two; what has no weight is nothing, not even where it is out of range.
template <class T>
void weights() {
    std::mt19937_64 random(6);
    for (const Named<Loss>& loss : all_choices<Loss>())
        for (const std::size_t outputs : {1u, 7u, 16u, 17u, 300u}) {
            constexpr std::size_t rows = 9;
            const auto numbers = rounded<T>(loss);
            const checks::Note note("loss, outputs", text(loss) + ", " + std::to_string(outputs));
            const Packed<T> z(rows, outputs, random),
                t = targets<T>(loss.info(), rows, outputs, random);
            const std::vector<T> all_weights = random_numbers<T>(random, outputs);
            const bool weighs_outputs = outputs % 2 == 1 && loss.info().mean == Mean::over_elements;
            const T* const of_outputs = weighs_outputs ? all_weights.data() : nullptr;
            std::vector<T> w;
            for (std::size_t r = 0; r < rows; ++r)
                w.push_back(std::abs(random_numbers<T>(random, 1)[0]));
            w[3] = 0;
            w[4] = 1;
            if (!is_of_z(loss)) z(3, 0) = std::numeric_limits<T>::max();
            auto ask = [&](const KernelTable<T>& table, const Packed<T>& dz, const T* of_rows) {
                std::vector<T> row_losses(rows, not_a_number<T>);
                kernels::LossRows<T> asked{.loss = loss.kind,
                                           .row_losses = row_losses.data(),
                                           .dz = dz(),
                                           .z = z(),
                                           .y = z(),
                                           .t = t(),
                                           .labels = nullptr,
                                           .numbers = {},
                                           .mean_count = T(0.75),
                                           .gradient = true,
                                           .output_weights = of_outputs,
                                           .weights = of_rows,
                                           .weight_scale = T(0.25)};
                std::copy(numbers.begin(), numbers.end(), asked.numbers);
                table.loss(asked);
                return row_losses;
            };
            for (const KernelTable<T>* table : all_tables<T>()) {
                const checks::Note isa("isa", table->isa);
                const Packed<T> dz(rows, outputs), plain_dz(rows, outputs);
                const std::vector<T> plain_losses = ask(*table, plain_dz, nullptr),
                                     found = ask(*table, dz, w.data());
                CHECK(padding_is_zero(dz()));
                for (std::size_t r = 0; r < rows; ++r) {
                    const bool none = w[r] == 0;
                    CHECK_BITS(found[r], none ? T(0) : w[r] * plain_losses[r]);
                    for (std::size_t j = 0; j < outputs; ++j)
                        CHECK_BITS(dz(r, j), none ? T(0) : plain_dz(r, j) * (w[r] * T(0.25)));
                }
            }
        }
}

// Labels mean one-hot targets, to the bit.
template <class T>
void labels() {
    std::mt19937_64 random(3);
    for (const std::size_t outputs : widths) {
        constexpr std::size_t rows = 4;
        const Packed<T> z(rows, outputs, random), t(rows, outputs);
        std::vector<std::int64_t> label;
        for (std::size_t r = 0; r < rows; ++r) {
            label.push_back(static_cast<std::int64_t>(r == 0 ? outputs - 1 : random() % outputs));
            for (std::size_t j = 0; j < outputs; ++j)
                t(r, j) = static_cast<std::int64_t>(j) == label[r] ? T(1) : T(0);
            z(1, 0) = 50;
        }
        for (const Named<Loss>& choice : all_choices<Loss>()) {
            if (choice.info().targets != Targets::classes &&
                choice.info().targets != Targets::signs)
                continue;
            const auto numbers = rounded<T>(choice);
            for (const KernelTable<T>* table : all_tables<T>()) {
                const checks::Note isa("isa", table->isa),
                    note("loss, outputs", text(choice) + ", " + std::to_string(outputs));
                const Packed<T> by_label(rows, outputs), by_target(rows, outputs);
                T loss[rows], expected[rows];
                kernels::LossRows<T> asked{choice.kind, expected, by_target(), z(), z(),
                                           t(),         nullptr,  {},          4,   true};
                std::copy(numbers.begin(), numbers.end(), asked.numbers);
                table->loss(asked);
                asked.row_losses = loss, asked.dz = by_label(), asked.t = {};
                asked.labels = label.data();
                table->loss(asked);
                CHECK_ARRAYS(loss, expected, rows);
                CHECK_MATRICES(by_label, by_target);
                CHECK(padding_is_zero(by_label()));
                asked.gradient = false;
                table->loss(asked);
                CHECK_ARRAYS(loss, expected, rows);
            }
        }
    }
}

// No finite output gives NaN: the losses of confident mistakes are large, not infinite.
template <class T>
void extreme_outputs() {
    const T huge = std::numeric_limits<T>::max() / 4;
    for (const KernelTable<T>* table : all_tables<T>()) {
        const checks::Note isa("isa", table->isa);
        const Packed<T> z(2, 2), t(2, 2), dz(2, 2);
        z(0, 0) = z(1, 1) = huge, z(0, 1) = z(1, 0) = -huge;
        t(0, 0) = t(1, 0) = 1, t(0, 1) = t(1, 1) = 0;
        for (const Loss loss : {Loss::cross_entropy, Loss::binary_cross_entropy}) {
            T row_losses[2];
            table->loss({loss, row_losses, dz(), z(), z(), t(), nullptr, {}, 1, true});
            CHECK_EQUAL(row_losses[0], T(0));
            CHECK_EQUAL(row_losses[1], 2 * huge);
            CHECK_EQUAL(dz(0, 0), T(0));
            CHECK_EQUAL(dz(1, 0), T(-1));
        }
        // the difference of these two overflows, and a class that is not expected costs nothing
        z(0, 0) = std::numeric_limits<T>::max(), z(0, 1) = -z(0, 0);
        T row_losses[2];
        table->loss({Loss::cross_entropy, row_losses, dz(), z(), z(), t(), nullptr, {}, 1, true});
        CHECK_EQUAL(row_losses[0], T(0));
        CHECK_EQUAL(dz(0, 1), T(0));
    }
}

// The new ones likewise, as far as their values are numbers of T at all; and NaN stays NaN, for the divergence to be seen.
template <class T>
void extremes_of_elements() {
    const T huge = T(1e30), nan = std::numeric_limits<T>::quiet_NaN();
    const Loss of_elements[] = {Loss::quantile, Loss::poisson,      Loss::gamma_deviance,
                                Loss::log_cosh, Loss::hinge,        Loss::mae,
                                Loss::huber,    Loss::squared_hinge};
    for (const KernelTable<T>* table : all_tables<T>())
        for (const Loss loss : of_elements) {
            const checks::Note isa("isa", table->isa), note("loss", text(Named<Loss>(loss)));
            const Packed<T> z(2, 1), t(2, 1), dz(2, 1);
            t(0, 0) = t(1, 0) = 1;
            auto ask = [&](T first, T second) {
                z(0, 0) = first, z(1, 0) = second;
                std::array<T, 2> row_losses{};
                kernels::LossRows<T> asked{loss, row_losses.data(), dz(), z(), z(),
                                           t(),  nullptr,           {},   1,   true};
                const auto numbers = rounded<T>(Named<Loss>(loss));
                std::copy(numbers.begin(), numbers.end(), asked.numbers);
                table->loss(asked);
                return row_losses;
            };
            // e^z is out of range on one side, and the square of a miss in float32
            const bool low = loss == Loss::gamma_deviance, high = loss == Loss::poisson;
            const bool squares = loss == Loss::squared_hinge && sizeof(T) == sizeof(float);
            const std::array<T, 2> far = ask(-huge, huge);
            CHECK(std::isfinite(far[0]) == !(low || squares));
            CHECK(std::isfinite(far[1]) == !high);
            CHECK(!std::isnan(far[0]) && !std::isnan(far[1]));
            CHECK(!std::isnan(dz(0, 0)) && !std::isnan(dz(1, 0)));
            CHECK(std::isnan(ask(nan, T(1))[0]));
        }
}

template <class T>
void all() {
    extremes_of_elements<T>();
    softmax<T>();
    losses<T>();
    weights<T>();
    labels<T>();
    extreme_outputs<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
