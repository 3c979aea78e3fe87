// Loss and metrics of a network over data, and what a training step on them costs.
#include "wbcore/evaluation.hpp"

#include <pybind11/stl.h>

#include "bound_windows.hpp"
#include "errors.hpp"
#include "held_dataset.hpp"
#include "register.hpp"
#include "wbcore/profile.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
py::dict evaluate(const BoundNetwork<T>& bound,
                  const py::object& X,
                  const py::object& y,
                  const py::object& weights,
                  const py::object& given,
                  const std::vector<std::string>& metrics,
                  std::size_t n_threads,
                  const py::object& windows) {
    const char* operation = "evaluate";
    const GivenLoss loss = given_loss<T>(operation, given);
    const HeldDataset<T> data(operation, bound.network(), X, y, weights, loss, !metrics.empty(),
                              windows.is_none() ? Look::at_values : Look::at_shapes);
    const std::vector<Named<Metric>> wanted =
        metrics_named(operation, metrics, loss, bound.network().outputs());
    const LossFunction<T> function = data.function();
    BoundWindows rows(operation, windows, data.view());
    // Safe: the parameters are copied, the data are held here; windows and a function are asked with the GIL.
    auto evaluated = [&](const InterruptCheck& interrupted, const NextWindow& next) {
        return wbcore::evaluate(bound.network(), rows.all(), loss.row, wanted, n_threads,
                                interrupted, function, next);
    };
    auto evaluated_by_windows = [&] {
        try {
            return without_gil(work_worth_the_gil, [&](const InterruptCheck& interrupted) {
                return evaluated(interrupted,
                                 [&](std::size_t first) { return rows.next(0, first); });
            });
        } catch (const InputError& error) {
            rows.refuse(error.array);
            data.refuse(error.array);
        }
    };
    const Evaluation result = rows.exist()
                                  ? evaluated_by_windows()
                                  : computed(bound, data, [&](const InterruptCheck& interrupted) {
                                        return evaluated(interrupted, nullptr);
                                    });
    py::dict values;
    values["loss"] = result.loss;
    for (std::size_t i = 0; i < metrics.size(); ++i)
        values[py::str(metrics[i])] = result.metrics[i];
    return values;
}

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::gather:
            return "gather";
        case Phase::forward:
            return "forward";
        case Phase::loss:
            return "loss";
        case Phase::backward:
            return "backward";
        case Phase::update:
            return "update";
        case Phase::transpose:
            return "transpose";
    }
    throw std::out_of_range("no such phase");
}

template <class T>
py::dict profile(const BoundNetwork<T>& bound,
                 const py::object& X,
                 const py::object& y,
                 const std::string& loss_text,
                 std::size_t batch_size,
                 std::size_t repeats) {
    const char* operation = "profile";
    const Named<Loss> loss = loss_named<T>(operation, loss_text);
    const HeldDataset<T> data(operation, bound.network(), X, y, py::none(), {loss});
    data.require_finite_inputs();
    // Safe: it works on a copy of the network, and the data are held here.
    const Profile found = computed(bound, data, [&](const InterruptCheck& interrupted) {
        return wbcore::profile(bound.network(), data.view(), loss, batch_size, repeats,
                               interrupted);
    });
    py::list phases;
    for (const PhaseTime& phase : found.phases)
        phases.append(py::make_tuple(name_of(phase.phase), phase.layer, phase.milliseconds,
                                     phase.operations));
    py::dict result;
    result["phases"] = phases;
    result["timed_step"] = found.timed_step;
    result["step"] = found.step;
    result["reading"] = found.reading;
    result["fma_peak"] = found.fma_peak;
    return result;
}

template <class T>
void register_evaluation_for(py::module_& m) {
    m.def("evaluate", named_function("evaluate", &evaluate<T>), py::arg("network"), py::arg("X"),
          py::arg("y"), py::arg("weights"), py::arg("loss"), py::arg("metrics"),
          py::arg("n_threads"), py::arg("windows") = py::none());
    m.def("profile", named_function("profile", &profile<T>), py::arg("network"), py::arg("X"),
          py::arg("y"), py::arg("loss"), py::arg("batch_size"), py::arg("repeats"));
}

}  // namespace

void register_evaluation(py::module_& m) {
    register_evaluation_for<float>(m);
    register_evaluation_for<double>(m);
}

}  // namespace wbcore::bindings
