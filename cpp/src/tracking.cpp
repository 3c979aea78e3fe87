#include "tracking.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "wbcore/statistics.hpp"

namespace wbcore {

namespace {

using kernels::tracking_bins;
using kernels::tracking_chunk;

// NaN of one kind, since a processor's own has a sign of its own.
double plain(double x) { return std::isnan(x) ? no_number : x; }

// The numbers [first, first + n) of an array, row by row.
template <class T>
void unpack(Panels<const T> from, std::size_t first, std::size_t n, T* to) {
    constexpr std::size_t width = Panels<T>::width;
    std::size_t row = first / from.cols, col = first % from.cols;
    while (n > 0) {
        const T* at = from.panel(col / width) + row * from.row_stride + col % width;
        const std::size_t part = std::min({width - col % width, from.cols - col, n});
        if (part == width)
            std::memcpy(to, at, sizeof(T) * width);
        else
            std::copy_n(at, part, to);
        to += part;
        n -= part;
        col += part;
        if (col == from.cols) {
            col = 0;
            ++row;
        }
    }
}

template <class T>
Panels<const T> row_of(const T* values, std::size_t n) {
    return {values, 1, n, n, Panels<T>::width};
}

template <class T>
std::uint64_t words_of(std::size_t n) {
    return (n * sizeof(T) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

// After all words: every bit of the sum, and how many words there were, reaches every bit.
std::uint64_t final_digest(std::uint64_t sum, std::uint64_t words) {
    std::uint64_t x = sum ^ words * kernels::digest_step;
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
}

// f(first, n) for each chunk of so many numbers
template <class F>
void for_each_chunk(std::size_t size, F f) {
    for (std::size_t first = 0; first < size; first += tracking_chunk)
        f(first, std::min(tracking_chunk, size - first));
}

template <class T>
ArraySums sums_of(const T* values, std::size_t n, std::uint64_t word, std::uint32_t* bins) {
    ArraySums sums;
    for_each_chunk(n, [&](std::size_t first, std::size_t part) {
        kernels::ChunkSums found;
        kernels::table<T>().measure({values + first, part, nullptr, nullptr, nullptr, nullptr,
                                     word + words_of<T>(first), bins, found});
        sums.add(found, part);
    });
    return sums;
}

}  // namespace

std::uint64_t record_stride(std::uint64_t records) {
    constexpr std::uint64_t others = most_records - 2;  // beside the last and the best
    return std::bit_ceil((std::max<std::uint64_t>(records, 1) - 1) / others + 1);
}

void ArraySums::add(const kernels::ChunkSums& chunk, std::size_t n) {
    n_ += n;
    zeros_ += chunk.zeros;
    negative_zeros_ += chunk.negative_zeros;
    digest_ += chunk.digest;
    change_ += chunk.change;
    since_last_ += chunk.since_last;
    update_ += chunk.update;
    before_ += chunk.before;
    gradient_ += chunk.gradient;
    if (chunk.finite == 0) return;
    if (finite_ == 0) {
        minimum_ = chunk.minimum;
        maximum_ = chunk.maximum;
        deviations_ = chunk.deviations;
    } else {
        // what the means of both lie apart is a part of the deviations
        const double ours = static_cast<double>(finite_), theirs = static_cast<double>(chunk.finite);
        const double apart = chunk.mean - sum_ / ours;
        deviations_ += chunk.deviations + apart * apart * (ours / (ours + theirs) * theirs);
        minimum_ = std::min(minimum_, chunk.minimum);
        maximum_ = std::max(maximum_, chunk.maximum);
    }
    finite_ += chunk.finite;
    sum_ += chunk.sum;
    sizes_ += chunk.sizes;
}

ArrayRecord ArraySums::record() const {
    ArrayRecord record;
    record.n = n_;
    record.zeros = zeros_ + negative_zeros_;
    record.nonfinite = n_ - finite_;
    if (finite_ == 0) {
        const double none = n_ == 0 ? 0 : no_number;
        record.mean = record.mean_absolute = record.standard_deviation = none;
        record.minimum = record.maximum = none;
        return record;
    }
    // numbers that are all the same have no deviation, though their mean is rounded
    const bool equal = minimum_ == maximum_;
    const double count = static_cast<double>(finite_), mean = equal ? minimum_ : sum_ / count;
    record.mean = plain(mean);
    record.mean_absolute = equal ? std::abs(mean) : plain(sizes_ / count);
    record.standard_deviation = equal ? 0 : plain(std::sqrt(deviations_ / count));
    record.minimum = minimum_;
    record.maximum = maximum_;
    record.norm = plain(std::sqrt((equal ? 0 : deviations_) + count * mean * mean));
    return record;
}

void ArraySums::set_change(ArrayRecord& record) const {
    record.change = plain(std::sqrt(change_));
    record.change_since_last = plain(std::sqrt(since_last_));
}

void ArraySums::set_update(ArrayRecord& record) const {
    record.update_norm = plain(std::sqrt(update_));
    record.update_ratio =
        before_ == 0 ? no_number : plain(record.update_norm / std::sqrt(before_));
}

void ArraySums::set_gradient(ArrayRecord& record) const {
    record.gradient_norm = plain(std::sqrt(gradient_));
}

template <class T>
Histogram ArraySums::take_histogram(std::vector<std::uint32_t>& counts) const {
    constexpr std::size_t half = tracking_bins / 2, infinity = 255 * 8, at_once = 8;
    counts[0] -= static_cast<std::uint32_t>(zeros_);
    counts[half] -= static_cast<std::uint32_t>(negative_zeros_);
    // floats have their infinities and NaN from there on, which are counted apart; doubles what is too large for a float
    constexpr std::size_t end = infinity + (sizeof(T) == sizeof(float) ? 0 : 1);
    Histogram histogram;
    for (std::size_t first = 0; first < tracking_bins; first += at_once) {
        std::uint32_t any = 0;
        for (std::size_t i = 0; i < at_once; ++i) any |= counts[first + i];
        if (any == 0) continue;
        for (std::size_t bin = first; bin < first + at_once; ++bin) {
            if (counts[bin] == 0 || bin % half >= end) continue;
            histogram.bins.push_back(static_cast<std::uint16_t>(bin));
            histogram.counts.push_back(counts[bin]);
        }
    }
    std::ranges::fill(counts, 0);
    return histogram;
}

template <class T>
ArrayRecord array_record(const T* values, std::size_t n) {
    std::vector<std::uint32_t> bins(tracking_bins);
    const ArraySums sums = sums_of(values, n, 0, bins.data());
    ArrayRecord record = sums.record();
    record.histogram = sums.take_histogram<T>(bins);
    return record;
}

template <class T>
Statistics statistics(const T* values, std::size_t n) {
    const ArrayRecord record = sums_of<T>(values, n, 0, nullptr).record();
    return {record.mean, record.mean_absolute, record.standard_deviation, record.minimum,
            record.maximum};
}

template <class T>
std::uint64_t digest(const std::vector<Dense>& layers, std::span<const T> parameters) {
    std::uint64_t sum = 0, word = 0;
    const T* values = parameters.data();
    for (const Dense& layer : layers)
        for (const std::size_t n : {layer.weights(), layer.biases()}) {
            sum += sums_of(values, n, word, nullptr).digest();
            word += words_of<T>(n);
            values += n;
        }
    return final_digest(sum, word);
}

template <class T>
ParameterRecord record_between(const Network<T>& network,
                               std::span<const T> initial,
                               std::span<const T> last,
                               bool is_step) {
    std::vector<std::uint32_t> bins(tracking_bins);
    ParameterRecord record;
    std::size_t at = 0;
    auto measured = [&](std::size_t n) {
        ArraySums sums;
        for_each_chunk(n, [&](std::size_t first, std::size_t part) {
            const std::size_t from = at + first;
            const T* const before = is_step ? last.data() + from : nullptr;
            kernels::ChunkSums found;
            kernels::table<T>().measure({network.parameters().data() + from, part,
                                         is_step ? initial.data() + from : nullptr, before, before,
                                         nullptr, 0, bins.data(), found});
            sums.add(found, part);
        });
        at += n;
        ArrayRecord array = sums.record();
        array.histogram = sums.take_histogram<T>(bins);
        if (!is_step) return array;
        sums.set_change(array);
        sums.set_update(array);
        return array;
    };
    for (const Dense& layer : network.layers()) {
        record.layers.push_back({measured(layer.weights()), std::nullopt, UnitRecord()});
        if (layer.bias) record.layers.back().biases = measured(layer.biases());
    }
    record.digest = digest<T>(network.layers(), network.parameters());
    return record;
}

template <class T>
Tracker<T>::Tracker(const std::shared_ptr<const PackedPlan<T>>& plan,
                    Tracking<T>& tracking,
                    const Recorded& recorded)
    : layers_(plan->layers()),
      tracking_(tracking),
      recorded_(recorded),
      before_(plan),
      bins_(tracking_bins),
      chunk_(2 * tracking_chunk) {
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
    const std::span<const T> parameters = network.parameters();
    tracking_.initial.assign(parameters.begin(), parameters.end());
    tracking_.last = tracking_.initial;
    tracking_.first_step = steps;
    tracking_.records = 1;
    recorded_(record_between<T>(network, {}, {}, false));
}

template <class T>
void Tracker<T>::make_room(std::size_t threads) {
    while (counts_.size() < threads)
        counts_.push_back({AlignedBuffer<kernels::UnitCount<T>>(padded_),
                           AlignedBuffer<kernels::UnitCount<T>>(padded_), 0});
}

template <class T>
void Tracker<T>::begin_batch(std::uint64_t steps, bool ends_epoch, bool ends_training) {
    const std::size_t every = tracking_.every;
    const bool is_due = every == 0 ? ends_epoch : (steps - tracking_.first_step) % every == 0;
    records_ = is_due || ends_training;
    is_extra_ = !is_due;
}

template <class T>
void Tracker<T>::count(const Pass<T>& pass, Range rows, std::size_t t) {
    Counts& counts = counts_[t];
    const std::size_t n = rows.last - rows.first;
    if (n == 0) return;
    counts.rows += n;
    for (std::size_t l = 0; l < units_.size(); ++l) {
        const Units& units = units_[l];
        if (!units.counts) continue;
        kernels::table<T>().count_units(
            {pass.activations(l).rows_from(rows.first, n), counts.active.data() + units.padded,
             units.saturates ? counts.saturated.data() + units.padded : nullptr, units.low,
             units.high});
    }
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
void Tracker<T>::record(const PackedArray<T>& parameters,
                        const PackedArray<T>& gradient,
                        const Moment& moment) {
    add(measured(parameters, {&before_, &gradient}), moment, is_extra_);
}

template <class T>
void Tracker<T>::end(const PackedArray<T>& parameters, const Moment& moment) {
    if (moment.steps == recorded_steps_) return;
    add(measured(parameters, {nullptr, nullptr}), moment, true);
}

template <class T>
void Tracker<T>::add(ParameterRecord record, const Moment& moment, bool is_extra) {
    record.index = tracking_.records;
    record.is_extra = is_extra;
    record.step = moment.steps - tracking_.first_step;
    record.epoch = static_cast<std::int64_t>(moment.epoch);
    record.batch = static_cast<std::int64_t>(moment.batch);
    recorded_steps_ = moment.steps;
    if (!is_extra) {
        now_.swap(tracking_.last);
        ++tracking_.records;
        drop_counts();
    }
    recorded_(record);
}

template <class T>
ParameterRecord Tracker<T>::measured(const PackedArray<T>& parameters, const Around& around) {
    merge_counts();
    ParameterRecord record;
    Cursor cursor;
    now_.resize(tracking_.last.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const bool moves = layers_[l].trainable;
        auto weights = [l](const PackedArray<T>* a) {
            return a == nullptr ? Panels<const T>() : Panels<const T>(a->weights(l));
        };
        auto biases = [&](const PackedArray<T>* a) {
            return a == nullptr ? Panels<const T>() : row_of<T>(a->biases(l), layers_[l].outputs);
        };
        const PackedArray<T>*const before = moves ? around.before : nullptr,
                             *const gradient = moves ? around.gradient : nullptr;
        LayerRecord layer;
        layer.weights =
            measured_array({weights(&parameters), weights(before), weights(gradient)}, cursor);
        if (layers_[l].bias)
            layer.biases =
                measured_array({biases(&parameters), biases(before), biases(gradient)}, cursor);
        layer.units = units(l);
        record.layers.push_back(std::move(layer));
    }
    record.digest = final_digest(cursor.digest, cursor.word);
    return record;
}

template <class T>
ArrayRecord Tracker<T>::measured_array(const Sources& sources, Cursor& cursor) {
    const std::size_t n = sources.x.rows * sources.x.cols;
    ArraySums sums;
    for_each_chunk(n, [&](std::size_t first, std::size_t part) {
        T* const x = now_.data() + cursor.at + first;
        T *const before = chunk_.data(), *const gradient = before + tracking_chunk;
        unpack(sources.x, first, part, x);
        if (sources.before.data != nullptr) unpack(sources.before, first, part, before);
        if (sources.gradient.data != nullptr) unpack(sources.gradient, first, part, gradient);
        kernels::ChunkSums found;
        kernels::table<T>().measure({x, part, tracking_.initial.data() + cursor.at + first,
                                     tracking_.last.data() + cursor.at + first,
                                     sources.before.data == nullptr ? nullptr : before,
                                     sources.gradient.data == nullptr ? nullptr : gradient,
                                     cursor.word + words_of<T>(first), bins_.data(), found});
        sums.add(found, part);
    });
    cursor.at += n;
    cursor.word += words_of<T>(n);
    cursor.digest += sums.digest();
    ArrayRecord record = sums.record();
    record.histogram = sums.take_histogram<T>(bins_);
    sums.set_change(record);
    if (sources.before.data != nullptr) sums.set_update(record);
    if (sources.gradient.data != nullptr) sums.set_gradient(record);
    return record;
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
    tracking_.is_beyond = tracking_.every != 0 || !from_beginning || recorded_steps_ != steps;
    if (!tracking_.is_beyond) drop_counts();
}

template Statistics statistics(const float*, std::size_t);
template Statistics statistics(const double*, std::size_t);
template ArrayRecord array_record(const float*, std::size_t);
template ArrayRecord array_record(const double*, std::size_t);
template std::uint64_t digest(const std::vector<Dense>&, std::span<const float>);
template std::uint64_t digest(const std::vector<Dense>&, std::span<const double>);
template ParameterRecord record_between(const Network<float>&,
                                        std::span<const float>,
                                        std::span<const float>,
                                        bool);
template ParameterRecord record_between(const Network<double>&,
                                        std::span<const double>,
                                        std::span<const double>,
                                        bool);
template class Tracker<float>;
template class Tracker<double>;

}  // namespace wbcore
