#include "wbcore/metrics.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "decisions.hpp"
#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace {

using kernels::row_leaf;

bool wants(const std::vector<Named<Metric>>& metrics, std::initializer_list<Metric> kinds) {
    return std::any_of(metrics.begin(), metrics.end(), [&](const Named<Metric>& metric) {
        return std::find(kinds.begin(), kinds.end(), metric.kind) != kinds.end();
    });
}

// A binary counter of so many leaves, and the leaf that is about to be folded into it
std::size_t tree_levels(std::size_t rows) {
    return static_cast<std::size_t>(std::bit_width((rows + row_leaf - 1) / row_leaf)) + 1;
}

// What is divided by nothing is 0: precision without guesses, recall without targets.
double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

template <class T>
struct MetricSums::Leaf {
    Panels<const T> z, y, t;
    const std::int64_t* labels;
    const T* weights;

    std::size_t size() const { return z.rows; }
    double weight(std::size_t row) const {
        return weights != nullptr ? static_cast<double>(weights[row]) : 1.0;
    }
    std::size_t label(std::size_t row) const {
        return labels != nullptr ? static_cast<std::size_t>(labels[row]) : argmax(t, row);
    }
};

MetricSums::MetricSums(std::vector<Named<Metric>> metrics,
                       const Named<Loss>& loss,
                       std::size_t outputs,
                       std::size_t batch_rows)
    : metrics_(std::move(metrics)),
      of_classes_(loss.info().targets == Targets::classes),
      outputs_(outputs) {
    if (metrics_.empty()) return;
    wants_errors_ = wants(metrics_, {Metric::mae, Metric::mse, Metric::r2, Metric::rmse});
    wants_correct_ = wants(metrics_, {Metric::accuracy});
    wants_tallies_ =
        wants(metrics_, {Metric::balanced_accuracy, Metric::precision, Metric::recall, Metric::f1});
    wants_top_ = wants(metrics_, {Metric::top_k});
    wants_entropies_ = wants(metrics_, {Metric::log_loss});
    columns_at_ = 1;
    tallies_at_ = columns_at_ + (wants_errors_ ? 4 * outputs : 0);
    correct_at_ = tallies_at_ + (wants_tallies_ ? std::size_t{3} * 2 * outputs : 0);
    top_at_ = correct_at_ + 1;
    entropies_at_ = top_at_ + (wants_top_ ? metrics_.size() : 0);
    sums_ = entropies_at_ + 1;
    first_.resize(wants_errors_ ? outputs : 0);
    totals_.resize(sums_);
    subtrees_.resize(sums_ * tree_levels(batch_rows));
    if (wants_entropies_)
        entropy_rows_.resize(3 * packed_size<double>(row_leaf, outputs) + row_leaf);
}

template <class T>
void MetricSums::add(Panels<const T> z,
                     Panels<const T> y,
                     Panels<const T> t,
                     const std::int64_t* labels,
                     const T* weights) {
    if (empty()) return;
    of_classes_ = of_classes_ || labels != nullptr;
    for (std::size_t first = 0; first < z.rows; first += row_leaf) {
        const std::size_t n = std::min(row_leaf, z.rows - first);
        add_leaf<T>({z.rows_from(first, n), y.rows_from(first, n), t.rows_from(first, n),
                     labels != nullptr ? labels + first : nullptr,
                     weights != nullptr ? weights + first : nullptr});
    }
}

template <class T>
void MetricSums::add_leaf(const Leaf<T>& rows) {
    double* const sums = &subtrees_[depth_++ * sums_];
    std::fill_n(sums, sums_, 0.0);
    for (std::size_t row = 0; row < rows.size(); ++row) sums[0] += rows.weight(row);
    if (wants_errors_) add_errors(rows, sums + columns_at_);
    if (wants_correct_ || wants_tallies_ || wants_top_) add_decisions(rows, sums);
    if (wants_entropies_) add_entropies(rows, sums + entropies_at_);
    for (std::size_t bits = leaves_++; (bits & 1) != 0; bits >>= 1) fold();
}

// Output by output, so that its sums stay in registers.
template <class T>
void MetricSums::add_errors(const Leaf<T>& rows, double* sums) {
    for (std::size_t row = 0; !began_ && row < rows.size(); ++row) {
        if (rows.weight(row) == 0) continue;
        began_ = true;
        for (std::size_t j = 0; j < outputs_; ++j) first_[j] = static_cast<double>(rows.t(row, j));
    }
    for (std::size_t j = 0; j < outputs_; ++j, sums += 4) {
        const T *outputs = &rows.y(0, j), *targets = &rows.t(0, j);
        const double first = first_[j];
        Column column{};
        for (std::size_t row = 0; row < rows.size(); ++row) {
            const double weight = rows.weight(row);
            if (weight == 0) continue;  // its error may be infinite
            const double target = static_cast<double>(targets[row * rows.t.row_stride]);
            const double error = static_cast<double>(outputs[row * rows.y.row_stride]) - target;
            const double distance = target - first;
            column.absolute_error += weight * std::abs(error);
            column.squared_error += weight * (error * error);
            column.distance += weight * distance;
            column.squared_distance += weight * (distance * distance);
        }
        sums[0] = column.absolute_error;
        sums[1] = column.squared_error;
        sums[2] = column.distance;
        sums[3] = column.squared_distance;
    }
}

template <class T>
void MetricSums::add_decisions(const Leaf<T>& rows, double* sums) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const double weight = rows.weight(row);
        if (of_classes_)
            add_class(rows, row, weight, sums);
        else
            add_answers(rows, row, weight, sums);
    }
}

template <class T>
void MetricSums::add_class(const Leaf<T>& rows, std::size_t row, double weight, double* sums) {
    const std::size_t label = rows.label(row), guess = argmax(rows.z, row);
    if (guess == label) sums[correct_at_] += weight;
    if (wants_tallies_) {
        sums[tallies_at_ + 3 * label] += guess == label ? weight : 0;
        sums[tallies_at_ + 3 * label + 1] += weight;
        sums[tallies_at_ + 3 * guess + 2] += weight;
    }
    if (!wants_top_) return;
    const double place = static_cast<double>(place_of(rows.z, row, label));
    for (std::size_t i = 0; i < metrics_.size(); ++i)
        if (metrics_[i].kind == Metric::top_k && place < metrics_[i][0])
            sums[top_at_ + i] += weight;
}

// A probability above one half is a positive z.
template <class T>
void MetricSums::add_answers(const Leaf<T>& rows, std::size_t row, double weight, double* sums) {
    std::size_t right = 0;
    for (std::size_t j = 0; j < outputs_; ++j) {
        const std::size_t wanted = is_yes(rows.t(row, j)) ? 1 : 0,
                          guess = rows.z(row, j) > 0 ? 1 : 0;
        right += wanted == guess ? 1u : 0u;
        if (!wants_tallies_) continue;
        double* const tallies = sums + tallies_at_ + 6 * j;
        tallies[3 * wanted] += wanted == guess ? weight : 0;
        tallies[3 * wanted + 1] += weight;
        tallies[3 * guess + 2] += weight;
    }
    sums[correct_at_] += weight * static_cast<double>(right);
}

// The entropy that goes with the targets, whatever the loss, by its own kernel in float64.
template <class T>
void MetricSums::add_entropies(const Leaf<T>& rows, double* sums) {
    const std::size_t n = rows.size(), size = packed_size<double>(row_leaf, outputs_);
    double* const room = entropy_rows_.data();
    const auto part = [&](std::size_t i) {
        return packed_panels(room + i * size, row_leaf, outputs_).rows_from(0, n);
    };
    const Panels<double> z = part(0), t = part(1);
    const bool with_targets = rows.labels == nullptr;
    for (std::size_t row = 0; row < n; ++row)
        for (std::size_t j = 0; j < outputs_; ++j) {
            z(row, j) = static_cast<double>(rows.z(row, j));
            if (with_targets) t(row, j) = static_cast<double>(rows.t(row, j));
        }
    double* const losses = room + 3 * size;
    kernels::table<double>().loss(
        {.loss = of_classes_ ? Loss::cross_entropy : Loss::binary_cross_entropy,
         .row_losses = losses,
         .dz = part(2),
         .z = z,
         .y = z,
         .t = t,
         .labels = rows.labels,
         .numbers = {},
         .mean_count = 1,
         .gradient = false});
    for (std::size_t row = 0; row < n; ++row)
        if (const double weight = rows.weight(row); weight != 0) *sums += weight * losses[row];
}

void MetricSums::fold() {
    const double* const later = &subtrees_[--depth_ * sums_];
    double* const earlier = &subtrees_[(depth_ - 1) * sums_];
    for (std::size_t i = 0; i < sums_; ++i) earlier[i] += later[i];
}

void MetricSums::end_batch() {
    if (depth_ == 0) return;
    while (depth_ > 1) fold();
    for (std::size_t i = 0; i < sums_; ++i) totals_[i] += subtrees_[i];
    depth_ = leaves_ = 0;
}

MetricSums::Column MetricSums::column(std::size_t output) const {
    const double* const sums = &totals_[columns_at_ + 4 * output];
    return {sums[0], sums[1], sums[2], sums[3]};
}

MetricSums::Tally MetricSums::tally(std::size_t label) const {
    const double* const sums = &totals_[tallies_at_ + 3 * label];
    return {sums[0], sums[1], sums[2]};
}

std::vector<double> MetricSums::values() const {
    std::vector<double> values;
    for (std::size_t i = 0; i < metrics_.size(); ++i) values.push_back(value(metrics_[i], i));
    return values;
}

// Beside the sums whether their first target and the kind of their decisions are known.
std::vector<double> MetricSums::sums() const {
    std::vector<double> all{began_ ? 1.0 : 0.0, of_classes_ ? 1.0 : 0.0};
    all.insert(all.end(), first_.begin(), first_.end());
    all.insert(all.end(), totals_.begin(), totals_.end());
    return all;
}

bool MetricSums::restore(const std::vector<double>& sums) {
    if (sums.size() != 2 + first_.size() + totals_.size()) return false;
    began_ = sums[0] != 0;
    of_classes_ = sums[1] != 0;
    auto at = sums.begin() + 2;
    std::copy_n(at, first_.size(), first_.begin());
    std::copy_n(at + static_cast<std::ptrdiff_t>(first_.size()), totals_.size(), totals_.begin());
    return true;
}

double MetricSums::value(const Named<Metric>& metric, std::size_t index) const {
    const double rows = totals_[0], elements = rows * static_cast<double>(outputs_);
    const double decisions = of_classes_ ? rows : elements;
    switch (metric.kind) {
        case Metric::accuracy:
            return totals_[correct_at_] / decisions;
        case Metric::mae:
            return over_outputs(&Column::absolute_error) / elements;
        case Metric::mse:
            return over_outputs(&Column::squared_error) / elements;
        case Metric::r2:
            return r2();
        case Metric::rmse:
            return rmse();
        case Metric::balanced_accuracy:
            return balanced_accuracy();
        case Metric::top_k:
            return totals_[top_at_ + index] / rows;
        case Metric::precision:
        case Metric::recall:
        case Metric::f1:
            return of_tallies(metric);
        case Metric::log_loss:
            return totals_[entropies_at_] / decisions;
        case Metric::roc_auc:
        case Metric::average_precision:
            break;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

double MetricSums::over_outputs(double Column::* sum) const {
    double total = 0;
    for (std::size_t j = 0; j < outputs_; ++j) total += column(j).*sum;
    return total;
}

double MetricSums::r2() const {
    double total = 0;
    for (std::size_t j = 0; j < outputs_; ++j) {
        const Column c = column(j);
        const double spread = c.squared_distance - c.distance * c.distance / totals_[0];
        // a constant target is explained fully or not at all
        const double constant = c.squared_error > 0 ? 0.0 : 1.0;
        total += spread > 0 ? 1 - c.squared_error / spread : constant;
    }
    return total / static_cast<double>(outputs_);
}

double MetricSums::rmse() const {
    double total = 0;
    for (std::size_t j = 0; j < outputs_; ++j)
        total += std::sqrt(column(j).squared_error / totals_[0]);
    return total / static_cast<double>(outputs_);
}

// The mean recall of the classes that there are, of each output's two answers.
double MetricSums::balanced_accuracy() const {
    const std::size_t groups = of_classes_ ? 1 : outputs_, size = of_classes_ ? outputs_ : 2;
    double total = 0;
    for (std::size_t g = 0; g < groups; ++g) {
        double recalls = 0;
        std::size_t present = 0;
        for (std::size_t k = g * size; k < (g + 1) * size; ++k) {
            const Tally counts = tally(k);
            if (counts.targets == 0) continue;
            recalls += counts.hits / counts.targets;
            ++present;
        }
        total += recalls / static_cast<double>(present);
    }
    return total / static_cast<double>(groups);
}

double MetricSums::of_tallies(const Named<Metric>& metric) const {
    const auto score = [&](std::size_t k) {
        const Tally t = tally(k);
        return metric.kind == Metric::precision ? ratio(t.hits, t.guesses)
               : metric.kind == Metric::recall  ? ratio(t.hits, t.targets)
                                                : ratio(2 * t.hits, t.targets + t.guesses);
    };
    const bool single = !of_classes_ && outputs_ == 1;
    if (metric[0] >= 0) {
        const std::size_t label = static_cast<std::size_t>(metric[0]);
        return score(of_classes_ || single ? label : 2 * label + 1);
    }
    double total = 0;
    std::size_t present = 0;
    for (std::size_t j = 0; j < outputs_; ++j) {
        const std::size_t k = of_classes_ ? j : 2 * j + 1;
        const Tally t = tally(k);
        // a class that nobody wanted or guessed is none
        if (of_classes_ && t.targets + t.guesses == 0) continue;
        total += score(k);
        ++present;
    }
    return total / static_cast<double>(present);
}

template void MetricSums::add(Panels<const float>,
                              Panels<const float>,
                              Panels<const float>,
                              const std::int64_t*,
                              const float*);
template void MetricSums::add(Panels<const double>,
                              Panels<const double>,
                              Panels<const double>,
                              const std::int64_t*,
                              const double*);

}  // namespace wbcore
