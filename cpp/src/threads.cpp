#include "wbcore/threads.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "fork.hpp"

namespace wbcore {

namespace {

// Looks at `ready` for about fifty microseconds, the time that a sleeping thread needs to wake, before giving up.
template <class F>
bool spin_until(F ready) {
    for (int i = 0; i < 1500; ++i) {
        if (ready()) return true;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        // takes about as long as pause does; yield takes no time on most processors
        asm volatile("isb");
#endif
    }
    return ready();
}

// Waits until `value` is no longer `old`: first looking, then asleep.
void wait_while_equal(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    auto changed = [&] { return value.load(std::memory_order_acquire) != old; };
    if (spin_until(changed)) return;
    while (!changed()) value.wait(old, std::memory_order_acquire);
}

// A thread that waits for jobs. It lives as long as the process.
class Worker {
public:
    Worker() {
        std::thread([this] { serve(); }).detach();
    }

    void start(const TeamBody& body, std::size_t index, std::size_t size) {
        body_ = &body;
        index_ = index;
        size_ = size;
        ordered_.fetch_add(1, std::memory_order_release);
        ordered_.notify_one();
    }

    // Returns what the body threw, or null.
    std::exception_ptr wait_until_done() {
        wait_while_equal(done_, ordered_.load(std::memory_order_relaxed) - 1);
        return std::exchange(error_, nullptr);
    }

    Worker* next = nullptr;  // in the list that it is in: a team's or the idle ones'

private:
    void serve() {
        pthread_setname_np(pthread_self(), "wbcore");  // as debuggers and /proc show it
        for (std::uint32_t served = 0;; ++served) {
            wait_while_equal(ordered_, served);
            try {
                (*body_)(index_, size_);
            } catch (...) {
                error_ = std::current_exception();
            }
            done_.store(served + 1, std::memory_order_release);
            done_.notify_one();
        }
    }

    const TeamBody* body_ = nullptr;
    std::size_t index_ = 0, size_ = 0;
    std::exception_ptr error_;
    std::atomic<std::uint32_t> ordered_{0}, done_{0};  // how many bodies so far
};

// The workers that have nothing to do. Never destroyed: detached threads may outlive static objects.
class Pool {
public:
    static Pool& instance();

    // A list of n workers, or of as many as there can be, and their number.
    std::pair<Worker*, std::size_t> lease(std::size_t n) {
        const std::lock_guard lock(mutex_);
        Worker* team = nullptr;
        Worker** end = &team;
        for (std::size_t count = 0; count < n; ++count) {
            Worker* const worker =
                idle_ != nullptr ? std::exchange(idle_, idle_->next) : new_worker();
            if (worker == nullptr) return {team, count};
            *end = worker;
            end = &worker->next;
            *end = nullptr;
        }
        return {team, n};
    }

    void give_back(Worker* team) {
        Worker* last = team;
        while (last->next != nullptr) last = last->next;
        const std::lock_guard lock(mutex_);
        last->next = idle_;
        idle_ = team;
    }

private:
    // Null when the system has no thread or no memory for one: limits of the user, a container, an address space.
    static Worker* new_worker() {
        try {
            return new Worker;
        } catch (const std::system_error&) {
            return nullptr;
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    std::mutex mutex_;
    Worker* idle_ = nullptr;
};

std::atomic<Pool*> the_pool{nullptr};

// A forked child has none of its parent's threads: it forgets them and starts its own when it needs them.
void forget_pool() { the_pool.store(nullptr, std::memory_order_relaxed); }

Pool& Pool::instance() {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
    static_cast<void>(registered);
    Pool* pool = the_pool.load(std::memory_order_acquire);
    if (pool != nullptr) return *pool;
    Pool* fresh = new Pool;
    if (the_pool.compare_exchange_strong(pool, fresh, std::memory_order_acq_rel)) return *fresh;
    delete fresh;
    return *pool;
}

// The quota of a cgroup, in processors; 0 when there is none.
std::size_t cgroup_processors() {
    std::string quota;
    double period = 0;
    std::ifstream v2("/sys/fs/cgroup/cpu.max");
    if (!(v2 >> quota >> period)) {
        std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
            v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
        if (!(v1_quota >> quota && v1_period >> period)) return 0;
    }
    const double microseconds = std::strtod(quota.c_str(), nullptr);  // "max" and "-1" are no quota
    if (microseconds <= 0 || period <= 0) return 0;
    return static_cast<std::size_t>(std::max(1.0, microseconds / period + 0.5));
}

std::size_t environment_limit() {
    const char* text = std::getenv("WBCORE_NUM_THREADS");
    if (text == nullptr || *text == '\0') return 0;
    const std::string value = text;
    std::size_t n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc() || end != value.data() + value.size() || n == 0 || n > max_threads)
        throw std::runtime_error("[WBCORE_NUM_THREADS] expected a number from 1 to " +
                                 std::to_string(max_threads) + ", got '" + value + "'");
    return n;
}

// OMP_NUM_THREADS, which launchers of many processes set so that these do not use more processors than there are: "4", or for
// nested teams "4,2". It is OpenMP's variable, and what OpenMP would not understand is passed over.
std::size_t openmp_limit() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    if (text == nullptr) return 0;
    const std::string_view value = text;
    constexpr std::string_view blanks = " \t";
    const std::size_t first = std::min(value.find_first_not_of(blanks), value.size());
    std::size_t n = 0;
    const auto [end, error] = std::from_chars(value.data() + first, value.data() + value.size(), n);
    const std::string_view rest(end, static_cast<std::size_t>(value.data() + value.size() - end));
    const std::size_t next = rest.find_first_not_of(blanks);
    const bool ends = next == std::string_view::npos || rest[next] == ',';
    return error == std::errc() && ends ? std::min(n, max_threads) : 0;
}

std::atomic<std::size_t> process_limit{0};
thread_local std::size_t limit_here = 0;

std::atomic<std::size_t> computing{0};
thread_local std::size_t computing_here = 0;  // how many Computing this thread has
// How many there were when one of several stopped, and when that was. Nothing but the size of teams depends on them.
std::atomic<std::size_t> computed{0};
std::atomic<std::int64_t> stopped_at{0};

std::int64_t nanoseconds() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Who fits one network after another is back within milliseconds; the others need not take its processor and give it back.
bool stopped_just_now() {
    constexpr std::int64_t quarter_of_a_second = 250'000'000;
    return nanoseconds() - stopped_at.load(std::memory_order_relaxed) < quarter_of_a_second;
}

// In a forked child there is no other thread.
void forget_others() {
    computing.store(computing_here != 0 ? 1 : 0, std::memory_order_relaxed);
    computed.store(0, std::memory_order_relaxed);
}

// The processors that are this process's: others have theirs.
std::size_t processors_here() {
    static const std::size_t from_environment = environment_limit();
    if (from_environment != 0) return from_environment;
    static const std::size_t openmp = openmp_limit();
    const std::size_t processors = available_processors();
    return openmp == 0 ? processors : std::min(openmp, processors);
}

}  // namespace

std::size_t available_processors() {
    static const std::size_t quota = cgroup_processors();
    cpu_set_t set;
    CPU_ZERO(&set);
    const std::size_t allowed = sched_getaffinity(0, sizeof set, &set) == 0
                                    ? static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)))
                                    : 1;
    return quota == 0 ? allowed : std::min(allowed, quota);
}

std::size_t thread_limit() {
    if (limit_here != 0) return limit_here;
    if (const std::size_t n = process_limit.load(std::memory_order_relaxed)) return n;
    return processors_here();
}

void set_thread_limit(std::size_t n) {
    process_limit.store(std::min(n, max_threads), std::memory_order_relaxed);
}

std::size_t set_thread_limit_here(std::size_t n) {
    return std::exchange(limit_here, std::min(n, max_threads));
}

Computing::Computing() {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_others);
    static_cast<void>(registered);
    if (computing_here++ == 0) computing.fetch_add(1, std::memory_order_relaxed);
}

Computing::~Computing() {
    if (--computing_here != 0) return;
    const std::size_t all = computing.fetch_sub(1, std::memory_order_relaxed);
    if (all == 1 || (all < computed.load(std::memory_order_relaxed) && stopped_just_now())) return;
    computed.store(all, std::memory_order_relaxed);
    stopped_at.store(nanoseconds(), std::memory_order_relaxed);
}

std::size_t sharers() {
    const std::size_t now =
        computing.load(std::memory_order_relaxed) + (computing_here == 0 ? 1 : 0);
    const std::size_t before = computed.load(std::memory_order_relaxed);
    return before > now && stopped_just_now() ? before : now;
}

std::size_t thread_share() {
    const std::size_t limit = thread_limit();
    const std::size_t all = sharers();
    if (limit == 1 || all == 1) return limit;
    return std::clamp<std::size_t>(processors_here() / all, 1, limit);
}

Barrier::Barrier() : fork_generation_(fork_generation()) {}

bool Barrier::is_forked() const { return fork_generation() != fork_generation_; }

void Barrier::arrive_and_wait(std::size_t size) {
    if (size == 1 || is_forked()) return;
    const std::uint32_t phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < size)
        return wait_while_equal(phase_, phase);
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    phase_.notify_all();
}

void run_team(std::size_t n, const TeamBody& body) {
    if (n <= 1) return body(0, 1);
    const Computing counted;
    const std::uint64_t generation = fork_generation();
    Pool& pool = Pool::instance();
    const auto [team, workers] = pool.lease(n - 1);
    if (workers == 0) return body(0, 1);
    std::size_t t = 0;
    for (Worker* worker = team; worker != nullptr; worker = worker->next)
        worker->start(body, ++t, workers + 1);
    // The workers use `body` until the last of them is done, whatever happens here.
    std::exception_ptr error;
    try {
        body(0, workers + 1);
    } catch (...) {
        error = std::current_exception();
    }
    if (fork_generation() != generation) throw Forked();  // the workers are not in this process
    for (Worker* worker = team; worker != nullptr; worker = worker->next) {
        const std::exception_ptr of_worker = worker->wait_until_done();
        if (error == nullptr) error = of_worker;
    }
    pool.give_back(team);
    if (error != nullptr) std::rethrow_exception(error);
}

Range part(std::size_t total, std::size_t n, std::size_t t, std::size_t grain) {
    if (n == 1) return {0, total};
    const std::size_t grains = (total + grain - 1) / grain;
    const std::size_t first = grains * t / n * grain, last = grains * (t + 1) / n * grain;
    return {std::min(first, total), std::min(last, total)};
}

}  // namespace wbcore
