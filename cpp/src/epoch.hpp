// The loop over the batches of one epoch, shared by a team of threads: within a step, threads first split the rows (forward,
// loss, every dA), then the inputs of each layer (dW, db, update). No sum is ever split, so the number of threads does not show
// in the result.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>

#include "destination.hpp"
#include "pass.hpp"
#include "penalty.hpp"
#include "team_choice.hpp"
#include "tracking.hpp"
#include "wbcore/threads.hpp"
#include "wbcore/training.hpp"

namespace wbcore {

// What a training works on, from its first batch to its last.
template <class T>
struct TrainingArrays {
    PackedNetwork<T> network;
    PackedOptimizer<T> optimizer;
    Pass<T> pass;
    // When the update needs all of the gradient: the gradient, as a hook sees it, and the sum of squares of each of its rows,
    // the biases of a layer being its last.
    PackedArray<T> gradient = {};
    AlignedBuffer<T> flat_gradient = {};
    // NOLINTNEXTLINE(readability-redundant-member-init): GCC asks for it where a list leaves it out
    AlignedBuffer<double> squares = {};
    PenaltySums<T> penalty = {};  // with room where it is asked for
    std::unique_ptr<Tracker<T>> tracker =
        nullptr;  // where the course of the parameters is recorded

    // For what these settings and a hook need of them; before the first batch, and before settings change.
    void make_room(const OptimizerSettings& settings, bool asks_about_gradient);
};

// The batches of one window of an epoch.
template <class T>
class Epoch {
public:
    // From the batch of `position` on; the window's first row is row `begin` of the epoch, which has so many batches.
    Epoch(TrainingArrays<T>& arrays,
          Position& position,
          const Window& window,
          std::size_t begin,
          std::size_t batches,
          const TrainingOptions& options,
          const Hooks<T>& hooks,
          const std::function<void()>& write_back,
          TeamChoice& team);

    TrainingStatus run();

    // The last batch that was begun.
    std::size_t last_batch() const { return last_batch_; }
    InputArray refused() const { return refused_.load(std::memory_order_relaxed); }
    // Whether the parameters are neither those before nor those after the last batch.
    bool is_torn() const { return torn_; }
    // What a hook has thrown
    std::exception_ptr error() const { return error_; }

private:
    void work(std::size_t t, std::size_t size);
    void begin_batch(std::size_t rows, double weight);
    void begin_tracked_batch();
    Batch<T> compute_rows(
        std::size_t first, std::size_t rows, double weight, std::size_t t, std::size_t size);
    Batch<T> compute_asked_rows(
        std::size_t first, std::size_t rows, Range mine, std::size_t t, std::size_t size);
    void ask_for_loss(std::size_t first);
    double weight_of(std::size_t first, std::size_t rows);
    void compute_piece(const Batch<T>& batch, Range piece, double count, std::size_t t);
    void account(const Batch<T>& batch, bool stopped);
    void update(const Batch<T>& batch, std::size_t t, std::size_t size);
    [[gnu::noinline]] void update_tracked(const Batch<T>& batch, std::size_t t, std::size_t size);
    [[gnu::noinline]] void update_by_norms(const Batch<T>& batch, std::size_t t, std::size_t size);
    void update_staged(const Batch<T>& batch, std::size_t t, std::size_t size);
    void update_recorded(const Batch<T>& batch, std::size_t t, std::size_t size);
    void backward_parameters(const Destination<T>& to,
                             const Batch<T>& batch,
                             std::size_t t,
                             std::size_t size);
    template <class F>
    void for_each_gradient(std::size_t t, std::size_t size, F f);
    Range share(std::size_t layer, std::size_t t, std::size_t size) const;
    template <class F>
    void for_each_share(std::size_t t, std::size_t size, F f) const;
    void scale_gradient(std::size_t layer, Range inputs) const;
    void take_penalty(std::size_t t, std::size_t size);
    void add_squares(std::size_t layer, Range inputs) const;
    double sum_of_squares() const;
    void apply_stored(const Destination<T>& to, std::size_t layer, Range inputs) const;
    void apply_measured(const Destination<T>& to, std::size_t layer, Range inputs, std::size_t t);
    void limit_norms(std::size_t t, std::size_t size);
    void ask_about_gradient();
    void end_batch(std::size_t t, std::size_t size);
    bool is_recorded() const { return arrays_.tracker != nullptr && arrays_.tracker->records(); }
    // Whether units are counted where their outputs are made: a batch that may be stopped before its end is counted later.
    bool counts_in_passing() const {
        return arrays_.tracker != nullptr && !hooks_.loss && is_in_one_piece();
    }
    bool is_in_one_piece() const { return arrays_.pass.rows() <= rows_of_a_piece_; }
    bool is_trained() const;
    void record_batch(std::size_t t, std::size_t size);
    void ask_after_batch();
    void take_up_changes();
    void ask_for_rates();
    template <class F>
    void ask(F f);
    bool asks_to_stop();
    // the window
    bool is_over() const { return position_.batch * options_.batch_size >= begin_ + window_.rows; }
    bool stops(std::size_t t);

    TrainingArrays<T>& arrays_;
    Position& position_;
    const Window& window_;
    const std::size_t begin_, batches_;
    const TrainingOptions& options_;
    const Hooks<T>& hooks_;
    const std::function<void()>& write_back_;
    TeamChoice& team_;
    const std::size_t first_trainable_;
    const std::size_t rows_of_a_piece_;
    Barrier barrier_;
    std::exception_ptr error_;
    std::atomic<InputArray> refused_ = InputArray::none;  // by any thread, for its rows
    std::atomic<bool> stopped_ = false;                   // in the middle of a batch
    // written by thread 0 before a barrier, read by all after it
    TrainingStatus status_ = TrainingStatus::completed;
    bool torn_ = false;
    bool has_gradient_ = false;  // of the batch at hand, from a loss that was asked
    bool asks_after_batch_ = false;
    bool another_team_ = false;  // for the batches that are left
    std::size_t sharers_ = 1;    // of the processors, when this team began
    std::size_t last_batch_ = 0;
    double batch_loss_ = 0;
    double batch_weight_ = 0;  // of all its rows, by thread 0 for thread 0
    T scale_ = 1;              // of the gradient
    bool steps_in_parts_ =
        false;  // of a recorded batch: no norm of weights is limited when they all are there
};

}  // namespace wbcore
