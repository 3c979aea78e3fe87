#include "arrays.hpp"
#include "errors.hpp"
#include "interrupts.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
py::tuple loss_and_gradient_of(Loss loss,
                               const py::array& outputs,
                               const py::object& y,
                               double delta) {
    const char* operation = "loss_and_gradient";
    if (outputs.ndim() != 2 || outputs.size() == 0)
        throw py::value_error(
            "[loss_and_gradient] expected outputs of shape (B, O), not empty, got shape " +
            shape_text(outputs));
    const T* data = plain_data<T>(
        operation, "outputs", outputs,
        {static_cast<std::size_t>(outputs.shape(0)), static_cast<std::size_t>(outputs.shape(1))},
        false);
    const ArrayView x = view(outputs);
    require_finite<T>(operation, "outputs", x);
    py::array holder;
    const Dataset dataset = with_targets<T>(operation, holder, y, x, loss, x.cols);
    py::array_t<T> gradient = new_array<T>(x.rows, x.cols);
    const Matrix<T> to = as_matrix(gradient);
    double value = 0;
    try {
        // Safe: outputs and y are held here, and the gradient is new.
        without_gil(x.rows * x.cols, [&](const InterruptCheck&) {
            value = loss_and_gradient<T>(to, {data, x.rows, x.cols, x.cols}, dataset.y,
                                         dataset.labels, {loss, static_cast<T>(delta)});
        });
    } catch (const InputError&) {
        refuse_targets<T>(operation, holder, dataset, loss, x.cols);
    }
    return py::make_tuple(value, gradient);
}

}  // namespace

void register_losses(py::module_& m) {
    py::tuple losses(loss_names.size()), metrics(metric_names.size());
    for (std::size_t i = 0; i < loss_names.size(); ++i) losses[i] = std::string(loss_names[i]);
    for (std::size_t i = 0; i < metric_names.size(); ++i) metrics[i] = std::string(metric_names[i]);
    m.attr("LOSSES") = losses;
    m.attr("METRICS") = metrics;
    m.def(
        "loss_and_gradient",
        [](const std::string& loss, const py::array& outputs, const py::object& y, double delta) {
            const Loss which = loss_named("loss_and_gradient", loss);
            return named("loss_and_gradient", [&] {
                return py::isinstance<py::array_t<float>>(outputs)
                           ? loss_and_gradient_of<float>(which, outputs, y, delta)
                           : loss_and_gradient_of<double>(which, outputs, y, delta);
            });
        },
        py::arg("loss"), py::arg("outputs"), py::arg("y"), py::arg("delta"));
}

}  // namespace wbcore::bindings
