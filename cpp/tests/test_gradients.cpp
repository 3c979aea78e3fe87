// Gradients, evaluation and the user's own loop, each against what a training does.
#include "wbcore/gradients.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "problems.hpp"
#include "wbcore/profile.hpp"
#include "wbcore/random.hpp"
#include "wbcore/tape.hpp"

using namespace tests;

namespace {

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
                    const DropoutStep dropout{options.seed, own.state.steps + 1};
                    const double loss =
                        loss_and_gradients<T>(gradients, net, data, options.loss, nullptr, dropout);
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
void tapes(const std::optional<DropoutStep>& dropout) {
    for (const Setting& setting : settings()) {
        if (is_of_z(setting.loss)) continue;
        const Problem<T> problem = setting.problem<T>();
        const Network<T> net = random_network<T>(setting.layers);
        const Dataset data = problem.with(setting.loss);
        const std::size_t rows = setting.rows, outputs = problem.outputs;
        std::vector<T> expected(net.parameters().size()), y(rows * outputs), dy(rows * outputs),
            dx(rows * problem.inputs);
        const double loss =
            loss_and_gradients<T>(expected, net, data, setting.loss, nullptr, dropout);
        Tape<T> tape;
        CHECK(!tape.recorded());
        tape.forward({y.data(), rows, outputs, outputs}, net, data.x, nullptr, dropout);
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

template <class T>
void timing_changes_nothing() {
    const Setting setting = settings()[4];
    const Problem<T> problem(setting.rows, 33, 2);
    const Network<T> net = random_network<T>(setting.layers);
    const std::vector<T> before = copy_of(net);
    for (const std::size_t batch_size : {1u, 32u, 5000u}) {
        const Profile found =
            profile<T>(net, problem.with(setting.loss), setting.loss, batch_size, 3);
        // gather, loss; forward, update of three layers; backward, transpose of all but the first
        CHECK_EQUAL(found.phases.size(), std::size_t(2 + 2 * 3 + 2 * 2));
        for (const PhaseTime& phase : found.phases) {
            CHECK(phase.milliseconds >= 0 && phase.milliseconds < 10000);
            const bool has_product = phase.phase == Phase::forward ||
                                     phase.phase == Phase::backward || phase.phase == Phase::update;
            CHECK_EQUAL(phase.operations > 0, has_product);
        }
        CHECK(found.step > 0 && found.timed_step > 0 && found.reading > 0 && found.fma_peak > 0);
        CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
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
    a_fit_is_its_steps<T>();
    evaluation_is_the_loss<T>();
    tapes<T>(std::nullopt);
    tapes<T>(DropoutStep{9, 1});
    timing_changes_nothing<T>();
    frozen_layers_stay<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
