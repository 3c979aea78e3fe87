#include "weights.hpp"

#include <algorithm>

#include "row_tree.hpp"

namespace wbcore {

template <class T>
std::optional<double> weight_of_rows(const Dataset& data,
                                     const std::int64_t* order,
                                     std::size_t first,
                                     std::size_t n) {
    if (!data.weights || n == 0) return static_cast<double>(n);
    if (order == nullptr && !data.chosen.empty()) order = data.chosen.data();
    T leaf[kernels::row_leaf];
    RowTree<double> tree;
    for (std::size_t start = first; start < first + n; start += kernels::row_leaf) {
        const std::size_t rows = std::min(kernels::row_leaf, first + n - start);
        const bool good =
            order != nullptr
                ? gather_weights(*data.weights, order + start, rows, leaf)
                : gather_weights(data.weights->rows_from(start, rows), nullptr, rows, leaf);
        if (!good) return std::nullopt;
        double sum = 0;
        for (std::size_t r = 0; r < rows; ++r) sum += static_cast<double>(leaf[r]);
        tree.push(sum);
    }
    return tree.total();
}

template <class T>
double total_weight(const Dataset& data) {
    const std::optional<double> weight = weight_of_rows<T>(data, nullptr, 0, data.count());
    if (!weight) throw InputError(InputArray::weights);
    return *weight;
}

template double total_weight<float>(const Dataset&);
template double total_weight<double>(const Dataset&);
template std::optional<double> weight_of_rows<float>(const Dataset&,
                                                     const std::int64_t*,
                                                     std::size_t,
                                                     std::size_t);
template std::optional<double> weight_of_rows<double>(const Dataset&,
                                                      const std::int64_t*,
                                                      std::size_t,
                                                      std::size_t);

}  // namespace wbcore
