// Dropout: the numbers that decide, and what every instruction set leaves of an array by them.
#include "wbcore/dropout.hpp"

#include <algorithm>
#include <cmath>

#include "problems.hpp"

using namespace tests;

namespace {

std::vector<std::uint16_t> numbers_of(DropoutStep of,
                                      std::size_t layer,
                                      std::size_t row,
                                      std::size_t blocks) {
    std::vector<std::uint16_t> numbers(blocks * dropout_block);
    draw_dropout(numbers.data(), blocks, of, layer, row);
    return numbers;
}

// The numbers of a unit are its own: more blocks change none, and another seed, step, layer or row changes about all.
void numbers() {
    const std::vector<std::uint16_t> all = numbers_of({7, 3}, 1, 5, 40),
                                     few = numbers_of({7, 3}, 1, 5, 2);
    CHECK(std::equal(few.begin(), few.end(), all.begin()));
    const std::vector<std::uint16_t> others[] = {
        numbers_of({8, 3}, 1, 5, 40), numbers_of({7, 4}, 1, 5, 40), numbers_of({7, 3}, 2, 5, 40),
        numbers_of({7, 3}, 1, 6, 40), numbers_of({7, 5}, 1, 3, 40)};
    for (const std::vector<std::uint16_t>& other : others) {
        std::size_t equal = 0;
        for (std::size_t i = 0; i < all.size(); ++i) equal += all[i] == other[i];
        CHECK(equal <= 2);
    }
}

void thresholds() {
    CHECK_EQUAL(dropout_threshold(0), 0u);
    CHECK_EQUAL(dropout_threshold(0.5), 32768u);
    CHECK_EQUAL(dropout_threshold(0.2), 13107u);
    CHECK_EQUAL(dropout_threshold(0x1p-17), 1u);
    CHECK_EQUAL(dropout_threshold(0x1.fffp-18), 0u);
    CHECK_EQUAL(dropout_threshold(1 - 0x1p-16), 65535u);
    CHECK_EQUAL(dropout_threshold(std::nextafter(1, 0)), 65535u);
    CHECK_BITS(dropout_scale<float>(0.2), 1.25f);
    CHECK(std::isfinite(dropout_scale<float>(std::nextafter(1, 0))));
}

// Sizes around those of panels; into another array and in place; NaN in what is no business of the kernel's.
template <class T>
void kernels_agree() {
    std::mt19937_64 random(1);
    for (const KernelTable<T>* table : kernels::available_tables<T>())
        for (const std::size_t cols : {1u, 7u, 8u, 9u, 15u, 16u, 17u, 33u, 200u})
            for (const std::size_t rows : {1u, 2u, 5u})
                for (const double share : {0.2, 0.5, 0.99}) {
                    const checks::Note isa("isa", table->isa), width("cols", cols);
                    const std::size_t stride = round_up(cols, dropout_block);
                    std::vector<std::uint16_t> numbers(rows * stride);
                    for (std::size_t r = 0; r < rows; ++r)
                        draw_dropout(numbers.data() + r * stride, stride / dropout_block, {1, 2}, 3,
                                     r);
                    const T threshold = static_cast<T>(dropout_threshold(share)),
                            scale = dropout_scale<T>(share);
                    const Packed<T> x(rows, cols, random), out(rows, cols), expected(rows, cols);
                    if (cols > 8) x(0, 3) = T(-0.0);
                    for (std::size_t r = 0; r < rows; ++r)
                        for (std::size_t c = 0; c < cols; ++c)
                            expected(r, c) = numbers[r * stride + c] < dropout_threshold(share)
                                                 ? T(0)
                                                 : scale * x(r, c);
                    table->dropout({out(), x(), numbers.data(), stride, threshold, scale});
                    CHECK_MATRICES(out, expected);
                    table->dropout({x(), x(), numbers.data(), stride, threshold, scale});
                    CHECK_MATRICES(x, expected);
                }
}

// The share of what is left out, and that rows, units and steps know nothing of each other: sums of signs that would be normal
// numbers of variance 1 stay below 5.
void independence() {
    constexpr std::size_t rows = 256, blocks = 16, units = blocks * dropout_block, steps = 8;
    for (const double share : {0.1, 0.5, 0.8}) {
        const std::uint32_t threshold = dropout_threshold(share);
        std::vector<double> sign;  // (steps, rows, units), of mean 0 and variance 1
        const double scale = std::sqrt(share * (1 - share));
        for (std::size_t t = 0; t < steps; ++t)
            for (std::size_t r = 0; r < rows; ++r)
                for (const std::uint16_t n : numbers_of({42, t + 1}, 0, r, blocks))
                    sign.push_back(((n < threshold ? 1 : 0) - share) / scale);
        auto correlation = [&](std::size_t lag) {
            double sum = 0;
            for (std::size_t i = lag; i < sign.size(); ++i)
                sum += sign[i] * (lag == 0 ? 1 : sign[i - lag]);
            return std::abs(sum) / std::sqrt(static_cast<double>(sign.size() - lag));
        };
        for (const std::size_t lag :
             {std::size_t(0), std::size_t(1), std::size_t(2), std::size_t(4), dropout_block, units,
              2 * units, rows * units, 2 * rows * units, rows * units + units + 1})
            CHECK(correlation(lag) < 5);
        for (std::size_t unit = 0; unit < units; unit += 37) {
            double of_unit = 0, of_row = 0;
            for (std::size_t i = 0; i < steps * rows; ++i) of_unit += sign[i * units + unit];
            for (std::size_t i = 0; i < units; ++i) of_row += sign[unit * units + i];
            CHECK(std::abs(of_unit) / std::sqrt(double(steps * rows)) < 5);
            CHECK(std::abs(of_row) / std::sqrt(double(units)) < 5);
        }
    }
}

void refused() {
    using F = Network<float>;
    const Layers before{{2, 3, Activation::relu, true, true, 0.5}, {3, 1}};
    for (const double share : {-0.1, 1.0, 2.0, double(NAN), double(INFINITY)}) {
        Layers layers = before;
        layers[0].dropout = share;
        CHECK_THROWS(std::invalid_argument, "layer 0: expected dropout of at least 0 and below 1",
                     F{layers});
        F net(before);
        CHECK_THROWS(std::invalid_argument, "at least 0 and below 1", net.set_dropout(0, share));
        CHECK_EQUAL(net.layers()[0].dropout, 0.5);
    }
    Layers last = before;
    last[1].dropout = 0.25;
    CHECK_THROWS(std::invalid_argument, "expected dropout in layers before the last", F{last});
    F net(before);
    CHECK_THROWS(std::invalid_argument, "got 0.25 in the last of 2", net.set_dropout(1, 0.25));
    net.set_dropout(1, 0);
    net.set_dropout(0, 0.75);
    CHECK_EQUAL(net.layers()[0].dropout, 0.75);
}

// Biases that a training begins with show in the network once there has been a step, and not before.
template <class T>
void output_biases() {
    const Setting setting = settings()[1];
    const Problem<T> problem = setting.problem<T>();
    const Dataset data = problem.with(setting.loss);
    TrainingOptions options = options_of(setting);
    options.epochs = 1;
    options.output_biases = {0.5, -1, 0.25};
    Network<T> expected = random_network<T>(setting.layers),
               net = random_network<T>(setting.layers);
    const DenseView<T> last = expected.layer(1);
    std::fill_n(last.weights.data, last.weights.rows * last.weights.cols, T(0));
    std::copy(options.output_biases.begin(), options.output_biases.end(), last.biases);
    for (const std::size_t n_threads : {1u, 2u}) {
        options.n_threads = n_threads;
        Network<T> primed(expected), same(net);
        OwnState<T> state = setting.state<T>(), other = setting.state<T>();
        TrainingOptions plain = options;
        plain.output_biases.clear();
        train_all(primed, other.state, data, plain);
        train_all(same, state.state, data, options);
        CHECK_ARRAYS(same.parameters().data(), primed.parameters().data(),
                     same.parameters().size());
    }
    Network<T> untouched(net);
    OwnState<T> state = setting.state<T>();
    Problem<T> wrong = problem;
    wrong.x[0] = not_a_number<T>;
    CHECK_EQUAL(train_all(untouched, state.state, wrong.with(setting.loss), options).status,
                TrainingStatus::refused);
    options.output_biases = {1, 2};
    CHECK_THROWS(std::invalid_argument, "expected 3 output_biases, got 2",
                 train_all(untouched, state.state, data, options));
    CHECK_ARRAYS(untouched.parameters().data(), net.parameters().data(), net.parameters().size());
}

}  // namespace

int main() {
    numbers();
    thresholds();
    kernels_agree<float>();
    kernels_agree<double>();
    independence();
    refused();
    output_biases<float>();
    output_biases<double>();
    return checks::result();
}
