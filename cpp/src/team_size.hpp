// When a second thread pays.
#pragma once

#include <cstddef>
#include <vector>

#include "wbcore/dense.hpp"

namespace wbcore {

// How many threads to use for batches of `rows`: those asked for, or (0) as many as pay.
std::size_t team_size(std::size_t asked, const std::vector<Dense>& layers, std::size_t rows);

}  // namespace wbcore
