// Initial parameters: what every row of the table promises. Their bits are held by the vectors (test_vectors.cpp).
#include "wbcore/initializers.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "wbcore/random.hpp"

using namespace wbcore;

namespace {

using Choice = Named<Initializer>;
using Shape = std::pair<std::size_t, std::size_t>;

constexpr Shape shapes[] = {{1, 1}, {1, 9}, {9, 1}, {7, 5}, {5, 7}, {300, 3}, {3, 300}};

template <class F>
void for_each_row(F f) {
    for (std::size_t i = 0; i < rows_of(Initializer{}).size(); ++i) {
        const Choice choice(static_cast<Initializer>(i));
        const checks::Note note("initializer", choice.name());
        f(choice);
    }
}

// The row with other numbers than its own.
Choice other(Choice choice) {
    for (std::size_t i = 0; i < choice.info().numbers.size(); ++i)
        choice.numbers[i] += 0.25 * static_cast<double>(i + 1);
    return choice;
}

template <class T>
std::vector<T> from_stream(const Choice& choice, const Shape& shape) {
    std::vector<T> values(shape.first * shape.second);
    initialize<T>(choice, 9, 4, {values.data(), shape.first, shape.second, shape.second});
    return values;
}

std::vector<double> draws_of(Draw draw, std::size_t n) {
    PhiloxStream stream(9, 4);
    std::vector<double> draws(n);
    for (double& x : draws) x = draw == Draw::normal ? stream.standard_normal() : stream.uniform();
    return draws;
}

// float32 is the rounded float64; given the draws of a stream, the values are those of the stream; what lies between the rows
// of a matrix stays.
void every_row(const Choice& choice) {
    for (const Shape& shape : shapes) {
        const auto& [rows, cols] = shape;
        const checks::Note note("rows, cols", std::to_string(rows) + ", " + std::to_string(cols));
        const std::vector<double> values = from_stream<double>(choice, shape);
        const std::vector<float> single = from_stream<float>(choice, shape);
        for (std::size_t i = 0; i < values.size(); ++i)
            CHECK_BITS(single[i], static_cast<float>(values[i]));

        const std::vector<double> draws = draws_of(choice.info().draw, rows * cols);
        const std::size_t stride = cols + 3;
        std::vector<double> padded(rows * stride, -7);
        initialize<double>(choice, ConstMatrix<double>{draws.data(), rows, cols, cols},
                           {padded.data(), rows, cols, stride});
        for (std::size_t i = 0; i < rows; ++i) {
            CHECK_ARRAYS(&padded[i * stride], &values[i * cols], cols);
            for (std::size_t j = cols; j < stride; ++j) CHECK_BITS(padded[i * stride + j], -7.0);
        }
    }
}

void numbers_change_the_values(const Choice& choice) {
    if (choice.info().numbers.size() == 0) return;
    for (std::size_t i = 0; i < choice.info().numbers.size(); ++i) {
        Choice one = choice;
        one.numbers[i] += 0.25;
        if (choice.name() == "uniform" && i == 0) one.numbers[i] = -2;  // stays below high
        CHECK(from_stream<double>(one, {5, 4}) != from_stream<double>(choice, {5, 4}));
    }
}

void texts(const Choice& choice) {
    CHECK_EQUAL(text(choice), std::string(choice.name()));
    CHECK(parse<Initializer>("initializer", choice.name()) == choice);
    CHECK(parse<Initializer>("initializer", text(other(choice))) == other(choice));
}

void seeds_and_streams(const Choice& choice) {
    const auto values = [&](std::uint64_t seed, std::uint64_t stream) {
        std::vector<double> result(12);
        initialize<double>(choice, seed, stream, {result.data(), 3, 4, 4});
        return result;
    };
    const bool draws = choice.info().draw != Draw::none;
    CHECK_EQUAL(values(1, weight_stream(2)) != values(1, bias_stream(2)), draws);
    CHECK_EQUAL(values(1, 2) != values(2, 2), draws);
    CHECK(values(1, 2) == values(1, 2));
}

void what_is_refused() {
    std::vector<double> values(6, -7);
    const Matrix<double> m{values.data(), 2, 3, 3};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS(ChoiceError, "expected std of normal to be a finite number of at least 0, got -1",
                 initialize(Choice(Initializer::normal, {0, -1}), 0, 0, m));
    CHECK_THROWS(ChoiceError, "expected value of constant to be a finite number",
                 initialize(Choice(Initializer::constant, {nan}), 0, 0, m));
    CHECK_THROWS(ChoiceError, "expected low <= high and a finite difference, got uniform(1, 0)",
                 initialize(Choice(Initializer::uniform, {1, 0}), 0, 0, m));
    CHECK_THROWS(ChoiceError, "expected low <= high",
                 require_consistent(Choice(Initializer::uniform, {-1e308, 1e308})));
    CHECK_THROWS(std::invalid_argument, "expected a draw for each value",
                 initialize(Initializer::he, ConstMatrix<double>{values.data(), 3, 2, 2}, m));
    for (const double v : values) CHECK_BITS(v, -7.0);
}

// Twenty columns or 2^16 values and more: both kinds of work ask.
void interruptions() {
    std::vector<double> values(std::size_t(1) << 17);
    for (const Initializer which : {Initializer::he, Initializer::zeros, Initializer::orthogonal}) {
        int asked = 0;
        const Matrix<double> m{values.data(), values.size() / 20, 20, 20};
        initialize<double>(which, 0, 0, m, [&] { return ++asked < 0; });
        CHECK(asked >= (which == Initializer::orthogonal ? 40 : 1));
        CHECK_THROWS(Interrupted, "interrupted",
                     initialize<double>(which, 0, 0, m, [&] { return --asked == 0; }));
    }
}

}  // namespace

int main() {
    for_each_row([](const Choice& choice) {
        every_row(choice);
        every_row(other(choice));
        numbers_change_the_values(choice);
        texts(choice);
        seeds_and_streams(choice);
    });
    what_is_refused();
    interruptions();
    return checks::result();
}
