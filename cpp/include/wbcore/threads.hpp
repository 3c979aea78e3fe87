// A team of threads that runs one function side by side. It lives as long as the call that made it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace wbcore {

// How many processors this process may use (its affinity mask).
std::size_t available_processors();

// All of `size` threads wait until each has arrived.
class Barrier {
public:
    explicit Barrier(std::size_t size) : size_(size) {}
    void arrive_and_wait();

private:
    const std::size_t size_;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> phase_{0};
};

// body(t) for t = 0 .. n - 1, each on its own thread, the caller's being t = 0. `body` must not throw.
void run_team(std::size_t n, const std::function<void(std::size_t)>& body);

// The t-th of n contiguous parts of 0 .. total - 1, cut at multiples of `grain`.
struct Range {
    std::size_t first, last;
};
Range part(std::size_t total, std::size_t n, std::size_t t, std::size_t grain = 1);

}  // namespace wbcore
