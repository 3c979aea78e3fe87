// What an optimizer's l1, l2 and weight_decay add to the loss that its steps lower (docs/arithmetic.md, section 7).
#pragma once

#include <vector>

#include "packed.hpp"
#include "wbcore/optimizers.hpp"

namespace wbcore {

// Sums over the parameters that these count for, a place for each row of weights and one for the biases of each layer, so that
// threads may share them and their order shows nowhere.
template <class T>
class PenaltySums {
public:
    PenaltySums() = default;
    // Room; that of a layer which is not trained stays unused.
    explicit PenaltySums(const std::vector<Dense>& layers);

    // Of the weights of some inputs of a layer, and with the first of them of its biases
    void take(const OptimizerSettings& optimizer,
              const PackedArray<T>& parameters,
              std::size_t layer,
              Range inputs);
    // When all of them have been taken: of a batch whose rows count so much together.
    double of_batch(const OptimizerSettings& optimizer, double weight) const;

private:
    double total(const AlignedBuffer<double>& rows) const;

    std::vector<std::size_t> first_;  // the place of each layer, and the end
    std::vector<bool> trained_;
    AlignedBuffer<double> sizes_, squares_;
};

}  // namespace wbcore
