// Takes the records of a training: counts what units do, and has the parameters measured.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "measurement.hpp"
#include "packed.hpp"
#include "pass.hpp"
#include "wbcore/range.hpp"
#include "wbcore/tracking.hpp"

namespace wbcore {

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
    // For so many threads to count, while none does; and for what is kept before an update, if that is asked for.
    void make_room(std::size_t threads);
    void make_room_before();

    // Before a batch, after which the state will have done so many steps
    void begin_batch(std::uint64_t steps, bool ends_epoch, bool ends_training);
    // Whether this batch is recorded
    bool records() const { return records_; }
    // By thread t, so many rows of a batch: where it counts what the units of each layer do, for the passes to count. Of layers of
    // which nothing is counted none.
    std::span<const kernels::UnitCounts<T>* const> begin_rows(std::size_t n, std::size_t t);
    // Or by itself, when their outputs are there. Allocates nothing.
    void count(const Pass<T>& pass, Range rows, std::size_t t);

    // Of a batch that is recorded: a part of its update, by thread t; measured as it is made.
    template <class Step>
    void measure_steps(const PackedArray<T>& parameters,
                       const PackedArray<T>& gradient,
                       std::size_t layer,
                       Range inputs,
                       std::size_t t,
                       Step step) {
        measurement_.measure_steps(parameters.data(), with(&gradient, !is_extra_), layer, inputs, t,
                                   step);
    }
    // Or, before an update that is not made in parts: a part of the parameters of a layer
    void keep_before(const PackedArray<T>& parameters, std::size_t layer, Range inputs);
    // After the update, by all of so many threads, then by one: what was not measured as it was made.
    void measure(const PackedArray<T>& parameters,
                 const PackedArray<T>& gradient,
                 std::size_t t,
                 std::size_t size,
                 bool all);
    void record(const PackedArray<T>& parameters,
                const PackedArray<T>& gradient,
                const Moment& moment);
    // When a training ends between two records: an extra one, without an update.
    void end(const PackedArray<T>& parameters, const Moment& moment);

    // Between two steps: somebody has given the optimizer's state another number of them. Records count those of the training.
    void steps_changed(std::uint64_t before, std::uint64_t after);
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
        std::vector<kernels::UnitCounts<T>> units;             // of each layer, in these
        std::vector<const kernels::UnitCounts<T>*> of_layers;  // null where nothing is counted
    };
    // After an update, where there is a gradient; whether the next record is to begin from here.
    MeasuredWith<T> with(const PackedArray<T>* gradient, bool advances);
    UnitRecord units(std::size_t layer) const;
    void add(ParameterRecord record, const Moment& moment, bool is_extra);
    void add_thread();
    // For a new window
    void drop_counts();

    const kernels::KernelTable<T>& table_ = kernels::table<T>();
    const std::vector<Dense> layers_;
    Tracking<T>& tracking_;
    const Recorded& recorded_;
    std::vector<Units> units_;
    std::vector<Counts> counts_;  // of each thread
    std::size_t padded_ = 0;      // units in the counts of a thread
    const std::shared_ptr<const PackedPlan<T>> plan_;
    PackedArray<T> before_;  // where an update is not made in parts
    Measurement<T> measurement_;
    std::uint64_t recorded_steps_ = 0;
    bool records_ = false, is_extra_ = false;
};

}  // namespace wbcore
