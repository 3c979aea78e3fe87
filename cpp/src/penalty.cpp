#include "penalty.hpp"

#include <algorithm>

namespace wbcore {

namespace {

// Of a rule that decouples it weight_decay is no penalty of anything.
double coupled_decay(const OptimizerSettings& optimizer) {
    return optimizer.rule.info().decouples ? 0 : optimizer.rule.at("weight_decay");
}

bool takes_squares(const OptimizerSettings& optimizer) {
    return optimizer.l2 != 0 || coupled_decay(optimizer) != 0;
}

}  // namespace

template <class T>
PenaltySums<T>::PenaltySums(const std::vector<Dense>& layers) : first_{0} {
    for (const Dense& layer : layers) {
        first_.push_back(first_.back() + layer.inputs + 1);
        trained_.push_back(layer.trainable);
    }
    sizes_ = AlignedBuffer<double>(first_.back());
    squares_ = AlignedBuffer<double>(first_.back());
}

template <class T>
void PenaltySums<T>::take(const OptimizerSettings& optimizer,
                          const PackedArray<T>& parameters,
                          std::size_t layer,
                          Range inputs) {
    const kernels::KernelTable<T>& table = kernels::table<T>();
    auto sums_of = [&](Panels<const T> rows, std::size_t place) {
        if (optimizer.l1 != 0) table.row_sizes(sizes_.data() + place, rows);
        if (takes_squares(optimizer)) table.row_squares(squares_.data() + place, rows, 0);
    };
    const Panels<T> w = parameters.weights(layer);
    sums_of(w.rows_from(inputs.first, inputs.last - inputs.first), first_[layer] + inputs.first);
    if (inputs.first != 0 || inputs.last == 0) return;
    const T* biases = parameters.biases(layer);
    const std::size_t place = first_[layer] + w.rows;
    sizes_.data()[place] = squares_.data()[place] = 0;
    if (biases != nullptr && optimizer.decay_biases)
        sums_of({biases, 1, w.cols, panel_width<T>, panel_width<T>}, place);
}

template <class T>
double PenaltySums<T>::total(const AlignedBuffer<double>& rows) const {
    double sum = 0;
    for (std::size_t l = 0; l < trained_.size(); ++l)
        if (trained_[l])
            for (std::size_t i = first_[l]; i < first_[l + 1]; ++i) sum += rows.data()[i];
    return sum;
}

template <class T>
double PenaltySums<T>::of_batch(const OptimizerSettings& optimizer, double weight) const {
    if (weight == 0) return 0;
    const double sizes = optimizer.l1 != 0 ? total(sizes_) : 0,
                 squares = takes_squares(optimizer) ? total(squares_) : 0,
                 options = optimizer.l1 * sizes + (0.5 * optimizer.l2) * squares,
                 decay = (0.5 * coupled_decay(optimizer)) * squares;
    if (optimizer.penalty_of_sum) return options + weight * decay;
    return weight * (options + decay);
}

template class PenaltySums<float>;
template class PenaltySums<double>;

}  // namespace wbcore
