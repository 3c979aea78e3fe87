// Ctrl-C while the core computes.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>
#include <functional>

#include "gil.hpp"
#include "wbcore/interruption.hpp"
#include "wbcore/threads.hpp"

namespace wbcore::bindings {

// Asks Python for the GIL and then for Ctrl-C, so at most every 50 ms. Even the clock costs as much as a part of a small
// network's step: it is looked at about once in a millisecond. True leaves Python's error set.
class InterruptPoll {
public:
    bool operator()() {
        if (--calls_left_ != 0) return false;
        const Clock::time_point now = Clock::now();
        if (now - last_look_ < std::chrono::microseconds(500))
            stride_ *= 2;
        else if (now - last_look_ > std::chrono::milliseconds(2))
            stride_ = (stride_ + 1) / 2;
        last_look_ = now;
        calls_left_ = stride_;
        if (now - last_check_ < std::chrono::milliseconds(50)) return false;
        last_check_ = now;
        const GilTaken taken;
        return never_unwound([] { return PyErr_CheckSignals(); }) != 0;
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point last_check_ = Clock::now(), last_look_ = last_check_;
    std::uint32_t stride_ = 1, calls_left_ = 1;
};

// Multiplications, or numbers touched, below which a call keeps the GIL: it takes a few microseconds.
inline constexpr std::size_t work_worth_the_gil = 20000;

// After a check that stopped the call: what it found, or that this is a child of the process that began.
[[noreturn]] inline void throw_found() {
    if (PyErr_Occurred() != nullptr) throw pybind11::error_already_set();
    throw Forked();
}

// rows * each, which a hostile shape may make wrap around: much then.
inline std::size_t work_of(std::size_t rows, std::size_t each) {
    std::size_t work = 0;
    return __builtin_mul_overflow(rows, each, &work) ? static_cast<std::size_t>(-1) : work;
}

// f(check) without the GIL when there is that much work; what it throws as Interrupted becomes Python's error that the check
// found. The caller says why that is safe.
template <class F>
auto without_gil(std::size_t work, F f) {
    try {
        const bool long_call = work >= work_worth_the_gil;
        const GilReleased released(long_call);
        InterruptPoll poll;
        // by reference: a copy of it would be allocated
        return f(long_call ? InterruptCheck(std::ref(poll)) : InterruptCheck());
    } catch (const Interrupted&) {
        throw_found();
    } catch (const Forked&) {
        throw_found();
    }
}

}  // namespace wbcore::bindings
