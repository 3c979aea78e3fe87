// Measures parameters where they lie in panels, without their padding: in chunks, which threads may share, and whose numbers are
// put together in the order of the chunks.
#pragma once

#include <cstdint>
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
    // By thread t of so many, all of which are done before one asks for records.
    void measure(const T* x, const MeasuredWith<T>& with, std::size_t t, std::size_t size);
    // What was found, layer by layer; units are left to others.
    ParameterRecord record(const T* x, const MeasuredWith<T>& with);

private:
    struct FoundBins {
        std::size_t array;
        Histogram histogram;
    };
    struct Bins {
        std::vector<std::uint32_t> counts;
        std::vector<FoundBins> found;
    };

    void add_array(std::size_t at, std::size_t rows, std::size_t cols, bool is_trainable);
    void add_chunks(std::size_t at,
                    std::size_t rows,
                    std::size_t cols,
                    std::uint64_t word,
                    std::uint64_t words_of_a_row);
    void measure_array(
        std::size_t array, Range chunks, const T* x, const MeasuredWith<T>& with, Bins& bins);
    ArrayRecord array_record(std::size_t array, const T* x, const MeasuredWith<T>& with);
    Histogram histogram(std::size_t array, const T* x, std::uint64_t zeros);

    const std::vector<Dense> layers_;
    std::vector<ChunkPlace> chunks_;
    std::vector<MeasuredArray> arrays_;
    std::vector<kernels::ChunkSums> sums_;  // of each chunk
    std::vector<Bins> bins_;                // of each thread
    std::uint64_t words_ = 0, digest_ = 0;
};

}  // namespace wbcore
