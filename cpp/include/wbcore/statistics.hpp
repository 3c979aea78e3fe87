// What a set of parameters looks like, in five numbers.
#pragma once

#include <cstddef>

namespace wbcore {

struct Statistics {
    double mean = 0, mean_absolute = 0, standard_deviation = 0, minimum = 0, maximum = 0;
};

// Of n values, in float64; the standard deviation is the population's.
template <class T>
Statistics statistics(const T* values, std::size_t n);

}  // namespace wbcore
