#include "wbcore/profile.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "pass.hpp"
#include "wbcore/probe.hpp"

namespace wbcore {

namespace {

using Clock = std::chrono::steady_clock;

// What the peak is measured for: the best of a hundred runs.
constexpr double probe_seconds = 0.02;
// Multiply-adds of a step that takes so long that it is asked for interrupts between its phases. In shorter ones the question, which
// looks at a clock, would be a part of what is measured.
constexpr double long_work = 1e7;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Nanoseconds of a look at the clock.
double reading_cost() {
    constexpr int readings = 10000;
    const Clock::time_point start = Clock::now();
    for (int i = 1; i < readings; ++i) static_cast<void>(Clock::now());
    return milliseconds_since(start) * 1e6 / readings;
}

// The phases of a step in their order, without times.
std::vector<PhaseTime> phases_of(const std::vector<Dense>& layers, std::size_t rows) {
    const std::size_t first = first_trainable(layers);
    std::vector<PhaseTime> phases{{Phase::gather, {}, 0, 0}};
    const auto add = [&](Phase phase, std::size_t l) {
        const double products = static_cast<double>(rows) * static_cast<double>(layers[l].inputs) *
                                static_cast<double>(layers[l].outputs);
        phases.push_back({phase, l, 0, phase == Phase::transpose ? 0 : 2 * products});
    };
    for (std::size_t l = 0; l < layers.size(); ++l) add(Phase::forward, l);
    phases.push_back({Phase::loss, {}, 0, 0});
    for (std::size_t l = layers.size(); l-- > first + 1;) add(Phase::backward, l);
    for (std::size_t l = layers.size(); l-- > first;)
        if (layers[l].trainable) add(Phase::update, l);
    for (std::size_t l = layers.size(); l-- > first + 1;)  // what a dX is computed from
        if (layers[l].trainable) add(Phase::transpose, l);
    return phases;
}

// A network, a batch, and the steps on them.
template <class T>
class Steps {
public:
    Steps(const Network<T>& network,
          const Dataset& data,
          const Named<Loss>& loss,
          std::size_t rows,
          const InterruptCheck& interrupted)
        : packed_(packed_copy(network, Transposed::after_first_trainable)),
          pass_(packed_.layers(), rows, {.dropout_seed = 0}),
          data_(data),
          loss_(loss),
          rows_(rows),
          interrupted_(interrupted),
          phases_(phases_of(packed_.layers(), rows)) {
        // the same arithmetic, and the weights stay as they are
        still_.stores = false;
        pass_.set_rows(rows);
        double work = 0;
        for (const PhaseTime& phase : phases_) work += phase.operations / 2;
        is_long_ = work > long_work;
        look_at_batch();
    }

    // A step, each phase of which is handed to `timed(index, body)`.
    template <class F>
    void step(F timed) {
        stop_if(interrupted_);
        for (std::size_t i = 0; i < phases_.size(); ++i) {
            if (is_long_) stop_if(interrupted_);
            timed(i, [&] { perform(phases_[i]); });
        }
    }
    const std::vector<PhaseTime>& phases() const { return phases_; }

private:
    void look_at_batch() {
        batch_ = pass_.batch(data_, nullptr, 0, rows_, {0, rows_});
        if (batch_.refused != InputArray::none) throw InputError(batch_.refused);
    }

    void perform(const PhaseTime& what) {
        const std::size_t l = what.layer.value_or(0);
        const Range inputs{0, packed_.layers()[l].inputs}, rows{0, rows_};
        switch (what.phase) {
            case Phase::gather:
                return look_at_batch();
            case Phase::forward:
                return pass_.forward(packed_, batch_, l, rows);
            case Phase::loss:
                return pass_.loss(loss_, batch_,
                                  mean_count(loss_, rows_, packed_.layers().back().outputs), true,
                                  rows);
            case Phase::backward:
                return pass_.backward_inputs(packed_, l, rows);
            case Phase::update:
                return pass_.backward_parameters({packed_.parameters(), {}, still_, still_}, batch_,
                                                 l, inputs);
            case Phase::transpose:
                return packed_.transpose(l, inputs);
        }
    }

    const PackedNetwork<T> packed_;
    Pass<T> pass_;
    const Dataset& data_;
    const Named<Loss>& loss_;
    const std::size_t rows_;
    const InterruptCheck& interrupted_;
    const std::vector<PhaseTime> phases_;
    kernels::Update<T> still_;
    Batch<T> batch_;
    bool is_long_ = false;
};

}  // namespace

template <class T>
Profile profile(const Network<T>& network,
                const Dataset& data,
                const Named<Loss>& loss,
                std::size_t batch_size,
                std::size_t repeats,
                const InterruptCheck& interrupted) {
    if (batch_size == 0 || repeats == 0 || data.x.rows == 0)
        throw std::invalid_argument("[profile] expected rows, a batch_size and repeats, got none");
    require_suitable<T>(loss, network.outputs());
    Steps<T> steps(network, data, loss, std::min(batch_size, data.x.rows), interrupted);
    Profile result;
    result.phases = steps.phases();
    std::vector<std::vector<double>> times(result.phases.size());
    std::vector<double> timed, untimed;
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
        double sum = 0;
        steps.step([&](std::size_t index, auto body) {
            const Clock::time_point start = Clock::now();
            body();
            times[index].push_back(milliseconds_since(start));
            sum += times[index].back();
        });
        timed.push_back(sum);
        const Clock::time_point start = Clock::now();
        steps.step([](std::size_t, auto body) { body(); });
        untimed.push_back(milliseconds_since(start));
    }
    for (std::size_t i = 0; i < times.size(); ++i) result.phases[i].milliseconds = median(times[i]);
    result.timed_step = median(timed);
    result.step = median(untimed);
    result.reading = reading_cost();
    result.fma_peak = probe<T>(probe_seconds).fma_peak;
    return result;
}

template Profile profile(const Network<float>&,
                         const Dataset&,
                         const Named<Loss>&,
                         std::size_t,
                         std::size_t,
                         const InterruptCheck&);
template Profile profile(const Network<double>&,
                         const Dataset&,
                         const Named<Loss>&,
                         std::size_t,
                         std::size_t,
                         const InterruptCheck&);

}  // namespace wbcore
