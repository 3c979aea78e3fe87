// Weights of rows as the core sees them: checked once, here, then trusted.
#pragma once

#include "targets.hpp"

namespace wbcore::bindings {

// A weight for each row of x, its values checked if they are to be looked at. Keeps `holder` alive through the caller.
ArrayView with_weights(std::string_view operation,
                       py::array& holder,
                       const py::object& weights,
                       const ArrayView& x,
                       Look look = Look::at_values);

// Refuses numbers that are no weights.
void require_weights_of_part(std::string_view operation, const ArrayView& weights);
// The same of all rows, also when it is all of them together that no row counts.
void require_weights(std::string_view operation, const ArrayView& weights);
// Refuses weights that the core has refused while it read them; by now another thread may have changed them.
[[noreturn]] void refuse_weights(std::string_view operation, const ArrayView& weights);

}  // namespace wbcore::bindings
