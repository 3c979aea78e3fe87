// fit: one call for all epochs.
#include <pybind11/stl.h>

#include <algorithm>

#include "bound_network.hpp"
#include "bound_optimizer.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "held_dataset.hpp"
#include "register.hpp"
#include "training_record.hpp"

namespace wbcore::bindings {

namespace {

// What a fit is to do, as Python's `fit` has checked it.
struct BoundOptions {
    py::object loss;  // the text of a row, or a LossFunction
    OptimizerSettings optimizer;
    std::size_t epochs, first_epoch, batch_size;
    bool shuffle;
    std::uint64_t seed;
    std::size_t n_threads;
    std::vector<std::string> metrics;
    bool track;
};

template <class T>
TrainingOptions core_options(const char* operation,
                             const BoundOptions& options,
                             const GivenLoss& loss,
                             std::size_t outputs) {
    return {loss.row,
            allowed<T>(operation, options.optimizer),
            options.first_epoch + options.epochs,
            options.batch_size,
            options.shuffle,
            options.seed,
            options.n_threads,
            metrics_named(operation, options.metrics, loss, outputs)};
}

// Which of the metrics look at all predictions at once.
std::vector<bool> ranks_of(const std::vector<Named<Metric>>& metrics) {
    std::vector<bool> ranks;
    for (const Named<Metric>& metric : metrics) ranks.push_back(metric.info().ranks);
    return ranks;
}

const char* text(TrainingStatus status) {
    switch (status) {
        case TrainingStatus::completed:
            return "completed";
        case TrainingStatus::stopped:
            return "stopped";
        case TrainingStatus::diverged:
            return "diverged";
        case TrainingStatus::interrupted:
        case TrainingStatus::refused:
            break;
    }
    return "failed";
}

// Says how the fit ended, and in which epoch, counted from 0, and batch.
template <class T>
py::tuple fit(BoundNetwork<T>& bound,
              const py::object& X,
              const py::object& y,
              const py::object& weights,
              const py::object& X_val,
              const py::object& y_val,
              const py::object& weights_val,
              const BoundOptions& options,
              BoundState& state,
              const py::dict& record,
              const py::object& on_epoch) {
    const char *operation = "fit", *validating = "fit, validation_data";
    const Turn turn(bound.use(), operation);
    Network<T>& network = bound.network();
    const GivenLoss loss = given_loss<T>(operation, options.loss);
    const TrainingOptions core = core_options<T>(operation, options, loss, network.outputs());
    const bool compared = !options.metrics.empty();

    if (std::ranges::none_of(network.layers(), &Dense::trainable))
        throw py::value_error("[fit] expected a layer that is trainable, got none");
    const HeldDataset<T> data(operation, network, X, y, weights, loss, compared);
    const bool validates = !X_val.is_none();
    HeldDataset<T> validation;
    if (validates) {
        validation = HeldDataset<T>(validating, network, X_val, y_val, weights_val, loss, compared);
        validation.require_finite_inputs();
    }
    OptimizerState<T> arrays =
        state_of<T>(operation, state, core.optimizer.rule, network.parameters().size());
    TrainingRecord<T> records(network, record, options.metrics, ranks_of(core.metrics),
                              options.track);
    Position position;
    position.epoch = options.first_epoch;
    Hooks<T> hooks;
    hooks.interrupted = InterruptPoll();
    hooks.loss = data.function();
    if (validates) hooks.validation_loss = validation.function();
    hooks.after_epoch = [&](std::size_t epoch, const EpochResult& result) {
        records.add(result);
        if (on_epoch.is_none()) return false;
        const GilTaken taken;
        state.steps = arrays.steps;
        records.flush();
        const bool stops = asked(on_epoch, epoch);
        if (stops) return true;
        // the callback may have changed them
        data.require_sound_targets();
        if (validates) validation.require_sound_targets();
        return false;
    };
    TrainingEnd end;
    try {
        // Safe: the data are held here, the turn keeps a second fit of this network away, and the callbacks take the GIL.
        const GilReleased released;
        end = train(network, arrays, position, data.view(),
                    validates ? &validation.view() : nullptr, core, hooks);
    } catch (const InputError& error) {
        state.steps = arrays.steps;
        records.flush();
        validation.refuse(error.array);
    } catch (const Interrupted&) {
        state.steps = arrays.steps;
        records.flush();
        throw_found();
    } catch (const Forked&) {
        throw_found();
    } catch (py::error_already_set&) {  // of the loss or the callback
        state.steps = arrays.steps;
        records.flush();
        throw;
    }
    state.steps = arrays.steps;
    const bool refused = end.status == TrainingStatus::refused;
    if (!refused || end.epoch > options.first_epoch) records.flush();
    if (refused) data.refuse(end.refused);
    if (end.status == TrainingStatus::interrupted) throw_found();
    return py::make_tuple(text(end.status), end.epoch, end.batch);
}

template <class T>
void register_for(py::module_& m) {
    m.def("fit", named_function("fit", &fit<T>), py::arg("network"), py::arg("X"), py::arg("y"),
          py::arg("weights"), py::arg("X_val"), py::arg("y_val"), py::arg("weights_val"),
          py::arg("options"), py::arg("state"), py::arg("record"), py::arg("on_epoch"));
}

}  // namespace

void register_training(py::module_& m) {
    py::class_<BoundOptions>(m, "TrainingOptions")
        .def(py::init([](py::object loss, const OptimizerSettings& optimizer, std::size_t epochs,
                         std::size_t first_epoch, std::size_t batch_size, bool shuffle,
                         std::uint64_t seed, std::size_t n_threads,
                         std::vector<std::string> metrics, bool track) {
                 return BoundOptions{std::move(loss),    optimizer, epochs, first_epoch,
                                     batch_size,         shuffle,   seed,   n_threads,
                                     std::move(metrics), track};
             }),
             py::kw_only(), py::arg("loss"), py::arg("optimizer"), py::arg("epochs"),
             py::arg("first_epoch"), py::arg("batch_size"), py::arg("shuffle"), py::arg("seed"),
             py::arg("n_threads"), py::arg("metrics"), py::arg("track"))
        .def_readonly("loss", &BoundOptions::loss)
        .def_readonly("optimizer", &BoundOptions::optimizer)
        .def_readonly("epochs", &BoundOptions::epochs)
        .def_readonly("first_epoch", &BoundOptions::first_epoch)
        .def_readonly("batch_size", &BoundOptions::batch_size)
        .def_readonly("shuffle", &BoundOptions::shuffle)
        .def_readonly("seed", &BoundOptions::seed)
        .def_readonly("n_threads", &BoundOptions::n_threads)
        .def_readonly("metrics", &BoundOptions::metrics)
        .def_readonly("track", &BoundOptions::track);
    register_for<float>(m);
    register_for<double>(m);
}

}  // namespace wbcore::bindings
