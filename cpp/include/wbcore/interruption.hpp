// Stopping a long call from outside, as Ctrl-C does.
#pragma once

#include <exception>
#include <functional>

namespace wbcore {

// Asked now and then by the thread that called, at least every tenth of a second or so; true: stop as soon as it can be
// done. Must not throw.
using InterruptCheck = std::function<bool()>;

// What a call that has no status to return throws then. Nothing has been changed but its own output.
struct Interrupted : std::exception {
    const char* what() const noexcept override { return "interrupted"; }
};

inline void stop_if(const InterruptCheck& interrupted) {
    if (interrupted && interrupted()) throw Interrupted();
}

}  // namespace wbcore
