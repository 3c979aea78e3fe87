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

// What one look at a training's outcome is.
struct Glance {
    std::size_t rows = 0;  // of the data; with 0 there is none
    // The training was over so soon that a bare outcome is no wonder, nor a scale a loss: only both together are told, of inputs that
    // differ.
    bool brief = false;
};

// The look after a training of `epochs`: what it takes is less than a hundredth of the training, and bounded; where that is not
// enough for a few rows, a brief one of less than three hundredths, or none.
Glance glance_after(const std::vector<Dense>& layers,
                    std::size_t rows,
                    std::size_t batch_size,
                    std::size_t epochs);

template <class T>
Diagnosis diagnose(const Network<T>& network,
                   const Dataset& data,
                   const Named<Loss>& loss,
                   Glance glance);

}  // namespace wbcore
