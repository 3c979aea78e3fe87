#include "wbcore/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace wbcore {

template <class T>
Statistics statistics(const T* values, std::size_t n) {
    if (n == 0) return {};
    const double count = static_cast<double>(n);
    double sum = 0, absolute = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += static_cast<double>(values[i]);
        absolute += std::abs(static_cast<double>(values[i]));
    }
    const double mean = sum / count;
    // a second pass: the squares of the deviations lose nothing to the mean
    for (std::size_t i = 0; i < n; ++i) {
        const double deviation = static_cast<double>(values[i]) - mean;
        squares += deviation * deviation;
    }
    const auto [low, high] = std::minmax_element(values, values + n);
    return {mean, absolute / count, std::sqrt(squares / count), static_cast<double>(*low),
            static_cast<double>(*high)};
}

template Statistics statistics(const float*, std::size_t);
template Statistics statistics(const double*, std::size_t);

}  // namespace wbcore
