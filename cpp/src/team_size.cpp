#include "team_size.hpp"

#include <algorithm>

#include "wbcore/threads.hpp"

namespace wbcore {

namespace {

// Multiplications and additions of one step, the measure of what a second thread can save.
double step_work(const std::vector<Dense>& layers, std::size_t rows) {
    double work = 0;
    for (const Dense& layer : layers)
        work += 3.0 * static_cast<double>(layer.inputs) * static_cast<double>(layer.outputs);
    return work * static_cast<double>(rows);
}

// Below this a step takes a few microseconds, and the barriers cost more than a second thread saves.
constexpr double work_worth_a_thread = 200e3;

std::size_t threads_worth(const std::vector<Dense>& layers, std::size_t rows) {
    constexpr auto most = static_cast<double>(max_threads);
    return static_cast<std::size_t>(std::min(step_work(layers, rows) / work_worth_a_thread, most));
}

}  // namespace

std::size_t team_size(std::size_t asked, const std::vector<Dense>& layers, std::size_t rows) {
    if (asked != 0) return asked;
    const std::size_t worth = threads_worth(layers, rows);
    // not asking the system for its processors, which takes longer than a small prediction
    return worth < 2 ? 1 : std::min(thread_share(), worth);
}

std::size_t largest_team(std::size_t asked, const std::vector<Dense>& layers, std::size_t rows) {
    if (asked != 0) return asked;
    const std::size_t worth = threads_worth(layers, rows);
    return worth < 2 ? 1 : std::min(thread_limit(), worth);
}

}  // namespace wbcore
