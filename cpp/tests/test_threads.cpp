// Teams of threads, their barrier, and how work is dealt out.
#include "wbcore/threads.hpp"

#include <atomic>
#include <mutex>
#include <set>
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
        run_team(n, [&](std::size_t t) {
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

// Plain numbers written before the barrier are read by the neighbour after it, thousands of times over: a thread
// sanitizer sees a missing order, and any thread that runs ahead reads a wrong number.
void barrier_orders_rounds(std::size_t n, int rounds) {
    const checks::Note note("n", n);
    Barrier barrier(n);
    std::vector<int> written(n * 16);  // a cache line each
    std::vector<int> wrong(n);
    run_team(n, [&](std::size_t t) {
        for (int round = 1; round <= rounds; ++round) {
            written[t * 16] = round;
            barrier.arrive_and_wait();
            for (std::size_t other = 0; other < n; ++other)
                if (written[other * 16] != round) ++wrong[t];
            barrier.arrive_and_wait();
        }
    });
    for (const int count : wrong) CHECK_EQUAL(count, 0);
}

// One thread comes so late that the others have gone to sleep.
void barrier_wakes_sleepers() {
    Barrier barrier(3);
    std::atomic<int> through{0};
    run_team(3, [&](std::size_t t) {
        if (t == 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
        barrier.arrive_and_wait();
        ++through;
        if (t == 2) std::this_thread::sleep_for(std::chrono::milliseconds(30));
        barrier.arrive_and_wait();
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
    barrier_orders_rounds(1, 100);
    barrier_orders_rounds(2, 3000);
    barrier_orders_rounds(5, 300);
    barrier_wakes_sleepers();
    parts();
    return checks::result();
}
