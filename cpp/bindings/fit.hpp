// A fit from the check of its arguments to its end.
#pragma once

#include <pybind11/stl.h>

#include <algorithm>
#include <mutex>

#include "bound_network.hpp"
#include "bound_order.hpp"
#include "bound_windows.hpp"
#include "errors.hpp"
#include "findings.hpp"
#include "followed_optimizer.hpp"
#include "held_dataset.hpp"
#include "held_out_classes.hpp"
#include "training_hooks.hpp"
#include "training_options.hpp"
#include "training_record.hpp"
#include "wbcore/held_out.hpp"

namespace wbcore::bindings {

// What Python calls how a training ended.
inline const char* text(TrainingStatus status) {
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

// The functions of Python's that a fit calls, each without arguments; None where there is nobody.
struct Calls {
    py::object before_fit, after_batch, after_epoch;
};

// Rows as Python gives them, in memory or, with windows, room for some of them; all None where there are none.
struct GivenRows {
    const py::object &X, &y, &weights, &windows;
    bool are_windows() const { return !windows.is_none(); }
    // What a source gives is looked at block by block.
    Look look() const { return are_windows() ? Look::at_shapes : Look::at_values; }
};

template <class T>
class Fit {
public:
    Fit(BoundNetwork<T>& bound,
        const BoundOptions& options,
        const py::object& optimizer,
        const py::dict& record,
        Moment& moment,
        Calls calls,
        const py::object& row_order)
        : turn_(bound.use(), operation),
          network_(bound.network()),
          options_(options),
          followed_(operation, optimizer, bound.network().parameters().size()),
          loss_(given_loss<T>(operation, options.loss)),
          core_(core_options<T>(
              operation, options, loss_, bound.network().outputs(), followed_.settings())),
          moment_(moment),
          calls_(std::move(calls)),
          record_(record),
          patience_(options.patience),
          order_(operation, row_order, moment.order) {
        require_trainable(operation, network_);
    }

    void hold(const GivenRows& rows, const GivenRows& validating_rows) {
        const bool compared = !options_.metrics.empty();
        data_ = HeldDataset<T>(operation, network_, rows.X, rows.y, rows.weights, loss_, compared,
                               rows.look());
        windows_ = BoundWindows(operation, rows.windows, data_.view());
        training_ = windows_.all();
        if (!validating_rows.X.is_none()) {
            other_ =
                HeldDataset<T>(validating, network_, validating_rows.X, validating_rows.y,
                               validating_rows.weights, loss_, compared, validating_rows.look());
            if (!validating_rows.are_windows()) other_.require_finite_inputs();
            validation_windows_ = BoundWindows(validating, validating_rows.windows, other_.view());
            validation_ = validation_windows_.all();
        } else if (options_.validation_fraction != 0) {
            hold_out();
        }
        // how many rows an epoch has, and so where it stands, is known by the first order
        if (order_.exists()) {
            order_.ask(first_epoch(), training_.x.rows);
            training_.chosen = order_.rows();
        }
        epoch_of_ = epoch_text(options_, training_);
        position_ = start();
        core_.epochs += position_.epoch;
    }

    // Says how it ended, in which epoch, counted from 0, and batch, and what is found to be wrong with the outcome.
    py::tuple run() {
        first_epoch_ = position_.epoch;
        if (options_.track) {
            tracking_ = std::make_shared<HeldTracking<T>>(*options_.track, network_.layers());
            moment_.tracking = tracking_;
        }
        moment_.has_begun = true;
        moment_.first_epoch = first_epoch_;
        moment_.rows = training_.count();
        moment_.batches = (training_.count() - 1) / options_.batch_size + 1;
        see({position_.epoch, position_.batch, followed_.arrays().steps});
        if (!calls_.before_fit.is_none()) {
            const bool stops = asked(calls_.before_fit);
            require_sound_targets();
            follow();
            if (stops) return py::make_tuple("stopped", first_epoch_, position_.batch, py::none());
        }
        TrainingRecord records(record_, options_.metrics, ranks_of(core_.metrics), options_.penalty,
                               followed_.is_scheduled(), moment_.best_epoch, position_.epoch);
        const Hooks<T> hooks = hooks_for(records);
        try {
            return ended(trained(hooks), records);
        } catch (const InputError& error) {
            keep_state();
            records.flush();
            validation_windows_.refuse(error.array);
            (other_.is_held() ? other_ : data_).refuse(error.array);
        } catch (const Interrupted&) {
            keep_state();
            records.flush();
            throw_found();
        } catch (const HookFailed&) {
            PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
            PyErr_Fetch(&type, &value, &trace);  // none may be set while Python's lists grow
            keep_state();
            records.flush();
            PyErr_Restore(type, value, trace);
            throw;
        } catch (const Forked&) {
            throw_found();
        } catch (py::error_already_set&) {  // of the loss
            keep_state();
            records.flush();
            throw;
        }
    }

private:
    static constexpr const char *operation = "fit", *validating = "fit, validation_data";

    void hold_out() {
        const std::size_t n = training_.x.rows;
        if (n < 2)
            throw py::value_error(
                "[fit] expected X with at least 2 rows, of which validation_fraction holds out "
                "some, got 1");
        const std::size_t count = held_out_count(n, options_.validation_fraction);
        // Safe: the data are held here.
        without_gil(n, [&](const InterruptCheck& interrupted) {
            const std::vector<std::int64_t> classes = classes_of(training_, core_.loss);
            rows_ = held_out_rows(n, count, options_.seed, classes, interrupted);
        });
        data_.require_finite_inputs(rows_.validation);
        training_ = data_.part(rows_.training);
        validation_ = data_.part(rows_.validation);
        moment_.held_out = rows_.validation;
    }

    std::uint64_t first_epoch() const {
        return options_.first_epoch ? *options_.first_epoch : followed_.state().position().epoch;
    }

    // What makes the epoch at hand another one than those of other fits.
    std::string epoch_of() const {
        return order_.exists() ? epoch_of_ + ", rows " + order_.digest() : epoch_of_;
    }

    // Where a first epoch is asked for, there; else where the state stands, in the middle of an epoch if this is one of those.
    Position start() const {
        if (options_.first_epoch) return {*options_.first_epoch, 0, 0, 0, {}};
        BoundPosition from = followed_.state().position();
        Position position{from.epoch, 0, 0, 0, {}};
        const std::size_t batches = (training_.count() - 1) / options_.batch_size + 1;
        if (from.batch == 0 || from.batch > batches || from.epoch_of != epoch_of()) return position;
        if (options_.penalty) {  // the last of the sums
            if (from.metric_sums.empty()) return position;
            position.penalty_sum = from.metric_sums.back();
            from.metric_sums.pop_back();
        }
        MetricSums sums(core_.metrics, core_.loss, network_.outputs(),
                        std::min(options_.batch_size, training_.count()));
        if (!sums.restore(from.metric_sums)) return {from.epoch, 0, 0, 0, {}};
        return {from.epoch,      from.batch,      from.loss_sum,
                from.weight_sum, std::move(sums), position.penalty_sum};
    }

    Hooks<T> hooks_for(TrainingRecord& records) {
        Hooks<T> hooks;
        hooks.interrupted = InterruptPoll();
        hooks.loss = data_.function();
        if (validation_.count() != 0)
            hooks.validation_loss = (other_.is_held() ? other_ : data_).function();
        auto next_of = [](BoundWindows& rows) {
            return
                [&rows](std::size_t epoch, std::size_t first) { return rows.next(epoch, first); };
        };
        if (windows_.exist()) hooks.next_window = next_of(windows_);
        if (validation_windows_.exist())
            hooks.next_validation_window = next_of(validation_windows_);
        hooks.written_back = [this] { keep_state(); };
        if (tracking_) hooks.tracking = &tracking_->tracking;
        hooks.recorded = [&records](const ParameterRecord& record) { records.add(record); };
        hooks.after_epoch = [this, &records](std::size_t epoch, const EpochResult& result) {
            return after_epoch(epoch, result, records);
        };
        hooks.only_looks = calls_.after_epoch.is_none();
        if (order_.exists())
            hooks.order = [this, &records](std::size_t epoch) { return rows_of(epoch, records); };
        hooks.rates = [this, &records](std::uint64_t first, std::size_t steps) {
            return rates(first, steps, records);
        };
        hooks.rates_changed = [this] { return followed_.rates_changed(); };
        if (calls_.after_batch.is_none()) return hooks;
        hooks.after_batch = [this, &records](const BatchEnd& end) {
            return after_batch(end, records);
        };
        if (options_.seconds_between_batches > 0)
            hooks.wants_batch =
                BatchPoll(options_.seconds_between_batches, options_.batches_between);
        return hooks;
    }

    bool after_epoch(std::size_t epoch, const EpochResult& result, TrainingRecord& records) {
        records.add(epoch, result);
        {
            const std::unique_lock writing(network_.lock());
            keep_state();
        }
        if (calls_.after_epoch.is_none())
            return patience_ && patience_->ends(result.loss, result.penalty);
        const GilTaken taken;
        records.flush();
        see({epoch, moment_.batches, followed_.arrays().steps});
        moment_.loss = result.loss;
        const bool stops = asked(calls_.after_epoch);
        records.set_best(moment_.best_epoch);
        if (stops) return true;
        require_sound_targets();
        follow();
        records.begin_epoch();
        return false;
    }

    // The optimizer may be another one since Python was entered, and what it remembers too.
    void follow() {
        followed_.read();
        core_.optimizer = followed_.settings();
    }

    std::span<const double> rates(std::uint64_t first, std::size_t steps, TrainingRecord& records) {
        if (!followed_.has_function() && !followed_.rates_changed()) return {};
        const GilTaken taken;
        records.flush();
        return followed_.rates(first, steps);
    }

    std::span<const std::int64_t> rows_of(std::size_t epoch, TrainingRecord& records) {
        if (order_.is_of(epoch)) return order_.rows();
        const GilTaken taken;
        records.flush();
        try {
            order_.ask(epoch, training_.x.rows);
        } catch (py::error_already_set& error) {
            error.restore();
            throw HookFailed();
        } catch (const py::builtin_exception& error) {
            error.set_error();
            throw HookFailed();
        }
        return order_.rows();
    }

    bool after_batch(const BatchEnd& end, TrainingRecord& records) {
        const GilTaken taken;
        if (tracking_) records.flush();
        see({end.position.epoch, end.position.batch, end.steps});
        moment_.loss = end.position.loss_sum / count(end.position.weight_sum);
        moment_.batch_loss = end.loss_sum / count(end.weight);
        const SyncWithin within(moment_, end.bring_up_to_date);
        try {
            const bool stops = asked(calls_.after_batch);
            followed_.read(false);  // within an epoch its state is the core's
            core_.optimizer = followed_.settings();
            return stops;
        } catch (const HookFailed&) {
            // as Ctrl-C at any other moment, it leaves the last batch
            is_interrupted_ = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
            if (!is_interrupted_) throw;
            return true;
        }
    }

    TrainingEnd trained(const Hooks<T>& hooks) {
        // Safe: the data are held here, the turn keeps a second fit of this network away, and the hooks take the GIL.
        const GilReleased released;
        const bool validates = validation_.count() != 0;
        return with_choices(operation, [&] {
            return train(network_, followed_.arrays(), position_, training_,
                         validates ? &validation_ : nullptr, core_, hooks);
        });
    }

    py::tuple ended(const TrainingEnd& end, TrainingRecord& records) {
        const bool interrupted = is_interrupted_ || end.status == TrainingStatus::interrupted;
        const bool refused = end.status == TrainingStatus::refused;
        py::object error = py::none();
        PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
        if (interrupted) PyErr_Fetch(&type, &value, &trace);
        if (!refused || end.epoch > first_epoch_) records.flush();
        if (refused) windows_.refuse(end.refused);
        if (refused) data_.refuse(end.refused);
        if (!interrupted)
            return py::make_tuple(text(end.status), end.epoch, end.batch, findings(looked_at(end)));
        PyErr_Restore(type, value, trace);
        throw_found();
    }

    // Nothing is known of what a loss of the caller's own is to reach, and of a source only the last blocks are here.
    Diagnosis looked_at(const TrainingEnd& end) const {
        const bool ended =
            end.status == TrainingStatus::completed || end.status == TrainingStatus::stopped;
        if (!ended || loss_.is_function() || windows_.exist()) return {};
        const std::size_t rows = std::min(training_.count(), training_.x.rows);  // some come again
        const Glance look = glance_after(network_.layers(), rows, core_.batch_size,
                                         static_cast<std::size_t>(position_.epoch - first_epoch_));
        // Safe, as the training was.
        const GilReleased released;
        return diagnose(network_, data_.view(), core_.loss, look);
    }

    // The caller may have changed the targets while it was asked.
    void require_sound_targets() const {
        if (!windows_.exist()) data_.require_sound_targets();
        if (other_.is_held() && !validation_windows_.exist()) other_.require_sound_targets();
    }

    // Under the network's lock, or when no training goes on.
    void keep_state() {
        BoundState& state = followed_.state();
        state.set_steps(followed_.arrays().steps);
        BoundPosition position{position_.epoch, position_.batch, 0, 0, {}, {}};
        if (position_.batch != 0 && position_.metrics) {
            position = {position_.epoch,      position_.batch,           position_.loss_sum,
                        position_.weight_sum, position_.metrics->sums(), epoch_of()};
            if (options_.penalty) position.metric_sums.push_back(position_.penalty_sum);
        }
        state.set_position(std::move(position));
    }

    struct Seen {
        std::uint64_t epoch, batch, steps;
    };
    // What the sum of losses of rows that weigh so much is divided by
    double count(double weight) const {
        return loss_.is_function() ? weight : mean_count(core_.loss, weight, network_.outputs());
    }

    void see(const Seen& seen) {
        moment_.epoch = seen.epoch;
        moment_.batch = seen.batch;
        moment_.steps = seen.steps;
    }

    const Turn turn_;
    Network<T>& network_;
    const BoundOptions& options_;
    FollowedOptimizer<T> followed_;
    const GivenLoss loss_;
    TrainingOptions core_;
    Moment& moment_;
    const Calls calls_;
    const py::dict& record_;
    std::optional<Patience> patience_;  // asked where nobody else is
    HeldDataset<T> data_, other_;       // the latter of validation data
    BoundWindows windows_, validation_windows_;
    HeldOut rows_;
    BoundOrder order_;
    Dataset training_, validation_;
    std::string epoch_of_;
    Position position_;
    std::shared_ptr<HeldTracking<T>> tracking_;  // null where nothing is recorded
    std::uint64_t first_epoch_ = 0;
    bool is_interrupted_ = false;
};

}  // namespace wbcore::bindings
