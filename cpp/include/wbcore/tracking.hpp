// The course of the parameters: records of every layer's weights and biases, and of what its units do, taken while a training
// goes on. No bit of the training depends on them (docs/tracking.md).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "wbcore/network.hpp"

namespace wbcore {

inline constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

// Counts of finite numbers but zeros, by sign, exponent and the first three bits of the fraction: the upper 12 bits of a float. The
// exponent of a double is held to what a float has. Bins that are empty are left out.
struct Histogram {
    std::vector<std::uint16_t> bins;  // ascending
    std::vector<std::uint32_t> counts;
};

// Of one array. Moments and extremes are of the finite numbers, in binary64; the deviation is the population's. NaN: there is none.
struct ArrayRecord {
    std::uint64_t n = 0, zeros = 0, nonfinite = 0;
    double mean = 0, mean_absolute = 0, standard_deviation = 0, minimum = 0, maximum = 0, norm = 0;
    double change = no_number;  // norm of the difference from the first record
    double change_since_last = no_number;
    double update_norm = no_number;    // of what the recorded batch changed,
    double update_ratio = no_number;   // and that by the norm before it
    double gradient_norm = no_number;  // of that batch
    Histogram histogram;
};

// Of the rows since the record before; empty where the activation says nothing.
struct UnitRecord {
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> active;     // (O): those in which the output was not 0
    std::vector<std::uint64_t> saturated;  // (O): those in which it was outside unsaturated_outputs
};

struct LayerRecord {
    ArrayRecord weights;
    std::optional<ArrayRecord> biases;
    UnitRecord units;
};

struct ParameterRecord {
    std::uint64_t index = 0;  // 0 is the state before training
    bool is_extra =
        false;  // the last of a training that ended between two records: the next one has its index
    std::uint64_t step = 0;               // of this training
    std::int64_t epoch = -1, batch = -1;  // that has just been done
    std::uint64_t digest = 0;
    std::vector<LayerRecord> layers;
};

// When to record, and where a training stands with it. As the position does it goes in and comes out, so that going on is what a
// training does that was never stopped.
template <class T>
struct Tracking {
    std::size_t every = 0;         // batches; 0: at the end of each epoch
    std::uint64_t records = 0;     // without an extra one
    std::uint64_t first_step = 0;  // of the optimizer's state, before the first record
    std::vector<T> initial, last;  // parameters of the first record and of the last one, in panels
    // Since then: rows, and what is counted of each unit, layer after layer.
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> active, saturated;
    bool is_beyond =
        false;  // records or counts are of batches that were then undone: nothing goes on from here
};

// Records that a training keeps: the first, the last, the best, and of the others those whose index is a multiple of the stride,
// which depends on how many there have been alone.
inline constexpr std::uint64_t most_records = 512;
std::uint64_t record_stride(std::uint64_t records);

// A 64-bit sum over the parameters as they lie: it tells networks apart, but nobody is kept from making another with the same.
template <class T>
std::uint64_t digest(const Network<T>& network);

// What a record says of a row-major array (rows, cols); biases are one row.
template <class T>
ArrayRecord array_record(const T* values, std::size_t rows, std::size_t cols);

// The record of a step that somebody else has done, from the parameters `last`; without a step that of a beginning. It says nothing of
// units and of a gradient.
template <class T>
ParameterRecord record_between(const Network<T>& network,
                               std::span<const T> initial,
                               std::span<const T> last,
                               bool is_step);

}  // namespace wbcore
