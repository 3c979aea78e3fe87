#include "wbcore/held_out.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wbcore/random.hpp"

namespace wbcore {

namespace {

// Rows of one class stay in their order.
void order_by(std::span<const std::int64_t> classes, std::vector<std::int64_t>& line) {
    std::vector<std::size_t> places(line.size());
    for (std::size_t i = 0; i < line.size(); ++i) places[static_cast<std::size_t>(line[i])] = i;
    std::ranges::sort(line, {}, [&](std::int64_t row) {
        const auto at = static_cast<std::size_t>(row);
        return std::pair(classes[at], places[at]);
    });
}

}  // namespace

std::size_t held_out_count(std::size_t n, double fraction) {
    const double nearest = std::floor(fraction * static_cast<double>(n) + 0.5);
    return std::clamp(static_cast<std::size_t>(nearest), std::size_t(1), n - 1);
}

HeldOut held_out_rows(std::size_t n,
                      std::size_t count,
                      std::uint64_t seed,
                      std::span<const std::int64_t> classes,
                      const InterruptCheck& interrupted) {
    std::vector<std::int64_t> line(n);
    permute(line, seed, held_out_stream, interrupted);
    if (!classes.empty()) order_by(classes, line);
    // Evenly along the line: whoever takes the middle of each n / count rows takes from any stretch its share.
    std::vector<bool> is_held(n);
    std::size_t left = n;  // (2 i count + n) mod 2 n, of the place i
    for (const std::int64_t row : line) {
        left += 2 * count;
        if (left < 2 * n) continue;
        left -= 2 * n;
        is_held[static_cast<std::size_t>(row)] = true;
    }
    HeldOut rows;
    rows.validation.reserve(count);
    rows.training.reserve(n - count);
    for (std::size_t row = 0; row < n; ++row)
        (is_held[row] ? rows.validation : rows.training).push_back(static_cast<std::int64_t>(row));
    return rows;
}

}  // namespace wbcore
