// Who is asked while a training goes on: what they see, what they may do, and how a training goes on after them.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "problems.hpp"
#include "rules.hpp"

using namespace tests;

namespace {

// Somebody who looks at each gradient changes no bit: the steps are staged then, and fused else. What is seen are the gradients
// of the batches; a scale of 1 is none, another one is that of the gradient.
template <class T>
void fused_is_staged() {
    std::vector<Setting> all = settings();
    Setting other = all[3];  // every way of every rule, on a network of several panels
    for (std::size_t i = 0; i < optimizer_rows.size(); ++i)
        for (const Named<Optimizer>& rule : with_and_without(static_cast<Optimizer>(i))) {
            other.optimizer = {rule, all.size() % 2 == 0};
            if (is_allowed<T>(rule)) all.push_back(other);
        }
    for (std::size_t i = 0; i < optimizer_rows.size(); ++i)
        for (OptimizerSettings& settings : with_options(static_cast<Optimizer>(i))) {
            settings.decay_biases = all.size() % 2 == 0;
            settings.max_norm = all.size() % 3 == 0 ? 0 : 0.5;
            other.optimizer = settings;
            all.push_back(other);
        }
    for (const Setting& setting : all)
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
void all() {
    fused_is_staged<T>();
    gradients_are_scaled<T>();
    a_position_goes_in_and_comes_out<T>();
    hooks_may_throw<T>();
    callbacks<T>();
    callbacks_may_write<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
