// When a second thread pays.
#pragma once

#include <cstddef>
#include <vector>

#include "wbcore/dense.hpp"

namespace wbcore {

// How many threads to use for batches of `rows` now: those asked for, or (0) as many as pay and are this thread's share.
std::size_t team_size(std::size_t asked, const std::vector<Dense>& layers, std::size_t rows);
// The same where nobody else computes.
std::size_t largest_team(std::size_t asked, const std::vector<Dense>& layers, std::size_t rows);

}  // namespace wbcore
