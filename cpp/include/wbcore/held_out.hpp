// Which rows of a data set a training holds out to validate by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "wbcore/interruption.hpp"

namespace wbcore {

// Both in ascending order.
struct HeldOut {
    std::vector<std::int64_t> training, validation;
};

// How many of n rows, n > 1, a fraction of them is, 0 < fraction < 1: to nearest, at least 1, at most n - 1.
std::size_t held_out_count(std::size_t n, double fraction);

// Of n rows `count`, 0 < count < n, drawn by the seed. With `classes`, one number a row, each class gives its share, to less
// than one row more or less (docs/arithmetic.md, 7.6). Throws Interrupted.
HeldOut held_out_rows(std::size_t n,
                      std::size_t count,
                      std::uint64_t seed,
                      std::span<const std::int64_t> classes = {},
                      const InterruptCheck& interrupted = nullptr);

}  // namespace wbcore
