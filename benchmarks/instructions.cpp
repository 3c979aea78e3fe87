// One fixed small workload, done `units` times, for benchmarks/instructions.py to count its instructions:
//   instructions <workload> <units>     instructions --list     instructions --compiler
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "wbcore/initializers.hpp"
#include "wbcore/predictor.hpp"
#include "wbcore/training.hpp"

using namespace wbcore;

namespace {

// Numbers in [0, 1) that look nothing like zeros; instructions do not depend on which they are.
template <class T>
std::vector<T> numbers(std::size_t n) {
    std::vector<T> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(i * 37 % 256) / T(256);
    return values;
}

// ReLU, then linear outputs.
template <class T>
Network<T> mlp(const std::vector<std::size_t>& widths) {
    std::vector<Dense> layers;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l)
        layers.push_back({widths[l], widths[l + 1], Activation::relu});
    layers.back().activation = Activation::identity;
    Network<T> network(layers);
    for (std::size_t l = 0; l < layers.size(); ++l)
        initialize(Initializer::he, 0, l, network.layer(l).weights);
    return network;
}

// A unit is an epoch of some steps, or some calls: as many as make the count of one exact, and no more, since valgrind does
// an AVX2 instruction in about 100 ns.
struct Workload {
    std::string name;
    std::size_t parts;  // steps or calls in a unit: what its count is divided by
    std::function<void(std::size_t units)> run;
};

enum class Style : std::uint8_t {
    plain,       // mean squared error, rows in order
    classifier,  // cross-entropy on labels, shuffled, with momentum
};

template <class T>
void train_epochs(const std::vector<std::size_t>& widths,
                  std::size_t batch,
                  Style style,
                  std::size_t steps,  // in an epoch
                  std::size_t epochs) {
    const bool labelled = style == Style::classifier;
    const std::size_t rows = steps * batch, outputs = widths.back();
    const std::vector<T> x = numbers<T>(rows * widths.front()), y = numbers<T>(rows * outputs);
    std::vector<std::int64_t> labels(rows);
    for (std::size_t i = 0; i < rows; ++i) labels[i] = static_cast<std::int64_t>(i % outputs);

    TrainingOptions options;
    options.loss = labelled ? Loss::cross_entropy : Loss::mse;
    options.optimizer.rule = {Optimizer::sgd, {0.001, labelled ? 0.9 : 0.0}};
    options.shuffle = labelled;
    options.batch_size = batch;
    options.epochs = epochs;
    options.n_threads = 1;

    Network<T> network = mlp<T>(widths);
    std::vector<T> velocity(labelled ? network.parameters().size() : 0);
    const ArrayView targets = labelled ? row_major(labels, 1) : row_major(y, outputs);
    OptimizerState<T> state;
    state.arrays[0] = velocity;
    Position position;
    const TrainingEnd end =
        train<T>(network, state, position, {row_major(x, widths.front()), targets, labelled},
                 nullptr, options);
    if (end.status != TrainingStatus::completed) throw std::runtime_error("training diverged");
}

template <class T>
void predict_live(const std::vector<std::size_t>& widths, std::size_t rows, std::size_t calls) {
    const Network<T> network = mlp<T>(widths);
    const std::vector<T> x = numbers<T>(rows * widths.front());
    std::vector<T> y(rows * widths.back());
    for (std::size_t i = 0; i < calls; ++i)
        network.predict({y.data(), rows, widths.back(), widths.back()},
                        row_major(x, widths.front()), 1);
}

template <class T>
void predict_frozen(const std::vector<std::size_t>& widths, std::size_t rows, std::size_t calls) {
    const Predictor<T> predictor(mlp<T>(widths));
    const std::vector<T> x = numbers<T>(rows * widths.front());
    std::vector<T> y(rows * widths.back());
    for (std::size_t i = 0; i < calls; ++i)
        predictor({y.data(), rows, widths.back(), widths.back()}, row_major(x, widths.front()), 1);
}

// "train 4-16-3, 16, float32": the network, the rows of a batch, the type
std::string title(const std::string& what,
                  const std::vector<std::size_t>& widths,
                  std::size_t rows,
                  std::size_t size) {
    std::string text = what + ' ';
    for (std::size_t l = 0; l < widths.size(); ++l)
        text += (l > 0 ? "-" : "") + std::to_string(widths[l]);
    return text + ", " + std::to_string(rows) + (size == 4 ? ", float32" : ", float64");
}

template <class T>
Workload training(const std::vector<std::size_t>& widths,
                  std::size_t batch,
                  std::size_t steps,
                  Style style = Style::plain) {
    const char* what = style == Style::plain ? "train" : "train classifier";
    return {title(what, widths, batch, sizeof(T)), steps,
            [=](std::size_t epochs) { train_epochs<T>(widths, batch, style, steps, epochs); }};
}

template <class T>
Workload live(const std::vector<std::size_t>& widths, std::size_t rows, std::size_t calls) {
    return {title("predict", widths, rows, sizeof(T)), calls,
            [=](std::size_t units) { predict_live<T>(widths, rows, units * calls); }};
}

template <class T>
Workload frozen(const std::vector<std::size_t>& widths, std::size_t rows, std::size_t calls) {
    return {title("predict frozen", widths, rows, sizeof(T)), calls,
            [=](std::size_t units) { predict_frozen<T>(widths, rows, units * calls); }};
}

std::vector<Workload> workloads() {
    const std::vector<std::size_t> tiny{4, 16, 3}, small{64, 64, 10}, deep{8, 32, 32, 32, 32, 1},
        digits{784, 128, 10};
    return {
        training<float>(tiny, 16, 16),
        training<float>(small, 32, 8),
        training<float>(deep, 64, 8),
        training<float>(digits, 128, 2),
        training<float>(small, 32, 8, Style::classifier),
        training<double>(small, 32, 8),
        live<float>(tiny, 1, 100),
        live<float>(digits, 1, 10),
        live<float>(digits, 64, 2),
        frozen<float>(tiny, 1, 100),
        frozen<float>(digits, 1, 10),
        frozen<double>(digits, 1, 10),
    };
}

int run(const std::string& name, std::size_t units) {
    for (const Workload& workload : workloads())
        if (workload.name == name) return workload.run(units), 0;
    std::fprintf(stderr, "no workload '%s'\n", name.c_str());
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string command = argc > 1 ? argv[1] : "";
    if (command == "--compiler") {
#if defined(__clang__)
        std::printf("clang++ %s\n", __clang_version__);
#else
        std::printf("g++ %s\n", __VERSION__);
#endif
        return 0;
    }
    if (command == "--list") {
        for (const Workload& workload : workloads())
            std::printf("%zu\t%s\n", workload.parts, workload.name.c_str());
        return 0;
    }
    if (argc != 3) {
        std::fprintf(stderr, "usage: instructions <workload> <units> | --list | --compiler\n");
        return 2;
    }
    return run(command, std::strtoul(argv[2], nullptr, 10));
}
