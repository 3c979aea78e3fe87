#include "held_out_classes.hpp"

namespace wbcore::bindings {

std::vector<std::int64_t> classes_of(const Dataset& data, const Named<Loss>& loss) {
    const bool shares = loss.info().targets == Targets::classes && !data.labels;
    const bool decisions = loss.info().targets == Targets::probabilities && data.y.cols == 1;
    if (!data.labels && !shares && !decisions) return {};
    std::vector<std::int64_t> classes(data.y.rows);
    for (std::size_t row = 0; row < data.y.rows; ++row) {
        std::size_t best = 0;
        for (std::size_t j = 1; j < data.y.cols; ++j)
            if (value_at(data.y, {row, j}) > value_at(data.y, {row, best})) best = j;
        const double value = value_at(data.y, {row, best});
        classes[row] = shares      ? static_cast<std::int64_t>(best)
                       : decisions ? static_cast<std::int64_t>(value > 0.5)
                                   : static_cast<std::int64_t>(value);
    }
    return classes;
}

}  // namespace wbcore::bindings
