// Elementary functions, activations and one dense layer on plain arrays, outside any network.
#include "arrays.hpp"
#include "errors.hpp"
#include "interrupts.hpp"
#include "kernels/kernel_table.hpp"
#include "named.hpp"
#include "register.hpp"
#include "wbcore/dense.hpp"

namespace wbcore::bindings {

namespace {

using kernels::Function;
using kernels::table;

// Calls f(T()) for the array's type, which must be float32 or float64.
template <class F>
py::array with_type(std::string_view operation, const py::array& x, F f) {
    if (py::isinstance<py::array_t<float>>(x)) return named(operation, [&] { return f(float()); });
    if (py::isinstance<py::array_t<double>>(x))
        return named(operation, [&] { return f(double()); });
    throw py::type_error("[" + std::string(operation) + "] expected float32 or float64, got " +
                         std::string(py::str(x.dtype())));
}

template <class T>
using Contiguous = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <class T>
ActivationOf<T> elementwise_named(std::string_view operation, const std::string& text) {
    return with_choices(operation, [&] {
        const ActivationOf<T> activation = activation_of<T>(parse<Activation>("activation", text));
        if (activation.is_elementwise()) return activation;
        throw ChoiceError("expected a function of single numbers, got '" + text + "'");
    });
}

template <class T>
py::array_t<T> elementwise(const std::string& name, const Contiguous<T>& x) {
    py::array_t<T> y(shape_of(x));
    const T* from = x.data();
    T* to = y.mutable_data();
    const std::size_t n = static_cast<std::size_t>(x.size());
    constexpr std::pair<std::string_view, Function> functions[] = {{"exp", Function::exp},
                                                                   {"expm1", Function::expm1},
                                                                   {"log", Function::log},
                                                                   {"log1p", Function::log1p},
                                                                   {"sqrt", Function::sqrt}};
    for (const auto& [known, function] : functions) {
        if (known != name) continue;
        const Function chosen = function;
        // Safe: x is held by the call, and only the new array is written; so it is in the functions below.
        without_gil(n, [&](const InterruptCheck&) { table<T>().function(chosen, to, from, n); });
        return y;
    }
    const ActivationOf<T> activation = elementwise_named<T>("elementwise", name);
    without_gil(n, [&](const InterruptCheck&) { table<T>().activate(activation, to, from, n); });
    return y;
}

template <class T>
py::array_t<T> backward(const std::string& name,
                        const Contiguous<T>& z,
                        const Contiguous<T>& a,
                        const Contiguous<T>& da) {
    if (shape_of(z) != shape_of(da) || shape_of(a) != shape_of(da))
        throw py::value_error("[activation_backward] expected z, a and dA of one shape, got " +
                              shape_text(z) + ", " + shape_text(a) + " and " + shape_text(da));
    const ActivationOf<T> activation = elementwise_named<T>("activation_backward", name);
    py::array_t<T> dz(shape_of(da));
    const std::size_t n = static_cast<std::size_t>(da.size());
    T* const to = dz.mutable_data();
    const T *const from = da.data(), *const outputs = a.data(), *const inputs = z.data();
    without_gil(n, [&](const InterruptCheck&) {
        std::copy_n(from, n, to);
        table<T>().activate_backward(activation, to, outputs, inputs, n);
    });
    return dz;
}

template <class T>
py::array_t<T> softmax(const Contiguous<T>& z) {
    if (z.ndim() != 2)
        throw py::value_error("[softmax] expected z of shape (B, O), got shape " + shape_text(z));
    const std::size_t rows = static_cast<std::size_t>(z.shape(0)),
                      cols = static_cast<std::size_t>(z.shape(1));
    py::array_t<T> a = new_array<T>(rows, cols);
    if (cols == 0) return a;
    const T* const from = z.data();
    T* const to = a.mutable_data();
    without_gil(rows * cols, [&](const InterruptCheck&) {
        AlignedBuffer<T> buffer(packed_size<T>(rows, cols));
        const Panels<T> panels = packed_panels(buffer.data(), rows, cols);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t j = 0; j < cols; ++j) panels(r, j) = from[r * cols + j];
        table<T>().softmax(panels, panels);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t j = 0; j < cols; ++j) to[r * cols + j] = panels(r, j);
    });
    return a;
}

template <class T>
py::array_t<T> dense(const Contiguous<T>& x, const Contiguous<T>& w, const Contiguous<T>& b) {
    if (x.ndim() != 2 || w.ndim() != 2 || b.ndim() != 1 || x.shape(1) != w.shape(0) ||
        b.shape(0) != w.shape(1))
        throw py::value_error(
            "[dense] expected x (B, I), weights (I, O), biases (O,), got shapes " + shape_text(x) +
            ", " + shape_text(w) + " and " + shape_text(b));
    auto matrix = [](const Contiguous<T>& m) {
        const std::size_t cols = static_cast<std::size_t>(m.shape(1));
        return ConstMatrix<T>{m.data(), static_cast<std::size_t>(m.shape(0)), cols, cols};
    };
    const ConstMatrix<T> rows = matrix(x), weights = matrix(w);
    py::array_t<T> z = new_array<T>(rows.rows, weights.cols);
    const Matrix<T> to = as_matrix(z);
    const T* const start = b.data();
    without_gil(work_of(rows.rows, weights.rows * weights.cols),
                [&](const InterruptCheck& interrupted) {
                    dense_forward(to, rows, weights, start, interrupted);
                });
    return z;
}

}  // namespace

void register_activations(py::module_& m) {
    m.def(
        "elementwise",
        [](const std::string& name, const py::array& x) {
            return with_type(name, x,
                             [&]<class T>(T) -> py::array { return elementwise<T>(name, x); });
        },
        py::arg("name"), py::arg("x"));
    m.def(
        "activation_backward",
        [](const std::string& name, const py::array& z, const py::array& a, const py::array& da) {
            return with_type("activation_backward", da,
                             [&]<class T>(T) -> py::array { return backward<T>(name, z, a, da); });
        },
        py::arg("name"), py::arg("z"), py::arg("a"), py::arg("dA"));
    m.def(
        "softmax",
        [](const py::array& z) {
            return with_type("softmax", z, [&]<class T>(T) -> py::array { return softmax<T>(z); });
        },
        py::arg("z"));
    m.def(
        "dense",
        [](const py::array& x, const py::array& weights, const py::array& biases) {
            return with_type("dense", x,
                             [&]<class T>(T) -> py::array { return dense<T>(x, weights, biases); });
        },
        py::arg("x"), py::arg("weights"), py::arg("biases"));
}

}  // namespace wbcore::bindings
