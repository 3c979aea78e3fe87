// What a person wants to know beside the loss.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wbcore/losses.hpp"
#include "wbcore/matrix.hpp"

namespace wbcore {

enum class Metric : std::uint8_t { accuracy, mae, mse, r2 };

inline constexpr std::array<std::string_view, 4> metric_names = {"accuracy", "mae", "mse", "r2"};

constexpr std::optional<Metric> find_metric(std::string_view wanted) {
    for (std::size_t i = 0; i < metric_names.size(); ++i)
        if (metric_names[i] == wanted) return static_cast<Metric>(i);
    return std::nullopt;
}

// Accuracy is for targets that are decisions, the others are for numbers.
constexpr bool matches(Metric metric, Targets targets) {
    const bool accuracy = metric == Metric::accuracy;
    switch (targets) {
        case Targets::classes:
        case Targets::signs:
            return accuracy;
        case Targets::numbers:
        case Targets::counts:
        case Targets::positives:
            return !accuracy;
        case Targets::probabilities:
            return true;
    }
    return false;
}

// Row sums of batches, in float64, added in the order of the batches and divided at the end (docs/arithmetic.md, section 10).
class MetricSums {
public:
    // Room for batches of at most `batch_rows` rows
    MetricSums(std::vector<Metric> metrics,
               const Named<Loss>& loss,
               std::size_t outputs,
               std::size_t batch_rows);

    // The next rows of a batch; all of its parts but the last are whole leaves of rows.
    template <class T>
    void add(Panels<const T> z,            // (B, O), before the last activation
             Panels<const T> y,            // (B, O), after it
             Panels<const T> t,            // (B, O), targets, when labels is null
             const std::int64_t* labels);  // (B)
    void end_batch();

    std::vector<double> values() const;  // in the order of the metrics
    bool empty() const { return metrics_.empty(); }

    // All there is of the sums between two batches, and back: for a training that goes on in another process.
    std::vector<double> sums() const;
    // False, and nothing is changed, for numbers that are not of such metrics and outputs.
    bool restore(const std::vector<double>& sums);

private:
    // Sums over rows for one output. Distances are to the target of the first row of all, which keeps r2 exact enough.
    struct Column {
        double absolute_error = 0, squared_error = 0, distance = 0, squared_distance = 0;
        Column& operator+=(const Column& later);
    };
    template <class T>
    void count_correct(Panels<const T> z, Panels<const T> t, const std::int64_t* labels);
    template <class T>
    void add_leaf(Panels<const T> y, Panels<const T> t);
    void fold();  // the sums of two sub-trees

    std::vector<Metric> metrics_;
    Targets targets_;
    bool wants_correct_, wants_errors_, by_rows_;
    std::size_t outputs_, rows_ = 0, correct_ = 0;
    std::vector<double> first_;     // (O)
    std::vector<Column> totals_;    // (O)
    std::vector<Column> subtrees_;  // (levels, O), earlier rows first
    std::size_t depth_ = 0, leaves_ = 0;
};

}  // namespace wbcore
