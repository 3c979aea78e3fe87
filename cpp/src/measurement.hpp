// Measures parameters where they lie in panels, without their padding: in chunks, which threads may share, and whose numbers are
// put together in the order of the chunks.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "packed.hpp"
#include "wbcore/range.hpp"
#include "wbcore/tracking.hpp"

namespace wbcore {

// Rows of a panel that are measured at once. A single row is as one column of panels: it lies in one piece.
struct ChunkPlace {
    std::size_t at, rows, cols;          // where its numbers begin in a packed array
    std::uint64_t word, words_of_a_row;  // of the digest
};

// An array (rows, cols): its chunks, and where it begins.
struct MeasuredArray {
    Range chunks;
    std::size_t at, rows, cols;
    bool is_trainable;
    std::size_t numbers() const { return rows * cols; }
};

// Of a packed array what belongs to it, null where there is none; gradient and before are not looked at where nothing is trained.
template <class T>
struct MeasuredWith {
    const T *initial = nullptr, *last = nullptr, *before = nullptr, *gradient = nullptr;
    T* next_last = nullptr;  // where the numbers are to be copied to, perhaps `last` itself
};

template <class T>
class Measurement {
public:
    explicit Measurement(const PackedPlan<T>& plan);

    // For so many threads
    void make_room(std::size_t threads);
    // By thread t of so many, all of which are done before one asks for records: of all arrays, or of those that are not trained.
    void measure(
        const T* x, const MeasuredWith<T>& with, std::size_t t, std::size_t size, bool all = true);
    // By thread t, some inputs of a layer, whole chunks of its weights, and with the first of them its biases. Of each chunk the
    // numbers are kept as those before, step(is_bias, at, n) changes the n numbers from `at` on, and what it has left is measured
    // while it is near.
    template <class Step>
    void measure_steps(const T* x,
                       const MeasuredWith<T>& with,
                       std::size_t layer,
                       Range inputs,
                       std::size_t t,
                       Step step);
    // What was found, layer by layer; units are left to others.
    ParameterRecord record(const T* x, const MeasuredWith<T>& with);
    // What was measured is of no record.
    void drop();

private:
    struct FoundBins {
        std::size_t array;
        Histogram histogram;
    };
    // Counts are of one array at a time.
    struct Bins {
        std::vector<std::uint32_t> counts;
        std::vector<FoundBins> found;
        std::optional<std::size_t> array;
    };

    void add_array(std::size_t at, std::size_t rows, std::size_t cols, bool is_trainable);
    void add_chunks(std::size_t at,
                    std::size_t rows,
                    std::size_t cols,
                    std::uint64_t word,
                    std::uint64_t words_of_a_row);
    // f(chunk) for those of an array's weights for some inputs
    template <class F>
    void for_each_chunk(std::size_t array, Range inputs, F f) const;
    void measure_chunk(std::size_t array,
                       std::size_t chunk,
                       const T* x,
                       const MeasuredWith<T>& with,
                       const T* before,
                       std::size_t t);
    static void take(Bins& bins);
    ArrayRecord array_record(std::size_t array, const T* x, const MeasuredWith<T>& with);
    Histogram histogram(std::size_t array, const T* x, std::uint64_t zeros);

    const std::vector<Dense> layers_;
    std::vector<ChunkPlace> chunks_;
    std::vector<MeasuredArray> arrays_;
    std::vector<std::size_t> weights_;      // of each layer: which array; its biases are the next
    std::vector<kernels::ChunkSums> sums_;  // of each chunk
    std::vector<Bins> bins_;                // of each thread
    std::uint64_t words_ = 0;
};

template <class T>
template <class F>
void Measurement<T>::for_each_chunk(std::size_t array, Range inputs, F f) const {
    const MeasuredArray& all = arrays_[array];
    if (all.rows == 1) {  // as columns of panels
        for (std::size_t chunk = all.chunks.first; chunk < all.chunks.last; ++chunk) f(chunk);
        return;
    }
    constexpr std::size_t rows = kernels::tracking_rows;
    const std::size_t of_a_panel = (all.rows + rows - 1) / rows;
    for (std::size_t first = all.chunks.first; first < all.chunks.last; first += of_a_panel)
        for (std::size_t row = inputs.first; row < inputs.last; row += rows) f(first + row / rows);
}

template <class T>
template <class Step>
void Measurement<T>::measure_steps(const T* x,
                                   const MeasuredWith<T>& with,
                                   std::size_t layer,
                                   Range inputs,
                                   std::size_t t,
                                   Step step) {
    alignas(alignment) T before[kernels::tracking_rows * panel_width<T>];
    auto measure_stepped = [&](std::size_t array, bool is_bias) {
        for_each_chunk(array, inputs, [&](std::size_t chunk) {
            const ChunkPlace& place = chunks_[chunk];
            const std::size_t n = place.rows * panel_width<T>;
            std::memcpy(before, x + place.at, n * sizeof(T));
            step(is_bias, place.at, n);
            measure_chunk(array, chunk, x, with, before, t);
        });
    };
    if (inputs.first == inputs.last) return;
    measure_stepped(weights_[layer], false);
    if (inputs.first == 0 && layers_[layer].bias) measure_stepped(weights_[layer] + 1, true);
}

}  // namespace wbcore
