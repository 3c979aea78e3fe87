// What a fit leaves behind: results gathered without the GIL, handed to Python's lists when it looks or at the end.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "wbcore/network.hpp"
#include "wbcore/statistics.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

struct LayerMeasure {
    Statistics weights;
    std::optional<Statistics> biases;
};
using LayerStatistics = std::vector<LayerMeasure>;

template <class T>
LayerStatistics measure(const Network<T>& network) {
    LayerStatistics all;
    const T* parameters = network.parameters().data();
    for (const Dense& layer : network.layers()) {
        all.push_back({statistics(parameters, layer.weights()), std::nullopt});
        parameters += layer.weights();
        if (layer.bias) all.back().biases = statistics(parameters, layer.biases());
        parameters += layer.biases();
    }
    return all;
}

inline py::list as_list(const LayerStatistics& all) {
    auto tuple = [](const Statistics& s) {
        return py::make_tuple(s.mean, s.mean_absolute, s.standard_deviation, s.minimum, s.maximum);
    };
    py::list layers;
    for (const auto& [weights, biases] : all)
        layers.append(py::make_tuple(tuple(weights),
                                     biases ? py::object(tuple(*biases)) : py::object(py::none())));
    return layers;
}

template <class T>
class TrainingRecord {
public:
    TrainingRecord(const Network<T>& network,
                   py::dict lists,
                   std::vector<std::string> metrics,
                   std::vector<bool> ranks,
                   bool penalty,
                   bool tracks,
                   bool scheduled)
        : network_(network),
          lists_(std::move(lists)),
          metrics_(std::move(metrics)),
          ranks_(std::move(ranks)),
          rates_(has("learning_rate") || (scheduled && !has("_learning_rate")) ? "learning_rate"
                                                                               : "_learning_rate"),
          penalty_(penalty),
          tracks_(tracks) {
        // lists that are there already are those of a training that goes on
        if (tracks_ && !has("parameters")) initial_ = measure(network_);
    }

    // Called without the GIL.
    void add(const EpochResult& result) {
        const std::chrono::duration<double> seconds = Clock::now() - since_;
        pending_.push_back(
            {result, seconds.count(), tracks_ ? measure(network_) : LayerStatistics{}});
        begin_epoch();
    }
    // From here on time counts.
    void begin_epoch() { since_ = Clock::now(); }

    // Called with the GIL.
    void flush() {
        if (!initial_.empty()) list("parameters").append(as_list(initial_));
        initial_.clear();
        for (const Epoch& epoch : pending_) {
            const auto& validation_loss = epoch.result.validation_loss;
            list("loss").append(epoch.result.loss);
            if (penalty_) list("penalty").append(epoch.result.penalty);
            append("", epoch.result.metrics, !validation_loss);
            if (validation_loss) {
                list("val_loss").append(*validation_loss);
                append("val_", epoch.result.validation_metrics, true);
            }
            list("seconds").append(epoch.seconds);
            list(rates_).append(epoch.result.learning_rate);
            if (tracks_) list("parameters").append(as_list(epoch.parameters));
        }
        pending_.clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    struct Epoch {
        EpochResult result;
        double seconds;  // of its batches and its validation
        LayerStatistics parameters;
    };

    bool has(const char* name) const { return lists_.contains(name); }

    py::list list(const std::string& name) {
        const py::str key(name);
        if (!lists_.contains(key)) lists_[key] = py::list();
        return lists_[key];
    }

    // A running epoch has no ranks of its own beside those of the validation data.
    void append(const std::string& prefix, const std::vector<double>& values, bool with_ranks) {
        for (std::size_t i = 0; i < metrics_.size(); ++i)
            if (with_ranks || !ranks_[i]) list(prefix + metrics_[i]).append(values[i]);
    }

    const Network<T>& network_;
    py::dict lists_;
    std::vector<std::string> metrics_;
    std::vector<bool> ranks_;
    std::string
        rates_;  // with an underscore what is no series of its own: one number again and again
    bool penalty_, tracks_;
    LayerStatistics initial_;  // until the first flush: a refused fit leaves no record
    std::vector<Epoch> pending_;
    Clock::time_point since_ = Clock::now();
};

}  // namespace wbcore::bindings
