// What a person wants to know beside the loss.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wbcore/losses.hpp"
#include "wbcore/matrix.hpp"
#include "wbcore/named.hpp"

namespace wbcore {

enum class Metric : std::uint8_t {
    accuracy,
    mae,
    mse,
    r2,
    rmse,
    balanced_accuracy,
    top_k,
    precision,
    recall,
    f1,
    log_loss,
    roc_auc,
    average_precision,
};

// Which targets a metric goes with: numbers of any kind, but no classes; decisions, one a row or one an output; those of them
// that have probabilities; classes alone.
enum class Judges : std::uint8_t { errors, decisions, probabilities, classes };

struct MetricInfo : Row {
    Judges judges;
    // Whether it looks at all predictions at once, so that a running epoch has none.
    bool ranks = false;
};

inline constexpr Interval whole_above_zero{
    "a whole number of at least 1", 1, 2147483647, false, false, true};
inline constexpr Interval label_or_all{
    "a whole number of at least 0, or -1", -1, 2147483647, false, false, true};
// The class or output that alone is judged; -1 stands for their mean, of a single output for that.
inline constexpr Number judged_label{"label", -1, label_or_all};

// In the order of the enumeration (docs/arithmetic.md, section 10).
inline constexpr auto metric_rows = std::to_array<MetricInfo>({
    {{"accuracy"}, Judges::decisions},
    {{"mae"}, Judges::errors},
    {{"mse"}, Judges::errors},
    {{"r2"}, Judges::errors},
    {{"rmse"}, Judges::errors},
    {{"balanced_accuracy"}, Judges::decisions},
    {{"top_k", {{"k", 5, whole_above_zero}}}, Judges::classes},
    {{"precision", {judged_label}}, Judges::decisions},
    {{"recall", {judged_label}}, Judges::decisions},
    {{"f1", {judged_label}}, Judges::decisions},
    {{"log_loss"}, Judges::probabilities},
    {{"roc_auc", {judged_label}}, Judges::decisions, true},
    {{"average_precision", {judged_label}}, Judges::decisions, true},
});

constexpr const auto& rows_of(Metric) { return metric_rows; }

constexpr bool matches(const Named<Metric>& metric, Targets targets) {
    const Judges judges = metric.info().judges;
    switch (targets) {
        case Targets::numbers:
        case Targets::counts:
        case Targets::positives:
            return judges == Judges::errors;
        case Targets::signs:
            return judges == Judges::decisions;
        case Targets::probabilities:
            return judges != Judges::classes;
        case Targets::classes:
            return judges != Judges::errors;
    }
    return false;
}

// How many labels there are to be judged: those of a single output are 0 and 1.
constexpr std::size_t label_count(Targets targets, std::size_t outputs) {
    return targets != Targets::classes && outputs == 1 ? 2 : outputs;
}

// Row sums of batches, in float64, added in the order of the batches and divided at the end (docs/arithmetic.md, section 10).
class MetricSums {
public:
    // Room for batches of at most `batch_rows` rows
    MetricSums(std::vector<Named<Metric>> metrics,
               const Named<Loss>& loss,
               std::size_t outputs,
               std::size_t batch_rows);

    // The next rows of a batch; all of its parts but the last are whole leaves of rows.
    template <class T>
    void add(Panels<const T> z,            // (B, O), before the last activation
             Panels<const T> y,            // (B, O), after it
             Panels<const T> t,            // (B, O), targets, when labels is null
             const std::int64_t* labels,   // (B)
             const T* weights = nullptr);  // (B), or null: each row counts 1
    void end_batch();

    // In the order of the metrics; NaN for those that look at all predictions at once.
    std::vector<double> values() const;
    bool empty() const { return metrics_.empty(); }

    // All there is of the sums between two batches, and back: for a training that goes on in another process.
    std::vector<double> sums() const;
    // False, and nothing is changed, for numbers that are not of such metrics and outputs.
    bool restore(const std::vector<double>& sums);

private:
    template <class T>
    struct Leaf;  // rows of one leaf
    // Sums over rows for one output. Distances are to the target of the first row that counts, which keeps r2 exact enough.
    struct Column {
        double absolute_error, squared_error, distance, squared_distance;
    };
    // Sums over rows for one class, or for one answer, no and yes, of one output.
    struct Tally {
        double hits, targets, guesses;
    };

    template <class T>
    void add_leaf(const Leaf<T>& rows);
    template <class T>
    void add_errors(const Leaf<T>& rows, double* sums);
    template <class T>
    void add_decisions(const Leaf<T>& rows, double* sums);
    template <class T>
    void add_class(const Leaf<T>& rows, std::size_t row, double weight, double* sums);
    template <class T>
    void add_answers(const Leaf<T>& rows, std::size_t row, double weight, double* sums);
    template <class T>
    void add_entropies(const Leaf<T>& rows, double* sums);
    void fold();  // the sums of two sub-trees

    double value(const Named<Metric>& metric, std::size_t index) const;
    double over_outputs(double Column::* sum) const;
    double r2() const;
    double rmse() const;
    double balanced_accuracy() const;
    double of_tallies(const Named<Metric>& metric) const;
    Column column(std::size_t output) const;
    Tally tally(std::size_t label) const;

    std::vector<Named<Metric>> metrics_;
    bool of_classes_;  // one decision a row, else one an output
    std::size_t outputs_;
    bool wants_errors_ = false, wants_correct_ = false, wants_tallies_ = false, wants_top_ = false,
         wants_entropies_ = false;
    // Where the sums of a leaf lie: the weight of its rows, columns, tallies, what is right, each top_k, entropies
    std::size_t columns_at_ = 0, tallies_at_ = 0, correct_at_ = 0, top_at_ = 0, entropies_at_ = 0,
                sums_ = 0;
    bool began_ = false;
    std::vector<double> first_;     // (O)
    std::vector<double> totals_;    // (sums)
    std::vector<double> subtrees_;  // (levels, sums), earlier rows first
    std::size_t depth_ = 0, leaves_ = 0;
    std::vector<double> entropy_rows_;  // z, t, room and losses, of a leaf in float64
};

}  // namespace wbcore
