// Long work in pieces: the bits are those of the whole, and a stop at any place leaves nothing torn.
#include "pieces.hpp"

#include <atomic>
#include <set>
#include <thread>

#include "problems.hpp"
#include "wbcore/predictor.hpp"
#include "wbcore/profile.hpp"
#include "wbcore/tape.hpp"

using namespace tests;

namespace {

// The smallest pieces there are while it lives.
class SmallPieces {
public:
    SmallPieces() { work_of_a_piece = 1; }
    ~SmallPieces() { work_of_a_piece = usual_; }
    SmallPieces(const SmallPieces&) = delete;
    SmallPieces& operator=(const SmallPieces&) = delete;

private:
    double usual_ = work_of_a_piece;
};

Setting large_batches() {
    return {{{70, 40, Activation::tanh, true, true, 0.4}, {40, 3}},
            Loss::cross_entropy,
            {{Optimizer::sgd, {0.05, 0.9, 0, 0.01}}},
            700,
            400};
}

void sizes() {
    CHECK_EQUAL(piece_size(1000, 1, 16), 1000u);
    CHECK_EQUAL(piece_size(1000, 4e9, 16), 16u);
    CHECK_EQUAL(piece_size(1000, 4e7, 16), 96u);
    CHECK_EQUAL(piece_size(0, 1e30, 16), 1u);
    CHECK_EQUAL(rows_of_a_piece({{1000, 1000}}, 100'000), 3968u);
    std::vector<Range> pieces;
    in_pieces({3, 10}, 3, [] { return false; }, [&](Range piece) { pieces.push_back(piece); });
    CHECK_EQUAL(pieces.size(), 3u);
    CHECK(pieces[0].first == 3 && pieces[0].last == 6 && pieces[2].first == 9 &&
          pieces[2].last == 10);
}

template <class T>
struct Results {
    Trained<T> trained;
    std::vector<T> outputs, gradients, taped, input_gradients;
    double loss = 0, evaluated = 0;
};

template <class T>
Results<T> results(std::size_t n_threads) {
    const Setting setting = large_batches();
    const Problem<T> problem(setting.rows, 70, 3);
    const Dataset data = problem.with(setting.loss);
    const Network<T> net = random_network<T>(setting.layers);
    TrainingOptions options = options_of(setting);
    options.n_threads = n_threads;
    options.metrics = {Metric::accuracy};
    Results<T> r;
    r.trained = trained<T>(setting, options);
    r.outputs.resize(700 * 3);
    net.predict({r.outputs.data(), 700, 3, 3}, data.x, n_threads);
    r.gradients.resize(net.parameters().size());
    const DropoutStep dropout{9, 4};
    r.loss = loss_and_gradients<T>(r.gradients, net, data, options.loss, nullptr, dropout);
    r.evaluated = evaluate(net, data, options.loss, {}, n_threads).loss;
    Tape<T> tape;
    std::vector<T> y(700 * 3);
    tape.forward({y.data(), 700, 3, 3}, net, data.x, nullptr, dropout);
    r.taped.resize(r.gradients.size());
    r.input_gradients.resize(700 * 70);
    tape.backward(r.taped, {r.input_gradients.data(), 700, 70, 70}, row_major(y, 3));
    return r;
}

template <class T>
void pieces_do_not_show() {
    const Results<T> whole = results<T>(1);
    const SmallPieces small;
    for (const std::size_t n_threads : {1u, 2u, 3u}) {
        const checks::Note note("threads", n_threads);
        const Results<T> r = results<T>(n_threads);
        same(r.trained, whole.trained);
        CHECK_ARRAYS(r.outputs.data(), whole.outputs.data(), whole.outputs.size());
        CHECK_ARRAYS(r.gradients.data(), whole.gradients.data(), whole.gradients.size());
        CHECK_ARRAYS(r.taped.data(), whole.taped.data(), whole.taped.size());
        CHECK_ARRAYS(r.input_gradients.data(), whole.input_gradients.data(),
                     whole.input_gradients.size());
        CHECK_EQUAL(r.loss, whole.loss);
        CHECK_EQUAL(r.evaluated, whole.evaluated);
    }
}

// Stopped at the k-th time that it is asked, for every k: the parameters and velocities are those after some batch of the
// undisturbed training, and the later the stop, the later the batch.
template <class T>
void a_stop_anywhere_leaves_a_whole_batch() {
    const Setting setting = large_batches();
    const Problem<T> problem(setting.rows, 70, 3);
    const Dataset data = problem.with(setting.loss);
    for (const std::size_t n_threads : {1u, 2u}) {
        TrainingOptions options = options_of(setting);
        options.n_threads = n_threads;
        options.shuffle = false;
        // what an undisturbed training has after each batch
        std::vector<std::vector<T>> after;
        Network<T> net = random_network<T>(setting.layers);
        OwnState<T> own = setting.state<T>();
        auto all_of = [](const Network<T>& network, const OwnState<T>& optimizer) {
            std::vector<T> all = copy_of(network);
            all.insert(all.end(), optimizer.arrays[0].begin(), optimizer.arrays[0].end());
            all.push_back(static_cast<T>(optimizer.state.steps));
            return all;
        };
        after.push_back(all_of(net, own));
        TrainingOptions single = options;
        single.epochs = 1;
        for (std::size_t epoch = 0; epoch < options.epochs; ++epoch)
            for (std::size_t first = 0; first < 700; first += 400) {
                const std::size_t rows = std::min<std::size_t>(400, 700 - first);
                train_all(net, own.state, data.rows_from(first, rows), single);
                after.push_back(all_of(net, own));
            }
        const SmallPieces small;
        std::size_t last = 0, stops = 0;
        for (int k = 0;; ++k) {
            const checks::Note note("asked", k);
            Network<T> stopped = random_network<T>(setting.layers);
            OwnState<T> state = setting.state<T>();
            int asked = 0;
            Hooks<T> hooks;
            hooks.interrupted = [&] { return asked++ == k; };
            const TrainingEnd end = train_all(stopped, state.state, data, options, hooks);
            const std::vector<T> found = all_of(stopped, state);
            const auto at = std::find(after.begin(), after.end(), found);
            CHECK(at != after.end());
            const auto index = static_cast<std::size_t>(at - after.begin());
            // a stop in the middle of an update goes back to the epoch before
            CHECK(index + 2 >= last);
            last = std::max(last, index);
            if (end.status != TrainingStatus::interrupted) break;
            ++stops;
        }
        CHECK_EQUAL(last, after.size() - 1);
        CHECK(stops > 2 * (after.size() - 1));  // within batches too
    }
}

template <class F>
void stops_everywhere(F call) {
    int k = 0;
    for (bool interrupted = true; interrupted; ++k) {
        int asked = 0;
        interrupted = false;
        try {
            call(InterruptCheck([&] { return asked++ == k; }));
        } catch (const Interrupted&) {
            interrupted = true;
        }
    }
    CHECK(k > 2);
}

template <class T>
void calls_stop() {
    const SmallPieces small;
    const Setting setting = large_batches();
    const Problem<T> problem(setting.rows, 70, 3);
    const Dataset data = problem.with(setting.loss);
    const Network<T> net = random_network<T>(setting.layers);
    std::vector<T> y(700 * 3), gradients(net.parameters().size()), dx(700 * 70);
    const Matrix<T> out{y.data(), 700, 3, 3};
    for (const std::size_t n : {1u, 2u}) {
        stops_everywhere([&](const InterruptCheck& check) { net.predict(out, data.x, n, &check); });
        stops_everywhere(
            [&](const InterruptCheck& check) { evaluate(net, data, setting.loss, {}, n, check); });
    }
    stops_everywhere([&](const InterruptCheck& check) {
        loss_and_gradients<T>(gradients, net, data, setting.loss, check);
    });
    Tape<T> tape;
    stops_everywhere([&](const InterruptCheck& check) { tape.forward(out, net, data.x, check); });
    stops_everywhere([&](const InterruptCheck& check) {
        tape.backward(gradients, {dx.data(), 700, 70, 70}, row_major(y, 3), check);
    });
    stops_everywhere(
        [&](const InterruptCheck& check) { profile(net, data, setting.loss, 32, 2, check); });
    stops_everywhere([&](const InterruptCheck& check) {
        dense_forward<T>(out, {problem.x.data(), 700, 70, 70}, {problem.x.data(), 70, 3, 3},
                         problem.x.data(), check);
    });
}

// What copies the parameters while another thread trains finds those of an epoch.
template <class T>
void copies_are_of_an_epoch() {
    const Setting setting{
        {{20, 30, Activation::relu}, {30, 2}}, Loss::mse, {{Optimizer::sgd, {0.01}}}, 64, 64};
    const Problem<T> problem(64, 20, 2);
    const Dataset data = problem.with(Loss::mse);
    Network<T> net = random_network<T>(setting.layers);
    std::set<double> losses{evaluate(net, data, setting.loss, {}, 1).loss};
    std::atomic<bool> over = false;
    TrainingOptions options = options_of(setting);
    options.epochs = 1'000'000;
    std::thread training([&] {
        Hooks<T> hooks;
        hooks.after_epoch = [&](std::size_t, const EpochResult&) {
            losses.insert(evaluate(net, data, setting.loss, {}, 1).loss);
            return over.load();
        };
        OptimizerState<T> none;
        train_all(net, none, data, options, hooks);
    });
    std::vector<double> found;
    std::vector<T> y(64 * 2);
    for (int i = 0; i < 200; ++i) {
        found.push_back(evaluate(net, data, setting.loss, {}, 1).loss);
        const Predictor<T> frozen(net);
        CHECK(frozen({y.data(), 64, 2, 2}, data.x));
    }
    over = true;
    training.join();
    for (const double loss : found) CHECK(losses.contains(loss));
}

template <class T>
void all() {
    pieces_do_not_show<T>();
    a_stop_anywhere_leaves_a_whole_batch<T>();
    calls_stop<T>();
    copies_are_of_an_epoch<T>();
}

}  // namespace

int main() {
    sizes();
    all<float>();
    all<double>();
    return checks::result();
}
