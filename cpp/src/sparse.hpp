// What input.hpp promises, for the rows of a sparse matrix.
#pragma once

#include "wbcore/sparse.hpp"

namespace wbcore {

template <class T>
bool gather_sparse(const ArrayView& in, const std::int64_t* order, Panels<T> out);

template <class T>
bool sparse_all_finite(const ArrayView& in);

template <class T>
std::optional<Cell> find_non_finite_sparse(const ArrayView& in);

double sparse_value_at(const ArrayView& in, Cell position);

}  // namespace wbcore
