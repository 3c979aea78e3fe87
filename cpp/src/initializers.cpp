#include "wbcore/initializers.hpp"

#include <cmath>
#include <vector>

#include "kernels/fma.hpp"
#include "kernels/kernel_table.hpp"
#include "wbcore/random.hpp"

namespace wbcore {

namespace {

// What is drawn for an initializer, and what a draw becomes: scale * draw, or low + (high - low) * draw.
struct Recipe {
    enum class Draw : std::uint8_t { none, normal, uniform, truncated } draw;
    double scale_or_low, high;
};

Recipe recipe(Initializer initializer, double inputs, double outputs) {
    using Draw = Recipe::Draw;
    auto normal = [](double variance) { return Recipe{Draw::normal, std::sqrt(variance), 0}; };
    auto uniform = [](double squared_limit) {
        const double limit = std::sqrt(squared_limit);
        return Recipe{Draw::uniform, -limit, limit};
    };
    switch (initializer) {
        case Initializer::zeros:
            return {Draw::none, 0, 0};
        case Initializer::ones:
            return {Draw::none, 1, 0};
        case Initializer::uniform:
            return {Draw::uniform, 0, 1};
        case Initializer::truncated_normal:
            return {Draw::truncated, 1, 0};
        case Initializer::xavier:
        case Initializer::lecun_normal:
            return normal(1 / inputs);
        case Initializer::he:
            return normal(2 / inputs);
        case Initializer::glorot_normal:
            return normal(2 / (inputs + outputs));
        case Initializer::glorot_uniform:
            return uniform(6 / (inputs + outputs));
        case Initializer::he_uniform:
            return uniform(6 / inputs);
        case Initializer::lecun_uniform:
            return uniform(3 / inputs);
        case Initializer::normal:
        case Initializer::orthogonal:
            break;
    }
    return normal(1);
}

double value(const Recipe& recipe, PhiloxStream& stream) {
    switch (recipe.draw) {
        case Recipe::Draw::none:
            return recipe.scale_or_low;
        case Recipe::Draw::normal:
            return stream.standard_normal() * recipe.scale_or_low;
        case Recipe::Draw::uniform:
            return recipe.scale_or_low + (recipe.high - recipe.scale_or_low) * stream.uniform();
        case Recipe::Draw::truncated:
            break;
    }
    // the quantiles between those of -2 and 2
    return normal_quantile(
        kernels::fma(stream.uniform(), 0x1.e8b4307d3627ap-1, 0x1.74bcf82c9d860p-6));
}

// D[c] = feature sum over r of q[r] * m[r][c], for the columns [first, last); lanes run over columns.
std::vector<double> column_products(ConstMatrix<double> m,
                                    const std::vector<double>& q,
                                    std::size_t first,
                                    std::size_t last) {
    std::vector<double> total(m.cols), s(m.cols);
    for (std::size_t lo = 0; lo < m.rows; lo += kernels::feature_leaf) {
        std::fill(s.begin(), s.end(), 0.0);
        for (std::size_t r = lo; r < std::min(m.rows, lo + kernels::feature_leaf); ++r)
            kernels::table<double>().add_scaled(&s[first], &m(r, first), q[r], last - first);
        for (std::size_t c = first; c < last; ++c) total[c] = lo == 0 ? s[c] : total[c] + s[c];
    }
    return total;
}

// Modified Gram-Schmidt on the columns of m, which has no more columns than rows.
void gram_schmidt(Matrix<double> m, const InterruptCheck& interrupted) {
    std::vector<double> q(m.rows);
    for (std::size_t j = 0; j < m.cols; ++j) {
        stop_if(interrupted);
        for (std::size_t r = 0; r < m.rows; ++r) q[r] = m(r, j);
        const double norm = std::sqrt(column_products(m, q, j, j + 1)[j]);
        for (std::size_t r = 0; r < m.rows; ++r) m(r, j) = q[r] = q[r] / norm;
        if (j + 1 == m.cols) return;
        const std::vector<double> d = column_products(m, q, j + 1, m.cols);
        for (std::size_t r = 0; r < m.rows; ++r)
            kernels::table<double>().add_scaled(&m(r, j + 1), &d[j + 1], -q[r], m.cols - j - 1);
    }
}

}  // namespace

void orthogonalize(Matrix<double> m, double gain, const InterruptCheck& interrupted) {
    const bool wide = m.rows < m.cols;
    const std::size_t rows = wide ? m.cols : m.rows, cols = wide ? m.rows : m.cols;
    std::vector<double> copy(rows * cols);
    const Matrix<double> tall{copy.data(), rows, cols, cols};
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < cols; ++c) tall(r, c) = wide ? m(c, r) : m(r, c);
    // the second time removes what rounding left of the other columns
    gram_schmidt(tall, interrupted);
    gram_schmidt(tall, interrupted);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < cols; ++c) (wide ? m(c, r) : m(r, c)) = tall(r, c) * gain;
}

template <class T>
void initialize(Initializer initializer,
                std::uint64_t seed,
                std::uint64_t layer,
                Matrix<T> weights) {
    const Recipe how =
        recipe(initializer, static_cast<double>(weights.rows), static_cast<double>(weights.cols));
    PhiloxStream stream(seed, weight_stream(layer));
    std::vector<double> values(weights.rows * weights.cols);
    for (double& v : values) v = value(how, stream);
    if (initializer == Initializer::orthogonal)
        orthogonalize({values.data(), weights.rows, weights.cols, weights.cols}, 1);
    for (std::size_t i = 0; i < weights.rows; ++i)
        for (std::size_t j = 0; j < weights.cols; ++j)
            weights(i, j) = static_cast<T>(values[i * weights.cols + j]);
}

template void initialize(Initializer, std::uint64_t, std::uint64_t, Matrix<float>);
template void initialize(Initializer, std::uint64_t, std::uint64_t, Matrix<double>);

}  // namespace wbcore
