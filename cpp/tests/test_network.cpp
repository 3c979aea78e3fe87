// Networks: how they are made, and prediction against the plain loops of docs/arithmetic.md.
#include "wbcore/network.hpp"

#include <limits>
#include <stdexcept>

#include "contract.hpp"
#include "tables.hpp"
#include "wbcore/predictor.hpp"

using namespace tests;

namespace {

using Layers = std::vector<Dense>;

void construction() {
    using Net = Network<float>;
    CHECK_THROWS(std::invalid_argument, "expected at least one layer, got none", Net(Layers{}));
    CHECK_THROWS(std::invalid_argument,
                 "[Network] layer 0: expected positive sizes, got 0 inputs and 3 outputs",
                 Net(Layers{{0, 3}}));
    CHECK_THROWS(std::invalid_argument, "layer 1: expected positive sizes, got 3 inputs and 0",
                 Net(Layers{{2, 3}, {3, 0}}));
    CHECK_THROWS(std::invalid_argument,
                 "layer 1: expected 3 inputs, the outputs of the layer before it, got 4",
                 Net(Layers{{2, 3}, {4, 1}}));
    CHECK_THROWS(std::invalid_argument,
                 "layer 0: expected softmax in the last layer only, got it in one of 2",
                 Net(Layers{{2, 3, Activation::softmax}, {3, 1}}));
    const Net net(Layers{{2, 3, Activation::relu}, {3, 4, Activation::softmax}});
    CHECK_EQUAL(net.inputs(), std::size_t(2));
    CHECK_EQUAL(net.outputs(), std::size_t(4));
    CHECK_EQUAL(net.parameters().size(), std::size_t(2 * 3 + 3 + 3 * 4 + 4));
    for (const float p : net.parameters()) CHECK_BITS(p, 0.0f);
}

// Sizes of which the number of parameters does not fit into std::size_t must not wrap around to something small.
void impossible_sizes() {
    constexpr std::size_t two = 2, most = std::numeric_limits<std::size_t>::max();
    const Layers wrap_to_two{{two << 62, 2}}, wrap_to_nothing{{most, 1}},
        in_sum{{1, most / 8}, {most / 8, 8}};
    for (const Layers& layers : {wrap_to_two, wrap_to_nothing, in_sum}) {
        const checks::Note note("inputs", layers[0].inputs);
        CHECK_THROWS(std::bad_alloc, "", Network<double>(Layers(layers)));
    }
}

template <class T>
void layers_are_views() {
    Network<T> net(Layers{{2, 3}, {3, 1}});
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
        net.parameters()[i] = static_cast<T>(i);
    // W0 b0 W1 b1, row-major
    CHECK_EQUAL(net.layer(0).weights(1, 2), T(5));
    CHECK_EQUAL(net.layer(0).biases[0], T(6));
    CHECK_EQUAL(net.layer(1).weights(2, 0), T(11));
    CHECK_EQUAL(net.layer(1).biases[0], T(12));
    net.layer(1).biases[0] = 7;
    CHECK_EQUAL(net.parameters()[12], T(7));
    const Network<T> copy(net);
    net.layer(1).biases[0] = 8;
    CHECK_EQUAL(copy.layer(1).biases[0], T(7));
}

// One row through the network, number by number.
template <class T>
std::vector<T> slow_predict(const Network<T>& net, std::vector<T> x) {
    for (std::size_t l = 0; l < net.layers().size(); ++l) {
        const std::size_t inputs = net.layers()[l].inputs, outputs = net.layers()[l].outputs;
        const ActivationOf<T> activation = net.activation(l);
        const DenseView<const T> layer = net.layer(l);
        const std::vector<T> zeros(outputs);
        const T* const biases = layer.biases != nullptr ? layer.biases : zeros.data();
        const Packed<T> z(1, outputs);
        std::vector<T> a(outputs);
        for (std::size_t o = 0; o < outputs; ++o)
            z(0, o) = contract::dense(x.data(), layer.weights.data, biases, inputs, outputs, o);
        if (!activation.is_elementwise()) plain<T>().softmax(z(), z());
        for (std::size_t o = 0; o < outputs; ++o) {
            a[o] = z(0, o);
            if (activation.is_elementwise()) plain<T>().activate(activation, &a[o], &a[o], 1);
        }
        x = a;
    }
    return x;
}

// The same rows: as they are, column by column, and from the last to the first.
template <class T>
struct Layouts {
    std::vector<T> columns, backwards;
    std::vector<ArrayView> views;
    Layouts(const std::vector<T>& x, std::size_t rows, std::size_t cols)
        : columns(x.size()), backwards(x.size()) {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < cols; ++c) {
                columns[c * rows + r] = x[r * cols + c];
                backwards[(rows - 1 - r) * cols + c] = x[r * cols + c];
            }
        views.assign(3, row_major(x.data(), rows, cols, cols));
        views[1].data = columns.data();
        views[1].row_stride = sizeof(T);
        views[1].col_stride = static_cast<std::ptrdiff_t>(rows * sizeof(T));
        views[2].data = &backwards[(rows - 1) * cols];
        views[2].row_stride = -views[2].row_stride;
    }
};

// Rows around those at which prediction packs the weights, and at which it goes on to another block.
template <class T>
void check_predictions(const Network<T>& net, std::size_t rows, std::mt19937_64& random) {
    const checks::Note note("inputs, rows",
                            std::to_string(net.inputs()) + ", " + std::to_string(rows));
    const std::size_t outputs = net.outputs(), stride = outputs + 2;
    const std::vector<T> x = random_numbers<T>(random, rows * net.inputs());
    const Predictor<T> predictor(net);
    std::vector<T> expected;
    for (std::size_t r = 0; r < rows; ++r) {
        const T* row = &x[r * net.inputs()];
        for (const T y : slow_predict(net, std::vector<T>(row, row + net.inputs())))
            expected.push_back(y);
    }
    const Layouts<T> layouts(x, rows, net.inputs());
    for (const ArrayView& view : layouts.views)
        for (const std::size_t n_threads : {0u, 1u, 2u, 3u, 8u})
            for (const bool frozen : {false, true}) {
                std::vector<T> y(rows * stride, not_a_number<T>);
                const Matrix<T> out{y.data(), rows, outputs, stride};
                if (frozen)
                    predictor(out, view, n_threads);
                else
                    net.predict(out, view, n_threads);
                for (std::size_t r = 0; r < rows; ++r) {
                    CHECK_ARRAYS(&y[r * stride], &expected[r * outputs], outputs);
                    CHECK(std::isnan(y[r * stride + outputs]));  // nothing beside the outputs
                }
            }
}

template <class T>
void predictions() {
    const std::vector<Layers> nets{
        {{1, 1}},
        {{3, 10, Activation::softmax}},
        {{17, 33, Activation::relu}, {33, 1, Activation::sigmoid}},
        {{5, 16, Activation::tanh}, {16, 15, Activation::gelu}, {15, 3, Activation::softplus}},
        {{300, 8, Activation::silu}, {8, 520, Activation::elu}, {520, 2, Activation::leaky_relu}},
        {{5, 16, {Activation::elu, {0.5}}, false}, {16, 1, Activation::identity, false}},
        {{9, 30, {Activation::leaky_relu, {0.2}}}, {30, 3, Activation::softmax, false}},
    };
    std::mt19937_64 random(1);
    for (const Layers& layers : nets) {
        Network<T> net(layers);
        for (T& p : net.parameters()) p = T(0.3) * random_number<T>(random);
        const std::vector<T> before(net.parameters().begin(), net.parameters().end());
        for (const std::size_t rows : {1u, 2u, 7u, 47u, 48u, 49u, 127u, 128u, 129u, 300u})
            if (rows * net.inputs() <= 40000) check_predictions(net, rows, random);
        CHECK_ARRAYS(net.parameters().data(), before.data(), before.size());
        // no rows: nothing is read or written
        const ArrayView nothing{nullptr, ElementType::float32, false, 0, net.inputs(), 0, 0};
        net.predict({nullptr, 0, net.outputs(), net.outputs()}, nothing);
    }
}

// A part looks at the same parameters, lock and trainable layers, and keeps them; a copy has its own.
template <class T>
void parts() {
    std::mt19937_64 random(3);
    auto whole = std::make_unique<Network<T>>(
        Layers{{7, 9, Activation::tanh}, {9, 4, Activation::relu, false}, {4, 3}});
    for (T& p : whole->parameters()) p = random_number<T>(random);
    Network<T> part = whole->part({1, 3}), inner = part.part({0, 1});
    CHECK_EQUAL(part.inputs(), 9u);
    CHECK_EQUAL(part.outputs(), 3u);
    CHECK(part.layer(0).weights.data == whole->layer(1).weights.data);
    CHECK(inner.layer(0).weights.data == whole->layer(1).weights.data);
    CHECK(part.layer(0).biases == nullptr);
    CHECK(part.layer(1).biases == whole->layer(2).biases);
    CHECK_EQUAL(part.parameters().size(), std::size_t(9 * 4 + 4 * 3 + 3));
    CHECK(&part.parameters().back() == &whole->parameters().back());
    CHECK(&part.lock() == &whole->lock());
    CHECK_EQUAL(inner.shared_parameters().size(), whole->parameters().size());

    inner.set_trainable(0, false);
    CHECK(!whole->layers()[1].trainable && !part.layers()[0].trainable);
    CHECK(whole->layers()[0].trainable && whole->layers()[2].trainable);
    whole->set_trainable(1, true);
    CHECK(inner.layers()[0].trainable && part.layers()[0].trainable);

    Network<T> copy = part, assigned(Layers{{1, 1}});
    assigned = inner;
    CHECK_ARRAYS(copy.parameters().data(), part.parameters().data(), copy.parameters().size());
    CHECK_EQUAL(assigned.parameters().size(), std::size_t(9 * 4));
    copy.parameters()[0] += 1;
    copy.set_trainable(0, false);
    CHECK(copy.parameters()[0] != part.parameters()[0]);
    CHECK(part.layers()[0].trainable);
    CHECK(&copy.lock() != &part.lock());

    const T last = whole->parameters().back();
    whole.reset();
    CHECK_BITS(part.parameters().back(), last);
    for (const Range range : {Range{0, 0}, Range{1, 1}, Range{2, 1}, Range{0, 3}})
        CHECK_THROWS(std::invalid_argument, "expected some of 2 layers", part.part(range));
}

// Every layer's outputs are what a network of the layers up to it predicts, whichever way the parameters are read.
template <class T>
void outputs_of_every_layer() {
    std::mt19937_64 random(4);
    Network<T> net(
        Layers{{5, 20, Activation::gelu}, {20, 3, Activation::tanh}, {3, 2, Activation::softmax}});
    for (T& p : net.parameters()) p = random_number<T>(random);
    for (const std::size_t rows : {1u, 47u, 48u, 300u})
        for (const std::size_t n_threads : {1u, 3u}) {
            const std::vector<T> x = random_numbers<T>(random, rows * 5);
            std::vector<std::vector<T>> values;
            std::vector<Matrix<T>> outputs;
            for (const Dense& layer : net.layers()) {
                values.emplace_back(rows * layer.outputs);
                outputs.push_back({values.back().data(), rows, layer.outputs, layer.outputs});
            }
            CHECK(net.activations(outputs, row_major(x, 5), n_threads));
            for (std::size_t l = 0; l < 3; ++l) {
                const std::size_t n = net.layers()[l].outputs;
                std::vector<T> expected(rows * n);
                net.part({0, l + 1}).predict({expected.data(), rows, n, n}, row_major(x, 5));
                CHECK_ARRAYS(values[l].data(), expected.data(), expected.size());
            }
        }
}

template <class T>
void one_layer_on_plain_arrays() {
    std::mt19937_64 random(2);
    for (const std::size_t outputs : {1u, 15u, 17u}) {
        constexpr std::size_t rows = 9, inputs = 300;
        const std::vector<T> x = random_numbers<T>(random, rows * inputs),
                             w = random_numbers<T>(random, inputs * outputs),
                             b = random_numbers<T>(random, outputs);
        std::vector<T> z(rows * outputs);
        dense_forward<T>({z.data(), rows, outputs, outputs}, {x.data(), rows, inputs, inputs},
                         {w.data(), inputs, outputs, outputs}, b.data());
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t o = 0; o < outputs; ++o)
                CHECK_BITS(z[r * outputs + o],
                           contract::dense(&x[r * inputs], w.data(), b.data(), inputs, outputs, o));
    }
}

template <class T>
void all() {
    layers_are_views<T>();
    predictions<T>();
    parts<T>();
    outputs_of_every_layer<T>();
    one_layer_on_plain_arrays<T>();
}

}  // namespace

int main() {
    construction();
    impossible_sizes();
    all<float>();
    all<double>();
    return checks::result();
}
