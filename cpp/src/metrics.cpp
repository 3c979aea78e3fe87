#include "wbcore/metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace {

using kernels::row_leaf;

template <class T>
std::size_t argmax(Panels<const T> m, std::size_t row) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < m.cols; ++j)
        if (m(row, j) > m(row, best)) best = j;
    return best;
}

bool wants(const std::vector<Metric>& metrics, bool accuracy) {
    return std::any_of(metrics.begin(), metrics.end(),
                       [accuracy](Metric m) { return (m == Metric::accuracy) == accuracy; });
}

// A binary counter of so many leaves, and the leaf that is about to be folded into it
std::size_t tree_levels(std::size_t rows) {
    return static_cast<std::size_t>(std::bit_width((rows + row_leaf - 1) / row_leaf)) + 1;
}

}  // namespace

MetricSums::Column& MetricSums::Column::operator+=(const Column& later) {
    absolute_error += later.absolute_error;
    squared_error += later.squared_error;
    distance += later.distance;
    squared_distance += later.squared_distance;
    return *this;
}

MetricSums::MetricSums(std::vector<Metric> metrics,
                       const Named<Loss>& loss,
                       std::size_t outputs,
                       std::size_t batch_rows)
    : metrics_(std::move(metrics)),
      targets_(loss.info().targets),
      wants_correct_(wants(metrics_, true)),
      wants_errors_(wants(metrics_, false)),
      by_rows_(targets_ == Targets::classes),
      outputs_(outputs),
      first_(wants_errors_ ? outputs : 0),
      totals_(wants_errors_ ? outputs : 0),
      subtrees_(wants_errors_ ? outputs * tree_levels(batch_rows) : 0) {}

template <class T>
void MetricSums::add(Panels<const T> z,
                     Panels<const T> y,
                     Panels<const T> t,
                     const std::int64_t* labels) {
    if (wants_correct_) count_correct(z, t, labels);
    if (wants_errors_ && rows_ == 0 && t.rows != 0)
        for (std::size_t j = 0; j < outputs_; ++j) first_[j] = static_cast<double>(t(0, j));
    if (wants_errors_)
        for (std::size_t first = 0; first < y.rows; first += row_leaf) {
            const std::size_t n = std::min(row_leaf, y.rows - first);
            add_leaf(y.rows_from(first, n), t.rows_from(first, n));
        }
    rows_ += z.rows;
}

template <class T>
void MetricSums::count_correct(Panels<const T> z, Panels<const T> t, const std::int64_t* labels) {
    by_rows_ = by_rows_ || labels != nullptr;
    for (std::size_t row = 0; row < z.rows; ++row) {
        if (by_rows_) {
            const std::size_t wanted =
                labels != nullptr ? static_cast<std::size_t>(labels[row]) : argmax(t, row);
            if (argmax(z, row) == wanted) ++correct_;
            continue;
        }
        // a probability above one half is a positive z
        for (std::size_t j = 0; j < outputs_; ++j)
            if ((z(row, j) > 0) == (t(row, j) > T(0.5))) ++correct_;
    }
}

// Output by output, so that its sums stay in registers.
template <class T>
void MetricSums::add_leaf(Panels<const T> y, Panels<const T> t) {
    Column* const leaf = &subtrees_[depth_++ * outputs_];
    for (std::size_t j = 0; j < outputs_; ++j) {
        const T *outputs = &y(0, j), *targets = &t(0, j);
        const double first = first_[j];
        Column sums;
        for (std::size_t row = 0; row < y.rows; ++row) {
            const double target = static_cast<double>(targets[row * t.row_stride]);
            const double error = static_cast<double>(outputs[row * y.row_stride]) - target;
            const double distance = target - first;
            sums += {std::abs(error), error * error, distance, distance * distance};
        }
        leaf[j] = sums;
    }
    for (std::size_t bits = leaves_++; (bits & 1) != 0; bits >>= 1) fold();
}

void MetricSums::fold() {
    Column* const later = &subtrees_[--depth_ * outputs_];
    for (std::size_t j = 0; j < outputs_; ++j) *(later - outputs_ + j) += later[j];
}

void MetricSums::end_batch() {
    if (depth_ == 0) return;
    while (depth_ > 1) fold();
    for (std::size_t j = 0; j < outputs_; ++j) totals_[j] += subtrees_[j];
    depth_ = leaves_ = 0;
}

std::vector<double> MetricSums::values() const {
    const double rows = static_cast<double>(rows_), outputs = static_cast<double>(outputs_);
    const double decisions = by_rows_ ? rows : rows * outputs;
    double absolute = 0, squared = 0, r2 = 0;
    for (const Column& column : totals_) {
        absolute += column.absolute_error;
        squared += column.squared_error;
        const double spread = column.squared_distance - column.distance * column.distance / rows;
        // a constant target is explained fully or not at all
        const double constant = column.squared_error > 0 ? 0.0 : 1.0;
        r2 += spread > 0 ? 1 - column.squared_error / spread : constant;
    }
    std::vector<double> values;
    for (const Metric metric : metrics_) {
        switch (metric) {
            case Metric::accuracy:
                values.push_back(static_cast<double>(correct_) / decisions);
                break;
            case Metric::mae:
                values.push_back(absolute / (rows * outputs));
                break;
            case Metric::mse:
                values.push_back(squared / (rows * outputs));
                break;
            case Metric::r2:
                values.push_back(r2 / outputs);
                break;
        }
    }
    return values;
}

std::vector<double> MetricSums::sums() const {
    std::vector<double> all{static_cast<double>(rows_), static_cast<double>(correct_)};
    all.insert(all.end(), first_.begin(), first_.end());
    for (const Column& c : totals_)
        all.insert(all.end(), {c.absolute_error, c.squared_error, c.distance, c.squared_distance});
    return all;
}

bool MetricSums::restore(const std::vector<double>& sums) {
    if (sums.size() != 2 + first_.size() + 4 * totals_.size()) return false;
    rows_ = static_cast<std::size_t>(sums[0]);
    correct_ = static_cast<std::size_t>(sums[1]);
    auto at = sums.begin() + 2;
    std::copy_n(at, first_.size(), first_.begin());
    at += static_cast<std::ptrdiff_t>(first_.size());
    for (Column& c : totals_) {
        c = {at[0], at[1], at[2], at[3]};
        at += 4;
    }
    return true;
}

template void MetricSums::add(Panels<const float>,
                              Panels<const float>,
                              Panels<const float>,
                              const std::int64_t*);
template void MetricSums::add(Panels<const double>,
                              Panels<const double>,
                              Panels<const double>,
                              const std::int64_t*);

}  // namespace wbcore
