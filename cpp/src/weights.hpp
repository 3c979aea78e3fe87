// How much the rows of a batch count together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "wbcore/input.hpp"

namespace wbcore {

// The row sum, in float64, of the weights of n rows from `first` on, or of those that `order` names from there on, each converted
// to T; n where rows have no weights. Nothing when one of them is no weight.
template <class T>
std::optional<double> weight_of_rows(const Dataset& data,
                                     const std::int64_t* order,
                                     std::size_t first,
                                     std::size_t n);

}  // namespace wbcore
