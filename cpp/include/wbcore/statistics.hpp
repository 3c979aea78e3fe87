// What a set of parameters looks like, in five numbers.
#pragma once

#include <cstddef>

namespace wbcore {

struct Statistics {
    double mean = 0, mean_absolute = 0, standard_deviation = 0, minimum = 0, maximum = 0;
};

// Of a row-major array, in float64; the standard deviation is the population's. What is not finite is left out.
template <class T>
Statistics statistics(const T* values, std::size_t rows, std::size_t cols);
template <class T>
Statistics statistics(const T* values, std::size_t n) {
    return statistics(values, n == 0 ? 0 : 1, n);
}

}  // namespace wbcore
