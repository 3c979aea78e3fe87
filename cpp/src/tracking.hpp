// Takes the records of a training: counts what units do, and measures parameters where they lie in panels, without their padding.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "packed.hpp"
#include "pass.hpp"
#include "wbcore/range.hpp"
#include "wbcore/tracking.hpp"

namespace wbcore {

// A chunk of an array after another: what is found of each is put together in their order.
class ArraySums {
public:
    void add(const kernels::ChunkSums& chunk, std::size_t n);
    // What there is of the numbers themselves, but for their histogram
    ArrayRecord record() const;
    // and of how they came about
    void set_change(ArrayRecord& record) const;
    void set_update(ArrayRecord& record) const;
    void set_gradient(ArrayRecord& record) const;
    // Of what a kernel has counted of the same numbers; all counts are 0 afterwards.
    template <class T>
    Histogram take_histogram(std::vector<std::uint32_t>& counts) const;
    std::uint64_t digest() const { return digest_; }

private:
    std::uint64_t n_ = 0, finite_ = 0, zeros_ = 0, negative_zeros_ = 0, digest_ = 0;
    double sum_ = 0, sizes_ = 0, deviations_ = 0, minimum_ = 0, maximum_ = 0;
    double change_ = 0, since_last_ = 0, update_ = 0, before_ = 0, gradient_ = 0;
};

template <class T>
class Tracker {
public:
    using Recorded = std::function<void(const ParameterRecord&)>;
    // After a batch: steps of the optimizer's state, and which batch of which epoch it was
    struct Moment {
        std::uint64_t steps, epoch, batch;
    };

    // `tracking` is kept up to date, but for what the threads have counted since it was merged.
    Tracker(const std::shared_ptr<const PackedPlan<T>>& plan,
            Tracking<T>& tracking,
            const Recorded& recorded);

    // Before the first step, of which the state has done so many: the first record, unless a training goes on that has it.
    void begin(const Network<T>& network, std::uint64_t steps);
    // For so many threads to count, while none does
    void make_room(std::size_t threads);

    // Before a batch, after which the state will have done so many steps
    void begin_batch(std::uint64_t steps, bool ends_epoch, bool ends_training);
    // Whether this batch is recorded
    bool records() const { return records_; }
    // By thread t, of some rows of the batch when their outputs are there. Allocates nothing.
    void count(const Pass<T>& pass, Range rows, std::size_t t);
    // Of a batch that is recorded, before its update: a part of the parameters of a layer.
    void keep_before(const PackedArray<T>& parameters, std::size_t layer, Range inputs);
    // After it, by one thread.
    void record(const PackedArray<T>& parameters,
                const PackedArray<T>& gradient,
                const Moment& moment);
    // When a training ends between two records: an extra one, without an update.
    void end(const PackedArray<T>& parameters, const Moment& moment);

    void merge_counts();
    // What was done of this epoch, from its beginning or not, is undone, and the state has done so many steps.
    void put_back(bool from_beginning, std::uint64_t steps);
    bool is_beyond() const { return tracking_.is_beyond; }

private:
    // Of a layer: where its units are in the counts of a thread and in those of all, and what is counted.
    struct Units {
        std::size_t padded, at;
        bool counts, saturates;
        T low, high;
    };
    struct Counts {
        AlignedBuffer<kernels::UnitCount<T>> active, saturated;
        std::uint64_t rows;
    };
    // Null where there is none
    struct Around {
        const PackedArray<T>*before, *gradient;
    };
    // The same array of each; without data where there is none.
    struct Sources {
        Panels<const T> x, before, gradient;
    };
    // Where the next array begins, in numbers and in words of the digest, and the sum of that so far.
    struct Cursor {
        std::size_t at = 0;
        std::uint64_t word = 0, digest = 0;
    };

    ParameterRecord measured(const PackedArray<T>& parameters, const Around& around);
    ArrayRecord measured_array(const Sources& sources, Cursor& cursor);
    UnitRecord units(std::size_t layer) const;
    void add(ParameterRecord record, const Moment& moment, bool is_extra);
    // For a new window
    void drop_counts();

    const std::vector<Dense> layers_;
    Tracking<T>& tracking_;
    const Recorded& recorded_;
    std::vector<Units> units_;
    std::vector<Counts> counts_;  // of each thread
    std::size_t padded_ = 0;      // units in the counts of a thread
    PackedArray<T> before_;
    std::vector<T> now_;  // row-major: those that are measured, the last ones at the next record
    std::vector<std::uint32_t> bins_;
    AlignedBuffer<T> chunk_;  // likewise, of those before and of the gradient
    std::uint64_t recorded_steps_ = 0;
    bool records_ = false, is_extra_ = false;
};

}  // namespace wbcore
