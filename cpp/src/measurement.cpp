#include "measurement.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "wbcore/statistics.hpp"

namespace wbcore {

namespace {

using kernels::tracking_bins;
using kernels::tracking_rows;

// Of arrays of fewer numbers, bins are sorted rather than looked for among all there are.
constexpr std::size_t few_numbers = 512;

// NaN of one kind, since a processor's own has a sign of its own.
double plain(double x) { return std::isnan(x) ? no_number : x; }
double root(double squares) { return plain(std::sqrt(squares)); }

// After all words: every bit of the sum, and how many words there were, reaches every bit.
std::uint64_t final_digest(std::uint64_t sum, std::uint64_t words) {
    std::uint64_t x = sum ^ words * kernels::digest_step;
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
}

// Chunk after chunk.
class ArraySums {
public:
    void add(const kernels::ChunkSums& chunk) {
        zeros_ += chunk.zeros;
        change_ += chunk.change;
        since_last_ += chunk.since_last;
        update_ += chunk.update;
        before_ += chunk.before;
        gradient_ += chunk.gradient;
        if (chunk.finite == 0) return;
        const double ours = static_cast<double>(finite_),
                     theirs = static_cast<double>(chunk.finite);
        deviations_ += chunk.deviations;
        if (finite_ != 0) {  // what the means of both lie apart is a part of the deviations
            const double apart = chunk.mean - sum_ / ours;
            deviations_ += apart * apart * (ours / (ours + theirs) * theirs);
        }
        minimum_ = std::min(minimum_, chunk.minimum);
        maximum_ = std::max(maximum_, chunk.maximum);
        finite_ += chunk.finite;
        sum_ += chunk.sum;
        sizes_ += chunk.sizes;
    }

    // But for the histogram
    template <class T>
    ArrayRecord record(std::size_t n, const MeasuredWith<T>& with, bool is_trainable) const {
        ArrayRecord record = moments();
        record.n = n;
        record.zeros = zeros_;
        record.nonfinite = n - finite_;
        if (with.initial != nullptr) {
            record.change = root(change_);
            record.change_since_last = root(since_last_);
        }
        if (with.before != nullptr || with.gradient != nullptr) {  // there was a step
            record.update_norm = root(update_);
            if (before_ != 0) record.update_ratio = plain(record.update_norm / root(before_));
        }
        if (with.gradient != nullptr && is_trainable) record.gradient_norm = root(gradient_);
        return record;
    }

private:
    ArrayRecord moments() const {
        ArrayRecord record;
        if (finite_ == 0) {
            record.mean = record.mean_absolute = record.standard_deviation = no_number;
            record.minimum = record.maximum = no_number;
            return record;
        }
        record.minimum = minimum_;
        record.maximum = maximum_;
        // numbers that are all the same have no deviation, though their mean is rounded
        const bool equal = minimum_ == maximum_;
        const double count = static_cast<double>(finite_);
        const double mean = equal ? minimum_ : sum_ / count, deviations = equal ? 0 : deviations_;
        record.mean = plain(mean);
        record.mean_absolute = equal ? std::abs(mean) : plain(sizes_ / count);
        record.standard_deviation = root(deviations / count);
        record.norm = root(deviations + count * mean * mean);
        return record;
    }

    std::uint64_t finite_ = 0, zeros_ = 0;
    double sum_ = 0, sizes_ = 0, deviations_ = 0;
    double minimum_ = std::numeric_limits<double>::infinity(), maximum_ = -minimum_;
    double change_ = 0, since_last_ = 0, update_ = 0, before_ = 0, gradient_ = 0;
};

// f(its numbers, how many) for each row of an array's chunks
template <class T, class F>
void for_each_row(const T* x, std::span<const ChunkPlace> chunks, F f) {
    for (const ChunkPlace& chunk : chunks)
        for (std::size_t row = 0; row < chunk.rows; ++row)
            f(x + chunk.at + row * panel_width<T>, chunk.cols);
}

// Whether a bin of all has finite numbers: others are counted apart.
bool is_finite_bin(std::size_t bin, bool is_double) {
    constexpr std::size_t half = tracking_bins / 2, infinity = std::size_t{255} * 8;
    return bin % half < infinity + (is_double ? 1 : 0);
}

// Those of all that are not empty; then all are.
Histogram taken(std::vector<std::uint32_t>& counts, bool is_double) {
    constexpr std::size_t at_once = 8;
    Histogram histogram;
    std::size_t some = 0;
    for (const std::uint32_t count : counts) some += count != 0;
    histogram.bins.reserve(some);
    histogram.counts.reserve(some);
    for (std::size_t first = 0; first < tracking_bins; first += at_once) {
        std::uint32_t any = 0;
        for (std::size_t i = 0; i < at_once; ++i) any |= counts[first + i];
        if (any == 0) continue;
        for (std::size_t bin = first; bin < first + at_once; ++bin) {
            if (counts[bin] == 0 || !is_finite_bin(bin, is_double)) continue;
            histogram.bins.push_back(static_cast<std::uint16_t>(bin));
            histogram.counts.push_back(counts[bin]);
        }
    }
    std::ranges::fill(counts, 0);
    return histogram;
}

template <class T>
Histogram of_few(const T* x, std::span<const ChunkPlace> chunks) {
    std::uint16_t bins[few_numbers];
    std::size_t n = 0;
    for_each_row(x, chunks, [&](const T* row, std::size_t cols) {
        for (std::size_t j = 0; j < cols; ++j) {
            const std::uint32_t bin = kernels::bin_of(row[j]);
            if (is_finite_bin(bin, sizeof(T) == sizeof(double)))
                bins[n++] = static_cast<std::uint16_t>(bin);
        }
    });
    std::sort(bins, bins + n);
    Histogram histogram;
    histogram.bins.reserve(n);
    histogram.counts.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
        if (i == 0 || bins[i] != bins[i - 1]) {
            histogram.bins.push_back(bins[i]);
            histogram.counts.push_back(0);
        }
        ++histogram.counts.back();
    }
    return histogram;
}

void remove(Histogram& histogram, std::size_t bin, std::uint64_t n) {
    const auto at = std::ranges::lower_bound(histogram.bins, bin);
    if (n == 0 || at == histogram.bins.end() || *at != bin) return;
    const auto count = histogram.counts.begin() + (at - histogram.bins.begin());
    *count -= static_cast<std::uint32_t>(n);
    if (*count != 0) return;
    histogram.counts.erase(count);
    histogram.bins.erase(at);
}

}  // namespace

template <class T>
Measurement<T>::Measurement(const PackedPlan<T>& plan) : layers_(plan.layers()) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const Dense& layer = layers_[l];
        weights_.push_back(arrays_.size());
        add_array(plan.weights(l), layer.inputs, layer.outputs, layer.trainable);
        if (layer.bias) add_array(plan.biases(l), 1, layer.outputs, layer.trainable);
    }
    sums_.resize(chunks_.size());
    make_room(1);
}

template <class T>
void Measurement<T>::add_array(std::size_t at,
                               std::size_t rows,
                               std::size_t cols,
                               bool is_trainable) {
    constexpr std::size_t width = panel_width<T>, words = alignment / sizeof(std::uint64_t);
    const std::size_t first = chunks_.size();
    const std::uint64_t of_a_row =
        (cols * sizeof(T) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    if (rows == 1) {
        const std::size_t whole = cols / width, rest = cols % width;
        add_chunks(at, whole, width, words_, words);
        if (rest != 0) add_chunks(at + whole * width, 1, rest, words_ + whole * words, words);
    } else {
        for (std::size_t p = 0; p * width < cols; ++p)
            add_chunks(at + p * packed_panel_stride<T>(rows), rows,
                       std::min(width, cols - p * width), words_ + p * words, of_a_row);
    }
    words_ += rows * of_a_row;
    arrays_.push_back({{first, chunks_.size()}, at, rows, cols, is_trainable});
}

template <class T>
void Measurement<T>::add_chunks(std::size_t at,
                                std::size_t rows,
                                std::size_t cols,
                                std::uint64_t word,
                                std::uint64_t words_of_a_row) {
    for (std::size_t row = 0; row < rows; row += tracking_rows)
        chunks_.push_back({at + row * panel_width<T>, std::min(tracking_rows, rows - row), cols,
                           word + row * words_of_a_row, words_of_a_row});
}

template <class T>
void Measurement<T>::make_room(std::size_t threads) {
    while (bins_.size() < threads)
        bins_.push_back({std::vector<std::uint32_t>(tracking_bins), {}, {}});
}

template <class T>
void Measurement<T>::measure(
    const T* x, const MeasuredWith<T>& with, std::size_t t, std::size_t size, bool all) {
    const Range mine{chunks_.size() * t / size, chunks_.size() * (t + 1) / size};
    for (std::size_t array = 0; array < arrays_.size(); ++array) {
        const Range chunks = arrays_[array].chunks;
        const std::size_t last = std::min(mine.last, chunks.last);
        if (arrays_[array].is_trainable && !all) continue;
        for (std::size_t chunk = std::max(mine.first, chunks.first); chunk < last; ++chunk)
            measure_chunk(array, chunk, x, with,
                          with.before == nullptr ? nullptr : with.before + chunks_[chunk].at, t);
    }
}

template <class T>
void Measurement<T>::measure_chunk(std::size_t array,
                                   std::size_t chunk,
                                   const T* x,
                                   const MeasuredWith<T>& with,
                                   const T* before,
                                   std::size_t t) {
    const MeasuredArray& measured = arrays_[array];
    const ChunkPlace& place = chunks_[chunk];
    Bins& bins = bins_[t];
    if (bins.array != array) {
        take(bins);
        if (measured.numbers() > few_numbers) bins.array = array;
    }
    auto part = [&](const T* from) { return from == nullptr ? nullptr : from + place.at; };
    const bool is_trainable = measured.is_trainable;
    kernels::table<T>().measure(
        {x + place.at, place.rows, place.cols, part(with.initial), part(with.last),
         is_trainable ? before : nullptr, is_trainable ? part(with.gradient) : nullptr, place.word,
         place.words_of_a_row, bins.array ? bins.counts.data() : nullptr, sums_[chunk]});
    if (with.next_last != nullptr)
        std::memcpy(with.next_last + place.at, x + place.at,
                    sizeof(T) * place.rows * panel_width<T>);
}

template <class T>
void Measurement<T>::take(Bins& bins) {
    if (bins.array)
        bins.found.push_back({*bins.array, taken(bins.counts, sizeof(T) == sizeof(double))});
    bins.array.reset();
}

template <class T>
void Measurement<T>::drop() {
    for (Bins& bins : bins_) {
        take(bins);
        bins.found.clear();
    }
}

template <class T>
ParameterRecord Measurement<T>::record(const T* x, const MeasuredWith<T>& with) {
    ParameterRecord record;
    for (Bins& bins : bins_) take(bins);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        record.layers.push_back({array_record(weights_[l], x, with), std::nullopt, UnitRecord()});
        if (layers_[l].bias) record.layers.back().biases = array_record(weights_[l] + 1, x, with);
    }
    drop();
    std::uint64_t sum = 0;
    for (const kernels::ChunkSums& sums : sums_) sum += sums.digest;
    record.digest = final_digest(sum, words_);
    return record;
}

template <class T>
ArrayRecord Measurement<T>::array_record(std::size_t array,
                                         const T* x,
                                         const MeasuredWith<T>& with) {
    const MeasuredArray& measured = arrays_[array];
    ArraySums sums;
    for (std::size_t c = measured.chunks.first; c < measured.chunks.last; ++c) sums.add(sums_[c]);
    ArrayRecord record = sums.template record<T>(measured.numbers(), with, measured.is_trainable);
    record.histogram = histogram(array, x, record.zeros);
    return record;
}

// Without the zeros, which lie in the bins of the least numbers of either sign.
template <class T>
Histogram Measurement<T>::histogram(std::size_t array, const T* x, std::uint64_t zeros) {
    const MeasuredArray& measured = arrays_[array];
    const std::span<const ChunkPlace> chunks(chunks_.data() + measured.chunks.first,
                                             measured.chunks.last - measured.chunks.first);
    Histogram all;
    if (measured.numbers() <= few_numbers) {
        all = of_few(x, chunks);
    } else {
        std::vector<const Histogram*> parts;
        for (const Bins& bins : bins_)
            for (const FoundBins& found : bins.found)
                if (found.array == array) parts.push_back(&found.histogram);
        std::vector<std::uint32_t>& counts = bins_[0].counts;
        for (const Histogram* part : parts)
            for (std::size_t i = 0; i < part->bins.size(); ++i)
                counts[part->bins[i]] += part->counts[i];
        if (parts.size() == 1) {
            all = *parts[0];
            for (const std::uint16_t bin : all.bins) counts[bin] = 0;
        } else {
            all = taken(counts, sizeof(T) == sizeof(double));
        }
    }
    if (zeros == 0) return all;
    std::uint64_t negative = 0;
    for_each_row(x, chunks, [&](const T* row, std::size_t cols) {
        for (std::size_t j = 0; j < cols; ++j) negative += row[j] == 0 && std::signbit(row[j]);
    });
    remove(all, 0, zeros - negative);
    remove(all, tracking_bins / 2, negative);
    return all;
}

namespace {

// Of a row-major array alone, as the weights of a layer.
template <class T>
ArrayRecord record_of(const T* values, std::size_t rows, std::size_t cols) {
    const auto plan = std::make_shared<const PackedPlan<T>>(
        std::vector<Dense>{{rows, cols, Activation::identity, false}});
    PackedArray<T> packed(plan);
    packed.pack({values, rows * cols});
    Measurement<T> measurement(*plan);
    measurement.measure(packed.data(), {}, 0, 1);
    return measurement.record(packed.data(), {}).layers[0].weights;
}

}  // namespace

template <class T>
ArrayRecord array_record(const T* values, std::size_t rows, std::size_t cols) {
    if (rows * cols == 0) return {};
    return record_of(values, rows, cols);
}

template <class T>
Statistics statistics(const T* values, std::size_t rows, std::size_t cols) {
    const ArrayRecord record = array_record(values, rows, cols);
    return {record.mean, record.mean_absolute, record.standard_deviation, record.minimum,
            record.maximum};
}

template <class T>
ParameterRecord record_between(const Network<T>& network,
                               std::span<const T> initial,
                               std::span<const T> last,
                               bool is_step) {
    const auto plan = std::make_shared<const PackedPlan<T>>(network.layers());
    PackedArray<T> now(plan), first(plan), before(plan);
    now.pack(network.parameters());
    MeasuredWith<T> with;
    if (is_step) {
        first.pack(initial);
        before.pack(last);
        with = {first.data(), before.data(), before.data(), nullptr, nullptr};
    }
    Measurement<T> measurement(*plan);
    measurement.measure(now.data(), with, 0, 1);
    return measurement.record(now.data(), with);
}

template <class T>
std::uint64_t digest(const Network<T>& network) {
    return record_between<T>(network, {}, {}, false).digest;
}

template Statistics statistics(const float*, std::size_t, std::size_t);
template Statistics statistics(const double*, std::size_t, std::size_t);
template ArrayRecord array_record(const float*, std::size_t, std::size_t);
template ArrayRecord array_record(const double*, std::size_t, std::size_t);
template ParameterRecord record_between(const Network<float>&,
                                        std::span<const float>,
                                        std::span<const float>,
                                        bool);
template ParameterRecord record_between(const Network<double>&,
                                        std::span<const double>,
                                        std::span<const double>,
                                        bool);
template std::uint64_t digest(const Network<float>&);
template std::uint64_t digest(const Network<double>&);
template class Measurement<float>;
template class Measurement<double>;

}  // namespace wbcore
