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

// Accuracy is for the entropies, the others are for anything but class labels.
constexpr bool matches(Metric metric, Loss loss) {
    return metric == Metric::accuracy ? is_entropy(loss) : loss != Loss::cross_entropy;
}

// Adds up batches, in float64, and divides at the end.
class MetricSums {
public:
    MetricSums(std::vector<Metric> metrics, Loss loss, std::size_t outputs);

    template <class T>
    void add(Panels<const T> z,            // (B, O), before the last activation
             Panels<const T> y,            // (B, O), after it
             Panels<const T> t,            // (B, O), targets, when labels is null
             const std::int64_t* labels);  // (B)

    std::vector<double> values() const;  // in the order of the metrics
    bool empty() const { return metrics_.empty(); }

private:
    // Sums over the rows for one output; targets are taken relative to the first one, which keeps r2 exact enough.
    struct Column {
        double first = 0, sum = 0, squares = 0, absolute_error = 0, squared_error = 0;
    };
    template <class T>
    void add_row(Panels<const T> z, Panels<const T> y, Panels<const T> t, std::size_t row);

    std::vector<Metric> metrics_;
    Loss loss_;
    std::vector<Column> columns_;
    std::size_t rows_ = 0, correct_ = 0;
};

}  // namespace wbcore
