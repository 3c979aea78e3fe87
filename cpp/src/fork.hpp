// What a forked child must find: no lock held, and nothing in use, by a thread that it does not have.
#pragma once

#include <cstdint>
#include <shared_mutex>

namespace wbcore {

// Held, shared, by whoever holds a lock that must be free in a child; a fork waits until nobody does.
std::shared_mutex& fork_gate();

// Changes in a child: what carries an older number was left behind by a thread of the parent. At least 1.
std::uint64_t fork_generation();

// A number of this thread alone, also in a child that it forks. At least 1.
std::uint64_t thread_number();

}  // namespace wbcore
