// Records of parameters: the same to the bit whoever makes them, and no bit of a training depends on them.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "problems.hpp"
#include "wbcore/tracking.hpp"
#include "wbcore/training.hpp"

using namespace wbcore;

namespace {

// Everything that a kernel says of a chunk, on every instruction set that this machine has: as the plain one does.
template <class T>
void chunks() {
    constexpr std::size_t width = panel_width<T>, rows = 37;
    AlignedBuffer<T> arrays[5];
    std::uint32_t state = 1;
    for (AlignedBuffer<T>& array : arrays) {
        array = AlignedBuffer<T>(rows * width);
        for (std::size_t i = 0; i < array.size(); ++i) {
            state = state * 1664525 + 1013904223;
            array[i] = i % 11 == 3 ? T(i % 2 == 0 ? 0.0 : -0.0)
                                   : static_cast<T>(std::ldexp(double(state) - 0x1p31, -40));
        }
    }
    for (const bool finite : {true, false}) {
        if (!finite) {
            arrays[0][width + 1] = std::numeric_limits<T>::quiet_NaN();
            arrays[0][5 * width] = -std::numeric_limits<T>::infinity();
        }
        for (std::size_t cols = 1; cols <= width; ++cols) {
            std::vector<kernels::ChunkSums> found;
            std::vector<std::vector<std::uint32_t>> bins;
            for (const auto* table : kernels::available_tables<T>()) {
                bins.emplace_back(kernels::tracking_bins);
                kernels::ChunkSums sums;
                table->measure({arrays[0].data(), rows, cols, arrays[1].data(), arrays[2].data(),
                                arrays[3].data(), arrays[4].data(), 5, (cols + 1) / 2,
                                bins.back().data(), sums});
                found.push_back(sums);
            }
            const checks::Note note("cols", cols);
            for (std::size_t k = 1; k < found.size(); ++k) {
                CHECK(bins[k] == bins[0]);
                auto same = [](double a, double b) {
                    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
                           (std::isnan(a) && std::isnan(b));
                };
                const kernels::ChunkSums &a = found[k], &b = found[0];
                CHECK_EQUAL(a.finite, b.finite);
                CHECK_EQUAL(a.zeros, b.zeros);
                CHECK_EQUAL(a.digest, b.digest);
                for (const auto member :
                     {&kernels::ChunkSums::sum, &kernels::ChunkSums::sizes,
                      &kernels::ChunkSums::mean, &kernels::ChunkSums::deviations,
                      &kernels::ChunkSums::minimum, &kernels::ChunkSums::maximum,
                      &kernels::ChunkSums::change, &kernels::ChunkSums::since_last,
                      &kernels::ChunkSums::update, &kernels::ChunkSums::before,
                      &kernels::ChunkSums::gradient})
                    CHECK(same(a.*member, b.*member));
            }
        }
    }
}

template <class T>
void units() {
    constexpr std::size_t width = panel_width<T>, rows = 29, cols = 2 * width - 3;
    AlignedBuffer<T> a(packed_size<T>(rows, cols));
    const Panels<T> panels = packed_panels(a.data(), rows, cols);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t j = 0; j < cols; ++j) panels(r, j) = static_cast<T>((r * 7 + j * 3) % 5);
    for (const auto* table : kernels::available_tables<T>()) {
        AlignedBuffer<kernels::UnitCount<T>> active(2 * width), saturated(2 * width);
        table->count_units(panels, {active.data(), nullptr, 0, 0});
        table->count_units(panels, {active.data(), saturated.data(), T(0.5), T(3.5)});
        for (std::size_t j = 0; j < cols; ++j) {
            std::size_t on = 0, flat = 0;
            for (std::size_t r = 0; r < rows; ++r) {
                on += panels(r, j) != 0;
                flat += panels(r, j) < T(0.5) || panels(r, j) > T(3.5);
            }
            CHECK_EQUAL(static_cast<std::size_t>(active[j]), 2 * on);
            CHECK_EQUAL(static_cast<std::size_t>(saturated[j]), flat);
        }
    }
}

// How many records stay, as the Python tests have it.
void strides() {
    for (const auto& [records, stride] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {0, 1}, {1, 1}, {510, 1}, {511, 2}, {1020, 2}, {1021, 4}, {1'000'001, 2048}})
        CHECK_EQUAL(record_stride(records), stride);
}

// The numbers of a record, for others to be compared with.
void add(std::vector<double>& numbers, const ArrayRecord& record) {
    numbers.insert(
        numbers.end(),
        {static_cast<double>(record.zeros), record.mean, record.mean_absolute,
         record.standard_deviation, record.minimum, record.maximum, record.norm, record.change,
         record.change_since_last, record.update_norm, record.update_ratio, record.gradient_norm});
    numbers.insert(numbers.end(), record.histogram.bins.begin(), record.histogram.bins.end());
    numbers.insert(numbers.end(), record.histogram.counts.begin(), record.histogram.counts.end());
}

std::vector<double> numbers_of(const ParameterRecord& record) {
    std::vector<double> numbers{std::bit_cast<double>(record.digest),
                                static_cast<double>(record.step)};
    for (const LayerRecord& layer : record.layers) {
        add(numbers, layer.weights);
        if (layer.biases) add(numbers, *layer.biases);
        numbers.push_back(static_cast<double>(layer.units.rows));
        for (const auto& counts : {layer.units.active, layer.units.saturated})
            numbers.insert(numbers.end(), counts.begin(), counts.end());
    }
    return numbers;
}

// A layer of several chunks of inputs, with nothing asked of the gradient or the weights, with a norm of the one, and of the other.
std::vector<tests::Setting> settings() {
    std::vector<tests::Setting> all = tests::settings();
    const tests::Layers wide{{300, 70, Activation::relu}, {70, 20, Activation::tanh}, {20, 2}};
    tests::Setting setting{wide, Loss::mse, {{Optimizer::sgd, {0.01, 0.9}}}, 50, 16};
    all.push_back(setting);
    setting.optimizer.clip_norm = 0.1;
    all.push_back(setting);
    setting.optimizer.clip_norm = 0;
    setting.optimizer.max_norm = 0.5;
    all.push_back(setting);
    return all;
}

// Trainings are what they are without, and their records are those of one thread.
template <class T>
void trainings() {
    for (const tests::Setting& setting : settings()) {
        const checks::Note note("loss", text(setting.loss));
        TrainingOptions options = tests::options_of(setting);
        const tests::Trained<T> plain = tests::trained<T>(setting, options);
        for (const std::size_t every : {0u, 1u, 2u}) {
            std::vector<std::vector<double>> of_one_thread;
            for (std::size_t n = 1; n <= 3; ++n) {
                const checks::Note threads("threads", n);
                options.n_threads = n;
                Tracking<T> tracking;
                tracking.every = every;
                std::vector<std::vector<double>> records;
                Hooks<T> hooks;
                hooks.tracking = &tracking;
                hooks.recorded = [&](const ParameterRecord& record) {
                    records.push_back(numbers_of(record));
                };
                tests::same(tests::trained<T>(setting, options, hooks), plain);
                if (n == 1) of_one_thread = records;
                CHECK_EQUAL(records.size(), of_one_thread.size());
                for (std::size_t i = 0; i < records.size(); ++i)
                    CHECK_ARRAYS(records[i].data(), of_one_thread[i].data(), records[i].size());
            }
        }
    }
}

}  // namespace

int main() {
    chunks<float>();
    chunks<double>();
    units<float>();
    units<double>();
    strides();
    trainings<float>();
    trainings<double>();
    return checks::result();
}
