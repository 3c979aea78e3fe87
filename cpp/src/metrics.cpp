#include "wbcore/metrics.hpp"

#include <cmath>

namespace wbcore {

namespace {

template <class T>
std::size_t argmax(Panels<const T> m, std::size_t row) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < m.cols; ++j)
        if (m(row, j) > m(row, best)) best = j;
    return best;
}

}  // namespace

MetricSums::MetricSums(std::vector<Metric> metrics, Loss loss, std::size_t outputs)
    : metrics_(std::move(metrics)), loss_(loss), columns_(outputs) {}

template <class T>
void MetricSums::add(Panels<const T> z,
                     Panels<const T> y,
                     Panels<const T> t,
                     const std::int64_t* labels) {
    if (metrics_.empty()) return;
    for (std::size_t row = 0; row < z.rows; ++row) {
        if (loss_ == Loss::cross_entropy) {
            const std::size_t wanted =
                labels != nullptr ? static_cast<std::size_t>(labels[row]) : argmax(t, row);
            if (argmax(z, row) == wanted) ++correct_;
        } else {
            add_row(z, y, t, row);
        }
        ++rows_;
    }
}

template <class T>
void MetricSums::add_row(Panels<const T> z, Panels<const T> y, Panels<const T> t, std::size_t row) {
    for (std::size_t j = 0; j < columns_.size(); ++j) {
        Column& column = columns_[j];
        const double target = static_cast<double>(t(row, j));
        const double error = static_cast<double>(y(row, j)) - target;
        if (rows_ == 0) column.first = target;
        const double centred = target - column.first;
        column.sum += centred;
        column.squares += centred * centred;
        column.absolute_error += std::abs(error);
        column.squared_error += error * error;
        // a probability above one half is a positive z
        if ((z(row, j) > 0) == (target > 0.5)) ++correct_;
    }
}

std::vector<double> MetricSums::values() const {
    const double rows = static_cast<double>(rows_), outputs = static_cast<double>(columns_.size());
    const double decisions = loss_ == Loss::cross_entropy ? rows : rows * outputs;
    double absolute = 0, squared = 0, r2 = 0;
    for (const Column& column : columns_) {
        absolute += column.absolute_error;
        squared += column.squared_error;
        const double spread = column.squares - column.sum * column.sum / rows;
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

template void MetricSums::add(Panels<const float>,
                              Panels<const float>,
                              Panels<const float>,
                              const std::int64_t*);
template void MetricSums::add(Panels<const double>,
                              Panels<const double>,
                              Panels<const double>,
                              const std::int64_t*);

}  // namespace wbcore
