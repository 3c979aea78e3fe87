// Python objects as the core sees them: checked once, here, then trusted.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wbcore/input.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

// What messages are made of: "[fit] ", "0.1", " at y[3]" or " at X[3, 5]", "float32", "(3, 4)".
std::string opening(std::string_view operation);
std::string number(double value);
std::string place(std::string_view name, Cell at, py::ssize_t dimensions);
std::string type_name(const py::array& array);
std::vector<py::ssize_t> shape_of(const py::array& array);
std::string shape_text(const py::array& array);

// Whether it is a wbcore.Scaled, a wbcore.Standardized.
bool is_scaled(const py::object& object);
bool is_standardized(const py::object& object);

// Means and factors of a wbcore.Standardized, which owns it.
class BoundColumns {
public:
    using Numbers = py::array_t<double, py::array::c_style>;
    BoundColumns(Numbers means, Numbers factors)
        : means_(std::move(means)), factors_(std::move(factors)) {
        if (means_.ndim() != 1 || factors_.ndim() != 1 || means_.size() != factors_.size())
            throw py::value_error("[Standardized] expected as many means as factors");
        view_ = {means_.data(), factors_.data()};
    }
    BoundColumns(const BoundColumns&) = delete;
    BoundColumns& operator=(const BoundColumns&) = delete;
    ~BoundColumns() = default;
    const Standardization* view() const { return &view_; }

private:
    Numbers means_, factors_;
    Standardization view_{};
};

// `name` of `operation` as an array of real numbers; views what is one already, converts lists and tables.
py::array as_array(std::string_view operation, std::string_view name, const py::object& object);

// A 1-D or 2-D array of real numbers as the core reads it; 1-D is one column.
ArrayView view(const py::array& array);

class HeldSparse;

// X, kept alive, and as the core reads it.
struct Features {
    py::array holder;
    ArrayView view;
    std::shared_ptr<const HeldSparse> sparse = nullptr;  // in place of the holder
};

// X (B, I), an array or a sparse matrix, or a wbcore.Scaled or wbcore.Standardized of one, which the call keeps: two-dimensional, not
// empty, I = `features`.
Features as_features(std::string_view operation,
                     std::string_view name,
                     const py::object& object,
                     std::size_t features);

// Refuses NaN and infinity, also those that appear when the values are converted to T. `dimensions` are the array's, whose
// index the message gives.
template <class T>
void require_finite(std::string_view operation,
                    std::string_view name,
                    const ArrayView& values,
                    py::ssize_t dimensions = 2);
// ... of which one was seen; by now another thread may have changed it.
template <class T>
[[noreturn]] void refuse_non_finite(std::string_view operation,
                                    std::string_view name,
                                    const ArrayView& values);

// (rows, columns), or (elements,) alone.
struct PlainShape {
    std::size_t first;
    std::optional<std::size_t> second = std::nullopt;
};

// An array that the core writes to or reads as it is: type T, this shape, C-contiguous, aligned.
template <class T>
T* plain_data(std::string_view operation,
              std::string_view name,
              const py::array& array,
              const PlainShape& shape,
              bool writeable);

template <class T>
py::array_t<T> new_array(std::size_t rows, std::size_t cols) {
    return py::array_t<T>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(cols)});
}

template <class T>
Matrix<T> as_matrix(py::array_t<T>& array) {
    const std::size_t cols = static_cast<std::size_t>(array.shape(1));
    return {array.mutable_data(), static_cast<std::size_t>(array.shape(0)), cols, cols};
}

}  // namespace wbcore::bindings
