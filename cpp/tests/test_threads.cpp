// Teams of threads, their barrier, and how work is dealt out.
#include "wbcore/threads.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace wbcore;

namespace {

void every_member_runs_once() {
    for (const std::size_t n : {1u, 2u, 3u, 8u}) {
        const checks::Note note("n", n);
        std::vector<int> runs(n);
        std::mutex mutex;
        std::set<std::thread::id> ids;
        const std::thread::id caller = std::this_thread::get_id();
        bool caller_is_first = false;
        run_team(n, [&](std::size_t t, std::size_t) {
            const std::lock_guard<std::mutex> lock(mutex);
            ++runs[t];
            ids.insert(std::this_thread::get_id());
            if (t == 0) caller_is_first = std::this_thread::get_id() == caller;
        });
        for (const int count : runs) CHECK_EQUAL(count, 1);
        CHECK_EQUAL(ids.size(), n);
        CHECK(caller_is_first);
    }
}

// Errors of members come back to the caller, after all members are done; the team can be used again.
void errors_reach_the_caller() {
    for (const std::size_t n : {1u, 2u, 5u})
        for (std::size_t thrower = 0; thrower <= n; ++thrower) {  // n: all of them
            const checks::Note note("n, thrower",
                                    std::to_string(n) + ", " + std::to_string(thrower));
            std::atomic<std::size_t> done{0};
            CHECK_THROWS(std::runtime_error, "member", run_team(n, [&](std::size_t t, std::size_t) {
                             if (t == thrower || thrower == n) {
                                 ++done;
                                 throw std::runtime_error("member " + std::to_string(t));
                             }
                             std::this_thread::sleep_for(std::chrono::milliseconds(2));
                             ++done;
                         }));
            CHECK_EQUAL(done.load(), n);
            std::atomic<std::size_t> again{0};
            run_team(n, [&](std::size_t, std::size_t) { ++again; });
            CHECK_EQUAL(again.load(), n);
        }
}

// Callers on many threads, and teams within teams: each has members of its own.
void teams_side_by_side() {
    std::vector<int> wrong(6);
    std::vector<std::thread> callers;
    for (std::size_t c = 0; c < wrong.size(); ++c)
        callers.emplace_back([&wrong, c] {
            for (int round = 0; round < 100; ++round) {
                const std::size_t n = (c + static_cast<std::size_t>(round)) % 4 + 1;
                std::vector<int> runs(n);
                Barrier barrier;
                run_team(n, [&](std::size_t t, std::size_t size) {
                    ++runs[t];
                    barrier.arrive_and_wait(size);  // only a team that is whole comes through
                });
                for (const int count : runs) wrong[c] += count != 1;
            }
        });
    for (std::thread& caller : callers) caller.join();
    for (const int count : wrong) CHECK_EQUAL(count, 0);
    std::atomic<int> inner{0};
    run_team(3, [&](std::size_t, std::size_t) {
        run_team(2, [&](std::size_t, std::size_t) { ++inner; });
    });
    CHECK_EQUAL(inner.load(), 6);
}

void limits() {
    const std::size_t most = thread_limit();
    CHECK(most >= 1);
    set_thread_limit(5);
    CHECK_EQUAL(thread_limit(), std::size_t(5));
    CHECK_EQUAL(set_thread_limit_here(3), std::size_t(0));
    CHECK_EQUAL(thread_limit(), std::size_t(3));
    std::size_t elsewhere = 0;
    std::thread([&] { elsewhere = thread_limit(); }).join();
    CHECK_EQUAL(elsewhere, std::size_t(5));
    CHECK_EQUAL(set_thread_limit_here(0), std::size_t(3));
    CHECK_EQUAL(thread_limit(), std::size_t(5));
    set_thread_limit(0);
    CHECK_EQUAL(thread_limit(), most);
}

// Who computes counts once, and leaves those that compute at the same time their part of the processors, also for a moment
// after it has stopped; a child is alone.
void shares() {
    auto wait_for = [](std::size_t n) {
        while (sharers() != n) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    wait_for(1);  // the tests before this one have just stopped
    const std::size_t alone = thread_share(), half = std::max<std::size_t>(1, alone / 2);
    CHECK_EQUAL(alone, thread_limit());
    const Computing here, nested;
    CHECK_EQUAL(sharers(), std::size_t(1));
    CHECK_EQUAL(thread_share(), alone);
    std::chrono::steady_clock::time_point began;
    std::thread([&] {
        CHECK_EQUAL(sharers(), std::size_t(2));
        CHECK_EQUAL(thread_share(), half);
        const Computing elsewhere;
        CHECK_EQUAL(sharers(), std::size_t(2));
        const std::size_t before = set_thread_limit_here(1);
        CHECK_EQUAL(thread_share(), std::size_t(1));
        set_thread_limit_here(before);
        run_team(2, [](std::size_t t, std::size_t) {
            if (t == 0) CHECK_EQUAL(sharers(), std::size_t(2));
        });
        began = std::chrono::steady_clock::now();  // before it stops, however late its end is seen
#if !defined(__SANITIZE_THREAD__)
        if (std::getenv("WBCORE_TESTS_EMULATED") != nullptr) return;
        const pid_t child = fork();
        if (child == 0) _exit(sharers() == 1 && thread_share() == thread_limit() ? 0 : 1);
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK_EQUAL(status, 0);
#endif
    }).join();
    wait_for(1);
    CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(20));
    CHECK_EQUAL(thread_share(), alone);
}

// A child process has none of its parent's threads, and starts its own.
void forks() {
    // Neither the thread sanitizer nor qemu's emulation of one process supports threads in a child.
#if !defined(__SANITIZE_THREAD__)
    if (std::getenv("WBCORE_TESTS_EMULATED") != nullptr) return;
    run_team(3, [](std::size_t, std::size_t) {});
    const pid_t child = fork();
    if (child == 0) {
        std::atomic<int> runs{0};
        run_team(4, [&](std::size_t, std::size_t) { ++runs; });
        _exit(runs.load());
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQUAL(WEXITSTATUS(status), 4);
    every_member_runs_once();
#endif
}

// Threads from now on ask for more memory for their stacks than there are addresses. Says whether the C library agreed.
bool let_no_thread_start() {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    const bool set = pthread_attr_setstacksize(&attributes, std::size_t(1) << 46) == 0 &&
                     pthread_setattr_default_np(&attributes) == 0;
    pthread_attr_destroy(&attributes);
    return set;
}

// A team takes the threads that there are; its members know how many they are, and meet at the barrier.
void check_team_of(std::size_t asked, std::size_t expected) {
    const checks::Note note("asked", asked);
    std::vector<int> runs(asked);
    std::atomic<std::size_t> together{0}, wrong{0};
    Barrier barrier;
    run_team(asked, [&](std::size_t t, std::size_t size) {
        ++runs[t];
        ++together;
        barrier.arrive_and_wait(size);
        if (size != expected || together != expected) ++wrong;
    });
    CHECK_EQUAL(wrong.load(), std::size_t(0));
    for (std::size_t t = 0; t < asked; ++t) CHECK_EQUAL(runs[t], t < expected ? 1 : 0);
}

// In a process of its own, which has no way back from it. It starts without workers.
void lack_of_threads() {
#if !defined(__SANITIZE_THREAD__)
    if (std::getenv("WBCORE_TESTS_EMULATED") != nullptr) return;
    for (const std::size_t workers : {0u, 2u}) {
        const checks::Note note("workers", workers);
        const pid_t child = fork();
        if (child == 0) {
            run_team(workers + 1, [](std::size_t, std::size_t) {});
            if (!let_no_thread_start()) _exit(0);
            for (const std::size_t asked : {1u, 2u, 3u, 4u, 9u})
                check_team_of(asked, std::min(asked, workers + 1));
            // all have come back
            check_team_of(9, workers + 1);
            _exit(checks::result());
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK_EQUAL(WEXITSTATUS(status), 0);
    }
#endif
}

// Plain numbers written before the barrier are read by the neighbour after it, thousands of times over: a thread
// sanitizer sees a missing order, and any thread that runs ahead reads a wrong number.
void barrier_orders_rounds(std::size_t n, int rounds) {
    const checks::Note note("n", n);
    Barrier barrier;
    std::vector<int> written(n * 16);  // a cache line each
    std::vector<int> wrong(n);
    run_team(n, [&](std::size_t t, std::size_t size) {
        for (int round = 1; round <= rounds; ++round) {
            written[t * 16] = round;
            barrier.arrive_and_wait(size);
            for (std::size_t other = 0; other < n; ++other)
                if (written[other * 16] != round) ++wrong[t];
            barrier.arrive_and_wait(size);
        }
    });
    for (const int count : wrong) CHECK_EQUAL(count, 0);
}

// One thread comes so late that the others have gone to sleep.
void barrier_wakes_sleepers() {
    Barrier barrier;
    std::atomic<int> through{0};
    run_team(3, [&](std::size_t t, std::size_t size) {
        if (t == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
        barrier.arrive_and_wait(size);
        ++through;
        if (t == 2) std::this_thread::sleep_for(std::chrono::milliseconds(30));
        barrier.arrive_and_wait(size);
        CHECK_EQUAL(through.load(), 3);
    });
}

// The parts follow each other, cover everything once, are cut at multiples of the grain, and are about equal.
void parts() {
    for (std::size_t total = 0; total <= 70; ++total)
        for (std::size_t n = 1; n <= 9; ++n)
            for (const std::size_t grain : {1u, 2u, 8u, 16u}) {
                const checks::Note note("total, n, grain", std::to_string(total) + ", " +
                                                               std::to_string(n) + ", " +
                                                               std::to_string(grain));
                std::size_t at = 0;
                const std::size_t grains = (total + grain - 1) / grain;
                for (std::size_t t = 0; t < n; ++t) {
                    const Range range = part(total, n, t, grain);
                    CHECK_EQUAL(range.first, at);
                    CHECK(range.first <= range.last);
                    CHECK(range.last % grain == 0 || range.last == total);
                    CHECK(range.last - range.first <= (grains + n - 1) / n * grain);
                    at = range.last;
                }
                CHECK_EQUAL(at, total);
            }
}

}  // namespace

int main() {
    CHECK(available_processors() >= 1);
    every_member_runs_once();
    errors_reach_the_caller();
    teams_side_by_side();
    limits();
    shares();
    forks();
    lack_of_threads();
    barrier_orders_rounds(1, 100);
    barrier_orders_rounds(2, 3000);
    barrier_orders_rounds(5, 300);
    barrier_wakes_sleepers();
    parts();
    return checks::result();
}
