// What training steps and predictions allocate once they are warm: nothing.
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "problems.hpp"
#include "wbcore/predictor.hpp"
#include "wbcore/threads.hpp"
#include "wbcore/training.hpp"

namespace {
std::atomic<long> allocations{0};
}

// The linker sends this program's and the library's calls of malloc and its kin here (--wrap, in CMakeLists.txt); what the
// standard library allocates comes through operator new.
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
extern "C" {
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real_aligned_alloc(std::size_t, std::size_t);
int __real_posix_memalign(void**, std::size_t, std::size_t);

void* __wrap_malloc(std::size_t n) { return ++allocations, __real_malloc(n); }
void* __wrap_calloc(std::size_t n, std::size_t size) {
    return ++allocations, __real_calloc(n, size);
}
void* __wrap_realloc(void* p, std::size_t n) { return ++allocations, __real_realloc(p, n); }
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t n) {
    return ++allocations, __real_aligned_alloc(alignment, n);
}
int __wrap_posix_memalign(void** p, std::size_t alignment, std::size_t n) {
    return ++allocations, __real_posix_memalign(p, alignment, n);
}
}
// NOLINTEND(bugprone-reserved-identifier)

// The array and the nothrow forms call these.
void* operator new(std::size_t n) {
    if (void* p = std::malloc(n)) return p;
    throw std::bad_alloc();
}
void* operator new(std::size_t n, std::align_val_t alignment) {
    const std::size_t a = static_cast<std::size_t>(alignment);
    if (void* p = std::aligned_alloc(a, wbcore::round_up(n, a))) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

using namespace wbcore;

namespace {

template <class F>
long allocations_of(F body) {
    const long before = allocations.load();
    body();
    return allocations.load() - before;
}

// Rows as several kinds of user have them.
template <class T>
struct Data {
    static constexpr std::size_t inputs = 20, outputs = 5;
    std::vector<T> x, targets;
    std::vector<std::uint8_t> bytes;
    std::vector<std::int64_t> labels;

    explicit Data(std::size_t rows) {
        for (std::size_t i = 0; i < rows * inputs; ++i) {
            bytes.push_back(static_cast<std::uint8_t>(i * 37 % 256));
            x.push_back(T(bytes.back()) / T(256));
        }
        for (std::size_t i = 0; i < rows * outputs; ++i) targets.push_back(T(i % 7) / T(7));
        for (std::size_t i = 0; i < rows; ++i)
            labels.push_back(static_cast<std::int64_t>(i % outputs));
    }
    static tests::Layers layers() {
        return {{inputs, 20, Activation::gelu, true, true, 0.25},
                {20, outputs, Activation::identity}};
    }
    // Those that bytes are, of another number of columns
    ArrayView weights() const { return row_major(bytes.data(), labels.size(), 1, inputs); }
    Dataset with(bool byte_inputs, bool labelled) const {
        return {byte_inputs ? row_major(bytes, inputs) : row_major(x, inputs),
                labelled ? row_major(labels, 1) : row_major(targets, outputs), labelled};
    }
};

// A fit of ten times as many steps allocates as often as a short one.
template <class T>
void training_steps() {
    // The last of each epoch's steps is not full, and two threads find work in either validation.
    constexpr std::size_t batch_size = 2 * kernels::row_leaf;
    const Data<T> short_data(2 * batch_size - 5), long_data(20 * batch_size - 5);
    for (int choice = 0; choice < 128; ++choice) {
        auto bit = [choice](int b) { return (choice >> b & 1) != 0; };
        const bool bytes = bit(0), labelled = bit(1), validated = bit(5);
        const bool weighted = bit(2) != bit(5);
        TrainingOptions options;
        options.loss = labelled ? Loss::cross_entropy : Loss::mse;
        options.shuffle = bit(2);
        if (bit(3))
            options.optimizer.rule = {Optimizer::adam, {0.01, 0.9, 0.99, 1e-8, 0.001}};
        else
            options.optimizer.rule = {Optimizer::sgd, {0.01, 0.9, 1, 0.001}};
        if (bit(6))
            options.optimizer = {options.optimizer.rule, true, 1e-4, 1e-3, bit(0), 0.1, 0.05, 2};
        options.penalty = bit(1) == bit(6);
        if (bit(3) == bit(4))
            options.optimizer.schedule = {{Schedule::cosine, {0.01, 7, 0, 1, 2}}, 3};
        options.n_threads = bit(4) ? 2 : 1;
        options.epochs = 2;
        options.batch_size = batch_size;
        options.metrics = {labelled ? Metric::accuracy : Metric::r2};
        const checks::Note note(
            "bytes, labels, shuffle and staged, adam, threads, validation, limits",
            std::string() + "01"[bit(0)] + "01"[bit(1)] + "01"[bit(2)] + "01"[bit(3)] +
                "12"[bit(4)] + "01"[bit(5)] + "01"[bit(6)]);
        auto fit = [&](const Data<T>& data) {
            Network<T> net = tests::random_network<T>(data.layers());
            tests::OwnState<T> own(options.optimizer.rule, net.parameters().size());
            Dataset set = data.with(bytes, labelled);
            if (weighted) set.weights = data.weights();
            Hooks<T> hooks;
            if (bit(2)) hooks.on_gradient = [](std::uint64_t, std::span<const T>) { return 1.0; };
            hooks.after_batch = [](const BatchEnd&) { return false; };
            return allocations_of([&] {
                Position position;
                const TrainingEnd end = train<T>(net, own.state, position, set,
                                                 validated ? &set : nullptr, options, hooks);
                CHECK_EQUAL(end.status, TrainingStatus::completed);
            });
        };
        fit(short_data);  // starts a thread, reads the environment
        const long of_few = fit(short_data), of_many = fit(long_data);
        CHECK(of_few > 0);  // the counter counts
        CHECK_EQUAL(of_many, of_few);
    }
}

// Steps that are counted, but not recorded.
template <class T>
void tracked_steps() {
    const Data<T> short_data(100), long_data(1000);
    for (const std::size_t n_threads : {1u, 2u}) {
        TrainingOptions options;
        options.optimizer.rule = {Optimizer::sgd, {0.01, 0.9}};
        options.n_threads = n_threads;
        options.batch_size = 10;
        options.epochs = 2;
        auto fit = [&](const Data<T>& data, std::size_t every) {
            Network<T> net = tests::random_network<T>(data.layers());
            tests::OwnState<T> own(options.optimizer.rule, net.parameters().size());
            const Dataset set = data.with(false, false);
            Tracking<T> tracking;
            tracking.every = every;
            std::size_t records = 0;
            Hooks<T> hooks;
            hooks.tracking = &tracking;
            hooks.recorded = [&](const ParameterRecord&) { ++records; };
            const long allocated = allocations_of([&] {
                Position position;
                const TrainingEnd end =
                    train<T>(net, own.state, position, set, nullptr, options, hooks);
                CHECK_EQUAL(end.status, TrainingStatus::completed);
            });
            CHECK_EQUAL(records, every == 0 ? 3u : 2u);
            return allocated;
        };
        const checks::Note note("threads", n_threads);
        fit(short_data, 0);
        CHECK_EQUAL(fit(long_data, 0), fit(short_data, 0));
        CHECK_EQUAL(fit(long_data, 1000), fit(short_data, 1000));
    }
}

// The first call of a thread makes room; those after it, of as many rows or fewer, need none.
template <class T>
void predictions() {
    constexpr std::size_t rows = 300;
    const Data<T> data(rows);
    const Network<T> net = tests::random_network<T>(data.layers());
    const Predictor<T> predictor(net);
    std::vector<T> y(rows * data.outputs);
    for (const std::size_t n_threads : {1u, 2u})
        for (const bool bytes : {false, true}) {
            const checks::Note note("threads, bytes",
                                    std::string() + "12"[n_threads - 1] + "01"[bytes]);
            auto predict = [&](std::size_t n) {
                predictor({y.data(), n, data.outputs, data.outputs},
                          data.with(bytes, false).x.rows_from(0, n), n_threads);
            };
            predict(rows);
            CHECK_EQUAL(allocations_of([&] {
                            for (const std::size_t n : {1u, 3u, 47u, 128u, 129u, 300u}) predict(n);
                        }),
                        0L);
        }
    // the network itself, for rows too few to pay for packing
    auto predict = [&] {
        net.predict({y.data(), 8, data.outputs, data.outputs},
                    data.with(false, false).x.rows_from(0, 8));
    };
    predict();
    CHECK_EQUAL(allocations_of(predict), 0L);
}

}  // namespace

int main() {
    training_steps<float>();
    tracked_steps<float>();
    tracked_steps<double>();
    training_steps<double>();
    predictions<float>();
    predictions<double>();
    return checks::result();
}
