// Five numbers about a set of parameters.
#include "wbcore/statistics.hpp"

#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"

using namespace wbcore;

namespace {

template <class T>
void by_hand() {
    const T values[] = {-2, 0, 1, 5};
    const Statistics s = statistics(values, 4);
    CHECK_EQUAL(s.mean, 1.0);
    CHECK_EQUAL(s.mean_absolute, 2.0);
    CHECK_EQUAL(s.standard_deviation, std::sqrt((9.0 + 1 + 0 + 16) / 4));
    CHECK_EQUAL(s.minimum, -2.0);
    CHECK_EQUAL(s.maximum, 5.0);
    const Statistics one = statistics(values, 1);
    CHECK_EQUAL(one.mean, -2.0);
    CHECK_EQUAL(one.mean_absolute, 2.0);
    CHECK_EQUAL(one.standard_deviation, 0.0);
    CHECK_EQUAL(one.minimum, -2.0);
    CHECK_EQUAL(one.maximum, -2.0);
    const Statistics none = statistics<T>(nullptr, 0);
    CHECK_EQUAL(none.mean, 0.0);
    CHECK_EQUAL(none.maximum, 0.0);
}

// A spread far below the mean is not lost: sums of squares would give 0 or NaN here.
template <class T>
void small_spread(double offset, double step) {
    std::vector<T> values;
    for (int i = 0; i < 1000; ++i)
        values.push_back(static_cast<T>(offset + (i % 2 == 0 ? step : -step)));
    const Statistics s = statistics(values.data(), values.size());
    CHECK(std::abs(s.mean - offset) <= 1e-13 * offset);
    CHECK(std::abs(s.standard_deviation - step) <= 1e-3 * step);
}

// Sums are taken in float64 also of float32; the error of n additions is below n half-units of the largest partial sum.
void many_floats() {
    std::mt19937_64 random(1);
    std::vector<float> values(200000);
    long double sum = 0, squares = 0;
    for (float& v : values) {
        v = static_cast<float>(std::uniform_real_distribution<double>(0, 1)(random));
        sum += static_cast<long double>(v);
    }
    const long double n = 200000, mean = sum / n;
    for (const float v : values)
        squares += (static_cast<long double>(v) - mean) * (static_cast<long double>(v) - mean);
    const Statistics s = statistics(values.data(), values.size());
    const double bound = 200000 * 0x1p-53;
    CHECK(std::abs(s.mean / static_cast<double>(mean) - 1) <= bound);
    CHECK_EQUAL(s.mean_absolute, s.mean);
    CHECK(std::abs(s.standard_deviation / static_cast<double>(std::sqrt(squares / n)) - 1) <=
          bound);
}

}  // namespace

int main() {
    by_hand<float>();
    by_hand<double>();
    small_spread<float>(1000, 0.0009765625);
    small_spread<double>(1e6, 1e-6);
    many_floats();
    return checks::result();
}
