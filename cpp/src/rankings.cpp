#include "rankings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "decisions.hpp"
#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

template <class T>
Rankings<T>::Rankings(const std::vector<Named<Metric>>& metrics,
                      bool of_classes,
                      bool by_softmax,
                      std::size_t rows,
                      std::size_t outputs)
    : metrics_(metrics),
      of_classes_(of_classes),
      needs_softmax_(by_softmax),
      single_(!of_classes_ && outputs == 1),
      empty_(std::ranges::none_of(metrics, [](const auto& m) { return m.info().ranks; })),
      outputs_(outputs),
      rows_(rows) {
    if (empty_) return;
    if (rows > std::numeric_limits<std::uint32_t>::max() ||
        rows > std::numeric_limits<std::size_t>::max() / sizeof(T) / outputs)
        throw OutOfMemory(rows, outputs, sizeof(T));
    scores_.resize(rows * outputs);
    sorted_.resize(rows);
    if (of_classes_)
        classes_.resize(rows);
    else
        answers_.resize(rows * outputs);
    if (needs_softmax_) softmax_ = AlignedBuffer<T>(packed_size<T>(kernels::row_leaf, outputs));
}

template <class T>
void Rankings<T>::add(Panels<const T> y,
                      Panels<const T> t,
                      const std::int64_t* labels,
                      const T* weights) {
    if (empty_) return;
    if (needs_softmax_) {
        const Panels<T> p =
            packed_panels(softmax_.data(), kernels::row_leaf, outputs_).rows_from(0, y.rows);
        kernels::table<T>().softmax(p, y);
        y = p;
    }
    if (weights != nullptr) weights_.insert(weights_.end(), weights, weights + y.rows);
    for (std::size_t row = 0; row < y.rows; ++row, ++filled_) {
        if (of_classes_)
            classes_[filled_] = static_cast<std::uint32_t>(
                labels != nullptr ? static_cast<std::size_t>(labels[row]) : argmax(t, row));
        for (std::size_t j = 0; j < outputs_; ++j) {
            scores_[j * rows_ + filled_] = y(row, j);
            if (!of_classes_) answers_[j * rows_ + filled_] = is_yes(t(row, j));
        }
    }
}

template <class T>
bool Rankings<T>::is_positive(std::size_t row, std::size_t label) const {
    return of_classes_ ? classes_[row] == label : answers_[label * rows_ + row];
}

// Of one class against the others, or of one output. Equal scores are one step of both curves.
template <class T>
typename Rankings<T>::Areas Rankings<T>::areas(std::size_t label, bool inverted) {
    const T* const scores = &scores_[label * rows_];
    std::size_t n = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
        if (std::isnan(scores[row])) return {undefined, undefined};
        if (weights_.empty() || weights_[row] != 0)
            sorted_[n++] = {inverted ? -scores[row] : scores[row], static_cast<std::uint32_t>(row)};
    }
    const auto end = sorted_.begin() + static_cast<std::ptrdiff_t>(n);
    // equal scores in the order of their rows, so that the sums of their weights have one order
    std::sort(sorted_.begin(), end, [](const Scored& a, const Scored& b) {
        return a.score > b.score || (a.score == b.score && a.row < b.row);
    });
    double hits = 0, alarms = 0, pairs = 0, precisions = 0;
    for (std::size_t i = 0; i < n;) {
        const T score = sorted_[i].score;
        double more_hits = 0, more_alarms = 0;
        for (; i < n && sorted_[i].score == score; ++i) {
            const std::size_t row = sorted_[i].row;
            const double weight = weights_.empty() ? 1.0 : static_cast<double>(weights_[row]);
            (is_positive(row, label) != inverted ? more_hits : more_alarms) += weight;
        }
        pairs += more_alarms * (2 * hits + more_hits);
        hits += more_hits;
        alarms += more_alarms;
        precisions += more_hits * (hits / (hits + alarms));
    }
    const bool both = hits > 0 && alarms > 0;
    return {both ? pairs / (2 * hits * alarms) : undefined,
            hits > 0 ? precisions / hits : undefined};
}

template <class T>
void Rankings<T>::put_into(std::vector<double>& values, const InterruptCheck& interrupted) {
    if (empty_) return;
    std::vector<std::optional<Areas>> known(outputs_ + 1);  // the last: of a single output inverted
    const auto area = [&](const Named<Metric>& metric, std::size_t label, bool inverted = false) {
        std::optional<Areas>& found = known[inverted ? outputs_ : label];
        if (!found) {
            stop_if(interrupted);
            found = areas(label, inverted);
        }
        return metric.kind == Metric::roc_auc ? found->roc_auc : found->average_precision;
    };
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
        const Named<Metric>& metric = metrics_[i];
        if (!metric.info().ranks) continue;
        if (metric[0] >= 0) {
            const bool inverted = single_ && metric[0] == 0;
            const std::size_t label = single_ ? 0 : static_cast<std::size_t>(metric[0]);
            values[i] = area(metric, label, inverted);
            continue;
        }
        double total = 0;
        std::size_t defined = 0;
        for (std::size_t label = 0; label < outputs_; ++label) {
            const double value = area(metric, label);
            if (std::isnan(value)) continue;
            total += value;
            ++defined;
        }
        values[i] = defined > 0 ? total / static_cast<double>(defined) : undefined;
    }
}

template class Rankings<float>;
template class Rankings<double>;

}  // namespace wbcore
