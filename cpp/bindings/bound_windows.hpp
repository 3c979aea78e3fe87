// Data beyond memory: the windows of a source, which Python gives (wbcore/data/windows.py).
#pragma once

#include <string_view>
#include <utility>

#include "arrays.hpp"
#include "gil.hpp"

namespace wbcore::bindings {

// None, or an object with `rows`, the number of all of them; windows(epoch, first), which gives as an int64 array where the next
// rows lie in the arrays that the call was given in place of all rows; and `refuse(name)`, which says what is wrong in it.
class BoundWindows {
public:
    BoundWindows() = default;  // none
    BoundWindows(std::string_view operation, py::object windows, const Dataset& room)
        : operation_(operation), windows_(std::move(windows)), room_(room), all_(room) {
        if (!exist()) return;
        all_.x.rows = all_.y.rows = py::cast<std::size_t>(windows_.attr("rows"));
        if (all_.weights) all_.weights->rows = all_.x.rows;
    }

    bool exist() const { return !windows_.is_none(); }
    // As many rows as there are, of the shape of the room
    const Dataset& all() const { return all_; }

    // Called without the GIL, on the thread that called.
    Window next(std::size_t epoch, std::size_t first) {
        const GilTaken taken;
        const py::int_ numbers[] = {py::int_(epoch), py::int_(first)};
        PyObject* const answer = never_unwound([&] {
            return PyObject_CallFunctionObjArgs(windows_.ptr(), numbers[0].ptr(), numbers[1].ptr(),
                                                nullptr);
        });
        if (answer == nullptr) throw py::error_already_set();
        order_ = py::reinterpret_steal<py::array>(answer);
        const std::size_t n = static_cast<std::size_t>(order_.size());
        const std::int64_t* const order =
            plain_data<std::int64_t>(operation_, "the places of rows", order_, {n}, false);
        for (std::size_t i = 0; i < n; ++i)
            if (order[i] < 0 || static_cast<std::size_t>(order[i]) >= room_.x.rows)
                throw py::index_error("[" + std::string(operation_) + "] expected places below " +
                                      std::to_string(room_.x.rows) + ", got " +
                                      std::to_string(order[i]));
        return {room_, order, n};
    }

    // Called with the GIL: raises for numbers of the window at hand that the core has refused.
    void refuse(InputArray where) const {
        if (!exist()) return;
        windows_.attr("refuse")(where == InputArray::x         ? "X"
                                : where == InputArray::weights ? "sample_weight"
                                                               : "y");
    }

private:
    std::string_view operation_;  // a literal
    py::object windows_ = py::none();
    Dataset room_, all_;
    py::array order_;
};

}  // namespace wbcore::bindings
