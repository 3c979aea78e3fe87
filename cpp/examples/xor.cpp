// Trains a network of 2, 8 and 1 units on exclusive or, and prints what it has learned.
#include <wbcore/initializers.hpp>
#include <wbcore/network.hpp>
#include <wbcore/training.hpp>

#include <cstdio>
#include <vector>

int main() {
    using namespace wbcore;

    const float inputs[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const float targets[4] = {0, 1, 1, 0};

    // Arrays are described, not copied: where, rows, columns, and the numbers from one row to the next.
    const ArrayView x = row_major(&inputs[0][0], 4, 2, 2), y = row_major(targets, 4, 1, 1);

    Network<float> network({{2, 8, Activation::tanh}, {8, 1, Activation::sigmoid}});
    for (std::size_t layer = 0; layer < 2; ++layer)
        initialize(Initializer::xavier, /*seed=*/0, layer, network.layer(layer).weights);

    TrainingOptions options;
    options.loss = Loss::binary_cross_entropy;
    options.optimizer.rule = {Optimizer::sgd, {/*learning_rate=*/0.5, /*momentum=*/0.9}};
    options.epochs = 200;
    options.batch_size = 4;
    std::vector<float> velocity(network.parameters().size());
    OptimizerState<float> state;
    state.arrays[0] = velocity;
    Position start;
    train<float>(network, state, start, {x, y}, nullptr, options);

    float outputs[4] = {};
    network.predict({outputs, 4, 1, 1}, x);
    bool all_right = true;
    for (int i = 0; i < 4; ++i) {
        std::printf("%g xor %g = %.3f\n", static_cast<double>(inputs[i][0]),
                    static_cast<double>(inputs[i][1]), static_cast<double>(outputs[i]));
        all_right = all_right && (outputs[i] > 0.5f) == (targets[i] > 0.5f);
    }
    return all_right ? 0 : 1;
}
