// Threads: a pool that starts when it is first needed, sleeps when it is not, and never splits a sum.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "wbcore/range.hpp"

namespace wbcore {

// Far above any processor: who asks for more has made a slip.
inline constexpr std::size_t max_threads = 1024;

// How many processors this process may use: its affinity mask and its cgroup's quota.
std::size_t available_processors();

// The most threads that a call uses when it is not told a number: the number set for this thread, else the one set for
// the process, else WBCORE_NUM_THREADS, else available_processors() or, if it is less, OMP_NUM_THREADS. Throws
// std::runtime_error for a bad WBCORE_NUM_THREADS; a bad OMP_NUM_THREADS is passed over.
std::size_t thread_limit();
// 0 returns to the default.
void set_thread_limit(std::size_t n);
// For the calling thread alone; returns what was set before (0: nothing).
std::size_t set_thread_limit_here(std::size_t n);

// While one lives, its thread counts as one that computes; once, however many it has.
class Computing {
public:
    Computing();
    ~Computing();
    Computing(const Computing&) = delete;
    Computing& operator=(const Computing&) = delete;
};
// How many threads of this process share its processors, each with a team of its own: the calling one, those that compute, and
// for a quarter of a second those that have stopped, since whoever searches trains one network after another.
std::size_t sharers();
// thread_limit(), or what is left of the processors for the calling thread where it shares them. At least 1.
std::size_t thread_share();

// All of `size` threads wait until each has arrived. The size comes with them: only a team that runs knows how many it is.
// In a child that one of them has forked nobody is waited for.
class Barrier {
public:
    Barrier();
    void arrive_and_wait(std::size_t size);
    bool is_forked() const;

private:
    const std::uint64_t fork_generation_;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> phase_{0};
};

// A function of a thread's number and of how many there are, seen and not owned: a std::function of many captures would
// allocate in every call.
class TeamBody {
public:
    template <class F>
    explicit TeamBody(const F& body)
        : body_(&body), call_([](const void* f, std::size_t t, std::size_t size) {
              (*static_cast<const F*>(f))(t, size);
          }) {}
    void operator()(std::size_t t, std::size_t size) const { call_(body_, t, size); }

private:
    const void* body_;
    void (*call_)(const void*, std::size_t, std::size_t);
};

// What run_team throws in a child that one of its bodies has forked: the other threads are not there, and their part is not done.
class Forked : public std::runtime_error {
public:
    Forked()
        : std::runtime_error(
              "expected to end in the process that began, got a child that was forked within it") {}
};

// body(t, size) for t = 0 .. size - 1 at the same time, the caller's thread being t = 0. The size is n, or less when the
// system has no more threads: since no result depends on it, fewer are better than none. When some throw, one of their
// errors is thrown here after all are done; a body that waits for the others must not throw. Throws Forked.
// Any number of threads may call this at once; each call has workers of its own. Allocates only when workers are lacking.
void run_team(std::size_t n, const TeamBody& body);

template <class F>
void run_team(std::size_t n, const F& body) {
    run_team(n, TeamBody(body));
}

// The t-th of n contiguous parts of 0 .. total - 1, cut at multiples of `grain`.
Range part(std::size_t total, std::size_t n, std::size_t t, std::size_t grain = 1);

}  // namespace wbcore
