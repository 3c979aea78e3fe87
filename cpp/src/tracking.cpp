#include "tracking.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace wbcore {

std::uint64_t record_stride(std::uint64_t records) {
    constexpr std::uint64_t others = most_records - 2;  // beside the last and the best
    return std::bit_ceil((std::max<std::uint64_t>(records, 1) - 1) / others + 1);
}

template <class T>
Tracker<T>::Tracker(const std::shared_ptr<const PackedPlan<T>>& plan,
                    Tracking<T>& tracking,
                    const Recorded& recorded)
    : layers_(plan->layers()),
      tracking_(tracking),
      recorded_(recorded),
      plan_(plan),
      measurement_(*plan) {
    std::size_t all = 0;
    for (const Dense& layer : layers_) {
        const auto range = unsaturated_outputs(layer.activation);
        const bool counts = is_elementwise(layer.activation) && !is_identity(layer.activation.kind);
        units_.push_back({padded_, all, counts, range.has_value(),
                          static_cast<T>(range ? range->low : 0),
                          static_cast<T>(range ? range->high : 0)});
        padded_ += round_up(layer.outputs, panel_width<T>);
        all += layer.outputs;
    }
    tracking_.active.resize(all);
    tracking_.saturated.resize(all);
}

template <class T>
void Tracker<T>::begin(const Network<T>& network, std::uint64_t steps) {
    recorded_steps_ = steps;
    if (tracking_.records != 0) return;
    PackedArray<T> packed(plan_);
    packed.pack(network.parameters());
    tracking_.initial.assign(packed.data(), packed.data() + plan_->size());
    tracking_.last = tracking_.initial;
    tracking_.first_step = steps;
    tracking_.records = 1;
    measurement_.measure(tracking_.initial.data(), {}, 0, 1);
    const ParameterRecord record = measurement_.record(tracking_.initial.data(), {});
    recorded_(record);
}

template <class T>
void Tracker<T>::make_room(std::size_t threads) {
    while (counts_.size() < threads) add_thread();
    measurement_.make_room(threads);
}

template <class T>
void Tracker<T>::add_thread() {
    Counts& counts = counts_.emplace_back(Counts{AlignedBuffer<kernels::UnitCount<T>>(padded_),
                                                 AlignedBuffer<kernels::UnitCount<T>>(padded_),
                                                 0,
                                                 {},
                                                 {}});
    for (const Units& units : units_)
        counts.units.push_back({counts.active.data() + units.padded,
                                units.saturates ? counts.saturated.data() + units.padded : nullptr,
                                units.low, units.high});
    for (std::size_t l = 0; l < units_.size(); ++l)
        counts.of_layers.push_back(units_[l].counts ? &counts.units[l] : nullptr);
}

template <class T>
void Tracker<T>::make_room_before() {
    if (before_.empty()) before_ = PackedArray<T>(plan_);
}

template <class T>
void Tracker<T>::begin_batch(std::uint64_t steps, bool ends_epoch, bool ends_training) {
    const std::size_t every = tracking_.every;
    const bool is_due = every == 0 ? ends_epoch : (steps - tracking_.first_step) % every == 0;
    records_ = is_due || ends_training;
    is_extra_ = !is_due;
}

template <class T>
std::span<const kernels::UnitCounts<T>* const> Tracker<T>::begin_rows(std::size_t n,
                                                                      std::size_t t) {
    counts_[t].rows += n;
    return counts_[t].of_layers;
}

template <class T>
void Tracker<T>::count(const Pass<T>& pass, Range rows, std::size_t t) {
    const std::size_t n = rows.last - rows.first;
    if (n == 0) return;
    const auto counts = begin_rows(n, t);
    for (std::size_t l = 0; l < counts.size(); ++l)
        if (counts[l] != nullptr)
            table_.count_units(pass.activations(l).rows_from(rows.first, n), *counts[l]);
}

template <class T>
void Tracker<T>::keep_before(const PackedArray<T>& parameters, std::size_t layer, Range inputs) {
    const Panels<T> from = parameters.weights(layer), to = before_.weights(layer);
    const std::size_t n = inputs.last - inputs.first;
    if (n == 0) return;
    for (std::size_t p = 0; p < from.count(); ++p)
        std::memcpy(to.panel(p) + inputs.first * to.row_stride,
                    from.panel(p) + inputs.first * from.row_stride,
                    sizeof(T) * n * from.row_stride);
    if (inputs.first == 0 && layers_[layer].bias)
        std::copy_n(parameters.biases(layer), from.cols, before_.biases(layer));
}

template <class T>
MeasuredWith<T> Tracker<T>::with(const PackedArray<T>* gradient, bool advances) {
    MeasuredWith<T> all{tracking_.initial.data(), tracking_.last.data()};
    if (gradient != nullptr) {
        all.before = before_.data();  // null where it is not kept
        all.gradient = gradient->data();
    }
    if (advances) all.next_last = tracking_.last.data();
    return all;
}

template <class T>
void Tracker<T>::measure(const PackedArray<T>& parameters,
                         const PackedArray<T>& gradient,
                         std::size_t t,
                         std::size_t size,
                         bool all) {
    measurement_.measure(parameters.data(), with(&gradient, !is_extra_), t, size, all);
}

template <class T>
void Tracker<T>::record(const PackedArray<T>& parameters,
                        const PackedArray<T>& gradient,
                        const Moment& moment) {
    add(measurement_.record(parameters.data(), with(&gradient, false)), moment, is_extra_);
}

template <class T>
void Tracker<T>::end(const PackedArray<T>& parameters, const Moment& moment) {
    if (moment.steps == recorded_steps_) return;
    measurement_.measure(parameters.data(), with(nullptr, false), 0, 1);
    add(measurement_.record(parameters.data(), with(nullptr, false)), moment, true);
}

template <class T>
void Tracker<T>::steps_changed(std::uint64_t before, std::uint64_t after) {
    tracking_.first_step += after - before;  // modulo 2^64, as the differences from it are
    recorded_steps_ += after - before;
}

template <class T>
void Tracker<T>::add(ParameterRecord record, const Moment& moment, bool is_extra) {
    merge_counts();
    for (std::size_t l = 0; l < layers_.size(); ++l) record.layers[l].units = units(l);
    record.index = tracking_.records;
    record.is_extra = is_extra;
    record.step = moment.steps - tracking_.first_step;
    record.epoch = static_cast<std::int64_t>(moment.epoch);
    record.batch = static_cast<std::int64_t>(moment.batch);
    recorded_steps_ = moment.steps;
    if (!is_extra) {
        ++tracking_.records;
        drop_counts();
    }
    recorded_(record);
}

template <class T>
UnitRecord Tracker<T>::units(std::size_t layer) const {
    const Units& units = units_[layer];
    const std::size_t n = layers_[layer].outputs;
    auto part = [&](const std::vector<std::uint64_t>& all) {
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(units.at);
        return std::vector<std::uint64_t>(first, first + static_cast<std::ptrdiff_t>(n));
    };
    UnitRecord record{tracking_.rows, {}, {}};
    if (units.counts) record.active = part(tracking_.active);
    if (units.saturates) record.saturated = part(tracking_.saturated);
    return record;
}

template <class T>
void Tracker<T>::merge_counts() {
    for (Counts& counts : counts_) {
        tracking_.rows += counts.rows;
        counts.rows = 0;
        for (std::size_t l = 0; l < units_.size(); ++l) {
            const Units& units = units_[l];
            for (std::size_t o = 0; o < layers_[l].outputs; ++o) {
                tracking_.active[units.at + o] += counts.active[units.padded + o];
                tracking_.saturated[units.at + o] += counts.saturated[units.padded + o];
            }
        }
        const std::size_t bytes = padded_ * sizeof(kernels::UnitCount<T>);
        std::memset(counts.active.data(), 0, bytes);
        std::memset(counts.saturated.data(), 0, bytes);
    }
}

template <class T>
void Tracker<T>::drop_counts() {
    merge_counts();
    tracking_.rows = 0;
    std::ranges::fill(tracking_.active, 0);
    std::ranges::fill(tracking_.saturated, 0);
}

// A window of an epoch begins with it: then only a record that was taken lies beyond.
template <class T>
void Tracker<T>::put_back(bool from_beginning, std::uint64_t steps) {
    measurement_.drop();
    tracking_.is_beyond = tracking_.every != 0 || !from_beginning || recorded_steps_ != steps;
    if (!tracking_.is_beyond) drop_counts();
}

template class Tracker<float>;
template class Tracker<double>;

}  // namespace wbcore
