#include "targets.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

#include "searches.hpp"

namespace wbcore::bindings {

namespace {

// The shape of targets, one for each output.
std::string per_output(std::size_t outputs) { return "(B, " + std::to_string(outputs) + ")"; }

// Numbers that the loss cannot take, and what to do about it.
void require_range(std::string_view operation,
                   const py::array& holder,
                   const ArrayView& y,
                   const Named<Loss>& loss,
                   double low,
                   double high,
                   const char* expected,
                   const char* cure = "") {
    if (const auto at = find_first_outside(y, low, high))
        throw py::value_error(opening(operation) + "expected targets y " + expected + " for " +
                              text(loss) + ", got " + number(value_at(y, *at)) +
                              place("y", *at, holder.ndim()) + cure);
}

std::optional<Cell> find_number(const ArrayView& y, double wanted) {
    return find_first(y, [=](const ArrayView& part) -> std::optional<Cell> {
        for (std::size_t row = 0; row < part.rows; ++row)
            for (std::size_t j = 0; j < part.cols; ++j)
                if (value_at(part, {row, j}) == wanted) return Cell{row, j};
        return std::nullopt;
    });
}

// Either 0 and 1 or -1 and 1: three values are three classes.
void require_signs(std::string_view operation,
                   const py::array& holder,
                   const ArrayView& y,
                   const Named<Loss>& loss) {
    const std::string expected = opening(operation) +
                                 "expected targets y of 0 and 1, or of -1 and 1, for " +
                                 text(loss) + ", got ";
    const auto other = find_first(y, [](const ArrayView& part) -> std::optional<Cell> {
        for (std::size_t row = 0; row < part.rows; ++row)
            for (std::size_t j = 0; j < part.cols; ++j) {
                const double t = value_at(part, {row, j});
                if (t != 0 && t != 1 && t != -1) return Cell{row, j};
            }
        return std::nullopt;
    });
    if (other)
        throw py::value_error(expected + number(value_at(y, *other)) +
                              place("y", *other, holder.ndim()) +
                              "; for labels of more classes than two, integers of shape (B,), take "
                              "as many outputs as classes");
    const auto negative = find_number(y, -1), zero = find_number(y, 0);
    if (negative && zero)
        throw py::value_error(expected + "-1" + place("y", *negative, holder.ndim()) + " and 0" +
                              place("y", *zero, holder.ndim()));
}

double row_total(const ArrayView& y, std::size_t row) {
    double sum = 0;
    for (std::size_t j = 0; j < y.cols; ++j) sum += value_at(y, {row, j});
    return sum;
}

// Rows of class probabilities: none negative, each adding up to one.
void require_distributions(std::string_view operation, const ArrayView& y) {
    if (const auto at = find_first_outside(y, 0, std::nextafter(INFINITY, 0)))
        throw py::value_error(opening(operation) + "expected class targets y of at least 0, got " +
                              number(value_at(y, *at)) + place("y", *at, 2));
    const auto at = find_first(y, [](const ArrayView& part) -> std::optional<Cell> {
        for (std::size_t row = 0; row < part.rows; ++row)
            if (!(std::abs(row_total(part, row) - 1) <= 1e-3)) return Cell{row, 0};
        return std::nullopt;
    });
    if (at)
        throw py::value_error(opening(operation) +
                              "expected class targets y that sum to 1 in each row, got " +
                              number(row_total(y, at->row)) + place("y", *at, 1));
}

void require_labels(std::string_view operation, const ArrayView& y, std::size_t outputs) {
    const auto at =
        find_first(y, [=](const ArrayView& part) { return find_no_label(part, outputs); });
    if (!at) return;
    const double value = value_at(y, *at);
    // (one beyond is said to be that, whole or not)
    const bool is_fraction = value >= 0 && value < static_cast<double>(outputs);
    throw py::value_error(opening(operation) + "expected class labels y " +
                          (is_fraction ? "as whole numbers in [0, " : "in [0, ") +
                          std::to_string(outputs) + "), got " + number(value) + place("y", *at, 1));
}

// The least number that does not become 0 in T.
template <class T>
double least_above_zero() {
    constexpr double least = double{std::numeric_limits<T>::denorm_min()};
    return std::is_same_v<T, double> ? least : std::nextafter(least / 2, 1.0);
}

}  // namespace

template <class T>
void require_targets(std::string_view operation,
                     const py::array& holder,
                     const Dataset& data,
                     const Named<Loss>& loss,
                     std::size_t outputs) {
    if (data.labels) return require_labels(operation, data.y, outputs);
    require_finite<T>(operation, "y", data.y, holder.ndim());
    switch (loss.info().targets) {
        case Targets::numbers:
            return;
        case Targets::classes:
            return require_distributions(operation, data.y);
        case Targets::probabilities:
            return require_range(operation, holder, data.y, loss, 0, 1, "in [0, 1]");
        case Targets::counts:
            return require_range(operation, holder, data.y, loss, 0, largest, "of at least 0",
                                 "; for numbers of both signs take another loss, such as mse");
        case Targets::positives:
            return require_range(operation, holder, data.y, loss, least_above_zero<T>(), largest,
                                 "above 0", "; where 0 may be, take another loss, such as poisson");
        case Targets::signs:
            return require_signs(operation, holder, data.y, loss);
    }
}

template <class T>
Dataset with_targets(std::string_view operation,
                     py::array& holder,
                     const py::object& y,
                     const ArrayView& x,
                     const Named<Loss>& loss,
                     std::size_t outputs,
                     Look look) {
    const char* const view_type = is_scaled(y)         ? "Scaled"
                                  : is_standardized(y) ? "Standardized"
                                                       : nullptr;
    if (view_type !=
        nullptr)  // whose numbers are for gathering; NumPy would make a whole array of it
        throw py::type_error(opening(operation) + "expected y as an array, got a " + view_type +
                             ", which is for X; pass np.asarray(y)");
    holder = as_array(operation, "y", y);
    auto refuse = [&](const std::string& expected, const char* cure = "") {
        throw py::value_error(opening(operation) + "expected y " + expected + ", got " +
                              type_name(holder) + " of shape " + shape_text(holder) + cure);
    };
    const std::size_t wanted = outputs / outputs_of_a_target(loss);
    const bool classes = loss.info().targets == Targets::classes ||
                         (loss.info().targets == Targets::signs && outputs > 1);
    const bool labels = classes && holder.ndim() == 1;
    const bool one_column = holder.ndim() == 1 && wanted == 1;
    // of a loss with levels also a target for each output
    const bool matrix =
        holder.ndim() == 2 && (static_cast<std::size_t>(holder.shape(1)) == wanted ||
                               static_cast<std::size_t>(holder.shape(1)) == outputs);
    const bool is_column_of_labels = classes && holder.ndim() == 2 && holder.shape(1) == 1;
    if (!labels && !one_column && !matrix)
        refuse("of shape " + per_output(wanted) +
                   (classes       ? " or labels of shape (B,)"
                    : wanted == 1 ? " or (B,)"
                                  : ""),
               is_column_of_labels ? "; for labels pass np.ravel(y)" : "");
    const ArrayView targets = view(holder);
    if (targets.rows != x.rows)
        throw py::value_error(opening(operation) + "expected y with " + std::to_string(x.rows) +
                              " rows, as X has, got " + std::to_string(targets.rows));
    const Dataset data{x, targets, labels};
    if (look == Look::at_values) require_targets<T>(operation, holder, data, loss, outputs);
    return data;
}

template <class T>
void refuse_targets(std::string_view operation,
                    const py::array& holder,
                    const Dataset& data,
                    const Named<Loss>& loss,
                    std::size_t outputs) {
    require_targets<T>(operation, holder, data, loss, outputs);
    throw py::value_error(opening(operation) + "expected " +
                          (data.labels ? "class labels" : "finite targets") +
                          " y, got some that changed meanwhile");
}

template void require_targets<float>(
    std::string_view, const py::array&, const Dataset&, const Named<Loss>&, std::size_t);
template void require_targets<double>(
    std::string_view, const py::array&, const Dataset&, const Named<Loss>&, std::size_t);
template void refuse_targets<float>(
    std::string_view, const py::array&, const Dataset&, const Named<Loss>&, std::size_t);
template void refuse_targets<double>(
    std::string_view, const py::array&, const Dataset&, const Named<Loss>&, std::size_t);
template Dataset with_targets<float>(std::string_view,
                                     py::array&,
                                     const py::object&,
                                     const ArrayView&,
                                     const Named<Loss>&,
                                     std::size_t,
                                     Look);
template Dataset with_targets<double>(std::string_view,
                                      py::array&,
                                      const py::object&,
                                      const ArrayView&,
                                      const Named<Loss>&,
                                      std::size_t,
                                      Look);

}  // namespace wbcore::bindings
