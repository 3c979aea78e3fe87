#include "wbcore/schedules.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/fma.hpp"
#include "kernels/kernel_table.hpp"
#include "power.hpp"

namespace wbcore {

namespace {

// sin(pi z / 2) / z in z z (docs/arithmetic.md, section 4)
constexpr double sine_coefficients[] = {
    0x1.921fb54442d18p+0,  -0x1.4abbce625be53p-1,  0x1.466bc6775aad9p-4,  -0x1.32d2cce62abbdp-8,
    0x1.50783485c2d5ap-13, -0x1.e3074b42c3306p-19, 0x1.e8eec79c14274p-25, -0x1.6c58cc302f01ep-31};

// sin(pi z / 2) for z from 0 to 1/2
double sine(double z) {
    constexpr std::size_t n = std::size(sine_coefficients);
    const double u = z * z;
    double p = sine_coefficients[n - 1];
    for (std::size_t i = n - 1; i > 0; --i) p = kernels::fma(p, u, sine_coefficients[i - 1]);
    return z * p;
}

// (1 + cos(pi a / b)) / 2 for a from 0 to b: half a wave, from 1 down to 0. Its square roots are sines of the same first
// quarter of the circle, so that both ends are exact and the small numbers near the second as accurate as the others.
double fall(double a, double b) {
    if (2 * a <= b) {
        const double s = sine(a / b);
        return 1 - s * s;
    }
    const double s = sine((b - a) / b);
    return s * s;
}

double function(kernels::Function which, double x) {
    kernels::table<double>().function(which, &x, &x, 1);
    return x;
}

// base^exponent for a base above 0, at most 1, and an exponent above 0
double real_power(double base, double exponent) {
    if (exponent == std::floor(exponent)) return power(base, static_cast<std::uint64_t>(exponent));
    return function(kernels::Function::exp, exponent * function(kernels::Function::log, base));
}

// part * from + (1 - part) * to, which is `from` itself at 1 and `to` at 0
double between(double part, double from, double to) { return part * from + (1 - part) * to; }

double cosine(const Named<Schedule>& rule, std::uint64_t n) {
    std::uint64_t length = static_cast<std::uint64_t>(rule[1]);
    if (rule[3] == 0) {
        n = std::min(n, length);
    } else if (rule[4] == 1) {
        n %= length;
    } else {
        const auto multiplier = static_cast<std::uint64_t>(rule[4]);
        for (; n >= length; length *= multiplier) n -= length;
    }
    return between(fall(static_cast<double>(n), static_cast<double>(length)), rule[0], rule[2]);
}

double one_cycle(const Named<Schedule>& rule, std::uint64_t n) {
    const double highest = rule[0], first = highest / rule[3], last = first / rule[4];
    const double at = static_cast<double>(n), end = rule[1] - 1;
    const double top = std::max(rule[2] * rule[1] - 1, 0.0);
    if (top > 0 && at <= top) return between(fall(at, top), first, highest);
    if (at >= end) return last;
    return between(fall(at - top, end - top), highest, last);
}

// n is the number of steps before this one.
double rate_of(const Named<Schedule>& rule, std::uint64_t n, std::uint64_t reductions) {
    n = std::min(n, static_cast<std::uint64_t>(most_steps));
    const auto count = static_cast<double>(n);
    switch (rule.kind) {
        case Schedule::constant:
            return rule[0];
        case Schedule::step:
            return rule[0] * power(rule[2], n / static_cast<std::uint64_t>(rule[1]));
        case Schedule::exponential: {
            const double logarithm = function(kernels::Function::log, rule[1]);
            return rule[0] * function(kernels::Function::exp, count / rule[2] * logarithm);
        }
        case Schedule::polynomial: {
            if (count >= rule[1]) return rule[2];
            return between(real_power((rule[1] - count) / rule[1], rule[3]), rule[0], rule[2]);
        }
        case Schedule::cosine:
            return cosine(rule, n);
        case Schedule::one_cycle:
            return one_cycle(rule, n);
        case Schedule::inverse_scaling:
            return rule[0] * real_power(rule[2] / (rule[2] + count), rule[1]);
        case Schedule::plateau:
            return std::max(rule[0] * power(rule[1], reductions), rule[4]);
    }
    return rule[0];
}

}  // namespace

void require_allowed(const RateSchedule& schedule) {
    require_allowed(schedule.rule);
    const Named<Schedule>& rule = schedule.rule;
    if (schedule.warmup > static_cast<std::uint64_t>(most_steps) || !(schedule.warmup_start >= 0) ||
        schedule.warmup_start > 1)
        throw ChoiceError("expected a warm-up of at most 2**53 steps from a part of 0 to 1");
    if (rule.info().observes && rule.at("minimum") > rule[0])
        throw ChoiceError("expected minimum of plateau to be at most its learning_rate");
}

double rate_at(const RateSchedule& schedule, std::uint64_t step, std::uint64_t reductions) {
    const std::uint64_t n = step - 1;
    if (n >= schedule.warmup) return rate_of(schedule.rule, n - schedule.warmup, reductions);
    const double part = static_cast<double>(step) / static_cast<double>(schedule.warmup + 1);
    return rate_of(schedule.rule, 0, reductions) *
           (schedule.warmup_start + (1 - schedule.warmup_start) * part);
}

bool observe(const RateSchedule& schedule, Observations& memory, double value) {
    const Named<Schedule>& rule = schedule.rule;
    if (!rule.info().observes) return false;
    const double min_delta = rule.at("min_delta");
    const bool first = std::isnan(memory.best) && !std::isnan(value);
    const bool better = rule.at("maximize") != 0 ? value > memory.best + min_delta
                                                 : value < memory.best - min_delta;
    if (first || better) {
        memory.best = value;
        memory.waited = 0;
        return false;
    }
    if (static_cast<double>(++memory.waited) < rule.at("patience")) return false;
    memory.waited = 0;
    ++memory.reductions;
    return true;
}

}  // namespace wbcore
