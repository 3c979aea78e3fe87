// How many threads a training uses for its next batches. Where a second one could pay, that is found by timing a few batches with
// each number, and found anew now and then: a machine has others to serve. No result depends on it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "wbcore/dense.hpp"

namespace wbcore {

// Times come from outside, in seconds of any clock, so that tests need none.
class TeamChoice {
public:
    // For a training of `batches` of `rows`: those asked for, or (0) as many as pay.
    TeamChoice(std::size_t asked,
               const std::vector<Dense>& layers,
               std::size_t rows,
               std::size_t batches);

    // Whether it is one of those that share the processors.
    bool shares() const { return !is_asked_ && largest_ > 1; }
    // So many are this training's share from now on; what was found with another share is forgotten.
    void share(std::size_t most);
    // Of the next batches.
    std::size_t size() const { return candidates_[current_].size; }
    // The fastest so far.
    std::size_t best() const { return candidates_[best_].size; }
    // Whether it wants to be told the times.
    bool measures() const { return n_ > 1; }
    // A team begins its batches now.
    void begin(double now) { last_ = now; }
    // A batch ended now. Whether the next ones should have another size.
    bool batch_ended(double now);

private:
    struct Candidate {
        std::size_t size = 1;
        double seconds = 0;  // a batch, when it was last tried or used
    };

    void choose_up_to(std::size_t most);
    void add(std::size_t size) { candidates_[n_++] = {size}; }
    double mean() const { return seconds_ / static_cast<double>(batches_ - 1); }
    void use(std::size_t candidate);
    void try_next();
    void end_trial();
    bool watch();

    static constexpr std::size_t most_candidates = 3;  // what size suggests, one, half of the first

    const std::size_t largest_;  // where nobody else computes
    const bool is_asked_, is_long_;
    std::array<Candidate, most_candidates> candidates_;
    std::size_t n_ = 0, current_ = 0, best_ = 0;
    std::size_t batches_ = 0;  // in this use of the current one
    double seconds_ = 0;       // of them but for the first, which wakes threads and fills caches
    double last_ = 0;          // when the last one ended
    // Rounds of trials: at the beginning of all candidates, later of one at a time.
    bool trying_ = false;
    std::size_t to_try_ = 0, next_ = 0;
    std::size_t best_before_ = most_candidates;  // none before the first round
    double round_ = 0;                           // seconds that the last round has taken
    double since_ = 0;                           // of batches since then
    double patience_ = 0;                        // how many rounds that must be before the next
};

}  // namespace wbcore
