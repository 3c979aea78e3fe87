// What is often wrong with a training that ends without an error: seen in a few of its rows.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// Columns far from unit scale: |mean| or spread (standard deviation) above `far_from_unit`. Or all of them: none has either
// above `far_below_unit`.
inline constexpr double far_from_unit = 30, far_below_unit = 1e-3;

struct ScaleFinding {
    std::size_t columns;          // how many are far from unit scale
    std::size_t column;           // the farthest
    double mean = 0, spread = 0;  // its
};

struct Diagnosis {
    std::size_t rows = 0;  // that were looked at; with 0 nothing was found
    std::optional<ScaleFinding> inputs, targets;
    std::vector<std::size_t>
        dead_layers;        // hidden ones of the relu family all outputs of which are 0
    bool constant = false;  // no output differs between rows, though targets do
    std::optional<std::size_t>
        one_class;  // that all rows are given, though more than one in ten has another
};

// How many rows of a training's data to look at after `epochs`: what that takes is less than a hundredth of the training, and
// bounded. 0 when the training is too short for that.
std::size_t rows_to_look_at(const std::vector<Dense>& layers,
                            std::size_t rows,
                            std::size_t batch_size,
                            std::size_t epochs);

// At `rows` rows of the data, evenly spread over them. Nobody may be training the network. Finds nothing when the data have
// become such that they are refused.
template <class T>
Diagnosis diagnose(const Network<T>& network,
                   const Dataset& data,
                   const Named<Loss>& loss,
                   std::size_t rows);

}  // namespace wbcore
