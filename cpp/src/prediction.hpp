// Forward without anything kept: what Network::predict and Predictor share.
#pragma once

#include <span>
#include <vector>

#include "packed.hpp"
#include "wbcore/input.hpp"
#include "wbcore/network.hpp"

namespace wbcore {

// The parameters of one layer, in whatever arrangement.
template <class T>
struct LayerParameters {
    Panels<const T> w;  // (I, O)
    const T* b;         // (O), readable to the end of its last panel; null when there is none
    ActivationOf<T> activation;
};

template <class T>
std::vector<LayerParameters<T>> packed_layers(const PackedNetwork<T>& network);

// Scratch is the calling thread's own and is kept for its next call. False when an input is NaN or infinite; throws
// Interrupted.
template <class T>
bool predict_rows(Matrix<T> y,         // (B, O)
                  const ArrayView& x,  // (B, I)
                  const LayerParameters<T>* layers,
                  std::size_t n_layers,
                  std::size_t n_threads,
                  const InterruptCheck* interrupted);
// The outputs of every layer, likewise.
template <class T>
bool predict_layers(std::span<const Matrix<T>> outputs,  // one a layer, (B, O of it)
                    const ArrayView& x,                  // (B, I)
                    const LayerParameters<T>* layers,
                    std::size_t n_threads,
                    const InterruptCheck* interrupted);

}  // namespace wbcore
