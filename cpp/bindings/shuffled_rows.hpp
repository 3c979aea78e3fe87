// Rows that each epoch has in another order, drawn from a generator of NumPy's as its `RandomState.shuffle` draws.
#pragma once

#include <pybind11/numpy.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "gil.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

// NumPy's `bitgen_t`, which the capsule of a bit generator holds (its C interface for random numbers).
struct BitGenerator {
    void* state;
    std::uint64_t (*next_uint64)(void*);
    std::uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    std::uint64_t (*next_raw)(void*);
};

class ShuffledRows {
public:
    // A numpy.random.BitGenerator, which goes on from epoch to epoch, and the rows as they are at first.
    ShuffledRows(const py::object& generator, std::vector<std::int64_t> rows)
        : capsule_(generator.attr("capsule")),
          lock_(generator.attr("lock")),
          generator_(static_cast<BitGenerator*>(capsule_.get_pointer())),
          rows_(std::move(rows)) {}

    const std::vector<std::int64_t>& rows() const { return rows_; }

    // With the GIL. The rows of the next epoch: those of the last one, taken in the order that shuffling their places gives,
    // which is what shuffling themselves gives.
    const std::vector<std::int64_t>& next() {
        call("acquire");
        for (std::size_t i = rows_.size(); i-- > 1;) std::swap(rows_[i], rows_[up_to(i)]);
        call("release");
        return rows_;
    }

private:
    void call(const char* method) const {
        PyObject* const answer =
            never_unwound([&] { return PyObject_CallMethod(lock_.ptr(), method, nullptr); });
        if (answer == nullptr) throw py::error_already_set();
        Py_DECREF(answer);
    }

    // Uniform from 0 to `last`: as many bits as that has, drawn again until they are no more. So are the numbers of RandomState,
    // whose stream is fixed for good (NumPy's NEP 19).
    std::size_t up_to(std::size_t last) const {
        std::uint64_t mask = last;
        for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
        std::uint64_t drawn = last + 1;
        if (last <= UINT32_MAX)
            while (drawn > last) drawn = generator_->next_uint32(generator_->state) & mask;
        else
            while (drawn > last) drawn = generator_->next_uint64(generator_->state) & mask;
        return drawn;
    }

    py::capsule capsule_;  // holds the generator
    py::object lock_;
    BitGenerator* generator_;
    std::vector<std::int64_t> rows_;
};

}  // namespace wbcore::bindings
