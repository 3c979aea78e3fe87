// partial_fit: one call for a step.
#include "bound_network.hpp"
#include "errors.hpp"
#include "held_dataset.hpp"
#include "register.hpp"
#include "training_options.hpp"

namespace wbcore::bindings {

namespace {

// One step on the rows as one batch: its loss and whether that is finite; else nothing has been changed.
template <class T>
py::tuple partial_fit(BoundNetwork<T>& bound,
                      const py::object& X,
                      const py::object& y,
                      const py::object& weights,
                      const py::object& given,
                      const OptimizerSettings& settings,
                      BoundState& state,
                      std::uint64_t seed) {
    const char* operation = "partial_fit";
    const Turn turn(bound.use(), operation);
    Network<T>& network = bound.network();
    require_trainable(operation, network);
    const GivenLoss loss = given_loss<T>(operation, given);
    const HeldDataset<T> data(operation, network, X, y, weights, loss, false);
    const std::size_t rows = data.view().count();
    const TrainingOptions options{
        loss.row, allowed<T>(operation, settings), 1, rows, false, seed, 0, {}};
    OptimizerState<T> arrays =
        state_of<T>(operation, state, settings.rule, network.parameters().size());
    EpochResult result;
    TrainingEnd end;
    // Safe: the turn keeps other writers away, whoever copies the parameters waits, and the data are held here.
    computed(bound, data, [&](const InterruptCheck& interrupted) {
        Hooks<T> hooks;
        hooks.interrupted = interrupted;
        hooks.loss = data.function();
        hooks.written_back = [&] { state.set_steps(arrays.steps); };
        hooks.after_epoch = [&](std::size_t, const EpochResult& of_batch) {
            result = of_batch;
            return true;  // nothing has to be packed for another one
        };
        Position position;
        end = train(network, arrays, position, data.view(), nullptr, options, hooks);
    });
    if (end.status == TrainingStatus::refused) data.refuse(end.refused);
    if (end.status == TrainingStatus::interrupted) throw_found();
    return py::make_tuple(result.loss, end.status != TrainingStatus::diverged);
}

template <class T>
void register_partial_fit_for(py::module_& m) {
    m.def("partial_fit", named_function("partial_fit", &partial_fit<T>), py::arg("network"),
          py::arg("X"), py::arg("y"), py::arg("weights"), py::arg("loss"), py::arg("settings"),
          py::arg("state"), py::arg("seed"));
}

}  // namespace

void register_partial_fit(py::module_& m) {
    register_partial_fit_for<float>(m);
    register_partial_fit_for<double>(m);
}

}  // namespace wbcore::bindings
