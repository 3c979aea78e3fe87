#include "arrays.hpp"

#include <pybind11/stl.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "searches.hpp"
#include "sparse.hpp"

namespace wbcore::bindings {

namespace {

// An ndarray itself, not one of its subclasses.
bool is_plain_ndarray(const py::object& object) {
    return py::type::handle_of(object).is(
        py::handle(reinterpret_cast<PyObject*>(py::detail::npy_api::get().PyArray_Type_)));
}

ElementType element_type(const py::dtype& dtype) {
    const py::ssize_t size = dtype.itemsize();
    switch (dtype.kind()) {
        case 'b':
            return ElementType::boolean;
        case 'i':
            return size == 1   ? ElementType::int8
                   : size == 2 ? ElementType::int16
                   : size == 4 ? ElementType::int32
                               : ElementType::int64;
        case 'u':
            return size == 1   ? ElementType::uint8
                   : size == 2 ? ElementType::uint16
                   : size == 4 ? ElementType::uint32
                               : ElementType::uint64;
        default:
            return size == 2   ? ElementType::float16
                   : size == 4 ? ElementType::float32
                   : size == 8 ? ElementType::float64
                               : ElementType::long_double;
    }
}

}  // namespace

std::string opening(std::string_view operation) {
    std::string text = "[";
    text += operation;
    text += "] ";
    return text;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

// " at y[3]" or " at X[3, 5]", as one would type it.
std::string place(std::string_view name, Cell at, py::ssize_t dimensions) {
    std::string text = " at ";
    text += name;
    text += "[" + std::to_string(at.row);
    if (dimensions > 1) text += ", " + std::to_string(at.col);
    return text + "]";
}

std::string type_name(const py::array& array) { return py::str(array.dtype()); }

namespace {

bool is_of(const py::object& object, const char* module, const char* name) {
    return !py::isinstance<py::array>(object) &&
           py::isinstance(object, py::module_::import(module).attr(name));
}

}  // namespace

bool is_scaled(const py::object& object) { return is_of(object, "wbcore.scaled", "Scaled"); }
bool is_standardized(const py::object& object) {
    return is_of(object, "wbcore.standardized", "Standardized");
}

std::vector<py::ssize_t> shape_of(const py::array& array) {
    return {array.shape(), array.shape() + array.ndim()};
}

namespace {

std::string text_of(const std::vector<py::ssize_t>& shape) {
    std::string text = "(";
    for (std::size_t d = 0; d < shape.size(); ++d)
        text += (d > 0 ? ", " : "") + std::to_string(shape[d]);
    return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

std::string shape_text(const py::array& array) { return text_of(shape_of(array)); }

py::array as_array(std::string_view operation, std::string_view name, const py::object& object) {
    // built only when it is needed: a prediction takes less time than a string
    auto expected = [&] {
        return opening(operation) + "expected " + std::string(name) +
               " as an array of real numbers, got ";
    };
    auto converted = [&] {
        try {
            return py::array(py::module_::import("numpy").attr("asarray")(object));
        } catch (py::error_already_set& error) {
            if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
            throw py::value_error(expected() + std::string(py::str(error.value())));
        }
    };
    const bool is_array = py::isinstance<py::array>(object);
    if (is_array && !is_plain_ndarray(object) && py::hasattr(object, "mask"))
        throw py::type_error(expected() + "a masked array, whose mask would be ignored");
    py::array array = is_array ? py::reinterpret_borrow<py::array>(object) : converted();
    const char kind = array.dtype().kind();
    if (kind != 'b' && kind != 'i' && kind != 'u' && kind != 'f')
        // said in Python, which has the same to say of the arrays that it takes itself
        throw py::type_error(
            expected() +
            std::string(py::str(py::module_::import("wbcore._arguments")
                                    .attr("not_real")(std::string(name), object, array))));
    return array;
}

ArrayView view(const py::array& array) {
    ArrayView v;
    v.data = array.data();
    const py::dtype type = array.dtype();
    v.type = element_type(type);
    const char order = type.byteorder();
    v.swapped =
        order ==
        '>';  // NumPy writes the machine's own order as '='; the core is for little-endian machines
    v.rows = static_cast<std::size_t>(array.shape(0));
    v.row_stride = array.strides(0);
    v.cols = array.ndim() > 1 ? static_cast<std::size_t>(array.shape(1)) : 1;
    v.col_stride = array.ndim() > 1 ? array.strides(1) : 0;
    return v;
}

namespace {

// Two-dimensional, not empty, with a column for each input.
void require_rows(std::string_view operation,
                  std::string_view name,
                  const std::vector<py::ssize_t>& shape,
                  std::size_t features) {
    const bool is_matrix = shape.size() == 2;
    const bool suits = is_matrix && static_cast<std::size_t>(shape[1]) == features;
    if (suits && shape[0] > 0) return;
    const std::string start = opening(operation), x(name), got = text_of(shape);
    const std::string wanted = "(B, " + std::to_string(features) + ")";
    if (!is_matrix)
        throw py::value_error(start + "expected " + x + " of shape " + wanted + ", got shape " +
                              got +
                              (shape.size() == 1 ? "; for one row pass " + x + "[None, :]" : ""));
    if (!suits)
        throw py::value_error(start + x + " has " + std::to_string(shape[1]) +
                              " columns but the first layer takes " + std::to_string(features) +
                              ": expected shape " + wanted + ", got " + got);
    throw py::value_error(start + "expected " + x + " with at least one row, got shape " + got);
}

// Of an array, or in rows, each of whose columns come once, of a sparse matrix.
Features as_rows(std::string_view operation,
                 std::string_view name,
                 const py::object& object,
                 std::size_t features) {
    if (py::isinstance<py::array>(object) || !is_sparse(object)) {
        py::array array = as_array(operation, name, object);
        if (array.ndim() != 2 || static_cast<std::size_t>(array.shape(1)) != features ||
            array.shape(0) == 0)
            require_rows(operation, name, shape_of(array), features);
        const ArrayView all = view(array);
        return {std::move(array), all};
    }
    const py::object csr = py::module_::import("wbcore._sparse")
                               .attr("csr")(std::string(operation), std::string(name), object);
    require_rows(operation, name, py::cast<std::vector<py::ssize_t>>(csr.attr("shape")), features);
    auto held = std::make_shared<const HeldSparse>(operation, name, csr);
    const ArrayView all = held->view();
    return {held->arrays()[0], all, std::move(held)};
}

}  // namespace

Features as_features(std::string_view operation,
                     std::string_view name,
                     const py::object& object,
                     std::size_t features) {
    const bool scaled = is_scaled(object), standardized = !scaled && is_standardized(object);
    Features found =
        as_rows(operation, name, scaled || standardized ? py::object(object.attr("array")) : object,
                features);
    if (scaled) found.view.factor = py::cast<double>(object.attr("factor"));
    if (standardized) {
        found.view.columns = py::cast<const BoundColumns&>(object.attr("_columns")).view();
        found.view.factor = 0;
    }
    return found;
}

template <class T>
void require_finite(std::string_view operation,
                    std::string_view name,
                    const ArrayView& values,
                    py::ssize_t dimensions) {
    if (values.sparse != nullptr) require_sound(operation, name, values);
    const auto at =
        find_first(values, [](const ArrayView& part) { return find_non_finite<T>(part); });
    if (!at) return;
    const double value = value_at(values, *at);
    const std::string type = sizeof(T) == sizeof(float) ? "float32" : "float64";
    std::string reason;  // why it is refused, when one does not see it
    if (values.columns != nullptr && std::isfinite(value))
        reason = ", which standardized is infinite in " + type + ",";
    else if (std::isfinite(static_cast<T>(value)))
        reason = ", which times " + number(values.factor) + " is infinite in " + type + ",";
    else if (std::isfinite(value))
        reason = ", which is infinite in " + type + ",";
    throw py::value_error(opening(operation) + "expected finite values in " + std::string(name) +
                          ", got " + number(value) + reason + place(name, *at, dimensions));
}

template <class T>
void refuse_non_finite(std::string_view operation, std::string_view name, const ArrayView& values) {
    require_finite<T>(operation, name, values);
    throw py::value_error(opening(operation) + "expected finite values in " + std::string(name) +
                          ", got some that changed meanwhile");
}

namespace {

template <class T>
bool is_aligned(const py::array& array) {
    return reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) == 0;
}

template <class T>
[[noreturn]] void refuse_plain(std::string_view operation,
                               std::string_view name,
                               const py::array& array,
                               const PlainShape& shape,
                               bool writeable) {
    const bool contiguous = (array.flags() & py::array::c_style) != 0;
    const bool aligned = is_aligned<T>(array);
    std::string expected = "(" + std::to_string(shape.first);
    expected += shape.second ? ", " + std::to_string(*shape.second) + ")" : ",)";
    throw py::value_error(
        opening(operation) + "expected " + std::string(name) +
        (aligned ? " as a " : " as an aligned, ") + (writeable ? "writeable, " : "") +
        "C-contiguous " + std::string(py::str(py::dtype::of<T>())) + " array of shape " + expected +
        ", got " + (aligned ? "" : "unaligned ") + (contiguous ? "" : "non-contiguous ") +
        (array.writeable() || !writeable ? "" : "read-only ") + type_name(array) + " of shape " +
        shape_text(array));
}

}  // namespace

template <class T>
T* plain_data(std::string_view operation,
              std::string_view name,
              const py::array& array,
              const PlainShape& shape,
              bool writeable) {
    const bool fits = array.ndim() == (shape.second ? 2 : 1) &&
                      static_cast<std::size_t>(array.shape(0)) == shape.first &&
                      (!shape.second || static_cast<std::size_t>(array.shape(1)) == *shape.second);
    const py::dtype dtype = array.dtype();
    const bool native = dtype.kind() == (std::is_floating_point_v<T> ? 'f' : 'i') &&
                        dtype.itemsize() == sizeof(T) && dtype.byteorder() != '>';
    const bool contiguous = (array.flags() & py::array::c_style) != 0;
    if (!fits || !native || !contiguous || !is_aligned<T>(array) ||
        (writeable && !array.writeable()))
        refuse_plain<T>(operation, name, array, shape, writeable);
    return static_cast<T*>(const_cast<void*>(array.data()));
}

template std::int64_t* plain_data<std::int64_t>(
    std::string_view, std::string_view, const py::array&, const PlainShape&, bool);
template void refuse_non_finite<float>(std::string_view, std::string_view, const ArrayView&);
template void refuse_non_finite<double>(std::string_view, std::string_view, const ArrayView&);
template void require_finite<float>(std::string_view,
                                    std::string_view,
                                    const ArrayView&,
                                    py::ssize_t);
template void require_finite<double>(std::string_view,
                                     std::string_view,
                                     const ArrayView&,
                                     py::ssize_t);
template float* plain_data<float>(
    std::string_view, std::string_view, const py::array&, const PlainShape&, bool);
template double* plain_data<double>(
    std::string_view, std::string_view, const py::array&, const PlainShape&, bool);

}  // namespace wbcore::bindings
