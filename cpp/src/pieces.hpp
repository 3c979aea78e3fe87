// Long work in pieces, between which somebody may ask whether to go on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "wbcore/dense.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/range.hpp"

namespace wbcore {

// Multiplications of one piece: about a tenth of a second on one thread, far more than any usual batch needs. The tests make it
// small, so that they meet pieces.
inline double work_of_a_piece = 4e9;

// How many of `total` items belong in a piece, each being that many multiplications; a multiple of `grain`.
inline std::size_t piece_size(std::size_t total, double work_each, std::size_t grain) {
    const double items = work_of_a_piece / std::max(work_each, 1.0);
    if (items >= static_cast<double>(total)) return std::max<std::size_t>(total, 1);
    return std::max(static_cast<std::size_t>(items) / grain, std::size_t(1)) * grain;
}

// Rows that go through all layers together. At least as many as make loading the weights worth while.
inline std::size_t rows_of_a_piece(const std::vector<Dense>& layers, std::size_t rows) {
    double weights = 0;
    for (const Dense& layer : layers)
        weights += static_cast<double>(layer.inputs) * static_cast<double>(layer.outputs);
    return piece_size(rows, weights, 128);
}

// Inputs of a layer whose gradients are computed together, from all rows of a batch.
inline std::size_t inputs_of_a_piece(const Dense& layer, std::size_t rows) {
    // a multiple of the panels of both types, as the parts of threads are
    return piece_size(layer.inputs, static_cast<double>(rows) * static_cast<double>(layer.outputs),
                      alignment / sizeof(float));
}

// f(piece) for each piece of `all`, in order. Stops early when `stopped()` says so between two of them.
template <class Stopped, class F>
void in_pieces(Range all, std::size_t size, Stopped stopped, F f) {
    for (std::size_t first = all.first; first < all.last;) {
        const std::size_t last = all.last - first > size ? first + size : all.last;
        f(Range{first, last});
        first = last;
        if (first < all.last && stopped()) return;
    }
}

// The same, where stopping is throwing Interrupted.
template <class F>
void in_pieces(Range all, std::size_t size, const InterruptCheck& interrupted, F f) {
    in_pieces(
        all, size,
        [&] {
            stop_if(interrupted);
            return false;
        },
        f);
}

}  // namespace wbcore
