// Who is asked while a fit goes on, and what they see of it: the only places where a fit enters Python.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gil.hpp"
#include "wbcore/training.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

// Where the records of a fit stand, as bytes that go on.
class BoundTracking {
public:
    BoundTracking() = default;
    BoundTracking(const BoundTracking&) = delete;
    BoundTracking& operator=(const BoundTracking&) = delete;
    virtual ~BoundTracking() = default;
    virtual std::string bytes() const = 0;  // empty where nothing goes on from
    virtual void restore(std::string_view bytes) = 0;
};

// Where a fit stands, as Python sees it from a hook. It owns nothing of Python's, so that it can be part of any circle.
class Moment {
public:
    std::uint64_t epoch = 0;  // that is at hand, counted from 0
    std::uint64_t batch = 0;  // how many of its batches have been done
    std::uint64_t steps = 0;  // over all trainings of the state
    double loss = 0;          // mean of the epoch so far
    double batch_loss = 0;    // mean of the last batch
    bool has_begun = false;   // else the arguments were refused, and these are not known yet:
    std::uint64_t first_epoch = 0;
    std::uint64_t rows = 0;  // that are trained on
    std::vector<std::int64_t>
        held_out;                     // rows that an epoch is measured by, of those that are given
    std::uint64_t batches = 0;        // of an epoch
    std::vector<std::int64_t> order;  // rows of the epoch at hand, where a function says them
    std::int64_t best_epoch = -1;     // as far as a callback has found one
    std::shared_ptr<BoundTracking>
        tracking;  // of a fit that records its parameters; it outlives the fit

    // Brings the network and the optimizer's state up to date; they are, but after a batch.
    void sync() const {
        if (sync_ != nullptr) (*sync_)();
    }

private:
    friend class SyncWithin;
    const std::function<void()>* sync_ = nullptr;
};

// While it lives, sync is this.
class SyncWithin {
public:
    SyncWithin(Moment& moment, const std::function<void()>& sync) : moment_(moment) {
        moment_.sync_ = &sync;
    }
    ~SyncWithin() { moment_.sync_ = nullptr; }
    SyncWithin(const SyncWithin&) = delete;
    SyncWithin& operator=(const SyncWithin&) = delete;

private:
    Moment& moment_;
};

// True at most once in so many seconds, and once in so many calls unless that is 0. As in InterruptPoll, the clock is looked at
// about once in a millisecond.
class BatchPoll {
public:
    BatchPoll(double seconds, std::size_t batches) : seconds_(seconds), batches_(batches) {}
    bool operator()() {
        const bool counted = batches_ != 0 && ++batch_ % batches_ == 0;
        return is_time() || counted;
    }

private:
    bool is_time() {
        if (--calls_left_ != 0) return false;
        const Clock::time_point now = Clock::now();
        if (now - last_look_ < std::chrono::microseconds(500))
            stride_ *= 2;
        else if (now - last_look_ > std::chrono::milliseconds(2))
            stride_ = (stride_ + 1) / 2;
        last_look_ = now;
        calls_left_ = stride_;
        if (now - last_ < seconds_) return false;
        last_ = now;
        return true;
    }

    using Clock = std::chrono::steady_clock;
    std::chrono::duration<double> seconds_;
    std::size_t batches_, batch_ = 0;
    Clock::time_point last_ = Clock::now(), last_look_ = last_;
    std::uint32_t stride_ = 1, calls_left_ = 1;
};

// A hook has left Python's error set. Nothing of Python's goes through the core, which frees it without the GIL.
struct HookFailed : std::runtime_error {
    HookFailed() : std::runtime_error("a hook failed") {}
};

// What a function of Python's answers. Called with the GIL.
inline bool asked(const py::object& function) {
    PyObject* const answer = never_unwound([&] { return PyObject_CallNoArgs(function.ptr()); });
    if (answer == nullptr) throw HookFailed();
    const bool stops = answer == Py_True;
    Py_DECREF(answer);
    return stops;
}

}  // namespace wbcore::bindings
