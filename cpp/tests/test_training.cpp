// The training loop: that it learns, that nothing but its arguments shows in the result, and how it ends.
#include "wbcore/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "pass.hpp"
#include "problems.hpp"
#include "wbcore/random.hpp"

using namespace tests;

namespace {

template <class T>
void xor_is_learned() {
    const std::vector<T> x{0, 0, 0, 1, 1, 0, 1, 1}, y{0, 1, 1, 0};
    Network<T> net = random_network<T>({{2, 8, Activation::tanh}, {8, 1, Activation::sigmoid}});
    TrainingOptions<T> options;
    options.objective.loss = Loss::binary_cross_entropy;
    options.sgd = {T(0.5), T(0.9), 0, false, false};
    options.epochs = 300;
    options.batch_size = 4;
    options.metrics = {Metric::accuracy};
    std::vector<T> velocity(net.parameters().size());
    double first = 0, last = 0, accuracy = 0;
    const TrainingEnd end = train<T>(net, velocity, {row_major(x, 2), row_major(y, 1)}, nullptr,
                                     options, [&](std::size_t epoch, const EpochResult& result) {
                                         (epoch == 0 ? first : last) = result.loss;
                                         accuracy = result.metrics[0];
                                         CHECK(!result.validation_loss);
                                         return false;
                                     });
    CHECK_EQUAL(end.status, TrainingStatus::completed);
    CHECK(first > 0.5);
    CHECK(last < 0.02);
    CHECK_EQUAL(accuracy, 1.0);
    std::vector<T> out(4);
    net.predict({out.data(), 4, 1, 1}, row_major(x, 2));
    for (std::size_t i = 0; i < 4; ++i) CHECK_EQUAL(out[i] > T(0.5), y[i] > T(0.5));
}

// Nets whose layers are narrower and wider than a panel, batches that leave a remainder, every loss and update.
template <class T>
void threads_do_not_show() {
    for (const Setting<T>& setting : settings<T>()) {
        const checks::Note note("loss", name(setting.loss));
        TrainingOptions<T> options = options_of(setting);
        options.metrics = {setting.loss == Loss::cross_entropy ? Metric::accuracy : Metric::r2};
        const Trained<T> one = trained(setting, options);
        CHECK_EQUAL(one.losses.size(), std::size_t(9));
        for (std::size_t n = 2; n <= 8; ++n) {
            const checks::Note threads("threads", n);
            options.n_threads = n;
            same(trained(setting, options), one);
        }
        options.n_threads = 0;
        same(trained(setting, options), one);
    }
}

// Threads race at the start of a fit if they race at all: many short ones.
template <class T>
void first_batches() {
    const Setting<T> setting = settings<T>()[1];
    TrainingOptions<T> options = options_of(setting);
    options.epochs = 1;
    const Trained<T> one = trained(setting, options);
    options.n_threads = 4;
    for (int i = 0; i < 100; ++i) same(trained(setting, options), one);
}

// A fit is its batches, each a loss_and_gradients and a step, in the order of shuffled_order.
template <class T>
void a_fit_is_its_steps() {
    for (const Setting<T>& setting : settings<T>())
        for (const bool shuffle : {false, true}) {
            const checks::Note note("loss", name(setting.loss));
            TrainingOptions<T> options = options_of(setting);
            options.shuffle = shuffle;
            const Trained<T> expected = trained(setting, options);
            const Problem<T> problem(setting.rows, setting.shapes.front().inputs,
                                     setting.shapes.back().outputs);
            Network<T> net = random_network<T>(setting.shapes);
            std::vector<T> velocity(expected.velocity.size()), gradients(net.parameters().size());
            std::vector<double> losses;
            for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
                std::vector<std::int64_t> order(setting.rows);
                std::iota(order.begin(), order.end(), 0);
                if (shuffle) shuffled_order(order, options.seed, epoch);
                double sum = 0;
                for (std::size_t first = 0; first < setting.rows; first += setting.batch_size) {
                    Problem<T> batch = problem;
                    const std::size_t rows = std::min(setting.batch_size, setting.rows - first);
                    for (std::size_t r = 0; r < rows; ++r) {
                        const std::size_t from = static_cast<std::size_t>(order[first + r]);
                        for (std::size_t i = 0; i < problem.inputs; ++i)
                            batch.x[r * problem.inputs + i] = problem.x[from * problem.inputs + i];
                        for (std::size_t j = 0; j < problem.outputs; ++j) {
                            batch.numbers[r * problem.outputs + j] =
                                problem.numbers[from * problem.outputs + j];
                            batch.shares[r * problem.outputs + j] =
                                problem.shares[from * problem.outputs + j];
                        }
                        batch.labels[r] = problem.labels[from];
                    }
                    Dataset data = batch.with(setting.loss);
                    data.x.rows = data.y.rows = rows;
                    const double loss =
                        loss_and_gradients<T>(gradients, net, data, options.objective);
                    sum += loss * options.objective.mean_count(rows, problem.outputs);
                    sgd_step<T>(net, gradients, velocity, options.sgd);
                }
                losses.push_back(sum / options.objective.mean_count(setting.rows, problem.outputs));
            }
            CHECK_ARRAYS(copy_of(net).data(), expected.parameters.data(),
                         expected.parameters.size());
            CHECK_ARRAYS(velocity.data(), expected.velocity.data(), expected.velocity.size());
            // divided and multiplied again: a rounding for each batch
            for (std::size_t epoch = 0; epoch < options.epochs; ++epoch)
                CHECK(std::abs(losses[epoch] / expected.losses[2 * epoch] - 1) <= 1e-14);
        }
}

// Evaluation of everything at once is the loss of one batch.
template <class T>
void evaluation_is_the_loss() {
    for (const Setting<T>& setting : settings<T>()) {
        const Problem<T> problem(setting.rows, setting.shapes.front().inputs,
                                 setting.shapes.back().outputs);
        const Network<T> net = random_network<T>(setting.shapes);
        const Dataset data = problem.with(setting.loss);
        const Objective<T> objective{setting.loss, T(0.5)};
        std::vector<T> gradients(net.parameters().size());
        const double expected = loss_and_gradients<T>(gradients, net, data, objective);
        for (const std::size_t n : {1u, 2u, 5u})
            CHECK_BITS(evaluate<T>(net, data, objective, {}, n).loss, expected);
    }
}

// The user's own loop: the gradients of the loss by the outputs, sent back by a tape, are those of loss_and_gradients.
template <class T>
void tapes() {
    for (const Setting<T>& setting : settings<T>()) {
        if (is_entropy(setting.loss)) continue;
        const Problem<T> problem(setting.rows, setting.shapes.front().inputs,
                                 setting.shapes.back().outputs);
        const Network<T> net = random_network<T>(setting.shapes);
        const Dataset data = problem.with(setting.loss);
        const Objective<T> objective{setting.loss, T(0.5)};
        const std::size_t rows = setting.rows, outputs = problem.outputs;
        std::vector<T> expected(net.parameters().size()), y(rows * outputs), dy(rows * outputs),
            dx(rows * problem.inputs);
        const double loss = loss_and_gradients<T>(expected, net, data, objective);
        Tape<T> tape;
        CHECK(!tape.recorded());
        tape.forward({y.data(), rows, outputs, outputs}, net, data.x);
        CHECK_EQUAL(tape.rows(), rows);
        const double same_loss =
            loss_and_gradient<T>({dy.data(), rows, outputs, outputs},
                                 {y.data(), rows, outputs, outputs}, data.y, false, objective);
        CHECK_BITS(same_loss, loss);
        for (int repeat = 0; repeat < 2; ++repeat) {
            std::vector<T> gradients(expected.size());
            tape.backward(gradients, {dx.data(), rows, problem.inputs, problem.inputs},
                          row_major(dy, outputs));
            CHECK_ARRAYS(gradients.data(), expected.data(), expected.size());
        }
    }
}

// A loss that is finite for some epochs, then not: the network keeps those.
template <class T>
void divergence() {
    const Setting<T> setting{{{4, 3, Activation::identity}, {3, 2}},
                             Loss::mse,
                             {T(0.3), T(0.5), 0, false, false},
                             24,
                             8};
    const Problem<T> problem(24, 4, 2);
    std::vector<T> x = problem.x;
    for (T& v : x) v *= 3;
    for (const std::size_t n_threads : {1u, 3u}) {
        Network<T> net = random_network<T>(setting.shapes);
        TrainingOptions<T> options = options_of(setting);
        options.epochs = 1000;
        options.n_threads = n_threads;
        std::vector<T> velocity(net.parameters().size()), last = copy_of(net),
                                                          last_velocity = velocity;
        std::size_t epochs = 0;
        const TrainingEnd end =
            train<T>(net, velocity, {row_major(x, 4), row_major(problem.numbers, 2)}, nullptr,
                     options, [&](std::size_t epoch, const EpochResult& result) {
                         CHECK(std::isfinite(result.loss));
                         last = copy_of(net);
                         last_velocity = velocity;
                         epochs = epoch + 1;
                         return false;
                     });
        CHECK_EQUAL(end.status, TrainingStatus::diverged);
        CHECK_EQUAL(end.epoch, epochs);
        CHECK(end.batch < 3);
        CHECK(epochs > 0);
        for (const T p : net.parameters()) CHECK(std::isfinite(p));
        CHECK_ARRAYS(net.parameters().data(), last.data(), last.size());
        CHECK_ARRAYS(velocity.data(), last_velocity.data(), last.size());
    }
}

// The last update of an epoch makes the parameters infinite while every loss was finite.
template <class T>
void divergence_in_the_last_update() {
    Network<T> net(Shapes{{1, 1}});
    const std::vector<T> x{1}, y{std::sqrt(std::numeric_limits<T>::max()) / 4};
    TrainingOptions<T> options;
    options.sgd.learning_rate = std::numeric_limits<T>::max();
    bool called = false;
    const TrainingEnd end =
        train<T>(net, {}, {row_major(x, 1), row_major(y, 1)}, nullptr, options,
                 [&](std::size_t, const EpochResult&) { return called = true; });
    CHECK_EQUAL(end.status, TrainingStatus::diverged);
    CHECK_EQUAL(end.epoch, std::size_t(0));
    CHECK_EQUAL(end.batch, std::size_t(0));
    CHECK(!called);
    for (const T p : net.parameters()) CHECK_BITS(p, T(0));
}

// An interrupt after some batches leaves the parameters of the last batch: those of a fit over that much data.
template <class T>
void interruption() {
    const Setting<T> setting = settings<T>()[1];  // 50 rows, batches of 16
    for (const std::size_t n_threads : {1u, 2u})
        for (const int allowed : {0, 1, 3, 4, 6}) {
            const Problem<T> problem(50, 4, 3);
            TrainingOptions<T> options = options_of(setting);
            options.shuffle = false;
            options.n_threads = n_threads;
            Network<T> net = random_network<T>(setting.shapes);
            int asked = 0;
            std::size_t epochs = 0;
            const TrainingEnd end = train<T>(
                net, {}, problem.with(setting.loss), nullptr, options,
                [&](std::size_t, const EpochResult&) { return ++epochs, false; },
                [&] { return asked++ == allowed; });
            CHECK_EQUAL(end.status, TrainingStatus::interrupted);
            CHECK_EQUAL(end.epoch, static_cast<std::size_t>(allowed / 4));
            CHECK_EQUAL(end.batch, static_cast<std::size_t>(allowed % 4));
            CHECK_EQUAL(epochs, end.epoch);

            Network<T> expected = random_network<T>(setting.shapes);
            options.epochs = end.epoch;
            if (options.epochs > 0)
                train<T>(expected, {}, problem.with(setting.loss), nullptr, options);
            options.epochs = 1;
            Dataset rest = problem.with(setting.loss);
            rest.x.rows = rest.y.rows = std::min<std::size_t>(50, 16 * (end.batch + 1));
            train<T>(expected, {}, rest, nullptr, options);
            CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(),
                         expected.parameters().size());
        }
}

// The callback sees the network of its epoch; a true answer or an exception leaves that network, ready to be used.
template <class T>
void callbacks() {
    const Setting<T> setting = settings<T>()[3];
    const Problem<T> problem(setting.rows, 17, 5);
    const Dataset data = problem.with(setting.loss);
    TrainingOptions<T> options = options_of(setting);
    Network<T> expected = random_network<T>(setting.shapes);
    std::vector<T> expected_velocity(expected.parameters().size());
    options.epochs = 2;
    train<T>(expected, expected_velocity, data, nullptr, options);
    options.epochs = 5;
    for (const std::size_t n_threads : {1u, 3u})
        for (const bool throws : {false, true}) {
            options.n_threads = n_threads;
            Network<T> net = random_network<T>(setting.shapes);
            std::vector<T> velocity(expected_velocity.size()), seen;
            auto run = [&] {
                return train<T>(net, velocity, data, nullptr, options,
                                [&](std::size_t epoch, const EpochResult&) {
                                    seen = copy_of(net);
                                    if (throws && epoch == 1)
                                        throw std::runtime_error("from the callback");
                                    return epoch == 1;
                                });
            };
            if (throws) {
                CHECK_THROWS(std::runtime_error, "from the callback", run());
            } else {
                const TrainingEnd end = run();
                CHECK_EQUAL(end.status, TrainingStatus::stopped);
                CHECK_EQUAL(end.epoch, std::size_t(1));
            }
            CHECK_ARRAYS(seen.data(), expected.parameters().data(), seen.size());
            CHECK_ARRAYS(net.parameters().data(), seen.data(), seen.size());
            CHECK_ARRAYS(velocity.data(), expected_velocity.data(), velocity.size());
            options.epochs = 1;  // usable: trains on
            CHECK_EQUAL(train<T>(net, velocity, data, nullptr, options).status,
                        TrainingStatus::completed);
            options.epochs = 5;
        }
}

// Training goes on from what the callback leaves: the network as it was at the start, so the second epoch is the first.
template <class T>
void callbacks_may_write() {
    const Setting<T> setting = settings<T>()[5];
    const Problem<T> problem(setting.rows, 64, 3);
    const Dataset data = problem.with(setting.loss);
    TrainingOptions<T> options = options_of(setting);
    options.shuffle = false;
    options.epochs = 1;
    const Network<T> start = random_network<T>(setting.shapes);
    Network<T> expected(start);
    train<T>(expected, {}, data, nullptr, options);
    options.epochs = 2;
    for (const std::size_t n_threads : {1u, 2u}) {
        options.n_threads = n_threads;
        Network<T> net(start);
        train<T>(net, {}, data, nullptr, options, [&](std::size_t epoch, const EpochResult&) {
            if (epoch == 0) std::ranges::copy(start.parameters(), net.parameters().begin());
            return false;
        });
        CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(),
                     expected.parameters().size());
    }
}

template <class T>
void timing_changes_nothing() {
    const Setting<T> setting = settings<T>()[4];
    const Problem<T> problem(setting.rows, 33, 2);
    const Network<T> net = random_network<T>(setting.shapes);
    const std::vector<T> before = copy_of(net);
    for (const std::size_t batch_size : {1u, 32u, 5000u}) {
        const std::vector<double> times = time_per_update<T>(net, problem.with(setting.loss),
                                                             {setting.loss, T(1)}, batch_size, 3);
        CHECK_EQUAL(times.size(), std::size_t(3));
        for (const double milliseconds : times) CHECK(milliseconds > 0 && milliseconds < 10000);
        CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
    }
}

template <class T>
void what_does_not_fit_is_refused() {
    const Setting<T> setting = settings<T>()[4];
    const Problem<T> problem(setting.rows, 33, 2);
    const Dataset data = problem.with(setting.loss);
    Network<T> net = random_network<T>(setting.shapes);
    const std::vector<T> before = copy_of(net);
    TrainingOptions<T> options = options_of(setting);
    options.sgd.momentum = T(0.9);
    CHECK_THROWS(std::invalid_argument, "a velocity of", train<T>(net, {}, data, nullptr, options));
    options.sgd.momentum = 0;
    options.batch_size = 0;
    CHECK_THROWS(std::invalid_argument, "batch_size", train<T>(net, {}, data, nullptr, options));
    options.batch_size = 8;
    CHECK_THROWS(std::invalid_argument, "y (N, ..)",
                 train<T>(net, {}, {data.x, data.y.rows_from(0, 1), false}, nullptr, options));
    CHECK_THROWS(std::invalid_argument, "[time_per_update]",
                 time_per_update<T>(net, data, {setting.loss, T(1)}, 8, 0));
    CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
}

// NaN among the inputs ends the epoch that meets it, and nothing of that epoch is kept. Small batches are looked at where
// they lie, large ones on the way into a copy.
template <class T>
void inputs_that_are_not_finite() {
    for (const std::size_t batch_size : {8u, 120u})
        for (const bool shuffle : {false, true})
            for (const std::size_t n_threads : {1u, 3u}) {
                const Setting<T> setting{{{96, 4, Activation::tanh}, {4, 2}},
                                         Loss::mse,
                                         {T(0.1), T(0.9), 0, false, false},
                                         130,
                                         batch_size};
                const Problem<T> problem(130, 96, 2);
                std::vector<T> x = problem.x;
                TrainingOptions<T> options = options_of(setting);
                options.shuffle = shuffle;
                options.n_threads = n_threads;
                Network<T> net = random_network<T>(setting.shapes);
                std::vector<T> velocity(net.parameters().size()), kept, kept_velocity;
                const TrainingEnd end =
                    train<T>(net, velocity, {row_major(x, 96), row_major(problem.numbers, 2)},
                             nullptr, options, [&](std::size_t epoch, const EpochResult&) {
                                 if (epoch == 1)
                                     x[129 * 96 + 95] = std::numeric_limits<T>::quiet_NaN();
                                 kept = copy_of(net);
                                 kept_velocity = velocity;
                                 return false;
                             });
                CHECK_EQUAL(end.status, TrainingStatus::refused);
                CHECK_EQUAL(end.epoch, 2u);
                CHECK_ARRAYS(net.parameters().data(), kept.data(), kept.size());
                CHECK_ARRAYS(velocity.data(), kept_velocity.data(), kept.size());
            }
}

// Arrays whose size is nothing but a few numbers when it is counted in 64 bits.
template <class T>
void sizes_that_wrap_around() {
    constexpr std::size_t rows = (std::size_t(1) << 20) + 1, w = panel_width<T>;
    // inputs, targets, and the last layer's outputs and gradients take rows * w * (1 + 3 q) numbers; of this the
    // part in brackets times rows is 1 in the 64 - log2(w) bits that w leaves
    std::size_t inverse = 1;
    for (int i = 0; i < 6; ++i) inverse *= 2 - rows * inverse;
    const std::size_t modulus = ~std::size_t(0) / w + 1;
    std::size_t bracket = inverse % modulus;
    while (bracket % 3 != 1) bracket += modulus;
    const std::size_t outputs = (bracket - 1) / 3 * w;
    CHECK_EQUAL(rows * w * (1 + 3 * (outputs / w)), w);
    const std::string size = std::to_string(rows) + " x " + std::to_string(outputs) + " x ";
    const std::vector<DenseShape> shapes{{1, outputs, Activation::identity}};
    CHECK_THROWS(OutOfMemory, size.c_str(), Pass<T>(shapes, rows));
}

template <class T>
void all() {
    sizes_that_wrap_around<T>();
    xor_is_learned<T>();
    threads_do_not_show<T>();
    first_batches<T>();
    a_fit_is_its_steps<T>();
    evaluation_is_the_loss<T>();
    tapes<T>();
    divergence<T>();
    divergence_in_the_last_update<T>();
    interruption<T>();
    inputs_that_are_not_finite<T>();
    callbacks<T>();
    callbacks_may_write<T>();
    timing_changes_nothing<T>();
    what_does_not_fit_is_refused<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
