// What a fit leaves behind: results gathered without the GIL, handed to Python's lists when it looks or at the end.
#pragma once

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kept_records.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

class TrainingRecord {
public:
    TrainingRecord(py::dict lists,
                   std::vector<std::string> metrics,
                   std::vector<bool> ranks,
                   bool penalty,
                   bool scheduled,
                   std::int64_t best_epoch,
                   std::uint64_t next_epoch)
        : lists_(std::move(lists)),
          metrics_(std::move(metrics)),
          ranks_(std::move(ranks)),
          rates_(has("learning_rate") || (scheduled && !has("_learning_rate")) ? "learning_rate"
                                                                               : "_learning_rate"),
          penalty_(penalty),
          // lists that are there already are those of a training that goes on
          is_watched_(best_epoch >= 0),
          records_(lists_.attr("get")("parameters", py::list()),
                   is_watched_ ? best_epoch : least_before(next_epoch)) {}

    // Called without the GIL.
    void add(std::size_t epoch, const EpochResult& result) {
        const std::chrono::duration<double> seconds = Clock::now() - since_;
        pending_.push_back({result, seconds.count()});
        if (!is_watched_ && result.validation_loss && *result.validation_loss < least_) {
            least_ = *result.validation_loss;
            records_.set_best(static_cast<std::int64_t>(epoch));
        }
        begin_epoch();
    }
    void add(const ParameterRecord& record) { records_.add(record); }
    // By a callback; while none says so, the epoch with the least validation loss is the best.
    void set_best(std::int64_t epoch) {
        is_watched_ = is_watched_ || epoch >= 0;
        records_.set_best(epoch);
    }
    // From here on time counts.
    void begin_epoch() { since_ = Clock::now(); }

    // Called with the GIL.
    void flush() {
        if (records_.have_changed()) lists_["parameters"] = records_.list();
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
        }
        pending_.clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    struct Epoch {
        EpochResult result;
        double seconds;  // of its batches and its validation
    };

    // Of the epochs up to this one, the first with the least validation loss; negative: there is none.
    std::int64_t least_before(std::uint64_t next_epoch) {
        if (!has("val_loss")) return -1;
        const py::list losses = lists_["val_loss"];
        std::int64_t epoch = static_cast<std::int64_t>(next_epoch - losses.size()), best = -1;
        for (const py::handle loss : losses) {
            if (loss.cast<double>() < least_) {
                least_ = loss.cast<double>();
                best = epoch;
            }
            ++epoch;
        }
        return best;
    }

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

    py::dict lists_;
    std::vector<std::string> metrics_;
    std::vector<bool> ranks_;
    std::string
        rates_;  // with an underscore what is no series of its own: one number again and again
    bool penalty_, is_watched_;
    double least_ = std::numeric_limits<double>::infinity();  // of the validation losses
    KeptRecords records_;  // until the first flush alone: a refused fit leaves no record
    std::vector<Epoch> pending_;
    Clock::time_point since_ = Clock::now();
};

}  // namespace wbcore::bindings
