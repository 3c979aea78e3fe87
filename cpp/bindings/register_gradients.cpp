// Forward and backward for loops of one's own, and losses with their gradients.
#include "wbcore/gradients.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <utility>

#include "errors.hpp"
#include "held_dataset.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

// seed and step of the masks, or none
using BoundDropout = std::optional<std::pair<std::uint64_t, std::uint64_t>>;

std::optional<DropoutStep> core_dropout(const BoundDropout& dropout) {
    if (!dropout) return std::nullopt;
    return DropoutStep{dropout->first, dropout->second};
}

template <class T>
py::array forward(BoundNetwork<T>& bound, const py::object& X, const BoundDropout& dropout) {
    const Turn turn(bound.use(), "forward");
    const Features features = as_features("forward", "X", X, bound.network().inputs());
    const ArrayView& x = features.view;
    py::array_t<T> y = new_array<T>(x.rows, bound.network().outputs());
    const Matrix<T> to = as_matrix(y);
    try {
        // Safe: the turn keeps others from the tape and the parameters, X is held here, and the outputs are new.
        without_gil(bound.work(x.rows), [&](const InterruptCheck& interrupted) {
            bound.tape().forward(to, bound.network(), x, interrupted, core_dropout(dropout));
        });
    } catch (const InputError&) {
        refuse_non_finite<T>("forward", "X", x);
    }
    return py::array(y);
}

template <class T>
py::tuple backward(BoundNetwork<T>& bound, const py::object& dY) {
    const Turn turn(bound.use(), "backward");
    Tape<T>& tape = bound.tape();
    const Network<T>& network = bound.network();
    if (!tape.recorded())
        throw std::runtime_error(
            "[backward] expected forward(X) to be called first, got no recorded batch");
    const py::array holder = as_array("backward", "dY", dY);
    if (holder.ndim() != 2 || static_cast<std::size_t>(holder.shape(0)) != tape.rows() ||
        static_cast<std::size_t>(holder.shape(1)) != network.outputs())
        throw py::value_error("[backward] expected dY of shape (" + std::to_string(tape.rows()) +
                              ", " + std::to_string(network.outputs()) +
                              "), as the last forward gave, got " + shape_text(holder));
    const ArrayView dy = view(holder);
    require_finite<T>("backward", "dY", dy);
    py::array_t<T> gradients(static_cast<py::ssize_t>(network.parameters().size()));
    py::array_t<T> dx = new_array<T>(tape.rows(), network.inputs());
    const std::span<T> to = as_span(gradients);
    const Matrix<T> to_inputs = as_matrix(dx);
    // Safe: the turn keeps others from the tape, dY is held here, and the gradients are new.
    without_gil(bound.work(dy.rows), [&](const InterruptCheck& interrupted) {
        tape.backward(to, to_inputs, dy, interrupted);
    });
    return py::make_tuple(gradients, dx);
}

template <class T>
py::tuple gradients(const BoundNetwork<T>& bound,
                    const py::object& X,
                    const py::object& y,
                    const py::object& weights,
                    const py::object& given,
                    const BoundDropout& dropout) {
    const char* operation = "loss_and_gradients";
    const Network<T>& network = bound.network();
    const GivenLoss loss = given_loss<T>(operation, given);
    const HeldDataset<T> data(operation, network, X, y, weights, loss, false);
    const LossFunction<T> function = data.function();
    py::array_t<T> flat(static_cast<py::ssize_t>(network.parameters().size()));
    const std::span<T> to = as_span(flat);
    double weight = 0;
    // Safe: the parameters are copied, the data are held here, the gradient is new; a function takes the GIL.
    const double value = computed(bound, data, [&](const InterruptCheck& interrupted) {
        weight = total_weight<T>(data.view());
        const std::optional<DropoutStep> masks = core_dropout(dropout);
        if (function)
            return wbcore::loss_and_gradients(to, network, data.view(), function, interrupted,
                                              masks);
        return wbcore::loss_and_gradients(to, network, data.view(), loss.row, interrupted, masks);
    });
    return py::make_tuple(value, flat, weight);
}

// The targets of a loss as an array, (B,) or (B, O), when they suit it and the network.
template <class T>
py::array targets(const BoundNetwork<T>& bound,
                  const std::string& operation,
                  const py::object& y,
                  const std::string& loss_text) {
    const Network<T>& network = bound.network();
    const Named<Loss> loss = loss_named<T>(operation, loss_text);
    require_match(operation, loss, network.layers().back().activation);
    const py::array given = as_array(operation, "y", y);
    ArrayView rows;  // as many as there are targets
    rows.rows = given.ndim() == 0 ? 0 : static_cast<std::size_t>(given.shape(0));
    py::array holder;
    with_targets<T>(operation, holder, y, rows, loss, network.outputs());
    return holder;
}

// The loss of given outputs, without a network.
template <class T>
py::tuple of_outputs(const std::string& text, const py::array& outputs, const py::object& y) {
    const char* operation = "loss_and_gradient";
    const Named<Loss> loss = loss_named<T>(operation, text);
    if (outputs.ndim() != 2 || outputs.size() == 0)
        throw py::value_error(
            "[loss_and_gradient] expected outputs of shape (B, O), not empty, got shape " +
            shape_text(outputs));
    const T* values = plain_data<T>(
        operation, "outputs", outputs,
        {static_cast<std::size_t>(outputs.shape(0)), static_cast<std::size_t>(outputs.shape(1))},
        false);
    const ArrayView x = view(outputs);
    require_finite<T>(operation, "outputs", x);
    with_choices(operation, [&] { require_suitable<T>(loss, x.cols); });
    py::array holder;
    const Dataset dataset = with_targets<T>(operation, holder, y, x, loss, x.cols);
    py::array_t<T> gradient = new_array<T>(x.rows, x.cols);
    const Matrix<T> to = as_matrix(gradient);
    double value = 0;
    try {
        // Safe: outputs and y are held here, and the gradient is new.
        without_gil(x.rows * x.cols, [&](const InterruptCheck&) {
            value = loss_and_gradient<T>(to, {values, x.rows, x.cols, x.cols}, dataset.y,
                                         dataset.labels, loss);
        });
    } catch (const InputError&) {
        refuse_targets<T>(operation, holder, dataset, loss, x.cols);
    }
    return py::make_tuple(value, gradient);
}

template <class T>
void register_gradients_for(py::module_& m) {
    m.def("forward", named_function("forward", &forward<T>), py::arg("network"), py::arg("X"),
          py::arg("dropout") = py::none());
    m.def("backward", named_function("backward", &backward<T>), py::arg("network"), py::arg("dY"));
    m.def("targets", &targets<T>, py::arg("network"), py::arg("operation"), py::arg("y"),
          py::arg("loss"));
    m.def("loss_and_gradients", named_function("loss_and_gradients", &gradients<T>),
          py::arg("network"), py::arg("X"), py::arg("y"), py::arg("weights"), py::arg("loss"),
          py::arg("dropout") = py::none());
}

}  // namespace

void register_gradients(py::module_& m) {
    register_gradients_for<float>(m);
    register_gradients_for<double>(m);
    m.def(
        "loss_and_gradient",
        [](const std::string& loss, const py::array& outputs, const py::object& y) {
            return named("loss_and_gradient", [&] {
                return py::isinstance<py::array_t<float>>(outputs)
                           ? of_outputs<float>(loss, outputs, y)
                           : of_outputs<double>(loss, outputs, y);
            });
        },
        py::arg("loss"), py::arg("outputs"), py::arg("y"));
}

}  // namespace wbcore::bindings
