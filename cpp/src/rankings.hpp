// Metrics that look at all predictions at once: areas under the curves of a threshold that falls from the largest score to the
// least. Ties fall together, so no order shows (docs/arithmetic.md, section 10).
#pragma once

#include <cstdint>
#include <vector>

#include "wbcore/interruption.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/metrics.hpp"

namespace wbcore {

template <class T>
class Rankings {
public:
    // Room for the scores of all rows, when a metric wants them: of one decision a row, or of one an output. Scores of a class
    // are compared across rows: with `by_softmax` the outputs are made probabilities first.
    Rankings(const std::vector<Named<Metric>>& metrics,
             bool of_classes,
             bool by_softmax,
             std::size_t rows,
             std::size_t outputs);

    // The next rows, at most a leaf of them, as for MetricSums.
    void add(Panels<const T> y, Panels<const T> t, const std::int64_t* labels, const T* weights);

    // Puts in their places what MetricSums has left out. NaN where nothing can be ranked: no target of the one kind, or of the
    // other, or outputs that are NaN.
    void put_into(std::vector<double>& values, const InterruptCheck& interrupted);

private:
    struct Scored {
        T score;
        std::uint32_t row;
    };
    struct Areas {
        double roc_auc, average_precision;
    };

    bool is_positive(std::size_t row, std::size_t label) const;
    // What is positive is `label`, or with `inverted` what is not the answer of a single output.
    Areas areas(std::size_t label, bool inverted);

    std::vector<Named<Metric>> metrics_;  // all of them, in their order
    bool of_classes_, needs_softmax_, single_, empty_;
    std::size_t outputs_, rows_, filled_ = 0;
    std::vector<T> scores_;               // (O, N)
    std::vector<T> weights_;              // (N), or empty: each row counts 1
    std::vector<std::uint32_t> classes_;  // (N), when there are classes
    std::vector<bool> answers_;           // (O, N), when there are none
    std::vector<Scored> sorted_;          // (N)
    AlignedBuffer<T> softmax_;
};

}  // namespace wbcore
