#include "sparse.hpp"

#include "searches.hpp"

namespace wbcore::bindings {

namespace {

std::string part_of(std::string_view name, const char* part) {
    return std::string(name) + "." + part;
}

py::array one_dimensional(std::string_view operation,
                          std::string_view name,
                          const py::object& csr,
                          const char* part) {
    const std::string which = part_of(name, part);
    py::array array = as_array(operation, which, csr.attr(part));
    if (array.ndim() != 1)
        throw py::value_error(opening(operation) + "expected " + which +
                              " with one dimension, got shape " + shape_text(array));
    return array;
}

// As they are when `T` is what they are and they lie side by side, else a copy.
template <class T>
py::array as_indices(const py::array& array) {
    return py::array_t<T, py::array::c_style | py::array::forcecast>(array);
}

bool are_narrow(const py::array& array) {
    return array.dtype().kind() == 'i' && array.dtype().itemsize() == sizeof(std::int32_t);
}

py::array indices(std::string_view operation,
                  std::string_view name,
                  const py::object& csr,
                  const char* part) {
    py::array array = one_dimensional(operation, name, csr, part);
    const char kind = array.dtype().kind();
    if (kind != 'i' && kind != 'u')
        throw py::type_error(opening(operation) + "expected " + part_of(name, part) +
                             " as an array of integers, got dtype " + type_name(array));
    return array;
}

}  // namespace

bool is_sparse(const py::object& object) { return py::hasattr(py::type::of(object), "tocsr"); }

HeldSparse::HeldSparse(std::string_view operation, std::string_view name, const py::object& csr) {
    const auto [rows, cols] = py::cast<std::pair<std::size_t, std::size_t>>(csr.attr("shape"));
    py::array starts = indices(operation, name, csr, "indptr"),
              columns = indices(operation, name, csr, "indices"),
              values = one_dimensional(operation, name, csr, "data");
    if (static_cast<std::size_t>(starts.size()) != rows + 1)
        throw py::value_error(opening(operation) + "expected " + part_of(name, "indptr") +
                              " of shape (" + std::to_string(rows + 1) + ",), got " +
                              shape_text(starts));
    if (columns.size() != values.size())
        throw py::value_error(opening(operation) + "expected " + part_of(name, "indices") +
                              " of shape " + shape_text(values) + ", as " + part_of(name, "data") +
                              " has, got " + shape_text(columns));
    const bool narrow = are_narrow(starts) && are_narrow(columns);
    for (py::array* each : {&starts, &columns})
        *each = narrow ? as_indices<std::int32_t>(*each) : as_indices<std::int64_t>(*each);
    numbers_.columns = columns.data();
    numbers_.values = bindings::view(values);
    numbers_.values.cols = numbers_.values.rows;  // one row of them
    numbers_.values.col_stride = numbers_.values.row_stride;
    numbers_.values.rows = 1;
    view_ =
        narrow
            ? sparse_rows(static_cast<const std::int32_t*>(starts.data()), rows, cols, &numbers_)
            : sparse_rows(static_cast<const std::int64_t*>(starts.data()), rows, cols, &numbers_);
    arrays_ = {std::move(starts), std::move(columns), std::move(values)};
}

std::array<ArrayView, 3> HeldSparse::views() const {
    return {bindings::view(arrays_[0]), bindings::view(arrays_[1]), bindings::view(arrays_[2])};
}

bool require_sound(std::string_view operation, std::string_view name, const ArrayView& rows) {
    SparseCheck found;
    bool ascending = true;
    const auto at = find_first(rows, [&](const ArrayView& part) -> std::optional<Cell> {
        found = check_sparse(part);
        ascending &= found.ascending;
        if (found.row) return Cell{*found.row, 0};
        if (found.number) return Cell{0, 0};
        return std::nullopt;
    });
    if (!at) return ascending;
    if (found.row)
        throw py::value_error(opening(operation) + "expected " + part_of(name, "indptr") +
                              " to ascend from 0 to " + std::to_string(rows.sparse->values.cols) +
                              ", as many as there are " + part_of(name, "indices") +
                              ", got others" + place(part_of(name, "indptr"), {at->row, 0}, 1));
    throw py::value_error(opening(operation) + "expected " + part_of(name, "indices") + " in [0, " +
                          std::to_string(rows.cols) + "), got others" +
                          place(part_of(name, "indices"), {found.number.value_or(0), 0}, 1));
}

}  // namespace wbcore::bindings
