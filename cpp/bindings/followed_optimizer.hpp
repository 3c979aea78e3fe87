// The optimizer of a fit, which Python may change whenever it is entered: settings, state, and rates that a function says.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "bound_optimizer.hpp"
#include "gil.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

template <class T>
class FollowedOptimizer {
public:
    // `follow()` gives (OptimizerSettings, OptimizerState, None or who says the rates of steps); `follow.rates(first, steps)` what
    // that says. With the GIL, as all that is not said to be without it.
    FollowedOptimizer(const char* operation, py::object follow, std::size_t parameters)
        : operation_(operation), follow_(std::move(follow)), parameters_(parameters) {
        read();
        rates_changed_ = false;
    }

    // What Python's object says now, between two epochs; within one without the state, which the core has.
    void read(bool with_state = true) {
        const py::object now = called(follow_);
        const auto& [settings, state, function] =
            now.cast<std::tuple<OptimizerSettings, py::object, py::object>>();
        settings_ = allowed<T>(operation_, settings);
        if (with_state) {
            BoundState& bound = state.cast<BoundState&>();
            arrays_ = state_of<T>(operation_, bound, settings_.rule, parameters_);
            held_ = state;
            state_ = &bound;
        }
        rates_changed_ = rates_changed_ || !function.is(function_);
        function_ = function;
    }

    // Python's, whose arrays are those of `arrays()`. Also without the GIL.
    BoundState& state() const { return *state_; }
    const OptimizerSettings& settings() const { return settings_; }
    OptimizerState<T>& arrays() { return arrays_; }
    bool is_scheduled() const { return settings_.schedule.has_value() || has_function(); }
    // Also without the GIL
    bool has_function() const { return !function_.is_none(); }
    // Whether somebody else says the rates since they were asked for.
    bool rates_changed() const { return rates_changed_; }

    // What the function says, nothing without one; valid until the next call.
    std::span<const double> rates(std::uint64_t first, std::size_t steps) {
        rates_changed_ = false;
        if (!has_function()) return {};
        const py::object all = called(follow_.attr("rates"), py::int_(first), py::int_(steps));
        const double* const data = plain_data<double>(operation_, "rates", all, {steps}, false);
        table_.assign(data, data + steps);
        return table_;
    }

private:
    template <class... Arguments>
    static py::object called(const py::object& function, const Arguments&... arguments) {
        PyObject* const answer = never_unwound([&] {
            return PyObject_CallFunctionObjArgs(function.ptr(), arguments.ptr()...,
                                                static_cast<PyObject*>(nullptr));
        });
        if (answer == nullptr) throw py::error_already_set();
        return py::reinterpret_steal<py::object>(answer);
    }

    const char* operation_;
    py::object follow_;
    std::size_t parameters_;
    OptimizerSettings settings_;
    OptimizerState<T> arrays_;
    py::object held_, function_;
    BoundState* state_ = nullptr;  // held
    bool rates_changed_ = false;
    std::vector<double> table_;
};

}  // namespace wbcore::bindings
