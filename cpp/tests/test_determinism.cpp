// The bits of this release: parameters after fixed trainings, random numbers and initial weights, by a committed digest, on
// every instruction set of every processor, also as if it had no fma. test_determinism print writes the table anew; it changes only with docs/arithmetic.md.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "check.hpp"
#include "kernels/fma.hpp"
#include "problems.hpp"
#include "wbcore/initializers.hpp"
#include "wbcore/isa.hpp"
#include "wbcore/random.hpp"
#include "wbcore/training.hpp"

using namespace wbcore;

namespace {

struct Training {
    const char* name;
    std::vector<Dense> layers;
    Named<Loss> loss;
    OptimizerSettings optimizer;
    std::size_t rows, batch_size;
    std::uint64_t of_floats, of_doubles;  // digests of the parameters
};

// Together they meet every activation, loss and option, sums longer than the leaves of 256 features and 128 rows, and
// partial batches.
const std::vector<Training>& trainings() {
    using enum Activation;
    static const std::vector<Training> all{
        {"digits",
         {{64, 32, relu}, {32, 10}},
         Loss::cross_entropy,
         {{Optimizer::sgd, {0.1, 0.9}}},
         200,
         32,
         0xb6c31b715c56287c,
         0x2bf3a579fd000826},
        {"wide",
         {{300, 40, Activation::tanh}, {40, 17, softmax}},
         Loss::cross_entropy,
         {{Optimizer::sgd, {0.1, 0, 0, 0.01}}},
         300,
         300,
         0x7c3edd4b409cf1f1,
         0x818e947f51826169},
        {"deep",
         {{8, 32, silu}, {32, 32, silu}, {32, 1}},
         Loss::mse,
         {{Optimizer::sgd, {0.1, 0.5, 1}}},
         130,
         64,
         0x70e72f30111e8310,
         0x6496594b1c5ee92c},
        {"odd",
         {{7, 13, elu}, {13, 5, elu}, {5, 2, sigmoid}},
         Loss::binary_cross_entropy,
         {{Optimizer::sgd, {0.1, 0.9, 0, 0.01}}, true},
         33,
         8,
         0xab73f1cb07250c60,
         0x219c607d04b8fd34},
        {"huber",
         {{33, 18, gelu}, {18, 6, softplus}},
         {Loss::huber, {0.25}},
         {{Optimizer::sgd, {0.1, 0.8, 1, 0.001}}},
         129,
         50,
         0xd1ff6c25be194774,
         0xd2168ff05ae261e0},
        {"mae",
         {{16, 24, leaky_relu}, {24, 3, Activation::tanh}},
         Loss::mae,
         {{Optimizer::sgd, {0.1}}},
         64,
         64,
         0xc83456a0fd4888ae,
         0x5dbef27585335016},
    };
    return all;
}

constexpr std::uint64_t of_random_numbers = 0x72478e87cc775642;
constexpr std::uint64_t of_initial_floats = 0x046a50fe1e6f4dec,
                        of_initial_doubles = 0x72ceefa9d93565d5;

// From -1 to 1 in steps of 1/64: exact in every floating-point type.
std::vector<double> numbers(std::uint64_t seed, std::size_t n) {
    PhiloxStream stream(seed, 0);
    std::vector<double> values(n);
    for (double& value : values) value = (static_cast<double>(stream.below(129)) - 64) / 64;
    return values;
}

std::vector<double> targets(const Training& training, std::size_t outputs) {
    const Targets wanted = training.loss.info().targets;
    if (wanted != Targets::classes) {
        std::vector<double> y = numbers(2, training.rows * outputs);
        for (double& t : y) {
            if (wanted == Targets::probabilities || wanted == Targets::counts) t = std::abs(t);
            if (wanted == Targets::positives) t = std::abs(t) + 0.125;
            if (wanted == Targets::signs) t = t > 0 ? 1 : -1;
        }
        return y;
    }
    PhiloxStream stream(2, 0);
    std::vector<double> one_hot(training.rows * outputs);
    for (std::size_t row = 0; row < training.rows; ++row)
        one_hot[row * outputs + static_cast<std::size_t>(stream.below(outputs))] = 1;
    return one_hot;
}

// FNV-1a, over the bytes of each number from its lowest on, as the processors at hand store them.
template <class T>
std::uint64_t digest(std::span<const T> values) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const T value : values) {
        unsigned char bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    }
    return hash;
}

// The digest of the parameters after three epochs.
template <class T>
std::uint64_t trained(const Training& training) {
    const std::size_t inputs = training.layers.front().inputs,
                      outputs = training.layers.back().outputs;
    Network<T> net(training.layers);
    for (std::size_t l = 0; l < training.layers.size(); ++l)
        initialize(Initializer::xavier, 5, l, net.layer(l).weights);
    const std::vector<double> x = numbers(1, training.rows * inputs),
                              y = targets(training, outputs);
    TrainingOptions options;
    options.loss = training.loss;
    options.optimizer = training.optimizer;
    options.epochs = 3;
    options.batch_size = training.batch_size;
    options.seed = 6;
    options.n_threads = 2;
    tests::OwnState<T> own(training.optimizer.rule, net.parameters().size());
    const TrainingEnd end = tests::train_all(
        net, own.state, {row_major(x, inputs), row_major(y, outputs), false}, options);
    CHECK_EQUAL(end.status, TrainingStatus::completed);
    return digest<T>(net.parameters());
}

// Normal draws, and quantiles from the middle to the ends of both tails.
std::uint64_t random_numbers() {
    PhiloxStream stream(7, 2);
    std::vector<double> values(20000);
    for (double& value : values) value = stream.standard_normal();
    double u = 0.5;
    while (u >= 0x1p-53) {
        for (const double side : {u, 1 - u}) values.push_back(normal_quantile(side));
        u *= 0.75;
    }
    return digest<double>(values);
}

// Every initializer of release 0.1.0 (later ones come after them), for a matrix with more rows than a leaf and for a wide one.
template <class T>
std::uint64_t initial_weights() {
    std::vector<T> all;
    for (int i = 0; i <= static_cast<int>(Initializer::orthogonal); ++i) {
        Named<Initializer> choice(static_cast<Initializer>(i));
        if (choice.kind == Initializer::constant) continue;  // draws nothing
        // the digest is of standard draws
        if (choice.name() == "normal" || choice.name() == "uniform" ||
            choice.name() == "truncated_normal")
            choice = {choice.kind, {0, 1}};
        for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{300, 7}, {30, 70}}) {
            std::vector<T> weights(rows * cols);
            initialize<T>(choice, 9, 1, {weights.data(), rows, cols, cols});
            all.insert(all.end(), weights.begin(), weights.end());
        }
    }
    return digest<T>(all);
}

void digests_of_this_release() {
    CHECK_EQUAL(random_numbers(), of_random_numbers);
    CHECK_EQUAL(initial_weights<float>(), of_initial_floats);
    CHECK_EQUAL(initial_weights<double>(), of_initial_doubles);
    for (const Training& training : trainings()) {
        const checks::Note note("training", training.name);
        CHECK_EQUAL(trained<float>(training), training.of_floats);
        CHECK_EQUAL(trained<double>(training), training.of_doubles);
    }
}

// An instruction set is chosen once in a process: each has one of its own.
void on_every_instruction_set() {
    for (const std::string& isa : available_isas()) {
        const pid_t child = fork();
        if (child == 0) {
            setenv("WBCORE_ISA", isa.c_str(), 1);
            const checks::Note note("isa", isa);
            CHECK_EQUAL(wbcore::isa(), isa);
            digests_of_this_release();
            if (kernels::has_fma_instruction) {
                const checks::Note without("instruction", "none");
                kernels::has_fma_instruction = false;
                digests_of_this_release();
            }
            std::exit(checks::result());
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

// Asked by way of a pointer, since the compiler may know the answer.
bool fma_of_the_c_library_is_right() {
    double (*volatile function)(double, double, double) = ::fma;
    return function(1 + 0x1p-30, 1 - 0x1p-30, -1) == -0x1p-60;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "print") == 0) {
        for (const Training& training : trainings())
            std::printf("%-8s 0x%016" PRIx64 ", 0x%016" PRIx64 "\n", training.name,
                        trained<float>(training), trained<double>(training));
        std::printf("random numbers 0x%016" PRIx64 ", initial weights 0x%016" PRIx64
                    ", 0x%016" PRIx64 "\n",
                    random_numbers(), initial_weights<float>(), initial_weights<double>());
        return 0;
    }
    // For this test a library with a wrong fma is loaded before the C library: CMakeLists.txt.
    if (argc > 1 && std::strcmp(argv[1], "wrong_fma") == 0) CHECK(!fma_of_the_c_library_is_right());
    on_every_instruction_set();
    return checks::result();
}
