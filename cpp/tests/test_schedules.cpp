// Schedules in trainings, whoever says the rates; and settings that a hook changes within an epoch.
#include <algorithm>
#include <cmath>
#include <vector>

#include "problems.hpp"

using namespace tests;

namespace {

std::vector<RateSchedule> schedules() {
    return {
        {{Schedule::step, {0.05, 2, 0.5}}},
        {{Schedule::exponential, {0.05, 0.7}}, 3, 0.2},
        {{Schedule::polynomial, {0.05, 7, 0.001, 1.5}}},
        {{Schedule::cosine, {0.05, 3, 0, 1, 2}}, 2},
        {{Schedule::one_cycle, {0.05, 8}}},
        {{Schedule::inverse_scaling, {0.05}}},
    };
}

// Settings of several rules, each of which has another place for the rate.
std::vector<Setting> some_settings() {
    std::vector<Setting> some = {settings()[3], settings()[5], settings()[6]};
    some.push_back(some.back());
    some.back().optimizer = {{Optimizer::adamw, {0.01, 0.9, 0.99, 1e-6, 0.1}}, true};
    return some;
}

// What the core computes, what a table says, what a hook sets after each batch and what one sets at each gradient are the same
// training; on any number of threads.
template <class T>
void whoever_says_the_rates() {
    for (const Setting& setting : some_settings())
        for (const RateSchedule& schedule : schedules())
            for (const std::size_t n_threads : {1u, 3u}) {
                const checks::Note note("setting",
                                        text(setting.optimizer.rule) + ", " + text(schedule.rule));
                TrainingOptions options = options_of(setting);
                options.n_threads = n_threads;
                options.optimizer.schedule = schedule;
                const Trained<T> expected = trained<T>(setting, options);

                Hooks<T> staged;
                staged.on_gradient = [](std::uint64_t, std::span<const T>) { return 1.0; };
                same(trained<T>(setting, options, staged), expected);

                options.optimizer.schedule.reset();
                std::vector<double> table;
                Hooks<T> hooks;
                hooks.rates = [&](std::uint64_t first, std::size_t steps) {
                    table.clear();
                    for (std::size_t i = 0; i < steps; ++i)
                        table.push_back(rate_at(schedule, first + i));
                    return std::span<const double>(table);
                };
                same(trained<T>(setting, options, hooks), expected);

                std::uint64_t step = 1;
                options.optimizer.rate = rate_at(schedule, step);
                Hooks<T> after;
                after.after_batch = [&](const BatchEnd&) {
                    options.optimizer.rate = rate_at(schedule, ++step);
                    return false;
                };
                // the first batch of an epoch takes up what after_epoch has left
                same(trained<T>(setting, options, after), expected);

                options.optimizer.rate.reset();
                bool changed = false;
                Hooks<T> others = hooks;  // first a table of what is wrong from the second step on
                others.rates = [&](std::uint64_t first, std::size_t steps) {
                    const auto right = hooks.rates(first, steps);
                    if (!changed) std::fill(table.begin() + 1, table.end(), 9.0);
                    changed = false;
                    return right;
                };
                others.after_batch = [&](const BatchEnd&) {
                    changed = true;
                    return false;
                };
                others.rates_changed = [&] { return changed; };
                TrainingOptions once = options;
                once.epochs = 1;
                TrainingOptions expected_once = once;
                expected_once.optimizer.schedule = schedule;
                same(trained<T>(setting, once, others), trained<T>(setting, expected_once));

                options.optimizer.rate = rate_at(schedule, 1);
                Hooks<T> at_gradient;
                at_gradient.on_gradient = [&](std::uint64_t now, std::span<const T>) {
                    options.optimizer.rate = rate_at(schedule, now + 1);
                    return 1.0;
                };
                same(trained<T>(setting, options, at_gradient), expected);
            }
}

// The rate that the epoch's result names is that of its last step; a plateau reduces it by what it was told.
template <class T>
void results_name_the_rate() {
    const Setting setting = settings()[3];  // 3 batches an epoch
    const Problem<T> problem = setting.problem<T>();
    TrainingOptions options = options_of(setting);
    options.epochs = 4;
    options.optimizer.schedule = {{Schedule::plateau, {0.05, 0.5, 1}}, 4};
    Network<T> net = random_network<T>(setting.layers);
    OwnState<T> own = setting.state<T>();
    std::vector<double> rates;
    Hooks<T> hooks;
    hooks.after_epoch = [&](std::size_t epoch, const EpochResult& result) {
        rates.push_back(result.learning_rate);
        const bool reduced =
            observe(*options.optimizer.schedule, own.state.observations, epoch == 0 ? 1.0 : 2.0);
        CHECK_EQUAL(reduced, epoch > 0);
        return false;
    };
    train_all(net, own.state, problem.with(setting.loss), options, hooks);
    const std::vector<double> expected{0.05 * (3.0 / 5), 0.05, 0.025, 0.0125};
    CHECK_ARRAYS(rates.data(), expected.data(), expected.size());
}

// A rule that needs states which are not there: they must be brought at the end of an epoch.
template <class T>
void states_within_an_epoch() {
    Setting setting = settings()[5];
    const Problem<T> problem = setting.problem<T>();
    TrainingOptions options = options_of(setting);
    Network<T> net = random_network<T>(setting.layers);
    OwnState<T> own = setting.state<T>();
    Hooks<T> hooks;
    hooks.after_batch = [&](const BatchEnd&) {
        options.optimizer.rule.numbers[1] = 0.9;
        return false;
    };
    CHECK_THROWS(ChoiceError, "expected sgd to need no other states within an epoch, got velocity",
                 train_all(net, own.state, problem.with(setting.loss), options, hooks));
    CHECK_EQUAL(own.state.steps, 0u);  // the last epoch
}

void refused() {
    const auto refuses = [](const RateSchedule& schedule, const char* message) {
        CHECK_THROWS(ChoiceError, message, require_allowed(schedule));
    };
    refuses({{Schedule::cosine, {0.1}}}, "expected steps of cosine to be an integer from 1");
    refuses({{Schedule::cosine, {0.1, 9.5}}}, "expected steps of cosine to be an integer from 1");
    refuses({{Schedule::step, {0.1, 9, 2}}}, "expected factor of step to be a number above 0");
    refuses({{Schedule::constant, {0.1}}, 5, std::nan("")}, "from a part of 0 to 1");
    refuses({{Schedule::plateau, {0.1, 0.5, 1, 0, 0.2}}}, "at most its learning_rate");
    OptimizerSettings settings;
    settings.rate = -1;
    CHECK_THROWS(ChoiceError, "expected the rate of a step", require_allowed<double>(settings));
}

template <class T>
void all() {
    whoever_says_the_rates<T>();
    results_name_the_rate<T>();
    states_within_an_epoch<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    refused();
    return checks::result();
}
