// The rows of each epoch in an order that a function of Python's says.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "gil.hpp"
#include "shuffled_rows.hpp"

namespace wbcore::bindings {

// None, or `function(epoch)`, which gives integers from 0 to `rows` - 1: the same number of them for each epoch, at least one.
// ShuffledRows are such a function, and need not be called as Python calls one.
class BoundOrder {
public:
    BoundOrder(std::string_view operation, py::object function, std::vector<std::int64_t>& room)
        : operation_(operation), function_(std::move(function)), order_(room) {
        if (py::isinstance<ShuffledRows>(function_)) shuffled_ = function_.cast<ShuffledRows*>();
    }

    bool exists() const { return !function_.is_none(); }
    bool is_of(std::size_t epoch) const { return epoch_ == epoch; }
    // In room that stays where it is from the first epoch on.
    std::span<const std::int64_t> rows() const { return order_; }

    // With the GIL. A copy, which nobody changes while the core reads it.
    void ask(std::size_t epoch, std::size_t rows) {
        if (shuffled_ && epoch_) {  // the same rows as in the epoch before
            order_ = shuffled_->next();
            epoch_ = epoch;
            return;
        }
        const py::int_ number(epoch);
        PyObject* const answer =
            never_unwound([&] { return PyObject_CallOneArg(function_.ptr(), number.ptr()); });
        if (answer == nullptr) throw py::error_already_set();
        const std::string name = "shuffle(" + std::to_string(epoch) + ")";
        const py::array given = row_numbers(name, py::reinterpret_steal<py::object>(answer));
        const std::size_t n = static_cast<std::size_t>(given.size());
        if (epoch_ && n != order_.size())
            throw py::value_error(refused(
                name, std::to_string(order_.size()) + " rows, as many as in the epochs before",
                std::to_string(n)));
        const ArrayView numbers = view(given);
        order_.resize(n);
        if (!gather_labels(numbers, nullptr, n, rows, order_.data())) {
            const Cell at = find_no_label(numbers, rows).value_or(Cell{0, 0});
            const std::string got = py::str(given[py::int_(at.row)]);
            throw py::value_error(refused(name, "row numbers from 0 to " + std::to_string(rows - 1),
                                          got + place(name, at, 1)));
        }
        epoch_ = epoch;
    }

    // Tells this order from others (FNV-1a, of whole numbers in place of bytes).
    std::string digest() const {
        std::uint64_t hash = 0xCBF29CE484222325u;
        for (const std::int64_t row : order_)
            hash = (hash ^ static_cast<std::uint64_t>(row)) * 0x100000001B3u;
        char text[17];
        std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
        return text;
    }

private:
    // As an array of integers, of whatever type; at least one.
    py::array row_numbers(const std::string& name, const py::object& given) const {
        if (given.is_none())
            throw py::type_error(refused(name, "the numbers of the rows of an epoch", "None"));
        const py::array array = as_array(operation_, name, given);
        const char* const wanted = "a one-dimensional array of row numbers";
        if (array.ndim() != 1)
            throw py::value_error(refused(name, wanted, "shape " + shape_text(array)));
        if (array.size() == 0) throw py::value_error(refused(name, "at least one row", "none"));
        const char kind = array.dtype().kind();
        if (kind == 'i' || kind == 'u') return array;
        const char* const cure = kind == 'b' ? "; pass np.flatnonzero of it" : "";
        throw py::type_error(refused(name, wanted, "dtype " + type_name(array) + cure));
    }

    std::string refused(const std::string& name,
                        const std::string& expected,
                        const std::string& got) const {
        return opening(operation_) + "expected " + name + " to give " + expected + ", got " + got;
    }

    std::string_view operation_;  // a literal
    py::object function_;
    ShuffledRows* shuffled_ = nullptr;  // what the function is, or none
    std::vector<std::int64_t>& order_;
    std::optional<std::size_t> epoch_;  // that it is of
};

}  // namespace wbcore::bindings
