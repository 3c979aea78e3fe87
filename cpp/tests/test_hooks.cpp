// Who is asked while a training goes on: what they see, what they may do, and how a training goes on after them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "pieces.hpp"
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
        options.penalty = true;
        options.optimizer.l1 = 0.001;
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
                results.push_back(result.penalty);
                return false;
            };
            if (stops)
                hooks.after_batch = [&](const BatchEnd& end) {
                    CHECK(end.position.batch > 0 && std::isfinite(end.loss_sum) && end.rows > 0);
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

// A hook that has the network written within an epoch finds what the steps so far made and changes no bit; the position that comes
// with it is that of the state. Somebody who does not want a batch is not asked after it.
template <class T>
void early_writing() {
    const Setting setting = settings()[3];  // 3 batches an epoch
    const Problem<T> problem = setting.problem<T>();
    const Dataset data = problem.with(setting.loss);
    TrainingOptions options = options_of(setting);
    for (const std::size_t n_threads : {1u, 3u}) {
        options.n_threads = n_threads;
        const Trained<T> expected = trained<T>(setting, options);
        Network<T> net = random_network<T>(setting.layers);
        OwnState<T> own = setting.state<T>();
        Position position;
        std::size_t asked = 0, written = 0;
        Hooks<T> hooks;
        hooks.wants_batch = [&] { return ++asked % 2 == 0; };
        hooks.written_back = [&] {
            ++written;
            CHECK_EQUAL(own.state.steps, 3 * position.epoch + position.batch);
        };
        hooks.after_batch = [&](const BatchEnd& end) {
            CHECK(asked % 2 == 0);
            CHECK_EQUAL(end.steps, asked);
            const std::vector<T> before = copy_of(net);
            end.bring_up_to_date();
            CHECK_EQUAL(own.state.steps, end.steps);
            CHECK(before != copy_of(net));
            std::ranges::fill(net.parameters(), T(7));  // does not count
            return false;
        };
        CHECK_EQUAL(train<T>(net, own.state, position, data, nullptr, options, hooks).status,
                    TrainingStatus::completed);
        CHECK_EQUAL(asked, 9u);
        CHECK_EQUAL(written, 3u + 4u);  // each epoch's end, and each second batch
        CHECK_ARRAYS(net.parameters().data(), expected.parameters.data(),
                     expected.parameters.size());
        CHECK_ARRAYS(own.arrays[0].data(), expected.states[0].data(), expected.states[0].size());
    }
}

// Rows that a data set chooses are those of a copy of them, in training and evaluation, in order and shuffled.
template <class T>
void chosen_rows() {
    const std::vector<Setting> all = settings();
    for (const Setting& setting : all) {
        const Problem<T> problem = setting.problem<T>();
        const Dataset whole = problem.with(setting.loss);
        std::vector<std::int64_t> rows;
        for (std::size_t r = setting.rows; r-- > 0;)
            if (r % 3 != 1) rows.push_back(static_cast<std::int64_t>(r));
        Problem<T> part = problem;
        part.x.clear(), part.numbers.clear(), part.shares.clear(), part.labels.clear();
        auto append = [](std::vector<T>& to, const std::vector<T>& from, std::size_t row,
                         std::size_t cols) {
            for (std::size_t j = 0; j < cols; ++j) to.push_back(from[row * cols + j]);
        };
        for (const std::int64_t at : rows) {
            const auto row = static_cast<std::size_t>(at);
            append(part.x, problem.x, row, problem.inputs);
            append(part.numbers, problem.numbers, row, problem.outputs);
            append(part.shares, problem.shares, row, problem.outputs);
            part.labels.push_back(problem.labels[row]);
        }
        Dataset chosen = whole;
        chosen.chosen = rows;
        const Dataset copied = part.with(setting.loss);
        for (const bool shuffle : {true, false})
            for (const std::size_t n_threads : {1u, 3u}) {
                TrainingOptions options = options_of(setting);
                options.shuffle = shuffle;
                options.n_threads = n_threads;
                auto run = [&](const Dataset& data) {
                    Network<T> net = random_network<T>(setting.layers);
                    OwnState<T> own = setting.state<T>();
                    std::vector<double> results;
                    Hooks<T> hooks;
                    hooks.after_epoch = [&](std::size_t, const EpochResult& result) {
                        results.push_back(result.loss);
                        results.push_back(*result.validation_loss);
                        return false;
                    };
                    train_all(net, own.state, data, options, hooks, &data);
                    for (const T w : net.parameters()) results.push_back(static_cast<double>(w));
                    return results;
                };
                const std::vector<double> found = run(chosen), expected = run(copied);
                CHECK_ARRAYS(found.data(), expected.data(), expected.size());
            }
    }
}

// What a hook throws within an epoch arrives, and leaves the network of the epoch before, also when it had it written meanwhile.
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
            auto ask = [&](const BatchEnd* end = nullptr) {
                if (end != nullptr && asked >= 3) end->bring_up_to_date();
                if (++asked == 5) throw std::runtime_error("from the hook");
            };
            if (at_gradient)
                hooks.on_gradient = [&](std::uint64_t, std::span<const T>) { return ask(), 1.0; };
            else
                hooks.after_batch = [&](const BatchEnd& end) { return ask(&end), false; };
            Position position;
            const Dataset data = problem.with(setting.loss);
            CHECK_THROWS(std::runtime_error, "from the hook",
                         train<T>(net, own.state, position, data, nullptr, options, hooks));
            // 3 batches an epoch: after that before the fifth
            CHECK_EQUAL(own.state.steps, 3u);
            CHECK_EQUAL(position.epoch, 1u);
            CHECK_EQUAL(position.batch, 0u);
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

// A loss of the caller's, in the operations of mse, gives what mse gives, on any number of threads, in one piece or several; one
// that throws leaves the batches before, and one that is not finite the epochs.
template <class T>
void losses_of_the_callers() {
    const Setting setting{{{17, 40, Activation::gelu}, {40, 5, Activation::tanh}},
                          Loss::mse,
                          {{Optimizer::sgd, {0.05, 0.9}}},
                          150,
                          64};
    const Problem<T> problem = setting.problem<T>();
    const Dataset data = problem.with(Loss::mse);
    std::size_t calls = 0, ends_at = 0;
    double wrong = 0;
    Hooks<T> hooks;
    hooks.loss = [&](const LossBatch<T>& batch, Panels<T> gradient) {
        if (++calls == ends_at) {
            if (wrong == 0) throw std::runtime_error("enough");
            return wrong;
        }
        const std::size_t rows = batch.outputs.rows, cols = batch.outputs.cols;
        const T c = 2 / static_cast<T>(rows * cols);
        double sum = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t row =
                batch.order == nullptr ? batch.first + r : static_cast<std::size_t>(batch.order[r]);
            for (std::size_t j = 0; j < cols; ++j) {
                const T d = batch.outputs(r, j) - problem.numbers[row * cols + j];
                gradient(r, j) = d * c;
                sum += static_cast<double>(d) * static_cast<double>(d);
            }
        }
        return sum / static_cast<double>(rows * cols);
    };
    const std::vector<T> start = copy_of(random_network<T>(setting.layers));
    const double usual = work_of_a_piece;
    for (const bool shuffle : {true, false})
        for (const bool in_pieces : {false, true})
            for (const std::size_t n_threads : {1u, 2u, 5u}) {
                work_of_a_piece = in_pieces ? 1 : usual;
                TrainingOptions options = options_of(setting);
                options.shuffle = shuffle;
                options.n_threads = n_threads;
                OwnState<T> own = setting.state<T>(), other = setting.state<T>();
                Network<T> expected = random_network<T>(setting.layers);
                Network<T> net = random_network<T>(setting.layers);
                calls = ends_at = 0;
                CHECK_EQUAL(train_all(expected, own.state, data, options).status,
                            TrainingStatus::completed);
                CHECK_EQUAL(train_all(net, other.state, data, options, hooks).status,
                            TrainingStatus::completed);
                CHECK_EQUAL(calls, std::size_t(9));  // three epochs of three batches
                CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(), start.size());

                // the fifth batch is the second of the second epoch
                calls = 0, ends_at = 5, wrong = 0;
                OwnState<T> third = setting.state<T>();
                Network<T> ended = random_network<T>(setting.layers);
                bool thrown = false;
                try {
                    train_all(ended, third.state, data, options, hooks);
                } catch (const std::runtime_error&) {
                    thrown = true;
                }
                CHECK(thrown);
                CHECK_EQUAL(third.state.steps, std::uint64_t(3));  // of the first epoch

                calls = 0, wrong = std::numeric_limits<double>::infinity();
                OwnState<T> fourth = setting.state<T>();
                Network<T> diverged = random_network<T>(setting.layers);
                const TrainingEnd end = train_all(diverged, fourth.state, data, options, hooks);
                CHECK_EQUAL(end.status, TrainingStatus::diverged);
                CHECK_EQUAL(end.epoch, std::size_t(1));
                CHECK_EQUAL(fourth.state.steps, std::uint64_t(3));
            }
    work_of_a_piece = usual;
}

template <class T>
void all() {
    losses_of_the_callers<T>();
    fused_is_staged<T>();
    gradients_are_scaled<T>();
    a_position_goes_in_and_comes_out<T>();
    early_writing<T>();
    chosen_rows<T>();
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
