// Schedules: the learning rate as a function of the number of the step. A row for each; warm-up may stand in front of any.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "wbcore/named.hpp"

namespace wbcore {

enum class Schedule : std::uint8_t {
    constant,
    step,
    exponential,
    polynomial,
    cosine,
    one_cycle,
    inverse_scaling,
    plateau,
};

struct ScheduleInfo : Row {
    bool observes = false;  // whether its rate also depends on what it was told, `observe`
};

// Above 2^53 not every whole number is a binary64.
inline constexpr double most_steps = 0x1p+53;
inline constexpr Interval count_above_zero{
    "an integer from 1 to 2**53", 1, most_steps, false, false, true};
inline constexpr Interval two_or_more{
    "an integer from 2 to 2**53", 2, most_steps, false, false, true};
// Of the lengths of cycles, which are then below 2^63.
inline constexpr Interval multiplier_of_lengths{
    "an integer from 1 to 1000", 1, 1000, false, false, true};
inline constexpr Interval up_to_one{"a number above 0, at most 1", 0, 1, true};
inline constexpr Interval up_to_hundred{"a number above 0, at most 100", 0, 100, true};
inline constexpr Interval one_or_more{"a finite number of at least 1", 1, largest};

// In the order of the enumeration (docs/arithmetic.md, section 7.7). A number whose default is 0, out of its range, must be
// given: no learning rate and no length suits every training.
inline constexpr auto schedule_rows = std::to_array<ScheduleInfo>({
    {{"constant", {{"learning_rate", 0, rate_above_zero}}}},
    {{"step",
      {{"learning_rate", 0, rate_above_zero},
       {"every", 0, count_above_zero},
       {"factor", 0.1, up_to_one}}}},
    {{"exponential",
      {{"learning_rate", 0, rate_above_zero},
       {"factor", 0, up_to_one},
       {"steps", 1, count_above_zero}}}},
    {{"polynomial",
      {{"learning_rate", 0, rate_above_zero},
       {"steps", 0, count_above_zero},
       {"end", 0, rate_at_least_zero},
       {"power", 1, up_to_hundred}}}},
    {{"cosine",
      {{"learning_rate", 0, rate_above_zero},
       {"steps", 0, count_above_zero},
       {"minimum", 0, rate_at_least_zero},
       {"restarts", 0, yes_or_no},
       {"multiplier", 1, multiplier_of_lengths}}}},
    {{"one_cycle",
      {{"learning_rate", 0, rate_above_zero},
       {"steps", 0, two_or_more},
       {"rising", 0.3, zero_to_one},
       {"divisor", 25, one_or_more},
       {"final_divisor", 10000, one_or_more}}}},
    {{"inverse_scaling",
      {{"learning_rate", 0, rate_above_zero},
       {"power", 0.5, up_to_hundred},
       {"steps", 1, count_above_zero}}}},
    {{"plateau",
      {{"learning_rate", 0, rate_above_zero},
       {"factor", 0.1, up_to_one},
       {"patience", 10, count_above_zero},
       {"min_delta", 0.0001, at_least_zero},
       {"minimum", 0, rate_at_least_zero},
       {"maximize", 0, yes_or_no}}},
     true},
});

constexpr const auto& rows_of(Schedule) { return schedule_rows; }

// A schedule as an optimizer takes it.
struct RateSchedule {
    Named<Schedule> rule;
    std::uint64_t warmup = 0;  // steps before the first one of the rule
    double warmup_start = 0;   // the part of the rule's first rate from which it rises

    // The rate that the rule's other numbers are about
    double learning_rate() const { return rule[0]; }
    friend bool operator==(const RateSchedule&, const RateSchedule&) = default;
};

// What a schedule that observes remembers; it belongs to the optimizer's state of a network.
struct Observations {
    double best = std::numeric_limits<double>::quiet_NaN();  // NaN before the first
    std::uint64_t waited = 0;      // values since the best, or since the last reduction
    std::uint64_t reductions = 0;  // of the rate
};

// Throws ChoiceError when a number is not allowed or does not go with another one.
void require_allowed(const RateSchedule& schedule);

// The learning rate of step `step`, counted from 1, in binary64: the same bits everywhere. Finite and not below 0.
double rate_at(const RateSchedule& schedule, std::uint64_t step, std::uint64_t reductions = 0);

// Takes up a value of what a plateau watches, such as a validation loss; says whether the rate was reduced. For a schedule that
// does not observe nothing happens.
bool observe(const RateSchedule& schedule, Observations& memory, double value);

}  // namespace wbcore
