#include "fork.hpp"

#include <pthread.h>

#include <atomic>
#include <new>

namespace wbcore {

namespace {

std::atomic<std::uint64_t> generation{1};

// Never destroyed: threads may outlive static objects.
std::shared_mutex& gate() {
    static auto* const mutex = new std::shared_mutex;
    return *mutex;
}

void before_fork() { gate().lock(); }
void after_fork_in_parent() { gate().unlock(); }
// A new one, since the old one may count threads that waited for it and are not here.
void after_fork_in_child() {
    new (&gate()) std::shared_mutex;
    generation.fetch_add(1, std::memory_order_relaxed);
}

void watch_forks() {
    static const int registered =
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    static_cast<void>(registered);
}

}  // namespace

std::uint64_t thread_number() {
    static std::atomic<std::uint64_t> last{0};
    thread_local const std::uint64_t mine = last.fetch_add(1, std::memory_order_relaxed) + 1;
    return mine;
}

std::shared_mutex& fork_gate() {
    watch_forks();
    return gate();
}

std::uint64_t fork_generation() {
    watch_forks();
    return generation.load(std::memory_order_relaxed);
}

}  // namespace wbcore
