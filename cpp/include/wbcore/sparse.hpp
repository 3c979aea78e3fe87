// Sparse matrices: rows that say in which columns they have numbers (CSR), read in place.
#pragma once

#include <optional>

#include "wbcore/input.hpp"

namespace wbcore {

// The numbers of all rows. Row r has values[k] in column columns[k] for each k from starts[r] to starts[r + 1] - 1, and 0 in the
// others. Columns may come in any order, but each once in a row: where one comes twice, the later number counts.
struct SparseNumbers {
    const void* columns = nullptr;  // (stored), whole numbers as wide as the starts
    ArrayView values;               // (1, stored), not sparse; its factor does not count
};

// What takes the place of an array (rows, cols), fewer than 2^31 columns: `starts` are (rows + 1) places in `numbers`. Starts and
// columns are looked at as rows are gathered: where they leave the numbers or the columns that there are, no memory is touched, and
// the answer is that of a number that is not finite.
template <class Index>
ArrayView sparse_rows(const Index* starts,
                      std::size_t rows,
                      std::size_t cols,
                      const SparseNumbers* numbers) {
    static_assert(std::is_same_v<Index, std::int32_t> || std::is_same_v<Index, std::int64_t>);
    ArrayView view{starts, ElementType::sparse, false, rows, cols, sizeof(Index), 0};
    view.sparse = numbers;
    return view;
}

// What there is to say of starts and columns.
struct SparseCheck {
    std::optional<std::size_t>
        row;  // the first whose starts are no range of the numbers that there are
    std::optional<std::size_t> number;  // of a sound row, the first whose column there is not
    bool ascending = true;              // each row's columns, so that none comes twice
};

// Until the first fault.
SparseCheck check_sparse(const ArrayView& in);

}  // namespace wbcore
