// What is found in a training's outcome, on networks whose outputs are known, and what is not found where nothing is wrong.
#include "wbcore/diagnosis.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "check.hpp"

using namespace wbcore;

namespace {

constexpr std::size_t n = 64;

template <class T>
void set(Network<T>& net, const std::vector<double>& parameters) {
    std::ranges::transform(parameters, net.parameters().begin(), [](double p) { return T(p); });
}

// n rows of one input from -1 to 1, times `factor`.
std::vector<double> inputs(double factor = 1) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i)
        x[i] = factor * (2 * static_cast<double>(i) / static_cast<double>(n - 1) - 1);
    return x;
}

template <class T, class Y>
Diagnosis found_by(Network<T>& net,
                   const std::vector<double>& x,
                   const std::vector<Y>& y,
                   Loss loss,
                   bool labels = false,
                   bool brief = false) {
    const Dataset data{row_major(x, 1), row_major(y, labels ? 1 : net.outputs()), labels};
    return diagnose(net, data, Named<Loss>(loss), Glance{n / 2, brief});
}

template <class T>
void regressions() {
    Network<T> net({{1, 2, Activation::relu}, {2, 1}});
    const std::vector<double> x = inputs();
    std::vector<double> y = inputs(2), same(n, 3.0);
    set(net, {1, -1, 0, 0, 2, -2, 0});  // 2 x
    Diagnosis found = found_by(net, x, y, Loss::mse);
    CHECK_EQUAL(found.rows, n / 2);
    CHECK(!found.inputs && !found.targets && !found.constant && found.dead_layers.empty());

    set(net, {1, -1, -5, -5, 2, -2, 0.5});  // no row reaches a hidden unit
    found = found_by(net, x, y, Loss::mse);
    CHECK(found.constant);
    CHECK(found.dead_layers == std::vector<std::size_t>{0});
    // one that is right is no finding
    CHECK(!found_by(net, x, same, Loss::mse).constant);

    set(net, {1, -1, 0, 0, 1e-5, -1e-5, 0.5});
    found = found_by(net, x, y, Loss::mae);
    CHECK(found.constant && found.dead_layers.empty());
    set(net, {1, -1, 0, 0, 1e-5, -1e-5, 0.5});
    CHECK(!found_by(net, x, inputs(1e-4), Loss::mse).constant);
}

template <class T>
void classes() {
    Network<T> one({{1, 1}}), three({{1, 3}});
    const std::vector<double> x = inputs();
    std::vector<double> half(n), rare(n), most(n);
    std::vector<std::int32_t> labels(n);
    for (std::size_t i = 0; i < n; ++i) {
        half[i] = i < n / 2 ? 0 : 1;
        rare[i] = i % 16 == 15 ? 1 : 0;
        most[i] = i % 3 == 0 ? 0 : 1;
        labels[i] = static_cast<std::int32_t>(i % 3);
    }
    const Loss binary = Loss::binary_cross_entropy;
    set(one, {3, 0});
    CHECK(!found_by(one, x, half, binary).one_class);
    set(one, {1, 5});  // all above 0
    CHECK(found_by(one, x, half, binary).one_class == 1u);
    CHECK(found_by(one, x, most, binary).one_class == 1u);
    CHECK(!found_by(one, x, half, binary).constant);
    CHECK(!found_by(one, x, std::vector<double>(n, 1), binary).one_class);
    set(one, {1, -5});
    CHECK(found_by(one, x, most, binary).one_class == 0u);
    CHECK(!found_by(one, x, rare, binary).one_class);  // what nearly all have is a good guess
    CHECK(!found_by(one, x, rare, binary).constant);
    set(one, {0, -5});
    CHECK(found_by(one, x, rare, binary).constant);
    // as numbers these are others
    CHECK(!found_by(one, x, half, Loss::mse).one_class);

    set(three, {1, 2, 3, 0, 5, 0});
    const Diagnosis found = found_by(three, x, labels, Loss::cross_entropy, true);
    CHECK(found.one_class == 1u && !found.constant);
    set(three, {0, 0, 0, 1, 2, 3});
    CHECK(found_by(three, x, labels, Loss::cross_entropy, true).constant);
    set(three, {5, 0, -5, 0, 0.5, 0});
    CHECK(!found_by(three, x, labels, Loss::cross_entropy, true).one_class);
    // by now somebody has changed them
    labels[0] = 7;
    CHECK(!found_by(three, x, labels, Loss::cross_entropy, true).one_class);
}

template <class T>
void scales() {
    Network<T> net({{1, 1}});
    set(net, {1, 0});
    for (const double factor : {1.0, 20.0, 0.01, 40.0, 1e3}) {
        const Diagnosis found = found_by(net, inputs(factor), inputs(factor), Loss::mse);
        const bool far = factor > 55;  // their spread is 0.58
        CHECK_EQUAL(found.inputs.has_value(), far);
        CHECK_EQUAL(found.targets.has_value(), far);
        // 0 and 1 need no scale
        CHECK(!found_by(net, inputs(factor), std::vector<double>(n, 1), Loss::binary_cross_entropy)
                   .targets);
    }
    CHECK(found_by(net, inputs(1e-4), inputs(), Loss::mse).inputs);
    CHECK(!found_by(net, std::vector<double>(n, 0), inputs(), Loss::mse).inputs);
    const Diagnosis shifted = found_by(net, std::vector<double>(n, -2000), inputs(), Loss::mse);
    CHECK(shifted.inputs && shifted.inputs->columns == 1 && shifted.inputs->mean == -2000);
    std::vector<double> bad = inputs();
    for (double& x : bad) x = std::numeric_limits<double>::quiet_NaN();
    CHECK_EQUAL(found_by(net, bad, inputs(), Loss::mse).rows, 0u);
}

// After a training of no time an outcome and its reason are told together, or nothing is.
template <class T>
void brief_looks() {
    Network<T> net({{1, 2, Activation::relu}, {2, 1}});
    const auto brief = [&](double factor) {
        return found_by(net, inputs(factor), inputs(2), Loss::mse, false, true);
    };
    set(net, {1, -1, 0, 0, 2, -2, 0});
    CHECK_EQUAL(brief(1).rows, 0u);
    CHECK_EQUAL(brief(100).rows, 0u);  // far from unit scale, and learned from nevertheless
    set(net, {1, -1, 0, 0, 0, 0, 0.5});
    CHECK_EQUAL(brief(1).rows, 0u);  // the same for all rows, as after a step from the prior
    CHECK(brief(100).constant && brief(100).inputs);
    set(net, {1, -1, -500, -500, 2, -2, 0.5});
    CHECK(brief(1).constant && brief(1).dead_layers == std::vector<std::size_t>{0});
    const std::vector<double> same(n, 500);
    CHECK_EQUAL(found_by(net, same, inputs(2), Loss::mse, false, true).rows, 0u);
}

// More the longer a training took, up to a bound; of one that is over in no time a brief look at a few.
void how_many_rows() {
    const std::vector<Dense> layers{{30, 16}, {16, 1}};
    for (const std::size_t epochs : {1u, 2u, 5u}) {
        const Glance soon = glance_after(layers, 569, 32, epochs);
        CHECK(soon.brief && soon.rows >= 16 && soon.rows <= 32);
    }
    CHECK_EQUAL(glance_after(layers, 569, 32, 0).rows, 0u);
    CHECK_EQUAL(glance_after({{4, 3}}, 8, 8, 0).rows, 0u);
    CHECK_EQUAL(glance_after({{4, 3}}, 15, 8, 1).rows, 0u);
    CHECK_EQUAL(glance_after({{4, 3}}, 16, 8, 1).rows, 16u);
    const Glance some = glance_after(layers, 569, 32, 10);
    CHECK(!some.brief && some.rows >= 16 && some.rows < 64);
    CHECK_EQUAL(glance_after(layers, 569, 32, 1000).rows, 128u);
    CHECK_EQUAL(glance_after(layers, 4, 4, 100000).rows, 4u);
    CHECK_EQUAL(glance_after({{4000, 4000}}, 100, 100, 1).rows, 0u);
}

template <class T>
void all() {
    regressions<T>();
    classes<T>();
    scales<T>();
    brief_looks<T>();
}

}  // namespace

int main() {
    how_many_rows();
    all<float>();
    all<double>();
    return checks::result();
}
