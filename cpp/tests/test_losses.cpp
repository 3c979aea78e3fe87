// Softmax and the losses of every instruction set: against docs/arithmetic.md one number at a time, bit for bit.
#include <cmath>
#include <limits>

#include "contract.hpp"
#include "tables.hpp"

using namespace tests;
using kernels::Function;

namespace {

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

template <class T>
T sigmoid(T x) {
    T y;
    plain<T>().activate({Activation::sigmoid, {}}, &y, &x, 1);
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

// One row loss and one gradient, section 6.
template <class T>
struct RowLoss {
    T loss;
    std::vector<T> gradient;
};

template <class T>
T softplus_of_minus_size(T z) {
    return function(Function::log1p, function(Function::exp, -std::abs(z)));
}

template <class T>
RowLoss<T> row_loss(Loss loss,
                    const Packed<T>& z,
                    const Packed<T>& y,
                    const Packed<T>& t,
                    std::size_t r,
                    T delta,
                    T n) {
    const std::size_t outputs = z().cols;
    const T c = 1 / n;
    auto d = [&](std::size_t j) { return y(r, j) - t(r, j); };
    RowLoss<T> row{0, std::vector<T>(outputs)};
    auto compute = [&](auto term, auto gradient) {
        row.loss = contract::feature_sum<T>(T(0), outputs, term);
        for (std::size_t j = 0; j < outputs; ++j) row.gradient[j] = gradient(j);
    };
    if (loss == Loss::mse)
        compute([&](std::size_t j, T s) { return kernels::fma_exact(d(j), d(j), s); },
                [&](std::size_t j) { return d(j) * (2 / n); });
    if (loss == Loss::mae)
        compute([&](std::size_t j, T s) { return s + std::abs(d(j)); },
                [&](std::size_t j) { return d(j) > 0 ? c : (d(j) < 0 ? -c : T(0)); });
    if (loss == Loss::huber)
        compute(
            [&](std::size_t j, T s) {
                const T m = std::abs(d(j));
                return s + (m <= delta ? (T(0.5) * d(j)) * d(j) : delta * (m - T(0.5) * delta));
            },
            [&](std::size_t j) {
                return (d(j) > delta ? delta : (d(j) < -delta ? -delta : d(j))) * c;
            });
    if (loss == Loss::binary_cross_entropy)
        compute(
            [&](std::size_t j, T s) {
                const T x = z(r, j);
                return s + (kernels::fma_exact(-x, t(r, j), x > 0 ? x : T(0)) +
                            softplus_of_minus_size(x));
            },
            [&](std::size_t j) { return (sigmoid(z(r, j)) - t(r, j)) * c; });
    if (loss == Loss::cross_entropy) {
        const Row<T> soft(z, r);
        const T log_sum = function(Function::log, soft.sum);
        compute(
            [&](std::size_t j, T s) {
                return t(r, j) == 0
                           ? s
                           : kernels::fma_exact(t(r, j), log_sum - (z(r, j) - soft.maximum), s);
            },
            [&](std::size_t j) { return (soft.e[j] / soft.sum - t(r, j)) * c; });
    }
    return row;
}

constexpr std::size_t widths[] = {1, 2, 7, 8, 9, 10, 15, 16, 17, 33, 255, 256, 257, 600};

template <class T>
void softmax() {
    std::mt19937_64 random(1);
    for (const std::size_t outputs : widths) {
        const std::size_t rows = outputs % 5 + 1;
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
Packed<T> targets(Loss loss, std::size_t rows, std::size_t outputs, std::mt19937_64& random) {
    Packed<T> t(rows, outputs, random);
    for (std::size_t r = 0; r < rows; ++r) {
        T sum = 0;
        for (std::size_t j = 0; j < outputs; ++j) {
            if (is_entropy(loss)) t(r, j) = std::min(std::abs(t(r, j)), T(1));
            sum += t(r, j);
        }
        for (std::size_t j = 0; loss == Loss::cross_entropy && j < outputs; ++j) t(r, j) /= sum;
    }
    return t;
}

template <class T>
void losses() {
    std::mt19937_64 random(2);
    for (std::size_t i = 0; i < loss_names.size(); ++i)
        for (const std::size_t outputs : widths) {
            const Loss loss = static_cast<Loss>(i);
            const std::size_t rows = outputs % 6 + 1;
            const T delta = T(0.7), n = static_cast<T>(mean_count(loss, rows + 40, outputs));
            const checks::Note note("loss, outputs",
                                    std::string(name(loss)) + ", " + std::to_string(outputs));
            const Packed<T> z(rows, outputs, random), y(rows, outputs, random),
                t = targets<T>(loss, rows, outputs, random);
            for (std::size_t j = 0; j < outputs; ++j) z(0, j) *= 200;
            y(0, 0) = is_entropy(loss) ? y(0, 0) : t(0, 0);  // a difference of 0
            for (const KernelTable<T>* table : all_tables<T>()) {
                const checks::Note isa("isa", table->isa);
                const Packed<T> dz(rows, outputs), scratch(rows, outputs);
                std::vector<T> with(rows, not_a_number<T>), without(rows, not_a_number<T>);
                table->loss({loss, with.data(), dz(), z(), y(), t(), nullptr, {delta, 0}, n, true});
                table->loss({loss,
                             without.data(),
                             scratch(),
                             z(),
                             y(),
                             t(),
                             nullptr,
                             {delta, 0},
                             n,
                             false});
                CHECK_ARRAYS(without.data(), with.data(), rows);
                CHECK(padding_is_zero(dz()));
                for (std::size_t r = 0; r < rows; ++r) {
                    const RowLoss<T> row = row_loss(loss, z, y, t, r, delta, n);
                    CHECK_BITS(with[r], row.loss);
                    for (std::size_t j = 0; j < outputs; ++j) CHECK_BITS(dz(r, j), row.gradient[j]);
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
        for (const KernelTable<T>* table : all_tables<T>()) {
            const checks::Note isa("isa", table->isa), note("outputs", outputs);
            const Packed<T> by_label(rows, outputs), by_target(rows, outputs);
            T loss[rows], expected[rows];
            table->loss(
                {Loss::cross_entropy, expected, by_target(), z(), z(), t(), nullptr, {}, 4, true});
            table->loss(
                {Loss::cross_entropy, loss, by_label(), z(), z(), {}, label.data(), {}, 4, true});
            CHECK_ARRAYS(loss, expected, rows);
            CHECK_MATRICES(by_label, by_target);
            CHECK(padding_is_zero(by_label()));
            table->loss(
                {Loss::cross_entropy, loss, by_label(), z(), z(), {}, label.data(), {}, 4, false});
            CHECK_ARRAYS(loss, expected, rows);
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

template <class T>
void all() {
    softmax<T>();
    losses<T>();
    labels<T>();
    extreme_outputs<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
