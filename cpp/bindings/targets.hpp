// Targets as the core sees them: what the loss can take, checked once, here, then trusted.
#pragma once

#include "arrays.hpp"
#include "wbcore/losses.hpp"

namespace wbcore::bindings {

enum class Look : std::uint8_t { at_values, at_shapes };

// y for a loss over `outputs` outputs and `rows` rows, its values checked if wanted. Keeps `holder` alive through the caller.
template <class T>
Dataset with_targets(std::string_view operation,
                     py::array& holder,
                     const py::object& y,
                     const ArrayView& x,
                     const Named<Loss>& loss,
                     std::size_t outputs,
                     Look look = Look::at_values);

// Refuses targets that the loss cannot take.
template <class T>
void require_targets(std::string_view operation,
                     const py::array& holder,
                     const Dataset& data,
                     const Named<Loss>& loss,
                     std::size_t outputs);
// Refuses targets that the core has refused while it read them; by now another thread may have changed them.
template <class T>
[[noreturn]] void refuse_targets(std::string_view operation,
                                 const py::array& holder,
                                 const Dataset& data,
                                 const Named<Loss>& loss,
                                 std::size_t outputs);

}  // namespace wbcore::bindings
