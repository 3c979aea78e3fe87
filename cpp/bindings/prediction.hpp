// A prediction from Python: the least that has to happen between two arrays.
#pragma once

#include <algorithm>

#include "arrays.hpp"
#include "interrupts.hpp"
#include "sparse.hpp"

namespace wbcore::bindings {

struct PredictionSize {
    std::size_t inputs, outputs, parameters;
};

template <class T>
py::array new_matrix(std::size_t rows, std::size_t cols) {
    const auto& numpy = py::detail::npy_api::get();
    const Py_intptr_t shape[2] = {static_cast<Py_intptr_t>(rows), static_cast<Py_intptr_t>(cols)};
    static const py::handle type = py::dtype::of<T>().release();  // lives as long as the process
    type.inc_ref();                                               // NumPy takes a reference
    auto array = py::reinterpret_steal<py::array>(numpy.PyArray_NewFromDescr_(
        numpy.PyArray_Type_, type.ptr(), 2, shape, nullptr, nullptr, 0, nullptr));
    if (!array) {
        if (PyErr_ExceptionMatches(PyExc_MemoryError) == 0 &&
            PyErr_ExceptionMatches(PyExc_ValueError) == 0)  // more than addresses can count
            throw py::error_already_set();
        PyErr_Clear();
        throw OutOfMemory(rows, cols, sizeof(T));
    }
    return array;
}

// Whether the n elements from `out` on lie within the bytes that x spans. Strides are what NumPy was told, which may span
// more than addresses can count: then x lies everywhere.
template <class T>
bool overlap(const T* out, std::size_t n, const ArrayView& x) {
    std::intptr_t low = reinterpret_cast<std::intptr_t>(x.data), high = low;
    auto spans = [&](std::size_t count, std::ptrdiff_t stride) {
        std::ptrdiff_t way = 0;
        std::intptr_t& end = stride < 0 ? low : high;
        return __builtin_mul_overflow(static_cast<std::ptrdiff_t>(count - 1), stride, &way) ||
               __builtin_add_overflow(end, way, &end);
    };
    if (spans(x.rows, x.row_stride) || spans(x.cols, x.col_stride)) return true;
    return reinterpret_cast<std::intptr_t>(out) <= high &&
           reinterpret_cast<std::intptr_t>(out + n) > low;
}

template <class T>
bool overlap(const T* out, std::size_t n, const Features& x) {
    if (x.sparse == nullptr) return overlap(out, n, x.view);
    return std::ranges::any_of(x.sparse->views(),
                               [&](const ArrayView& part) { return overlap(out, n, part); });
}

// Checks X and out, makes out when there is none, and calls what `prepare(y, x)` returns, without the GIL when it is worth it,
// with an InterruptCheck or null. That says whether all inputs were finite; an `out` of the caller's is not touched if they are
// not.
template <class T, class Prepare>
py::object predict_with(const PredictionSize& size,
                        const py::object& X,
                        const py::object& out,
                        Prepare prepare) {
    const Features features = as_features("predict", "X", X, size.inputs);
    const ArrayView& x = features.view;
    if (!out.is_none()) require_finite<T>("predict", "X", x);
    if (!out.is_none() && !py::isinstance<py::array>(out))
        throw py::type_error("[predict] expected out as an array, got " +
                             std::string(py::str(py::type::of(out).attr("__name__"))));
    // (a default py::array would be an array too, made for nothing)
    py::array y = out.is_none() ? new_matrix<T>(x.rows, size.outputs)
                                : py::reinterpret_borrow<py::array>(out);
    T* to = plain_data<T>("predict", "out", y, {x.rows, size.outputs}, true);
    if (!out.is_none() && overlap(to, x.rows * size.outputs, features))
        throw py::value_error("[predict] expected out apart from X, got arrays that share memory");
    auto compute = prepare(Matrix<T>{to, x.rows, size.outputs, size.outputs}, x);
    const std::size_t work = work_of(x.rows, size.parameters);
    // Safe: the parameters are only read, out belongs to this call, and X is held here.
    const bool finite =
        work < work_worth_the_gil
            ? compute(nullptr)
            : without_gil(
                  work, [&](const InterruptCheck& interrupted) { return compute(&interrupted); });
    if (!finite) refuse_non_finite<T>("predict", "X", x);
    return y;
}

}  // namespace wbcore::bindings
