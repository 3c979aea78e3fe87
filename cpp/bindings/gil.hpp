// The GIL, let go and taken back. Unlike pybind11's, these survive the end of the interpreter: a daemon thread that asks for
// the GIL then is ended by CPython (before 3.14) through pthread_exit, which unwinds the stack like an exception that nobody
// may catch. It would run into destructors, which end the process, and past workers that still use this thread's stack. So
// such a thread stops where it asked, as those of Python 3.14 do, and sleeps until the process is gone.
#pragma once

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

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

// Without the GIL while it lives, if `wanted`: letting go of it costs a tenth of a small call.
class GilReleased {
public:
    explicit GilReleased(bool wanted = true) : state_(wanted ? PyEval_SaveThread() : nullptr) {}
    ~GilReleased() {
        if (state_ == nullptr) return;
        never_unwound([this] { PyEval_RestoreThread(state_); });
    }
    GilReleased(const GilReleased&) = delete;
    GilReleased& operator=(const GilReleased&) = delete;

private:
    PyThreadState* state_;
};

// With the GIL while it lives, on a thread that released it.
class GilTaken {
public:
    GilTaken() : state_(never_unwound([] { return PyGILState_Ensure(); })) {}
    ~GilTaken() { PyGILState_Release(state_); }
    GilTaken(const GilTaken&) = delete;
    GilTaken& operator=(const GilTaken&) = delete;

private:
    PyGILState_STATE state_;
};

}  // namespace wbcore::bindings
