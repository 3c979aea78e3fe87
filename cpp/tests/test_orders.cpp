// Rows that a hook says, epoch by epoch: the bits of epochs that have copies of them, and what becomes of a wrong order.
#include <stdexcept>

#include "problems.hpp"
#include "wbcore/random.hpp"

using namespace tests;

namespace {

// Of so many rows, some again and again and others not at all, another order each time.
std::vector<std::int64_t> drawn(std::size_t rows, std::size_t count, std::size_t epoch) {
    std::mt19937_64 random(epoch);
    std::vector<std::int64_t> order;
    for (std::size_t i = 0; i < count; ++i)
        order.push_back(static_cast<std::int64_t>(random() % rows));
    return order;
}

// With each epoch's rows chosen of the data, a training of its own that takes them as they come.
template <class T>
void orders_are_chosen_rows() {
    for (const Setting& setting : settings())
        for (const std::size_t n_threads : {1u, 3u}) {
            TrainingOptions options = options_of(setting);
            options.n_threads = n_threads;
            const bool of_classes = setting.loss.info().targets == Targets::classes;
            options.metrics = {of_classes ? Metric::accuracy : Metric::r2};
            if (of_classes) options.metrics.push_back(Metric::roc_auc);
            const std::size_t count = setting.rows + 11;  // more than there are
            const Problem<T> problem = setting.problem<T>();
            Dataset data = problem.with(setting.loss);
            std::vector<double> results, expected;
            Hooks<T> hooks;
            auto note = [](std::vector<double>& to) {
                return [&to](std::size_t, const EpochResult& result) {
                    to.push_back(result.loss);
                    to.insert(to.end(), result.metrics.begin(), result.metrics.end());
                    return false;
                };
            };

            std::vector<std::int64_t> order = drawn(setting.rows, count, 99);
            data.chosen = order;  // as many, and none of these
            std::vector<std::size_t> asked;
            std::vector<std::int64_t> given;
            hooks.order = [&](std::size_t epoch) {
                asked.push_back(epoch);
                given = drawn(setting.rows, count, epoch);
                return std::span<const std::int64_t>(given);
            };
            hooks.after_epoch = note(results);
            Network<T> net = random_network<T>(setting.layers);
            OwnState<T> own = setting.state<T>();
            train_all(net, own.state, data, options, hooks);
            CHECK(asked == std::vector<std::size_t>({0, 1, 2}));

            Network<T> other = random_network<T>(setting.layers);
            OwnState<T> other_own = setting.state<T>();
            Position position;
            options.shuffle = false;
            for (std::size_t epoch = 0; epoch < options_of(setting).epochs; ++epoch) {
                order = drawn(setting.rows, count, epoch);
                data.chosen = order;
                options.epochs = epoch + 1;
                Hooks<T> alone;
                alone.after_epoch = note(expected);
                train<T>(other, other_own.state, position, data, nullptr, options, alone);
            }
            CHECK_ARRAYS(net.parameters().data(), other.parameters().data(),
                         net.parameters().size());
            CHECK_EQUAL(results.size(), expected.size());
            CHECK_ARRAYS(results.data(), expected.data(), expected.size());
            CHECK_EQUAL(own.state.steps, other_own.state.steps);
        }
}

// What the hook throws, or an order of another length, ends the training with the epoch before.
template <class T>
void wrong_orders() {
    const Setting setting = settings()[2];
    const Problem<T> problem = setting.problem<T>();
    const Dataset data = problem.with(setting.loss);
    for (const bool throws : {true, false}) {
        const std::vector<std::int64_t> order = drawn(setting.rows, setting.rows, 0);
        Hooks<T> hooks;
        hooks.order = [&](std::size_t epoch) {
            if (epoch == 1 && throws) throw std::logic_error("thrown");
            return std::span(order).first(order.size() - epoch);
        };
        Network<T> net = random_network<T>(setting.layers), other = net;
        OwnState<T> own = setting.state<T>(), other_own = setting.state<T>();
        TrainingOptions options = options_of(setting);
        std::string text;
        try {
            train_all(net, own.state, data, options, hooks);
        } catch (const std::logic_error& error) {
            text = error.what();
        }
        CHECK_EQUAL(text, throws ? "thrown" : "expected an order of 33 rows, got 32");
        options.epochs = 1;
        train_all(other, other_own.state, data, options, hooks);
        CHECK_ARRAYS(net.parameters().data(), other.parameters().data(), net.parameters().size());
        CHECK_EQUAL(own.state.steps, other_own.state.steps);
    }
}

template <class T>
void all() {
    orders_are_chosen_rows<T>();
    wrong_orders<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
