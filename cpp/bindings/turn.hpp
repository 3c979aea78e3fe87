// Who may write into a network, or into what it keeps for backward: one at a time.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

#include "fork.hpp"

namespace wbcore::bindings {

// Who uses a network: nobody, or a thread of some process. Taken and given back in C++, within one call from Python, so that no
// signal comes in between.
class UseOfNetwork {
public:
    bool take() {
        const std::uint64_t here = fork_generation() << bits, me = here | thread_number();
        std::uint64_t user = user_.load(std::memory_order_relaxed);
        // A user of the parent process is a thread that this one does not have, but for the thread that forked.
        const bool is_mine = (user & thread_bits) == (me & thread_bits);
        const bool is_left_over = (user & ~thread_bits) != here && !is_mine;
        return (user == 0 || is_left_over) &&
               user_.compare_exchange_strong(user, me, std::memory_order_acquire);
    }
    void give_back() { user_.store(0, std::memory_order_release); }

private:
    static constexpr int bits = 40;  // for threads; the rest counts forks in a line
    static constexpr std::uint64_t thread_bits = (std::uint64_t(1) << bits) - 1;
    std::atomic<std::uint64_t> user_{0};
};

// Waits for nobody: two trainings of one network at a time are a slip.
class Turn {
public:
    Turn(UseOfNetwork& use, const std::string& operation) : use_(use) {
        if (!use_.take())
            throw std::runtime_error(
                "[" + operation +
                "] expected a network that is not being trained, got one that another thread, or "
                "the fit whose callback this is, is training; train a copy: net.copy()");
    }
    ~Turn() { use_.give_back(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    UseOfNetwork& use_;
};

}  // namespace wbcore::bindings
