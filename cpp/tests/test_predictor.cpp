// Frozen networks: the bits of Network::predict, from any number of threads, through C++ and through C.
#include "wbcore/predictor.hpp"

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tables.hpp"
#include "wbcore/c_api.h"
#include "wbcore/initializers.hpp"

using namespace tests;

namespace {

template <class T>
Network<T> network() {
    Network<T> net({{19, 33, Activation::silu}, {33, 7, Activation::softmax}});
    for (std::size_t l = 0; l < 2; ++l) initialize(Initializer::xavier, 5, l, net.layer(l).weights);
    return net;
}

template <class T>
wbcore_predictor* c_predictor(const Network<T>& net) {
    std::vector<std::size_t> widths{net.inputs()};
    std::vector<std::string> texts;
    for (const Dense& layer : net.layers()) {
        widths.push_back(layer.outputs);
        texts.push_back(text(layer.activation));
    }
    std::vector<const char*> activations;
    for (const std::string& activation : texts) activations.push_back(activation.c_str());
    return wbcore_predictor_create(sizeof(T) == sizeof(float) ? WBCORE_FLOAT32 : WBCORE_FLOAT64,
                                   activations.size(), widths.data(), activations.data(),
                                   net.parameters().data(), net.parameters().size());
}

// Every thread asks for rows of its own, few and many, and compares with what the network said beforehand.
template <class T>
void threads_share_a_predictor() {
    constexpr std::size_t n_threads = 6, rows = 300;
    const Network<T> net = network<T>();
    const Predictor<T> predictor(net);
    wbcore_predictor* const from_c = c_predictor(net);
    CHECK(from_c != nullptr);
    std::mt19937_64 random(1);
    const std::vector<T> x = random_numbers<T>(random, rows * net.inputs());
    auto view = [&](std::size_t first, std::size_t n) {
        return row_major(x, net.inputs()).rows_from(first, n);
    };
    std::vector<T> expected(rows * net.outputs());
    net.predict({expected.data(), rows, net.outputs(), net.outputs()}, view(0, rows));

    std::vector<int> wrong(n_threads);
    auto work = [&](std::size_t t) {
        std::vector<T> y(expected.size());
        auto compare = [&](std::size_t first, std::size_t n) {
            const bool same = std::memcmp(y.data(), expected.data() + first * net.outputs(),
                                          n * net.outputs() * sizeof(T)) == 0;
            wrong[t] += same ? 0 : 1;
            std::fill(y.begin(), y.end(), T(0));
        };
        for (std::size_t round = 0; round < 20; ++round)
            for (const std::size_t n : {std::size_t(1), 5 + t, std::size_t(130), rows}) {
                const std::size_t first = std::min(3 * t + round, rows - n);
                predictor({y.data(), n, net.outputs(), net.outputs()}, view(first, n), 1 + t % 2);
                compare(first, n);
                wrong[t] += wbcore_predict(from_c, view(first, n).data, n, y.data());
                compare(first, n);
            }
        wrong[t] += wbcore_predict(from_c, nullptr, 1, y.data()) == WBCORE_OK ? 1 : 0;
        // another thread's error is not this one's
        wrong[t] += std::strstr(wbcore_last_error(), "an array x, got NULL") == nullptr ? 1 : 0;
    };
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < n_threads; ++t) threads.emplace_back(work, t);
    for (std::thread& thread : threads) thread.join();
    for (const int count : wrong) CHECK_EQUAL(count, 0);
    CHECK_EQUAL(std::string(wbcore_last_error()), std::string());
    wbcore_predictor_destroy(from_c);
}

template <class T>
void outlives_its_network() {
    Network<T> net = network<T>();
    const std::vector<T> x(net.inputs(), T(0.5));
    const ArrayView view = row_major(x, net.inputs());
    std::vector<T> before(net.outputs()), after(net.outputs());
    net.predict({before.data(), 1, before.size(), before.size()}, view);
    Predictor<T> predictor(net);
    for (T& p : net.parameters()) p = 0;
    const Predictor<T> moved(std::move(predictor));
    CHECK_EQUAL(moved.inputs(), net.inputs());
    CHECK_EQUAL(moved.outputs(), net.outputs());
    moved({after.data(), 1, after.size(), after.size()}, view);
    CHECK_ARRAYS(after.data(), before.data(), before.size());
}

// Each block of rows is looked at, by whichever thread computes it.
template <class T>
void inputs_that_are_not_finite() {
    const Network<T> net = network<T>();
    const Predictor<T> predictor(net);
    const std::size_t inputs = net.inputs(), outputs = net.outputs();
    for (const std::size_t rows : {1u, 40u, 300u})
        for (const std::size_t n_threads : {1u, 3u}) {
            std::vector<T> x(rows * inputs, T(0.5)), y(rows * outputs);
            const std::vector<double> wide(x.size(), 1e30);
            const Matrix<T> to{y.data(), rows, outputs, outputs};
            CHECK(net.predict(to, row_major(x, inputs), n_threads));
            CHECK(predictor(to, row_major(x, inputs), n_threads));
            CHECK(predictor(to, row_major(wide, inputs), n_threads));
            x.back() = std::numeric_limits<T>::infinity();
            CHECK(!net.predict(to, row_major(x, inputs), n_threads));
            CHECK(!predictor(to, row_major(x, inputs), n_threads));
        }
}

}  // namespace

int main() {
    inputs_that_are_not_finite<float>();
    inputs_that_are_not_finite<double>();
    threads_share_a_predictor<float>();
    threads_share_a_predictor<double>();
    outlives_its_network<float>();
    outlives_its_network<double>();
    return checks::result();
}
