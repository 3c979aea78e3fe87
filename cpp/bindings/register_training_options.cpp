// The options of a fit as a Python object.
#include <pybind11/stl.h>

#include <cstdio>

#include "register.hpp"
#include "training_options.hpp"

namespace wbcore::bindings {

std::vector<bool> ranks_of(const std::vector<Named<Metric>>& metrics) {
    std::vector<bool> ranks;
    for (const Named<Metric>& metric : metrics) ranks.push_back(metric.info().ranks);
    return ranks;
}

std::string epoch_text(const BoundOptions& options, const Dataset& training) {
    char fraction[32];
    std::snprintf(fraction, sizeof fraction, "%.17g", options.validation_fraction);
    std::string text = "rows " + std::to_string(training.count()) +
                       (training.weights ? " with weights" : "") + ", batch_size " +
                       std::to_string(options.batch_size) + ", validation_fraction " + fraction +
                       ", shuffle " + (options.shuffle ? "True" : "False") + options.order +
                       ", seed " + std::to_string(options.seed) + ", loss " +
                       py::str(options.loss).cast<std::string>() + ", metrics";
    if (options.penalty) text += " penalty";
    for (const std::string& metric : options.metrics) text += " " + metric;
    return text;
}

void register_training_options(py::module_& m) {
    py::class_<Patience>(m, "Patience")
        .def(py::init([](double scale, double constant, double slope, double tol, double epochs,
                         double best, double waited) {
                 return Patience{scale, constant, slope, tol, epochs, best, waited};
             }),
             py::kw_only(), py::arg("scale"), py::arg("constant"), py::arg("slope"), py::arg("tol"),
             py::arg("epochs"), py::arg("best"), py::arg("waited"))
        .def_readonly("best", &Patience::best)
        .def_readonly("waited", &Patience::waited)
        .def("ends", &Patience::ends, py::arg("loss"), py::arg("penalty"));
    py::class_<BoundOptions>(m, "TrainingOptions")
        .def(
            py::init([](py::object loss, std::size_t epochs, std::optional<std::size_t> first_epoch,
                        std::size_t batch_size, double validation_fraction, bool shuffle,
                        std::uint64_t seed, std::size_t n_threads, std::vector<std::string> metrics,
                        std::optional<std::size_t> track, double seconds_between_batches,
                        std::size_t batches_between, std::vector<double> output_biases,
                        std::string order, bool penalty, std::optional<Patience> patience) {
                return BoundOptions{std::move(loss),
                                    epochs,
                                    first_epoch,
                                    batch_size,
                                    validation_fraction,
                                    shuffle,
                                    seed,
                                    n_threads,
                                    std::move(metrics),
                                    track,
                                    seconds_between_batches,
                                    batches_between,
                                    std::move(output_biases),
                                    std::move(order),
                                    penalty,
                                    patience};
            }),
            py::kw_only(), py::arg("loss"), py::arg("epochs"), py::arg("first_epoch"),
            py::arg("batch_size"), py::arg("validation_fraction"), py::arg("shuffle"),
            py::arg("seed"), py::arg("n_threads"), py::arg("metrics"), py::arg("track"),
            py::arg("seconds_between_batches"), py::arg("batches_between") = 0,
            py::arg("output_biases") = std::vector<double>(), py::arg("order") = "",
            py::arg("penalty") = false, py::arg("patience") = py::none())
        .def_readonly("loss", &BoundOptions::loss)
        .def_readonly("epochs", &BoundOptions::epochs)
        .def_readonly("first_epoch", &BoundOptions::first_epoch)
        .def_readonly("batch_size", &BoundOptions::batch_size)
        .def_readonly("validation_fraction", &BoundOptions::validation_fraction)
        .def_readonly("shuffle", &BoundOptions::shuffle)
        .def_readonly("seed", &BoundOptions::seed)
        .def_readonly("n_threads", &BoundOptions::n_threads)
        .def_readonly("metrics", &BoundOptions::metrics)
        .def_readonly("track", &BoundOptions::track)
        .def_readonly("seconds_between_batches", &BoundOptions::seconds_between_batches)
        .def_readonly("batches_between", &BoundOptions::batches_between)
        .def_readonly("output_biases", &BoundOptions::output_biases)
        .def_readonly("order", &BoundOptions::order)
        .def_readonly("penalty", &BoundOptions::penalty)
        .def_readonly("patience", &BoundOptions::patience);
}

}  // namespace wbcore::bindings
