#include "wbcore/parameter_lock.hpp"

#include "fork.hpp"

namespace wbcore {

void ParameterLock::lock() {
    fork_gate().lock_shared();
    mutex_.lock();
}

void ParameterLock::unlock() {
    mutex_.unlock();
    fork_gate().unlock_shared();
}

void ParameterLock::lock_shared() {
    fork_gate().lock_shared();
    mutex_.lock_shared();
}

void ParameterLock::unlock_shared() {
    mutex_.unlock_shared();
    fork_gate().unlock_shared();
}

}  // namespace wbcore
