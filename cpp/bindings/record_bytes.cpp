#include "record_bytes.hpp"

namespace wbcore::bindings {

namespace {

constexpr std::uint64_t version = 1;

void write(ByteWriter& to, const ArrayRecord& array) {
    for (const std::uint64_t n : {std::uint64_t{1}, array.n, array.zeros, array.nonfinite})
        to.number(n);
    for (const double x : {array.mean, array.mean_absolute, array.standard_deviation, array.minimum,
                           array.maximum, array.norm, array.change, array.change_since_last,
                           array.update_norm, array.update_ratio, array.gradient_norm})
        to.number(x);
    to.number(std::uint64_t{array.histogram.bins.size()});
    to.values(array.histogram.counts);
    to.values(array.histogram.bins);
}

void write(ByteWriter& to, const UnitRecord& units, std::size_t outputs) {
    const bool active = !units.active.empty(), saturated = !units.saturated.empty();
    to.number(units.rows);
    to.number(std::uint64_t{outputs});
    to.number(std::uint64_t{active} | std::uint64_t{saturated} << 1);
    to.values(units.active);
    to.values(units.saturated);
}

}  // namespace

std::string bytes_of(const ParameterRecord& record) {
    ByteWriter to;
    to.number(version);
    to.number(record.index);
    to.number(std::uint64_t{record.is_extra});
    to.number(record.step);
    to.number(record.epoch);
    to.number(record.batch);
    to.number(record.digest);
    to.number(std::uint64_t{record.layers.size()});
    for (const LayerRecord& layer : record.layers) {
        write(to, layer.weights);
        if (layer.biases)
            write(to, *layer.biases);
        else
            to.number(std::uint64_t{0});
        write(to, layer.units, std::max(layer.units.active.size(), layer.units.saturated.size()));
    }
    return to.take();
}

RecordHead head_of(std::string_view bytes) {
    std::int64_t numbers[8];
    if (bytes.size() < sizeof numbers)
        throw py::value_error("[fit] expected records of parameters, got other bytes");
    std::memcpy(numbers, bytes.data(), sizeof numbers);
    return {static_cast<std::uint64_t>(numbers[1]), numbers[2] != 0, numbers[4]};
}

template <class T>
std::string HeldTracking<T>::bytes() const {
    if (tracking.is_beyond) return {};
    ByteWriter to;
    for (const std::uint64_t n :
         {version, std::uint64_t{sizeof(T)}, std::uint64_t{tracking.every}, tracking.records,
          tracking.first_step, tracking.rows, std::uint64_t{parameters_}, std::uint64_t{units_}})
        to.number(n);
    to.values(tracking.initial);
    to.values(tracking.last);
    to.values(tracking.active);
    to.values(tracking.saturated);
    return to.take();
}

// Only of a fit that had the same settings.
template <class T>
void HeldTracking<T>::restore(std::string_view bytes) {
    std::uint64_t head[8];
    const std::size_t arrays = round_up(parameters_ * sizeof(T), 8);
    if (bytes.size() != sizeof head + 2 * arrays + 2 * units_ * sizeof(std::uint64_t))
        throw py::value_error("[fit] expected tracking of the same network, got other bytes");
    std::memcpy(head, bytes.data(), sizeof head);
    if (head[0] != version || head[1] != sizeof(T) || head[2] != tracking.every ||
        head[6] != parameters_ || head[7] != units_)
        throw py::value_error("[fit] expected tracking of the same fit, got another");
    tracking.records = head[3];
    tracking.first_step = head[4];
    tracking.rows = head[5];
    const char* from = bytes.data() + sizeof head;
    auto read = [&from](auto& to, std::size_t n) {
        to.resize(n);
        const std::size_t size = n * sizeof to[0];
        if (size != 0) std::memcpy(to.data(), from, size);
        from += round_up(size, 8);
    };
    read(tracking.initial, parameters_);
    read(tracking.last, parameters_);
    read(tracking.active, units_);
    read(tracking.saturated, units_);
}

template class HeldTracking<float>;
template class HeldTracking<double>;

}  // namespace wbcore::bindings
