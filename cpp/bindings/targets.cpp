#include "targets.hpp"

#include <cmath>

#include "searches.hpp"

namespace wbcore::bindings {

namespace {

bool is_integer(const py::array& array) {
    const char kind = array.dtype().kind();
    return kind == 'i' || kind == 'u' || kind == 'b';
}

// The shape of targets, one for each output.
std::string per_output(std::size_t outputs) { return "(B, " + std::to_string(outputs) + ")"; }

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
    if (const auto at = find_first_outside(y, 0, static_cast<double>(outputs - 1)))
        throw py::value_error(opening(operation) + "expected class labels y in [0, " +
                              std::to_string(outputs) + "), got " + number(value_at(y, *at)) +
                              place("y", *at, 1));
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
            if (const auto at = find_first_outside(data.y, 0, 1))
                throw py::value_error(opening(operation) + "expected targets y in [0, 1] for " +
                                      text(loss) + ", got " + number(value_at(data.y, *at)) +
                                      place("y", *at, holder.ndim()));
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
    const bool classes = loss.info().targets == Targets::classes;
    const bool labels = classes && holder.ndim() == 1;
    if (labels && !is_integer(holder))
        refuse(
            "as integer labels of shape (B,) or as class targets of shape " + per_output(outputs),
            "; for labels pass np.asarray(y, int)");
    const bool one_column = holder.ndim() == 1 && outputs == 1;
    const bool matrix = holder.ndim() == 2 && static_cast<std::size_t>(holder.shape(1)) == outputs;
    const bool is_column_of_labels =
        classes && is_integer(holder) && holder.ndim() == 2 && holder.shape(1) == 1;
    if (!labels && !one_column && !matrix)
        refuse("of shape " + per_output(outputs) +
                   (classes        ? " or integer labels of shape (B,)"
                    : outputs == 1 ? " or (B,)"
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
