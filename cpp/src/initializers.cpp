#include "wbcore/initializers.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "kernels/fma.hpp"
#include "kernels/kernel_table.hpp"
#include "wbcore/random.hpp"

namespace wbcore {

namespace {

// A value is scale * draw + shift, each of the two rounded; `transformed`, the draw is put through it first.
struct Recipe {
    double scale, shift;
    double (*transformed)(double) = nullptr;
};

// The quantile of u between those of -2 and 2.
double truncated_quantile(double u) {
    return normal_quantile(kernels::fma(u, 0x1.e8b4307d3627ap-1, 0x1.74bcf82c9d860p-6));
}

Recipe recipe(const Named<Initializer>& choice, double inputs, double outputs) {
    constexpr double nothing = -0.0;  // added to -0 it leaves -0
    const auto constant = [](double value) { return Recipe{value, nothing}; };
    const auto normal = [](double variance) { return Recipe{std::sqrt(variance), nothing}; };
    const auto between = [](double low, double high) { return Recipe{high - low, low}; };
    const auto uniform = [&](double squared_limit) {
        const double limit = std::sqrt(squared_limit);
        return between(-limit, limit);
    };
    switch (choice.kind) {
        case Initializer::zeros:
            return constant(0);
        case Initializer::ones:
            return constant(1);
        case Initializer::constant:
            return constant(choice.at("value"));
        case Initializer::normal:
            return {choice.at("std"), choice.at("mean")};
        case Initializer::uniform:
            return between(choice.at("low"), choice.at("high"));
        case Initializer::truncated_normal:
            return {choice.at("std"), choice.at("mean"), truncated_quantile};
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
        case Initializer::orthogonal:
            return {1, nothing};  // the draws, of which `fill` makes the rest
    }
    throw std::out_of_range("no such initializer");
}

double next(Draw draw, PhiloxStream& stream) {
    switch (draw) {
        case Draw::none:
            return 1;  // times the constant
        case Draw::normal:
            return stream.standard_normal();
        case Draw::uniform:
            return stream.uniform();
    }
    throw std::out_of_range("no such draw");
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

// draw(i, j) is asked for in the order of the rows; put(i, j, value).
template <class D, class P>
void each_value(const Recipe& recipe,
                std::size_t rows,
                std::size_t cols,
                D draw,
                P put,
                const InterruptCheck& interrupted) {
    constexpr std::size_t between_checks = std::size_t(1) << 16;  // some milliseconds
    std::size_t left = between_checks;
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < cols; ++j) {
            const double drawn = draw(i, j);
            const double x = recipe.transformed == nullptr ? drawn : recipe.transformed(drawn);
            put(i, j, recipe.scale * x + recipe.shift);
            if (--left != 0) continue;
            stop_if(interrupted);
            left = between_checks;
        }
}

template <class T, class D>
void fill(const Named<Initializer>& choice,
          Matrix<T> values,
          D draw,
          const InterruptCheck& interrupted) {
    require_consistent(choice);
    const std::size_t inputs = values.rows, outputs = values.cols;
    const Recipe how = recipe(choice, static_cast<double>(inputs), static_cast<double>(outputs));
    if (choice.kind != Initializer::orthogonal) {
        const auto put = [&](std::size_t i, std::size_t j, double value) {
            values(i, j) = static_cast<T>(value);
        };
        return each_value(how, inputs, outputs, draw, put, interrupted);
    }
    const bool wide = inputs < outputs;
    const std::size_t rows = wide ? outputs : inputs, cols = wide ? inputs : outputs;
    AlignedBuffer<double> buffer(rows * cols);
    const Matrix<double> tall{buffer.data(), rows, cols, cols};
    const auto at = [&](std::size_t i, std::size_t j) -> double& {
        return wide ? tall(j, i) : tall(i, j);
    };
    const auto put = [&](std::size_t i, std::size_t j, double value) { at(i, j) = value; };
    each_value(how, inputs, outputs, draw, put, interrupted);
    // the second time removes what rounding left of the other columns
    gram_schmidt(tall, interrupted);
    gram_schmidt(tall, interrupted);
    const double gain = choice.at("gain");
    for (std::size_t i = 0; i < inputs; ++i)
        for (std::size_t j = 0; j < outputs; ++j) values(i, j) = static_cast<T>(at(i, j) * gain);
}

}  // namespace

void require_consistent(const Named<Initializer>& choice) {
    require_allowed(choice);
    if (choice.kind != Initializer::uniform) return;
    const double width = choice.at("high") - choice.at("low");
    if (!(width >= 0 && width <= largest))
        throw ChoiceError("expected low <= high and a finite difference, got " + text(choice));
}

template <class T>
void initialize(const Named<Initializer>& choice,
                std::uint64_t seed,
                std::uint64_t stream,
                Matrix<T> values,
                const InterruptCheck& interrupted) {
    PhiloxStream words(seed, stream);
    const auto draw = [&, kind = choice.info().draw](std::size_t, std::size_t) {
        return next(kind, words);
    };
    fill(choice, values, draw, interrupted);
}

template <class T>
void initialize(const Named<Initializer>& choice,
                ConstMatrix<double> draws,
                Matrix<T> values,
                const InterruptCheck& interrupted) {
    const bool drawn = choice.info().draw != Draw::none;
    if (drawn && (draws.rows != values.rows || draws.cols != values.cols))
        throw std::invalid_argument("[initialize] expected a draw for each value");
    const auto draw = [&](std::size_t i, std::size_t j) { return drawn ? draws(i, j) : 1; };
    fill(choice, values, draw, interrupted);
}

template void initialize(
    const Named<Initializer>&, std::uint64_t, std::uint64_t, Matrix<float>, const InterruptCheck&);
template void initialize(
    const Named<Initializer>&, std::uint64_t, std::uint64_t, Matrix<double>, const InterruptCheck&);
template void initialize(const Named<Initializer>&,
                         ConstMatrix<double>,
                         Matrix<float>,
                         const InterruptCheck&);
template void initialize(const Named<Initializer>&,
                         ConstMatrix<double>,
                         Matrix<double>,
                         const InterruptCheck&);

}  // namespace wbcore
