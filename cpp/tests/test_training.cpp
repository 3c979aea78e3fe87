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
#include "wbcore/profile.hpp"
#include "wbcore/random.hpp"
#include "wbcore/tape.hpp"

using namespace tests;

namespace {

template <class T>
void xor_is_learned() {
    const std::vector<T> x{0, 0, 0, 1, 1, 0, 1, 1}, y{0, 1, 1, 0};
    Network<T> net = random_network<T>({{2, 8, Activation::tanh}, {8, 1, Activation::sigmoid}});
    TrainingOptions options;
    options.loss = Loss::binary_cross_entropy;
    options.optimizer.rule = {Optimizer::sgd, {0.5, 0.9}};
    options.epochs = 300;
    options.batch_size = 4;
    options.metrics = {Metric::accuracy};
    OwnState<T> own(options.optimizer.rule, net.parameters().size());
    double first = 0, last = 0, accuracy = 0;
    Hooks<T> hooks;
    hooks.after_epoch = [&](std::size_t epoch, const EpochResult& result) {
        (epoch == 0 ? first : last) = result.loss;
        accuracy = result.metrics[0];
        CHECK(!result.validation_loss);
        return false;
    };
    const TrainingEnd end =
        train_all(net, own.state, {row_major(x, 2), row_major(y, 1)}, options, hooks);
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
    for (const Setting& setting : settings()) {
        const checks::Note note("loss", text(setting.loss));
        TrainingOptions options = options_of(setting);
        options.metrics = {setting.loss.info().targets == Targets::classes ? Metric::accuracy
                                                                           : Metric::r2};
        const Trained<T> one = trained<T>(setting, options);
        CHECK_EQUAL(one.losses.size(), std::size_t(9));
        for (std::size_t n = 2; n <= 8; ++n) {
            const checks::Note threads("threads", n);
            options.n_threads = n;
            same(trained<T>(setting, options), one);
        }
        options.n_threads = 0;
        same(trained<T>(setting, options), one);
    }
}

// Threads race at the start of a fit if they race at all: many short ones.
template <class T>
void first_batches() {
    const Setting setting = settings()[1];
    TrainingOptions options = options_of(setting);
    options.epochs = 1;
    const Trained<T> one = trained<T>(setting, options);
    options.n_threads = 4;
    for (int i = 0; i < 100; ++i) same(trained<T>(setting, options), one);
}

// A fit is its batches, each a loss_and_gradients and a step, in the order of shuffled_order.
template <class T>
void a_fit_is_its_steps() {
    for (const Setting& setting : settings())
        for (const bool shuffle : {false, true}) {
            const checks::Note note("loss", text(setting.loss));
            TrainingOptions options = options_of(setting);
            options.shuffle = shuffle;
            const Trained<T> expected = trained<T>(setting, options);
            const Problem<T> problem = setting.problem<T>();
            Network<T> net = random_network<T>(setting.layers);
            OwnState<T> own = setting.state<T>();
            std::vector<T> gradients(net.parameters().size());
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
                    const double loss = loss_and_gradients<T>(gradients, net, data, options.loss);
                    sum += loss * mean_count(options.loss, rows, problem.outputs);
                    step<T>(net, gradients, own.state, options.optimizer);
                }
                losses.push_back(sum / mean_count(options.loss, setting.rows, problem.outputs));
            }
            CHECK_ARRAYS(copy_of(net).data(), expected.parameters.data(),
                         expected.parameters.size());
            for (std::size_t k = 0; k < own.arrays.size(); ++k)
                CHECK_ARRAYS(own.arrays[k].data(), expected.states[k].data(),
                             expected.states[k].size());
            CHECK_EQUAL(own.state.steps, expected.steps);
            // divided and multiplied again: a rounding for each batch
            for (std::size_t epoch = 0; epoch < options.epochs; ++epoch)
                CHECK(std::abs(losses[epoch] / expected.losses[2 * epoch] - 1) <= 1e-14);
        }
}

// Evaluation of everything at once is the loss of one batch.
template <class T>
void evaluation_is_the_loss() {
    for (const Setting& setting : settings()) {
        const Problem<T> problem = setting.problem<T>();
        const Network<T> net = random_network<T>(setting.layers);
        const Dataset data = problem.with(setting.loss);
        std::vector<T> gradients(net.parameters().size());
        const double expected = loss_and_gradients<T>(gradients, net, data, setting.loss);
        for (const std::size_t n : {1u, 2u, 5u})
            CHECK_BITS(evaluate<T>(net, data, setting.loss, {}, n).loss, expected);
    }
}

// The user's own loop: the gradients of the loss by the outputs, sent back by a tape, are those of loss_and_gradients.
template <class T>
void tapes() {
    for (const Setting& setting : settings()) {
        if (is_of_z(setting.loss)) continue;
        const Problem<T> problem = setting.problem<T>();
        const Network<T> net = random_network<T>(setting.layers);
        const Dataset data = problem.with(setting.loss);
        const std::size_t rows = setting.rows, outputs = problem.outputs;
        std::vector<T> expected(net.parameters().size()), y(rows * outputs), dy(rows * outputs),
            dx(rows * problem.inputs);
        const double loss = loss_and_gradients<T>(expected, net, data, setting.loss);
        Tape<T> tape;
        CHECK(!tape.recorded());
        tape.forward({y.data(), rows, outputs, outputs}, net, data.x);
        CHECK_EQUAL(tape.rows(), rows);
        const double same_loss =
            loss_and_gradient<T>({dy.data(), rows, outputs, outputs},
                                 {y.data(), rows, outputs, outputs}, data.y, false, setting.loss);
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
    const Setting setting{{{4, 3}, {3, 2}}, Loss::mse, {{Optimizer::sgd, {0.3, 0.5}}}, 24, 8};
    const Problem<T> problem(24, 4, 2);
    std::vector<T> x = problem.x;
    for (T& v : x) v *= 3;
    for (const std::size_t n_threads : {1u, 3u}) {
        Network<T> net = random_network<T>(setting.layers);
        TrainingOptions options = options_of(setting);
        options.epochs = 1000;
        options.n_threads = n_threads;
        OwnState<T> own = setting.state<T>();
        std::vector<T> last = copy_of(net), last_velocity = own.arrays[0];
        std::uint64_t last_steps = 0;
        std::size_t epochs = 0;
        Hooks<T> hooks;
        hooks.after_epoch = [&](std::size_t epoch, const EpochResult& result) {
            CHECK(std::isfinite(result.loss));
            last = copy_of(net);
            last_velocity = own.arrays[0];
            last_steps = own.state.steps;
            epochs = epoch + 1;
            return false;
        };
        const TrainingEnd end = train_all(
            net, own.state, {row_major(x, 4), row_major(problem.numbers, 2)}, options, hooks);
        CHECK_EQUAL(end.status, TrainingStatus::diverged);
        CHECK_EQUAL(end.epoch, epochs);
        CHECK(end.batch < 3);
        CHECK(epochs > 0);
        for (const T p : net.parameters()) CHECK(std::isfinite(p));
        CHECK_ARRAYS(net.parameters().data(), last.data(), last.size());
        CHECK_ARRAYS(own.arrays[0].data(), last_velocity.data(), last.size());
        CHECK_EQUAL(own.state.steps, last_steps);
    }
}

// The last update of an epoch makes the parameters infinite while every loss was finite.
template <class T>
void divergence_in_the_last_update() {
    Network<T> net(Layers{{1, 1}});
    // the square of the residual is finite, the residual times the input is not
    const std::vector<T> x{std::numeric_limits<T>::max() / 2},
        y{std::sqrt(std::numeric_limits<T>::max()) / 4};
    TrainingOptions options;
    bool called = false;
    Hooks<T> hooks;
    hooks.after_epoch = [&](std::size_t, const EpochResult&) { return called = true; };
    OptimizerState<T> none;
    const TrainingEnd end =
        train_all(net, none, {row_major(x, 1), row_major(y, 1)}, options, hooks);
    CHECK_EQUAL(end.status, TrainingStatus::diverged);
    CHECK_EQUAL(end.epoch, std::size_t(0));
    CHECK_EQUAL(end.batch, std::size_t(0));
    CHECK(!called);
    for (const T p : net.parameters()) CHECK_BITS(p, T(0));
}

// An interrupt after some batches leaves the parameters of the last batch: those of a fit over that much data.
template <class T>
void interruption() {
    const Setting setting = settings()[1];  // 50 rows, batches of 16
    for (const std::size_t n_threads : {1u, 2u})
        for (const int allowed : {0, 1, 3, 4, 6}) {
            const Problem<T> problem(50, 4, 3);
            TrainingOptions options = options_of(setting);
            options.shuffle = false;
            options.n_threads = n_threads;
            Network<T> net = random_network<T>(setting.layers);
            int asked = 0;
            std::size_t epochs = 0;
            Hooks<T> hooks;
            hooks.after_epoch = [&](std::size_t, const EpochResult&) { return ++epochs, false; };
            hooks.interrupted = [&] { return asked++ == allowed; };
            OwnState<T> own = setting.state<T>();
            const TrainingEnd end =
                train_all(net, own.state, problem.with(setting.loss), options, hooks);
            CHECK_EQUAL(end.status, TrainingStatus::interrupted);
            CHECK_EQUAL(end.epoch, static_cast<std::size_t>(allowed / 4));
            CHECK_EQUAL(end.batch, static_cast<std::size_t>(allowed % 4));
            CHECK_EQUAL(epochs, end.epoch);

            Network<T> expected = random_network<T>(setting.layers);
            options.epochs = end.epoch;
            OwnState<T> other = setting.state<T>();
            if (options.epochs > 0)
                train_all(expected, other.state, problem.with(setting.loss), options);
            options.epochs = 1;
            Dataset rest = problem.with(setting.loss);
            rest.x.rows = rest.y.rows = std::min<std::size_t>(50, 16 * (end.batch + 1));
            train_all(expected, other.state, rest, options);
            CHECK_EQUAL(own.state.steps, other.state.steps);
            CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(),
                         expected.parameters().size());
        }
}

// The callback sees the network of its epoch; a true answer or an exception leaves that network, ready to be used.
template <class T>
void callbacks() {
    const Setting setting = settings()[3];
    const Problem<T> problem(setting.rows, 17, 5);
    const Dataset data = problem.with(setting.loss);
    TrainingOptions options = options_of(setting);
    Network<T> expected = random_network<T>(setting.layers);
    OwnState<T> expected_state = setting.state<T>();
    options.epochs = 2;
    train_all(expected, expected_state.state, data, options);
    options.epochs = 5;
    for (const std::size_t n_threads : {1u, 3u})
        for (const bool throws : {false, true}) {
            options.n_threads = n_threads;
            Network<T> net = random_network<T>(setting.layers);
            OwnState<T> own = setting.state<T>();
            std::vector<T> seen;
            Hooks<T> hooks;
            hooks.after_epoch = [&](std::size_t epoch, const EpochResult&) {
                seen = copy_of(net);
                if (throws && epoch == 1) throw std::runtime_error("from the callback");
                return epoch == 1;
            };
            auto run = [&] { return train_all(net, own.state, data, options, hooks); };
            if (throws) {
                CHECK_THROWS(std::runtime_error, "from the callback", run());
            } else {
                const TrainingEnd end = run();
                CHECK_EQUAL(end.status, TrainingStatus::stopped);
                CHECK_EQUAL(end.epoch, std::size_t(1));
            }
            CHECK_ARRAYS(seen.data(), expected.parameters().data(), seen.size());
            CHECK_ARRAYS(net.parameters().data(), seen.data(), seen.size());
            CHECK_ARRAYS(own.arrays[0].data(), expected_state.arrays[0].data(),
                         own.arrays[0].size());
            options.epochs = 1;  // usable: trains on
            CHECK_EQUAL(train_all(net, own.state, data, options).status, TrainingStatus::completed);
            options.epochs = 5;
        }
}

// Training goes on from what the callback leaves: the network as it was at the start, so the second epoch is the first.
template <class T>
void callbacks_may_write() {
    const Setting setting = settings()[5];
    const Problem<T> problem(setting.rows, 64, 3);
    const Dataset data = problem.with(setting.loss);
    TrainingOptions options = options_of(setting);
    options.shuffle = false;
    options.epochs = 1;
    const Network<T> start = random_network<T>(setting.layers);
    Network<T> expected(start);
    OwnState<T> own = setting.state<T>();
    train_all(expected, own.state, data, options);
    options.epochs = 2;
    for (const std::size_t n_threads : {1u, 2u}) {
        options.n_threads = n_threads;
        Network<T> net(start);
        Hooks<T> hooks;
        hooks.after_epoch = [&](std::size_t epoch, const EpochResult&) {
            if (epoch == 0) std::ranges::copy(start.parameters(), net.parameters().begin());
            return false;
        };
        OwnState<T> other = setting.state<T>();
        train_all(net, other.state, data, options, hooks);
        CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(),
                     expected.parameters().size());
    }
}

template <class T>
void timing_changes_nothing() {
    const Setting setting = settings()[4];
    const Problem<T> problem(setting.rows, 33, 2);
    const Network<T> net = random_network<T>(setting.layers);
    const std::vector<T> before = copy_of(net);
    for (const std::size_t batch_size : {1u, 32u, 5000u}) {
        const std::vector<double> times =
            profile<T>(net, problem.with(setting.loss), setting.loss, batch_size, 3);
        CHECK_EQUAL(times.size(), std::size_t(3));
        for (const double milliseconds : times) CHECK(milliseconds > 0 && milliseconds < 10000);
        CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
    }
}

template <class T>
void what_does_not_fit_is_refused() {
    const Setting setting = settings()[4];
    const Problem<T> problem(setting.rows, 33, 2);
    const Dataset data = problem.with(setting.loss);
    Network<T> net = random_network<T>(setting.layers);
    const std::vector<T> before = copy_of(net);
    TrainingOptions options = options_of(setting);
    OptimizerState<T> none;
    auto run = [&](const Dataset& set) { train_all(net, none, set, options); };
    CHECK_THROWS(std::invalid_argument, "numbers of velocity", run(data));
    options.optimizer.rule = Optimizer::adam;
    CHECK_THROWS(std::invalid_argument, "numbers of m", run(data));
    options.optimizer.rule = {Optimizer::sgd, {0.1, 0, 1}};
    CHECK_THROWS(ChoiceError, "momentum of sgd", run(data));
    options.optimizer.rule = {Optimizer::sgd, {-1}};
    CHECK_THROWS(ChoiceError, "learning_rate of sgd", run(data));
    options.optimizer.rule = Optimizer::sgd;
    options.loss = {Loss::huber, {0}};
    CHECK_THROWS(ChoiceError, "delta of huber", run(data));
    options.loss = setting.loss;
    options.batch_size = 0;
    CHECK_THROWS(std::invalid_argument, "batch_size", run(data));
    options.batch_size = 8;
    CHECK_THROWS(std::invalid_argument, "y (N, ..)", run({data.x, data.y.rows_from(0, 1), false}));
    for (std::size_t l = 0; l < net.layers().size(); ++l) net.set_trainable(l, false);
    CHECK_THROWS(std::invalid_argument, "a layer that is trainable", run(data));
    CHECK_THROWS(std::invalid_argument, "[profile]", profile<T>(net, data, setting.loss, 8, 0));
    CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
}

// NaN among the inputs ends the epoch that meets it, and nothing of that epoch is kept. Small batches are looked at where
// they lie, large ones on the way into a copy.
template <class T>
void inputs_that_are_not_finite() {
    for (const std::size_t batch_size : {8u, 120u})
        for (const bool shuffle : {false, true})
            for (const std::size_t n_threads : {1u, 3u}) {
                const Setting setting{{{96, 4, Activation::tanh}, {4, 2}},
                                      Loss::mse,
                                      {{Optimizer::sgd, {0.1, 0.9}}},
                                      130,
                                      batch_size};
                const Problem<T> problem(130, 96, 2);
                std::vector<T> x = problem.x;
                TrainingOptions options = options_of(setting);
                options.shuffle = shuffle;
                options.n_threads = n_threads;
                Network<T> net = random_network<T>(setting.layers);
                OwnState<T> own = setting.state<T>();
                std::vector<T> kept, kept_velocity;
                Hooks<T> hooks;
                hooks.after_epoch = [&](std::size_t epoch, const EpochResult&) {
                    if (epoch == 1) x[129 * 96 + 95] = std::numeric_limits<T>::quiet_NaN();
                    kept = copy_of(net);
                    kept_velocity = own.arrays[0];
                    return false;
                };
                const TrainingEnd end =
                    train_all(net, own.state, {row_major(x, 96), row_major(problem.numbers, 2)},
                              options, hooks);
                CHECK_EQUAL(end.status, TrainingStatus::refused);
                CHECK_EQUAL(end.epoch, 2u);
                CHECK_ARRAYS(net.parameters().data(), kept.data(), kept.size());
                CHECK_ARRAYS(own.arrays[0].data(), kept_velocity.data(), kept.size());
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
    CHECK_THROWS(OutOfMemory, size.c_str(), Pass<T>({{1, outputs}}, rows));
}

// Somebody who looks at each gradient changes no bit: the steps are staged then, and fused else. What is seen are the gradients
// of the batches; a scale of 1 is none, another one is that of the gradient.
template <class T>
void fused_is_staged() {
    for (const Setting& setting : settings())
        for (const std::size_t n_threads : {1u, 3u}) {
            const checks::Note note("setting", text(setting.loss) + text(setting.optimizer.rule));
            TrainingOptions options = options_of(setting);
            options.n_threads = n_threads;
            Hooks<T> hooks;
            std::uint64_t asked = 0;
            bool seen = false;
            hooks.on_gradient = [&](std::uint64_t step, std::span<const T> gradient) {
                CHECK_EQUAL(step, ++asked);
                CHECK_EQUAL(gradient.size(), setting.parameters());
                for (const T g : gradient) seen = seen || g != 0;
                return 1.0;
            };
            const Trained<T> expected = trained<T>(setting, options);
            same(trained<T>(setting, options, hooks), expected);
            CHECK_EQUAL(asked, expected.steps);
            CHECK(seen);
        }
}

// Half the gradient is what half the loss gives; and a gradient that is scaled to nothing changes only what decays.
template <class T>
void gradients_are_scaled() {
    Setting setting = settings()[0];
    TrainingOptions options = options_of(setting);
    Hooks<T> half;
    half.on_gradient = [](std::uint64_t, std::span<const T>) { return 0.5; };
    const Trained<T> scaled = trained<T>(setting, options, half);
    options.optimizer.rule.numbers[0] /= 2;
    CHECK_ARRAYS(scaled.parameters.data(), trained<T>(setting, options).parameters.data(),
                 scaled.parameters.size());
    Hooks<T> none;
    none.on_gradient = [](std::uint64_t, std::span<const T>) { return 0.0; };
    const std::vector<T> start = copy_of(random_network<T>(setting.layers));
    CHECK_ARRAYS(trained<T>(setting, options, none).parameters.data(), start.data(), start.size());
}

// A training that is stopped after any batch and goes on from its position is the training that was not stopped: parameters,
// states, losses and metrics.
template <class T>
void a_position_goes_in_and_comes_out() {
    for (const Setting& setting : settings()) {
        TrainingOptions options = options_of(setting);
        options.metrics = {setting.loss.info().targets == Targets::classes ? Metric::accuracy
                                                                           : Metric::mae};
        const Problem<T> problem = setting.problem<T>();
        const Dataset data = problem.with(setting.loss);
        auto run = [&](bool stops, OwnState<T>& own, std::vector<double>& results) {
            Network<T> net = random_network<T>(setting.layers);
            Position position;
            Hooks<T> hooks;
            hooks.after_epoch = [&](std::size_t epoch, const EpochResult& result) {
                results.push_back(static_cast<double>(epoch));
                results.push_back(result.loss);
                results.push_back(result.metrics[0]);
                return false;
            };
            if (stops)
                hooks.after_batch = [&](const Position& at, double loss_sum) {
                    CHECK(at.batch > 0 && std::isfinite(loss_sum));
                    return true;
                };
            std::size_t calls = 0;
            while (position.epoch < options.epochs) {
                const TrainingEnd end =
                    train<T>(net, own.state, position, data, nullptr, options, hooks);
                CHECK_EQUAL(end.status, position.epoch < options.epochs
                                            ? TrainingStatus::stopped
                                            : TrainingStatus::completed);
                ++calls;
            }
            CHECK(calls > 1 || !stops);
            return copy_of(net);
        };
        OwnState<T> own = setting.state<T>(), other = setting.state<T>();
        std::vector<double> expected_results, results;
        const std::vector<T> expected = run(false, other, expected_results),
                             found = run(true, own, results);
        CHECK_ARRAYS(found.data(), expected.data(), expected.size());
        CHECK_ARRAYS(results.data(), expected_results.data(), expected_results.size());
        CHECK_EQUAL(own.state.steps, other.state.steps);
        for (std::size_t k = 0; k < own.arrays.size(); ++k)
            CHECK_ARRAYS(own.arrays[k].data(), other.arrays[k].data(), other.arrays[k].size());
    }
}

// What a hook throws within an epoch arrives, and leaves the network of a whole batch.
template <class T>
void hooks_may_throw() {
    const Setting setting = settings()[3];
    const Problem<T> problem = setting.problem<T>();
    TrainingOptions options = options_of(setting);
    for (const std::size_t n_threads : {1u, 3u})
        for (const bool at_gradient : {false, true}) {
            options.n_threads = n_threads;
            Network<T> net = random_network<T>(setting.layers);
            OwnState<T> own = setting.state<T>();
            std::size_t asked = 0;
            Hooks<T> hooks;
            auto ask = [&] {
                if (++asked == 5) throw std::runtime_error("from the hook");
            };
            if (at_gradient)
                hooks.on_gradient = [&](std::uint64_t, std::span<const T>) { return ask(), 1.0; };
            else
                hooks.after_batch = [&](const Position&, double) { return ask(), false; };
            Position position;
            const Dataset data = problem.with(setting.loss);
            CHECK_THROWS(std::runtime_error, "from the hook",
                         train<T>(net, own.state, position, data, nullptr, options, hooks));
            // 3 batches an epoch: after the fifth, or after the epoch before the fifth
            CHECK_EQUAL(own.state.steps, at_gradient ? 3u : 5u);
            CHECK_EQUAL(position.epoch, 1u);
            CHECK_EQUAL(position.batch, at_gradient ? 0u : 2u);
            options.epochs = 3;
            CHECK_EQUAL(train<T>(net, own.state, position, data, nullptr, options).status,
                        TrainingStatus::completed);
            const std::vector<T> expected = trained<T>(setting, options).parameters;
            CHECK_ARRAYS(net.parameters().data(), expected.data(), expected.size());
        }
}

// A frozen layer keeps its bits, whatever decays, and the others move; its gradient is nought.
template <class T>
void frozen_layers_stay() {
    Setting setting = settings()[3];
    setting.optimizer.decay_biases = true;
    for (std::size_t frozen = 0; frozen < 2; ++frozen) {
        setting.layers[0].trainable = frozen != 0;
        setting.layers[1].trainable = frozen != 1;
        const Trained<T> after = trained<T>(setting, options_of(setting));
        const Network<T> start = random_network<T>(setting.layers);
        const std::size_t first = setting.layers[0].parameters(), n = setting.parameters();
        auto moved = [&](std::size_t from, std::size_t to) {
            return !std::equal(start.parameters().begin() + static_cast<std::ptrdiff_t>(from),
                               start.parameters().begin() + static_cast<std::ptrdiff_t>(to),
                               after.parameters.begin() + static_cast<std::ptrdiff_t>(from));
        };
        CHECK_EQUAL(moved(0, first), frozen != 0);
        CHECK_EQUAL(moved(first, n), frozen != 1);
        const Problem<T> problem = setting.problem<T>();
        std::vector<T> gradients(n, T(1));
        loss_and_gradients<T>(gradients, start, problem.with(setting.loss), setting.loss);
        const auto part =
            frozen == 0 ? std::span(gradients).first(first) : std::span(gradients).subspan(first);
        for (const T g : part) CHECK_BITS(g, T(0));
    }
}

template <class T>
void all() {
    sizes_that_wrap_around<T>();
    xor_is_learned<T>();
    threads_do_not_show<T>();
    first_batches<T>();
    a_fit_is_its_steps<T>();
    fused_is_staged<T>();
    gradients_are_scaled<T>();
    a_position_goes_in_and_comes_out<T>();
    hooks_may_throw<T>();
    frozen_layers_stay<T>();
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
