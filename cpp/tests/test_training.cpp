// The training loop: that it learns, that nothing but its arguments shows in the result, and how it ends.
#include "wbcore/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "pass.hpp"
#include "problems.hpp"
#include "wbcore/profile.hpp"
#include "wbcore/random.hpp"

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

// A hook that only looks sees what one that might write sees, and what it writes all the same is not read.
template <class T>
void epochs_that_are_only_looked_at() {
    for (const Setting& setting : settings()) {
        const checks::Note note("loss", text(setting.loss));
        const Problem<T> problem = setting.problem<T>();
        auto seen = [&](bool only_looks, bool writes) {
            Network<T> net = random_network<T>(setting.layers);
            OwnState<T> own = setting.state<T>();
            std::vector<T> all;
            Hooks<T> hooks;
            hooks.only_looks = only_looks;
            hooks.after_epoch = [&](std::size_t, const EpochResult& result) {
                const std::vector<T> now = copy_of(net);
                all.insert(all.end(), now.begin(), now.end());
                for (const std::vector<T>& array : own.arrays)
                    all.insert(all.end(), array.begin(), array.end());
                all.push_back(static_cast<T>(result.loss));
                if (writes) net.parameters()[0] += 1;
                return false;
            };
            train_all(net, own.state, problem.with(setting.loss), options_of(setting), hooks);
            return all;
        };
        const std::vector<T> expected = seen(false, false);
        CHECK(!expected.empty());
        for (const bool writes : {false, true}) {
            const std::vector<T> found = seen(true, writes);
            CHECK_EQUAL(found.size(), expected.size());
            CHECK_ARRAYS(found.data(), expected.data(), expected.size());
        }
        CHECK(seen(false, true) != expected);
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

template <class T>
void all() {
    sizes_that_wrap_around<T>();
    xor_is_learned<T>();
    threads_do_not_show<T>();
    first_batches<T>();
    epochs_that_are_only_looked_at<T>();
    divergence<T>();
    divergence_in_the_last_update<T>();
    interruption<T>();
    inputs_that_are_not_finite<T>();
    what_does_not_fit_is_refused<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
