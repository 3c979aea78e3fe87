// The three arrays of a sparse matrix of SciPy's, and of what has the same attributes.
#pragma once

#include <array>

#include "arrays.hpp"
#include "wbcore/sparse.hpp"

namespace wbcore::bindings {

// Has a method `tocsr`, in its class.
bool is_sparse(const py::object& object);

// Rows of a sparse matrix, kept alive, and as the core reads them. Indices of 32 and 64 bits are read in place.
class HeldSparse {
public:
    // data, indices, indptr and shape of `csr`; looks at types and sizes, not at what is in the arrays.
    HeldSparse(std::string_view operation, std::string_view name, const py::object& csr);
    HeldSparse(const HeldSparse&) = delete;
    HeldSparse& operator=(const HeldSparse&) = delete;
    ~HeldSparse() = default;

    // Not longer than this lives.
    ArrayView view() const { return view_; }
    // Starts, columns and values
    const std::array<py::array, 3>& arrays() const { return arrays_; }
    std::array<ArrayView, 3> views() const;

private:
    std::array<py::array, 3> arrays_;
    SparseNumbers numbers_;
    ArrayView view_;
};

// Refuses rows and columns that there are not; whether each row's columns ascend.
bool require_sound(std::string_view operation, std::string_view name, const ArrayView& rows);

}  // namespace wbcore::bindings
