// The GIL, let go and taken back. Unlike pybind11's, these survive the end of the interpreter: a daemon thread that asks for
// the GIL then is ended by CPython (before 3.14) through pthread_exit, which unwinds the stack like an exception that nobody
// may catch. It would run into destructors, which end the process, and past workers that still use this thread's stack. So
// such a thread stops where it asked, as those of Python 3.14 do, and sleeps until the process is gone.
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

#include <utility>

namespace wbcore::bindings {

// Calls f, which enters Python and owns nothing that would need the GIL to be destroyed.
template <class F>
auto never_unwound(F f) {
    try {
        return f();
    } catch (abi::__forced_unwind&) {
        for (;;) pause();  // leaving the handler would go on unwinding
    }
}

// What this thread was to Python when it last let go of the GIL. PyGILState_Ensure would look it up, and at the interpreter's end
// find nothing and make a new one for an interpreter that is gone; PyEval_RestoreThread asks first whether there is one.
inline thread_local PyThreadState* released_state = nullptr;

// Without the GIL while it lives, if `wanted`: letting go of it costs a tenth of a small call.
class GilReleased {
public:
    explicit GilReleased(bool wanted = true) : is_released_(wanted) {
        if (wanted) before_ = std::exchange(released_state, PyEval_SaveThread());
    }
    ~GilReleased() {
        if (!is_released_) return;
        PyThreadState* const state = std::exchange(released_state, before_);
        never_unwound([state] { PyEval_RestoreThread(state); });
    }
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;

private:
    const bool is_released_;
    PyThreadState* before_ = nullptr;  // of a call whose callback this is
};

// With the GIL while it lives, on a thread that released it.
class GilTaken {
public:
    GilTaken() {
        never_unwound([] { PyEval_RestoreThread(released_state); });
    }
    ~GilTaken() { released_state = PyEval_SaveThread(); }
    GilTaken(const GilTaken&) = delete;
    GilTaken& operator=(const GilTaken&) = delete;
};

}  // namespace wbcore::bindings
