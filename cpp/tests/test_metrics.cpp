// Accuracy, mae, mse and r2, added up batch by batch.
#include "wbcore/metrics.hpp"

#include <algorithm>
#include <cmath>

#include "contract.hpp"
#include "tables.hpp"

using namespace tests;

namespace {

const std::vector<Named<Metric>> all_errors{Metric::r2, Metric::mae, Metric::mse};

// Against the definitions, over rows that come in several batches.
template <class T>
void regression() {
    constexpr std::size_t rows = 37, outputs = 19;
    std::mt19937_64 random(1);
    const Packed<T> y(rows, outputs, random), t(rows, outputs, random);
    for (std::size_t r = 0; r < rows; ++r) t(r, 3) += 1000;  // far from 0
    double absolute = 0, squared = 0, r2 = 0;
    for (std::size_t j = 0; j < outputs; ++j) {
        double mean = 0, residual = 0, spread = 0;
        for (std::size_t r = 0; r < rows; ++r) mean += static_cast<double>(t(r, j)) / rows;
        for (std::size_t r = 0; r < rows; ++r) {
            const double error = static_cast<double>(y(r, j)) - static_cast<double>(t(r, j));
            absolute += std::abs(error);
            residual += error * error;
            spread += std::pow(static_cast<double>(t(r, j)) - mean, 2);
        }
        squared += residual;
        r2 += (1 - residual / spread) / outputs;
    }
    for (const std::size_t batch : {1u, 5u, 36u, 37u}) {
        MetricSums sums(all_errors, Loss::mse, outputs, batch);
        for (std::size_t first = 0; first < rows; first += batch) {
            const std::size_t n = std::min(batch, rows - first);
            const Panels<const T> part = y().rows_from(first, n);
            sums.add<T>(part, part, t().rows_from(first, n), nullptr);
            sums.end_batch();
        }
        const std::vector<double> found = sums.values();
        // each is a sum of some 700 rounded terms; the column that is far from 0 costs r2 six digits more
        CHECK(std::abs(found[0] / r2 - 1) <= 1e-9);
        CHECK(std::abs(found[1] / (absolute / (rows * outputs)) - 1) <= 1e-12);
        CHECK(std::abs(found[2] / (squared / (rows * outputs)) - 1) <= 1e-12);
    }
}

// Sums that go out between two batches and into others are those that stayed.
template <class T>
void sums_go_out_and_in() {
    constexpr std::size_t rows = 40, outputs = 7, batch = 13;
    std::mt19937_64 random(7);
    const Packed<T> y(rows, outputs, random), t(rows, outputs, random);
    MetricSums whole(all_errors, Loss::mse, outputs, batch), parts = whole;
    for (std::size_t first = 0; first < rows; first += batch) {
        const std::size_t n = std::min(batch, rows - first);
        const Panels<const T> part = y().rows_from(first, n);
        for (MetricSums* sums : {&whole, &parts}) {
            sums->add<T>(part, part, t().rows_from(first, n), nullptr);
            sums->end_batch();
        }
        MetricSums fresh(all_errors, Loss::mse, outputs, batch);
        CHECK(fresh.restore(parts.sums()));
        parts = fresh;
    }
    const std::vector<double> expected = whole.values(), found = parts.values();
    CHECK_ARRAYS(found.data(), expected.data(), expected.size());
    MetricSums other({Metric::accuracy}, Loss::cross_entropy, outputs, batch);
    CHECK(!other.restore(parts.sums()));
    CHECK(!parts.restore({}));
    CHECK_ARRAYS(parts.values().data(), expected.data(), expected.size());
}

// The row tree of the contract within a batch, batches in order; parts of whole leaves do not show. One output: in a sum of
// many, the last bits of each would be lost.
template <class T>
void order_of_sums() {
    constexpr std::size_t rows = 1500, batch = 900;
    for (const unsigned seed : {2u, 3u, 4u, 5u}) {
        std::mt19937_64 random(seed);
        const Packed<T> y(rows, 1, random), t(rows, 1, random);
        auto squares = [&](std::size_t first, std::size_t n) {
            return contract::row_sum<double>(n, [&](std::size_t r, double s) {
                const double error =
                    static_cast<double>(y(first + r, 0)) - static_cast<double>(t(first + r, 0));
                return s + error * error;
            });
        };
        const double squared = squares(0, batch) + squares(batch, rows - batch);
        for (const std::size_t part : {kernels::row_leaf, 3 * kernels::row_leaf, rows}) {
            MetricSums sums({Metric::mse}, Loss::mse, 1, batch);
            for (std::size_t start = 0; start < rows; start += batch) {
                const std::size_t end = std::min(start + batch, rows);
                for (std::size_t first = start; first < end; first += part) {
                    const std::size_t n = std::min(part, end - first);
                    const Panels<const T> outputs = y().rows_from(first, n);
                    sums.add<T>(outputs, outputs, t().rows_from(first, n), nullptr);
                }
                sums.end_batch();
            }
            CHECK_EQUAL(sums.values()[0], squared / rows);
        }
    }
}

// A target that never changes: explained fully, or not at all.
template <class T>
void constant_target() {
    const Packed<T> t(4, 1), y(4, 1);
    for (std::size_t r = 0; r < 4; ++r) t(r, 0) = y(r, 0) = T(0.1);
    MetricSums right({Metric::r2}, Loss::mse, 1, 4), wrong({Metric::r2}, Loss::mse, 1, 4);
    right.add<T>(y(), y(), t(), nullptr);
    right.end_batch();
    y(2, 0) = 1;
    wrong.add<T>(y(), y(), t(), nullptr);
    wrong.end_batch();
    CHECK_EQUAL(right.values()[0], 1.0);
    CHECK_EQUAL(wrong.values()[0], 0.0);
}

// The largest output wins, the first of equals; labels and one-hot targets say the same.
template <class T>
void class_accuracy() {
    constexpr std::size_t rows = 5, outputs = 18;
    const Packed<T> z(rows, outputs), t(rows, outputs);
    const std::int64_t labels[rows] = {0, 17, 3, 16, 2};
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t j = 0; j < outputs; ++j) {
            z(r, j) = r == 4 ? T(-1) : static_cast<T>(j == 17 || (r == 2 && j == 3));
            t(r, j) = static_cast<T>(static_cast<std::int64_t>(j) == labels[r]);
        }
    // row 0: wrong; 1: right; 2: 3 before 17, right; 3: wrong; 4: all equal, so class 0, wrong
    for (const bool by_label : {true, false}) {
        MetricSums sums({Metric::accuracy}, Loss::cross_entropy, outputs, rows);
        sums.add<T>(z(), z(), by_label ? Panels<const T>{} : Panels<const T>(t()),
                    by_label ? labels : nullptr);
        sums.end_batch();
        CHECK_EQUAL(sums.values()[0], 0.4);
    }
}

// A probability above one half is a positive z; the soft targets count by the same half.
template <class T>
void binary_accuracy() {
    const Packed<T> z(2, 3), y(2, 3), t(2, 3);
    const double zs[] = {1, -1, 0, 2, -2, 0.1}, ts[] = {1, 0, 0, 0, 1, 0.6};
    for (std::size_t i = 0; i < 6; ++i) {
        z(i / 3, i % 3) = static_cast<T>(zs[i]);
        y(i / 3, i % 3) = static_cast<T>(1 / (1 + std::exp(-zs[i])));
        t(i / 3, i % 3) = static_cast<T>(ts[i]);
    }
    MetricSums sums({Metric::accuracy, Metric::mae}, Loss::binary_cross_entropy, 3, 2);
    sums.add<T>(z(), y(), t(), nullptr);
    sums.end_batch();
    CHECK_EQUAL(sums.values()[0], 4.0 / 6);
    CHECK(sums.values()[1] > 0.2 && sums.values()[1] < 0.5);  // of probabilities, not of z
}

void names() {
    CHECK_THROWS(ChoiceError, "expected metrics to be one of accuracy",
                 parse<Metric>("metrics", "f2"));
    for (std::size_t i = 0; i < metric_rows.size(); ++i)
        CHECK(parse<Metric>("metrics", metric_rows[i].name) ==
              Named<Metric>(static_cast<Metric>(i)));
    CHECK_EQUAL(parse<Metric>("metrics", "top_k(3)")[0], 3.0);
    CHECK(matches(Metric::accuracy, Targets::classes));
    CHECK(matches(Metric::accuracy, Targets::probabilities));
    CHECK(!matches(Metric::accuracy, Targets::numbers));
    CHECK(!matches(Metric::r2, Targets::classes));
    CHECK(MetricSums({}, Loss::mse, 3, 1).empty());
    CHECK(MetricSums({}, Loss::mse, 3, 1).values().empty());
}

template <class T>
void all() {
    regression<T>();
    order_of_sums<T>();
    sums_go_out_and_in<T>();
    constant_target<T>();
    class_accuracy<T>();
    binary_accuracy<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    names();
    return checks::result();
}
