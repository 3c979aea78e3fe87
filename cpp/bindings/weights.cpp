#include "weights.hpp"

#include <cmath>

#include "searches.hpp"

namespace wbcore::bindings {

namespace {

// The largest of the weights must be at least this: sums of rows that count less would vanish in float32.
constexpr double least_largest = 1e-18;

}  // namespace

ArrayView with_weights(std::string_view operation,
                       py::array& holder,
                       const py::object& weights,
                       const ArrayView& x,
                       Look look) {
    if (is_scaled(weights))
        throw py::type_error(opening(operation) +
                             "expected sample_weight as an array, got a Scaled, which is for X; "
                             "pass np.asarray(sample_weight)");
    holder = as_array(operation, "sample_weight", weights);
    if (holder.ndim() != 1 || static_cast<std::size_t>(holder.shape(0)) != x.rows)
        throw py::value_error(opening(operation) + "expected sample_weight of shape (" +
                              std::to_string(x.rows) + ",), one for each row of X, got shape " +
                              shape_text(holder));
    const ArrayView values = view(holder);
    if (look == Look::at_values) require_weights(operation, values);
    return values;
}

void require_weights_of_part(std::string_view operation, const ArrayView& weights) {
    if (const auto at = find_first_outside(weights, 0, largest_weight))
        throw py::value_error(opening(operation) +
                              "expected sample_weight of numbers from 0 to 1e18, got " +
                              number(value_at(weights, *at)) + place("sample_weight", *at, 1));
}

void require_weights(std::string_view operation, const ArrayView& weights) {
    require_weights_of_part(operation, weights);
    const auto counts = find_first(weights, [](const ArrayView& part) {
        // what is not below it is outside [0, least_largest)
        return find_outside(part, 0, std::nextafter(least_largest, 0.0));
    });
    if (!counts)
        throw py::value_error(opening(operation) +
                              "expected weights of rows with a number of at least 1e-18, got "
                              "none: no row would count");
}

void refuse_weights(std::string_view operation, const ArrayView& weights) {
    require_weights(operation, weights);
    throw py::value_error(opening(operation) +
                          "expected sample_weight of numbers from 0 to 1e18, got some that "
                          "changed meanwhile");
}

}  // namespace wbcore::bindings
