// fit: one call for all epochs.
#include <pybind11/stl.h>

#include "fit.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
py::tuple fit(BoundNetwork<T>& bound,
              const py::object& X,
              const py::object& y,
              const py::object& weights,
              const py::object& X_val,
              const py::object& y_val,
              const py::object& weights_val,
              const BoundOptions& options,
              const py::object& optimizer,
              const py::dict& record,
              Moment& moment,
              const py::object& before_fit,
              const py::object& after_batch,
              const py::object& after_epoch,
              const py::object& windows,
              const py::object& validation_windows,
              const py::object& row_order) {
    Fit<T> fit(bound, options, optimizer, record, moment, {before_fit, after_batch, after_epoch},
               row_order);
    try {
        fit.hold({X, y, weights, windows}, {X_val, y_val, weights_val, validation_windows});
        return fit.run();
    } catch (const HookFailed&) {
        throw py::error_already_set();
    }
}

py::array_t<std::int64_t> as_indices(const std::vector<std::int64_t>& rows) {
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(rows.size()), rows.data());
}

BoundTracking& tracking_of(const Moment& moment) {
    if (!moment.tracking)
        throw py::value_error("[tracking] expected a fit that records its parameters, got none");
    return *moment.tracking;
}

template <class T>
void register_training_for(py::module_& m) {
    m.def("fit", named_function("fit", &fit<T>), py::arg("network"), py::arg("X"), py::arg("y"),
          py::arg("weights"), py::arg("X_val"), py::arg("y_val"), py::arg("weights_val"),
          py::arg("options"), py::arg("optimizer"), py::arg("record"), py::arg("moment"),
          py::arg("before_fit"), py::arg("after_batch"), py::arg("after_epoch"),
          py::arg("windows") = py::none(), py::arg("validation_windows") = py::none(),
          py::arg("row_order") = py::none());
}

}  // namespace

void register_training(py::module_& m) {
    py::class_<Moment>(m, "Moment")
        .def(py::init<>())
        .def_readwrite("epoch", &Moment::epoch)
        .def_readwrite("batch", &Moment::batch)
        .def_readwrite("steps", &Moment::steps)
        .def_readwrite("loss", &Moment::loss)
        .def_readwrite("batch_loss", &Moment::batch_loss)
        .def_readwrite("has_begun", &Moment::has_begun)
        .def_readwrite("first_epoch", &Moment::first_epoch)
        .def_readwrite("rows", &Moment::rows)
        .def_readwrite("batches", &Moment::batches)
        .def_property_readonly("held_out",
                               [](const Moment& moment) { return as_indices(moment.held_out); })
        .def_property_readonly("order",
                               [](const Moment& moment) { return as_indices(moment.order); })
        .def_readwrite("best_epoch", &Moment::best_epoch)
        .def("tracking",
             [](const Moment& moment) { return py::bytes(tracking_of(moment).bytes()); })
        .def("restore_tracking",
             [](const Moment& moment, const py::bytes& bytes) {
                 tracking_of(moment).restore(std::string_view(bytes));
             })
        .def("sync", &Moment::sync);
    py::class_<ShuffledRows>(m, "ShuffledRows")
        .def(py::init<py::object, std::vector<std::int64_t>>(), py::arg("generator"),
             py::arg("rows"))
        .def_property_readonly("rows",
                               [](const ShuffledRows& rows) { return as_indices(rows.rows()); })
        .def(
            "__call__", [](ShuffledRows& rows, std::uint64_t) { return as_indices(rows.next()); },
            py::arg("epoch"));
    register_training_for<float>(m);
    register_training_for<double>(m);
}

}  // namespace wbcore::bindings
