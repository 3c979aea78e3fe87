// Who writes all parameters of a network and who copies them take turns, so that a copy is never half old and half new.
#pragma once

#include <shared_mutex>

namespace wbcore {

// For std::unique_lock (train and step, while they write) and std::shared_lock (what copies: evaluate, Predictor, ...).
// A fork waits until nobody holds one, so that a child finds all of them free and the parameters whole. Whoever holds one must
// not wait for anything else.
class ParameterLock {
public:
    ParameterLock() = default;
    // Each network has its own, also one that is copied or moved.
    ParameterLock(const ParameterLock&) noexcept {}
    ParameterLock(ParameterLock&&) noexcept {}
    ParameterLock& operator=(const ParameterLock&) noexcept { return *this; }
    ParameterLock& operator=(ParameterLock&&) noexcept { return *this; }
    ~ParameterLock() = default;

    void lock();
    void unlock();
    void lock_shared();
    void unlock_shared();

private:
    std::shared_mutex mutex_;
};

}  // namespace wbcore
