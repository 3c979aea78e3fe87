// Losses of the caller's own: functions of a batch's outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "wbcore/matrix.hpp"

namespace wbcore {

// A batch as such a function sees it.
template <class T>
struct LossBatch {
    Panels<const T> outputs;  // (B, O), after the last activation
    std::size_t first = 0;    // its rows in the data, or in a window's, are first, first + 1, ..,
    const std::int64_t* order = nullptr;  // or these (B), when not null
};

// The mean loss of a batch; its gradient by the outputs goes into `gradient` (B, O), unless the loss is not finite. Asked on the
// thread that called, between barriers; what it throws ends the call. Weights of rows (Dataset) it applies itself: only the means
// of batches are counted by them, and a batch in which no row counts is not asked about.
template <class T>
using LossFunction = std::function<double(const LossBatch<T>&, Panels<T> gradient)>;

}  // namespace wbcore
