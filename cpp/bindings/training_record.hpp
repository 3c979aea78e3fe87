// What a fit leaves behind: results gathered without the GIL, handed to Python's lists when it looks or at the end.
#pragma once

#include <functional>

#include "arrays.hpp"
#include "gil.hpp"
#include "wbcore/network.hpp"
#include "wbcore/statistics.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

using LayerStatistics = std::vector<std::array<Statistics, 2>>;  // by layer: weights, biases

// Of parameters in a network's order, W0 b0 W1 b1 ...
template <class T>
LayerStatistics measure(const std::vector<DenseShape>& shapes, const T* parameters) {
    LayerStatistics all;
    for (const DenseShape& shape : shapes) {
        const T* const biases = parameters + shape.inputs * shape.outputs;
        all.push_back({statistics(parameters, shape.inputs * shape.outputs),
                       statistics(biases, shape.outputs)});
        parameters = biases + shape.outputs;
    }
    return all;
}

template <class T>
LayerStatistics measure(const Network<T>& network) {
    return measure(network.shapes(), network.parameters().data());
}

inline py::list as_list(const LayerStatistics& all) {
    auto tuple = [](const Statistics& s) {
        return py::make_tuple(s.mean, s.mean_absolute, s.standard_deviation, s.minimum, s.maximum);
    };
    py::list layers;
    for (const auto& [weights, biases] : all)
        layers.append(py::make_tuple(tuple(weights), tuple(biases)));
    return layers;
}

template <class T>
class TrainingRecord {
public:
    TrainingRecord(const Network<T>& network,
                   py::dict lists,
                   std::vector<std::string> metrics,
                   bool tracks,
                   py::object on_epoch,
                   std::function<void()> check_data)
        : network_(network),
          lists_(std::move(lists)),
          metrics_(std::move(metrics)),
          tracks_(tracks),
          on_epoch_(std::move(on_epoch)),
          check_data_(std::move(check_data)) {
        if (tracks_) initial_ = measure(network_);
    }

    // Called without the GIL.
    EpochCallback on_epoch() {
        return [this](std::size_t epoch, const EpochResult& result) {
            pending_.push_back({result, tracks_ ? measure(network_) : LayerStatistics{}});
            if (on_epoch_.is_none()) return false;
            const GilTaken taken;
            flush();
            const py::int_ number(epoch);
            PyObject* const answer = never_unwound([&] {
                return PyObject_CallFunctionObjArgs(on_epoch_.ptr(), number.ptr(), nullptr);
            });
            if (answer == nullptr) throw py::error_already_set();
            const bool stops = py::reinterpret_steal<py::object>(answer).template cast<bool>();
            if (!stops) check_data_();
            return stops;
        };
    }

    // Called with the GIL.
    void flush() {
        if (!initial_.empty()) list("parameters").append(as_list(initial_));
        initial_.clear();
        for (const Epoch& epoch : pending_) {
            append("", epoch.result.loss, epoch.result.metrics);
            if (const auto& loss = epoch.result.validation_loss)
                append("val_", *loss, epoch.result.validation_metrics);
            if (tracks_) list("parameters").append(as_list(epoch.parameters));
        }
        pending_.clear();
    }

private:
    struct Epoch {
        EpochResult result;
        LayerStatistics parameters;
    };

    py::list list(const std::string& name) {
        const py::str key(name);
        if (!lists_.contains(key)) lists_[key] = py::list();
        return lists_[key];
    }

    void append(const std::string& prefix, double loss, const std::vector<double>& values) {
        list(prefix + "loss").append(loss);
        for (std::size_t i = 0; i < metrics_.size(); ++i)
            list(prefix + metrics_[i]).append(values[i]);
    }

    const Network<T>& network_;
    py::dict lists_;
    std::vector<std::string> metrics_;
    bool tracks_;
    py::object on_epoch_;
    std::function<void()> check_data_;  // after a callback, which may have changed them
    LayerStatistics initial_;           // until the first flush: a refused fit leaves no record
    std::vector<Epoch> pending_;
};

}  // namespace wbcore::bindings
