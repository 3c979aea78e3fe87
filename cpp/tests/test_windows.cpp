// Data that come in windows: the bits of one array, wherever the windows end, and what becomes of a training when one fails.
#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "problems.hpp"
#include "wbcore/random.hpp"

using namespace tests;

namespace {

// Rows that lie anywhere in a room: window by window of at most so many pieces, each in other places, whose old rows are gone.
template <class T>
class Source {
public:
    Source(const Setting& setting, const Problem<T>& problem, std::size_t piece, std::size_t pieces)
        : all_(problem.with(setting.loss)), most_(piece * pieces) {
        // a room of as many rows again, so that places differ from row numbers
        x_.assign(2 * all_.x.rows * all_.x.cols, T(-1));
        y_.assign(2 * all_.y.rows * all_.y.cols, T(0.5));
        labels_.assign(2 * all_.y.rows, 0);
    }

    const Dataset& all() const { return all_; }

    // Of the order of an epoch, or as they come
    Window window(const std::vector<std::int64_t>& order, std::size_t first) {
        const std::size_t n = std::min(most_, all_.x.rows - first), room = 2 * all_.x.rows;
        places_.clear();
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t row = static_cast<std::size_t>(order[first + i]);
            const std::size_t place = (3 * i + 7 * ++turn_) % room;
            if (std::ranges::find(places_, static_cast<std::int64_t>(place)) != places_.end()) {
                --i;
                continue;
            }
            places_.push_back(static_cast<std::int64_t>(place));
            for (std::size_t c = 0; c < all_.x.cols; ++c)
                x_[place * all_.x.cols + c] = static_cast<T>(value_at(all_.x, {row, c}));
            for (std::size_t c = 0; c < all_.y.cols; ++c) {
                y_[place * all_.y.cols + c] = static_cast<T>(value_at(all_.y, {row, c}));
                labels_[place] = static_cast<std::int64_t>(value_at(all_.y, {row, c}));
            }
        }
        Dataset data{row_major(x_, all_.x.cols), row_major(y_, all_.y.cols), all_.labels};
        if (all_.labels) data.y = row_major(labels_, 1);
        return {data, places_.data(), n};
    }

private:
    Dataset all_;
    std::size_t most_, turn_ = 0;
    std::vector<T> x_, y_;
    std::vector<std::int64_t> labels_, places_;
};

std::vector<std::int64_t> order_of(std::size_t rows,
                                   const TrainingOptions& options,
                                   std::size_t e) {
    std::vector<std::int64_t> order(rows);
    if (options.shuffle)
        shuffled_order(order, options.seed, e);
    else
        std::iota(order.begin(), order.end(), 0);
    return order;
}

constexpr std::size_t leaf = 128;

template <class T>
void windows_do_not_show() {
    for (const Setting& setting : settings())
        for (const std::size_t pieces : {1u, 2u, 5u})
            for (const bool shuffle : {true, false}) {
                TrainingOptions options = options_of(setting);
                options.shuffle = shuffle;
                options.n_threads = 1 + pieces % 2;
                options.metrics = {setting.loss.info().targets == Targets::classes
                                       ? Metric::accuracy
                                       : Metric::r2};
                options.batch_size = std::min<std::size_t>(options.batch_size, 40);
                const Problem<T> problem = setting.problem<T>();
                Source<T> training(setting, problem, options.batch_size, pieces);
                Source<T> validation(setting, problem, leaf, pieces);
                Hooks<T> hooks;
                hooks.next_window = [&](std::size_t epoch, std::size_t first) {
                    return training.window(order_of(setting.rows, options, epoch), first);
                };
                hooks.next_validation_window = [&](std::size_t, std::size_t first) {
                    TrainingOptions in_order = options;
                    in_order.shuffle = false;
                    return validation.window(order_of(setting.rows, in_order, 0), first);
                };
                same(trained<T>(setting, options, hooks), trained<T>(setting, options));
            }
}

// From any batch on, which is not the first of a window either.
template <class T>
void a_training_goes_on_in_the_middle_of_a_window() {
    const Setting setting = settings()[1];
    TrainingOptions options = options_of(setting);
    options.batch_size = 8;
    const Problem<T> problem = setting.problem<T>();
    auto run = [&](bool by_windows, bool stops) {
        Source<T> source(setting, problem, options.batch_size, 3);
        Network<T> net = random_network<T>(setting.layers);
        OwnState<T> own = setting.state<T>();
        Position position;
        Hooks<T> hooks;
        if (by_windows)
            hooks.next_window = [&](std::size_t epoch, std::size_t first) {
                CHECK_EQUAL(epoch, position.epoch);
                CHECK_EQUAL(first, position.batch * options.batch_size);
                return source.window(order_of(setting.rows, options, epoch), first);
            };
        hooks.after_batch = [&](const BatchEnd&) { return stops; };
        while (position.epoch < options.epochs)
            train<T>(net, own.state, position, source.all(), nullptr, options, hooks);
        return copy_of(net);
    };
    const std::vector<T> expected = run(false, false);
    for (const bool stops : {true, false}) {
        const std::vector<T> found = run(true, stops);
        CHECK_ARRAYS(found.data(), expected.data(), expected.size());
    }
}

template <class T>
void a_window_may_fail() {
    const Setting setting = settings()[1];
    TrainingOptions options = options_of(setting);
    options.batch_size = 8;
    const Problem<T> problem = setting.problem<T>();
    Source<T> source(setting, problem, options.batch_size, 2);
    Network<T> net = random_network<T>(setting.layers);
    OwnState<T> own = setting.state<T>();
    Hooks<T> hooks;
    std::size_t calls = 0;
    hooks.next_window = [&](std::size_t epoch, std::size_t first) {
        if (++calls == 6) throw std::runtime_error("gone");
        return source.window(order_of(setting.rows, options, epoch), first);
    };
    Position position;
    bool thrown = false;
    try {
        train<T>(net, own.state, position, source.all(), nullptr, options, hooks);
    } catch (const std::runtime_error& error) {
        thrown = std::string(error.what()) == "gone";
    }
    CHECK(thrown);
    CHECK_EQUAL(position.epoch, 1u);
    // it goes on as if nothing had been
    hooks.next_window = [&](std::size_t epoch, std::size_t first) {
        return source.window(order_of(setting.rows, options, epoch), first);
    };
    train<T>(net, own.state, position, source.all(), nullptr, options, hooks);
    Network<T> expected = random_network<T>(setting.layers);
    OwnState<T> other = setting.state<T>();
    train_all(expected, other.state, source.all(), options);
    CHECK_ARRAYS(net.parameters().data(), expected.parameters().data(),
                 expected.parameters().size());
}

// Windows end between batches, and have rows.
template <class T>
void sizes_are_checked() {
    const Setting setting = settings()[1];
    const TrainingOptions options = options_of(setting);
    const Problem<T> problem = setting.problem<T>();
    const std::vector<std::int64_t> order = order_of(setting.rows, options, 0);
    for (const std::size_t rows : {std::size_t{0}, options.batch_size + 1, setting.rows + 1}) {
        Source<T> source(setting, problem, options.batch_size, 1);
        Network<T> net = random_network<T>(setting.layers);
        OwnState<T> own = setting.state<T>();
        Hooks<T> hooks;
        hooks.next_window = [&](std::size_t, std::size_t first) {
            Window window = source.window(order, first);
            window.rows = rows;
            return window;
        };
        bool refused = false;
        try {
            train_all(net, own.state, source.all(), options, hooks);
        } catch (const std::logic_error&) {
            refused = true;
        }
        CHECK(refused);
        const std::vector<T> start = copy_of(random_network<T>(setting.layers));
        CHECK_ARRAYS(net.parameters().data(), start.data(), start.size());
    }
}

template <class T>
void all() {
    windows_do_not_show<T>();
    a_training_goes_on_in_the_middle_of_a_window<T>();
    a_window_may_fail<T>();
    sizes_are_checked<T>();
}

}  // namespace

int main() {
    all<float>();
    all<double>();
    return checks::result();
}
