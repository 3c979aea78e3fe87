#include "wbcore/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace wbcore {

std::size_t available_processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

void Barrier::arrive_and_wait() {
    if (size_ == 1) return;
    const std::uint32_t phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        arrived_.store(0, std::memory_order_relaxed);
        phase_.store(phase + 1, std::memory_order_release);
        phase_.notify_all();
        return;
    }
    // A phase is a few microseconds long: look for about twenty before going to sleep.
    for (int i = 0; i < 4000; ++i) {
        if (phase_.load(std::memory_order_acquire) != phase) return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    while (phase_.load(std::memory_order_acquire) == phase)
        phase_.wait(phase, std::memory_order_acquire);
}

void run_team(std::size_t n, const std::function<void(std::size_t)>& body) {
    if (n <= 1) return body(0);
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < n; ++t) others.emplace_back(body, t);
    body(0);
    for (std::thread& other : others) other.join();
}

Range part(std::size_t total, std::size_t n, std::size_t t, std::size_t grain) {
    const std::size_t grains = (total + grain - 1) / grain;
    const std::size_t first = grains * t / n * grain, last = grains * (t + 1) / n * grain;
    return {std::min(first, total), std::min(last, total)};
}

}  // namespace wbcore
