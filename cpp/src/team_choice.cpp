#include "team_choice.hpp"

#include <algorithm>

#include "team_size.hpp"

namespace wbcore {

namespace {

// A trial: one batch that is not counted, and three.
constexpr std::size_t trial = 4;
// The first round is a trial of a number that may be half as fast, sometimes of another one: of a training of so many batches
// that is two in a hundred.
constexpr std::size_t batches_worth_a_round = 200;
// A trial that has taken this many times what it would with the best is over at once.
constexpr double hopeless = 1.5;
// Rounds take at most one part in 40 of the time, and fewer the longer they confirm what was known.
constexpr double least_patience = 40, most_patience = 1280;
// In use: what is looked at, and how much slower than before it must be for a round to come early.
constexpr std::size_t window = 32;
constexpr double doubtful = 1.25;
// Of two that are about as fast the one in use stays: both figures are of a few batches.
constexpr double clearly = 0.95;

}  // namespace

TeamChoice::TeamChoice(std::size_t asked,
                       const std::vector<Dense>& layers,
                       std::size_t rows,
                       std::size_t batches)
    : largest_(largest_team(asked, layers, rows)),
      is_asked_(asked != 0),
      is_long_(batches >= batches_worth_a_round) {
    choose_up_to(largest_);
}

void TeamChoice::choose_up_to(std::size_t most) {
    n_ = 0;
    add(most);
    use(best_ = 0);
    best_before_ = most_candidates;
    trying_ = false;
    round_ = since_ = patience_ = 0;
    if (is_asked_ || most == 1 || !is_long_) return;
    add(1);
    if (most > 3) add(most / 2);
    trying_ = true;
    to_try_ = n_ - 1;
}

void TeamChoice::share(std::size_t most) {
    most = std::min(most, largest_);
    if (most != candidates_[0].size) choose_up_to(most);
}

bool TeamChoice::batch_ended(double now) {
    const double seconds = now - last_;
    last_ = now;
    if (batches_++ > 0) seconds_ += seconds;
    const std::size_t before = current_;
    (trying_ ? round_ : since_) += seconds;
    if (!trying_) return watch();
    const double bound = hopeless * static_cast<double>(trial) * candidates_[best_].seconds;
    const bool is_hopeless = current_ != best_ && std::max(seconds_, seconds) > bound;
    if (is_hopeless && batches_ == 1) {  // that one batch is all that is known of it
        seconds_ = seconds;
        ++batches_;
    }
    if (batches_ == trial || is_hopeless) end_trial();
    return current_ != before;
}

void TeamChoice::use(std::size_t candidate) {
    current_ = candidate;
    batches_ = 0;
    seconds_ = 0;
}

void TeamChoice::try_next() {
    --to_try_;
    do next_ = (next_ + 1) % n_;
    while (next_ == best_);
    use(next_);
}

void TeamChoice::end_trial() {
    candidates_[current_].seconds = mean();
    if (mean() < clearly * candidates_[best_].seconds) best_ = current_;
    if (to_try_ > 0) return try_next();
    trying_ = false;
    since_ = 0;
    patience_ = best_ == best_before_ ? std::min(2 * patience_, most_patience) : least_patience;
    best_before_ = best_;
    use(best_);
}

// Whether another round begins.
bool TeamChoice::watch() {
    if (batches_ < window) return false;
    Candidate& used = candidates_[best_];
    const double seconds = mean();
    if (seconds > doubtful * used.seconds) patience_ = least_patience;
    used.seconds = seconds;
    batches_ = 1;
    seconds_ = 0;
    if (since_ < patience_ * round_) return false;
    trying_ = true;
    to_try_ = 1;
    round_ = 0;
    try_next();
    return true;
}

}  // namespace wbcore
