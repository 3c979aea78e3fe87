#include "wbcore/diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace wbcore {

namespace {

// Enough to tell a constant from what varies, and a mean from 0; with more a class of a tenth would not be seen better.
constexpr std::size_t most_rows = 128;
// With fewer, one class may be all there is among them by chance.
constexpr std::size_t least_rows = 16;
// What a brief look has need of.
constexpr double few_rows = 32;

// Outputs that differ less than that are one: relative to the targets, or to themselves.
constexpr double constant_below = 1e-3;
// Where fewer than a tenth of the rows have another class, it is no surprise when all are given the same.
constexpr double others_expected = 0.1;

// What a look may take.
constexpr double most_of_training = 0.01, most_of_brief = 0.03;

// Nanoseconds, rather too few for a training and too many for a look at it, as measured with AVX2: what a call takes, Python
// included, a step and each parameter for each row, forward and backward; and of the look its start, each number of a row, and each
// parameter, forward.
constexpr double call = 70000, step_start = 400, step_parameter = 0.08;
constexpr double look_start = 800, look_number = 1.8, look_parameter = 0.03;

struct Scale {
    double mean = 0, spread = 0;
    double far() const { return std::max(std::abs(mean), spread); }
};

template <class T>
Scale scale_of(const Matrix<T>& m, std::size_t column) {
    double sum = 0, squares = 0;
    for (std::size_t r = 0; r < m.rows; ++r) sum += static_cast<double>(m(r, column));
    const double n = static_cast<double>(m.rows), mean = sum / n;
    for (std::size_t r = 0; r < m.rows; ++r) {
        const double d = static_cast<double>(m(r, column)) - mean;
        squares += d * d;
    }
    return {mean, std::sqrt(squares / n)};
}

template <class T>
std::optional<ScaleFinding> scale_finding(const Matrix<T>& m) {
    std::optional<ScaleFinding> found;
    Scale largest;
    std::size_t at = 0, far = 0;
    for (std::size_t c = 0; c < m.cols; ++c) {
        const Scale scale = scale_of(m, c);
        if (scale.far() > far_from_unit) ++far;
        if (c > 0 && scale.far() <= largest.far()) continue;
        largest = scale;
        at = c;
    }
    const bool tiny = largest.far() < far_below_unit && largest.spread > 0;
    if (far > 0 || tiny) found = {tiny ? m.cols : far, at, largest.mean, largest.spread};
    return found;
}

// Some rows of an array, in memory of their own.
template <class T>
class Sample {
public:
    Sample(const ArrayView& all, const std::vector<std::int64_t>& rows)
        : buffer_(rows.size() * all.cols) {
        AlignedBuffer<T> room(packed_size<T>(rows.size(), all.cols));
        const Panels<T> panels = packed_panels(room.data(), rows.size(), all.cols);
        finite_ = gather(all, rows.data(), panels);
        matrix_ = {buffer_.data(), rows.size(), all.cols, all.cols};
        copy_rows<T>(matrix_, panels);
    }
    bool finite() const { return finite_; }
    const Matrix<T>& matrix() const { return matrix_; }

private:
    AlignedBuffer<T> buffer_;
    Matrix<T> matrix_;
    bool finite_ = false;
};

std::vector<std::int64_t> spread_rows(std::size_t n, std::size_t of) {
    std::vector<std::int64_t> rows(n);
    const std::size_t step = of / n;
    for (std::size_t i = 0; i < n; ++i) {
        // anywhere in its step: data that come in turn, class by class, would all be of one
        const std::size_t hash = ((i + 1) * 0x9E3779B97F4A7C15u) >> 32;
        rows[i] = static_cast<std::int64_t>(i * step + hash % step);
    }
    return rows;
}

// The class that each row of targets or outputs stands for: the largest of several, or which side of `half` one is on.
template <class T>
std::vector<std::size_t> classes_of(const Matrix<T>& m, double half) {
    std::vector<std::size_t> classes(m.rows);
    for (std::size_t r = 0; r < m.rows; ++r) {
        const T* const row = &m(r, 0);
        classes[r] = m.cols == 1
                         ? static_cast<double>(row[0]) > half
                         : static_cast<std::size_t>(std::max_element(row, row + m.cols) - row);
    }
    return classes;
}

// The one class of all outputs, when the targets have enough of others.
std::optional<std::size_t> one_class(const std::vector<std::size_t>& outputs,
                                     const std::vector<std::size_t>& targets) {
    const std::size_t first = outputs.front();
    if (std::ranges::any_of(outputs, [=](std::size_t c) { return c != first; })) return {};
    const auto n = static_cast<double>(targets.size()),
               others = n - static_cast<double>(std::ranges::count(targets, first));
    // so many that there are more than that in all rows, and not by chance in these: two standard deviations
    const double few =
        others_expected * n + 2 * std::sqrt(others_expected * (1 - others_expected) * n);
    if (others <= few) return {};
    return first;
}

bool differ(const std::vector<std::size_t>& classes) {
    return std::ranges::any_of(classes, [&](std::size_t c) { return c != classes.front(); });
}

// Whether no output differs between rows by what counts: numbers against the spread of their targets, logits by what they mean for
// probabilities, and these against themselves.
template <class T>
bool is_constant(const Matrix<T>& outputs, const Matrix<T>* targets, bool logits) {
    for (std::size_t c = 0; c < outputs.cols; ++c) {
        const Scale out = scale_of(outputs, c);
        const double unit = targets != nullptr ? scale_of(*targets, c).spread
                            : logits           ? 1
                                               : std::abs(out.mean);
        if (out.spread > constant_below * unit) return false;
    }
    return true;
}

template <class T>
bool differ(const Matrix<T>& targets) {
    for (std::size_t c = 0; c < targets.cols; ++c)
        if (scale_of(targets, c).spread > 0) return true;
    return false;
}

// What the outputs are, beside the targets.
template <class T>
void compare(Diagnosis& found,
             const Matrix<T>& outputs,
             const Dataset& data,
             const std::vector<std::int64_t>& rows,
             const Named<Loss>& loss,
             bool logits) {
    if (data.labels) {
        std::vector<std::int64_t> labels(rows.size());
        if (!gather_labels(data.y, rows.data(), rows.size(), outputs.cols, labels.data())) return;
        const std::vector<std::size_t> targets(labels.begin(), labels.end());
        found.constant = differ(targets) && is_constant<T>(outputs, nullptr, logits);
        found.one_class = one_class(classes_of(outputs, 0), targets);
        return;
    }
    const Sample<T> sample(data.y, rows);
    const Matrix<T>& targets = sample.matrix();
    if (!sample.finite()) return;
    if (loss.info().targets == Targets::numbers) {
        found.targets = scale_finding(targets);
        found.constant = differ(targets) && is_constant(outputs, &targets, false);
        return;
    }
    found.constant = differ(targets) && is_constant<T>(outputs, nullptr, logits);
    if (loss.info().targets == Targets::classes || outputs.cols == 1)
        found.one_class =
            one_class(classes_of(outputs, logits ? 0 : 0.5), classes_of(targets, 0.5));
}

}  // namespace

Glance glance_after(const std::vector<Dense>& layers,
                    std::size_t rows,
                    std::size_t batch_size,
                    std::size_t epochs) {
    if (epochs == 0) return {};
    double parameters = 0, numbers = static_cast<double>(layers.front().inputs);
    for (const Dense& layer : layers) {
        parameters += static_cast<double>(layer.parameters());
        numbers += static_cast<double>(layer.outputs);
    }
    const double all = static_cast<double>(rows) * static_cast<double>(epochs);
    const std::size_t batches = (rows - 1) / batch_size + 1;
    const double steps = static_cast<double>(batches) * static_cast<double>(epochs);
    const double training = call + steps * step_start + all * parameters * step_parameter;
    const double row = numbers * look_number + parameters * look_parameter;
    const auto worth = [&](double share) { return (training * share - look_start) / row; };
    const auto at_most = [&](double some) {
        return std::min({most_rows, rows, static_cast<std::size_t>(std::min(some, 1e6))});
    };
    if (const double n = worth(most_of_training);
        n >= static_cast<double>(std::min(least_rows, rows)))
        return {at_most(n), false};
    // of a handful of rows, soon over, nothing is expected
    if (const double n = worth(most_of_brief);
        n >= static_cast<double>(least_rows) && rows >= least_rows)
        return {at_most(std::min(n, few_rows)), true};
    return {};
}

template <class T>
Diagnosis diagnose(const Network<T>& network,
                   const Dataset& data,
                   const Named<Loss>& loss,
                   Glance glance) {
    Diagnosis found;
    const std::size_t rows = glance.rows;
    if (rows == 0) return found;
    const std::vector<std::int64_t> sampled = spread_rows(rows, data.x.rows);
    const Sample<T> x(data.x, sampled);
    if (!x.finite()) return found;
    found.rows = rows;
    found.inputs = scale_finding(x.matrix());

    const std::vector<Dense>& layers = network.layers();
    std::size_t size = 0;
    for (const Dense& layer : layers) size += layer.outputs;
    AlignedBuffer<T> buffer(rows * size);
    std::vector<Matrix<T>> outputs;
    T* next = buffer.data();
    for (const Dense& layer : layers) {
        outputs.push_back({next, rows, layer.outputs, layer.outputs});
        next += rows * layer.outputs;
    }
    const Matrix<T>& in = x.matrix();
    if (!network.activations(outputs, row_major<T>(in.data, in.rows, in.cols, in.stride), 1))
        return found;
    for (std::size_t l = 0; l + 1 < layers.size(); ++l)
        if (layers[l].activation.info().relu_family &&
            std::all_of(outputs[l].data, outputs[l].data + rows * layers[l].outputs,
                        [](T a) { return a == 0; }))
            found.dead_layers.push_back(l);
    const bool logits = is_of_z(loss) && is_identity(layers.back().activation.kind);
    compare(found, outputs.back(), data, sampled, loss, logits);
    const bool failed = found.constant || found.one_class;
    const bool reason = found.inputs || found.targets || !found.dead_layers.empty();
    const bool told = !glance.brief || (failed && reason && differ(x.matrix()));
    return told ? found : Diagnosis{};
}

template Diagnosis diagnose(const Network<float>&, const Dataset&, const Named<Loss>&, Glance);
template Diagnosis diagnose(const Network<double>&, const Dataset&, const Named<Loss>&, Glance);

}  // namespace wbcore
