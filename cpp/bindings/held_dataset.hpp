// The caller's X, y and weights for a call that computes without the GIL.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bound_network.hpp"
#include "given_loss.hpp"
#include "interrupts.hpp"
#include "sparse.hpp"
#include "targets.hpp"
#include "weights.hpp"

namespace wbcore::bindings {

// The arrays of X, y and weights, kept alive and in their place, and as the core reads them.
template <class T>
class HeldDataset {
public:
    HeldDataset() = default;

    // For a network and a loss, without a look at the values of X, and of y only if wanted. A function takes any targets, unless
    // they are `compared` with outputs, by metrics.
    HeldDataset(std::string_view operation,
                const Network<T>& network,
                const py::object& X,
                const py::object& y,
                const py::object& weights,
                const GivenLoss& loss,
                bool compared = true,
                Look look = Look::at_values)
        : operation_(operation),
          loss_(loss.row),
          outputs_(network.outputs()),
          has_targets_(compared || !loss.is_function()) {
        require_match(operation, loss_, network.layers().back().activation);
        with_choices(operation, [&] { require_suitable<T>(loss_, outputs_); });
        const Features features = as_features(operation, "X", X, network.inputs());
        if (has_targets_) {
            view_ = with_targets<T>(operation, y_, y, features.view, loss_, outputs_, look);
            guard(y_);
        } else {
            view_.x = features.view;
            view_.y.rows = features.view.rows;
        }
        if (!weights.is_none()) {
            view_.weights = with_weights(operation, weights_, weights, view_.x, look);
            guard(weights_);
        }
        if (loss.is_function())
            function_ = loss.function.attr("bind")(std::string(operation), y, features.view.rows,
                                                   weights.is_none() ? weights : weights_);
        guard(features);
    }

    bool is_asked() const { return !function_.is_none(); }
    // What the loss is asked by, if it is a function; not longer than this lives.
    LossFunction<T> function() const {
        return is_asked() ? asked<T>(operation_, function_) : nullptr;
    }

    bool is_held() const { return !held_.empty(); }
    const Dataset& view() const { return view_; }

    // Of these rows alone, when there are some
    Dataset part(std::span<const std::int64_t> rows) const {
        Dataset part = view_;
        part.chosen = rows;
        return part;
    }

    void require_finite_inputs() const { require_finite<T>(operation_, "X", view_.x); }
    void require_finite_inputs(std::span<const std::int64_t> rows) const {
        const bool finite =
            without_gil(work_of(rows.size(), view_.x.cols), [&](const InterruptCheck& check) {
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    if (i % 4096 == 4095) stop_if(check);
                    const auto row = static_cast<std::size_t>(rows[i]);
                    if (!all_finite<T>(view_.x.rows_from(row, 1))) return false;
                }
                return true;
            });
        if (!finite) refuse_non_finite<T>(operation_, "X", view_.x);
    }
    // ... and weights
    void require_sound_targets() const {
        if (has_targets_) require_targets<T>(operation_, y_, view_, loss_, outputs_);
        if (view_.weights) require_weights(operation_, *view_.weights);
    }
    // Says which of the numbers that the core refused is wrong; by now another thread may have changed it.
    [[noreturn]] void refuse(InputArray where) const {
        if (where == InputArray::x) refuse_non_finite<T>(operation_, "X", view_.x);
        if (where == InputArray::weights && view_.weights)
            refuse_weights(operation_, *view_.weights);
        refuse_targets<T>(operation_, y_, view_, loss_, outputs_);
    }

private:
    // NumPy moves no array that somebody holds weakly, not even by resize(refcheck=False) in a callback.
    void guard(const Features& x) {
        if (x.sparse == nullptr) return guard(x.holder);
        sparse_ = x.sparse;
        for (const py::array& part : sparse_->arrays()) guard(part);
    }
    void guard(const py::array& array) {
        held_.push_back(array);
        for (py::object owner = array; py::isinstance<py::array>(owner); owner = owner.attr("base"))
            guards_.emplace_back(owner);
    }

    std::string_view operation_;  // a literal
    Named<Loss> loss_;
    std::size_t outputs_ = 0;
    bool has_targets_ = false;
    py::object function_ = py::none();
    py::array y_, weights_;
    std::shared_ptr<const HeldSparse> sparse_;
    std::vector<py::array> held_;
    std::vector<py::weakref> guards_;
    Dataset view_;
};

// f(check), without the GIL when it takes long; numbers that it refuses and Ctrl-C become Python's errors.
template <class T, class F>
auto computed(const BoundNetwork<T>& network, const HeldDataset<T>& data, F f) {
    // a function takes the GIL, so somebody must have let go of it
    const std::size_t work = data.is_asked() ? work_worth_the_gil : 0;
    try {
        return without_gil(std::max(work, network.work(data.view().x.rows)), f);
    } catch (const InputError& error) {
        data.refuse(error.array);
    }
}

}  // namespace wbcore::bindings
