#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>

#include "errors.hpp"
#include "interrupts.hpp"
#include "register.hpp"
#include "wbcore/dropout.hpp"
#include "wbcore/held_out.hpp"
#include "wbcore/random.hpp"

namespace wbcore::bindings {

namespace {

// n values of a stream, from its start.
template <class T, class F>
py::array_t<T> drawn(const char* operation, std::size_t n, F next) {
    auto values = named(operation, [&] { return py::array_t<T>(static_cast<py::ssize_t>(n)); });
    T* out = values.mutable_data();
    constexpr std::size_t between_checks = std::size_t(1) << 16;  // about a millisecond
    // Safe: only the new array is written, and nobody else has it yet.
    without_gil(n, [&](const InterruptCheck& interrupted) {
        for (std::size_t i = 0; i < n; ++i) {
            out[i] = next();
            if (i % between_checks == between_checks - 1) stop_if(interrupted);
        }
    });
    return values;
}

py::array_t<std::int64_t> permutation(std::size_t n, std::uint64_t seed, std::uint64_t epoch) {
    py::array_t<std::int64_t> order(static_cast<py::ssize_t>(n));
    const std::span<std::int64_t> values(order.mutable_data(), n);
    // Safe: only the new array is written.
    without_gil(n, [&](const InterruptCheck& interrupted) {
        shuffled_order(values, seed, epoch, interrupted);
    });
    return order;
}

// Rows for training and for validation, for a fraction of n rows.
py::tuple held_out(std::size_t n,
                   double fraction,
                   std::uint64_t seed,
                   const std::optional<py::array_t<std::int64_t, py::array::c_style>>& classes) {
    HeldOut rows;
    std::span<const std::int64_t> of_rows;
    if (classes) of_rows = {classes->data(), static_cast<std::size_t>(classes->size())};
    // Safe: the classes are held by the call.
    without_gil(n, [&](const InterruptCheck& interrupted) {
        rows = held_out_rows(n, held_out_count(n, fraction), seed, of_rows, interrupted);
    });
    auto as_array = [](const std::vector<std::int64_t>& values) {
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(values.size()), values.data());
    };
    return py::make_tuple(as_array(rows.training), as_array(rows.validation));
}

// The numbers that decide which units dropout leaves out of some rows of a batch.
py::array_t<std::uint16_t> dropout_numbers(std::uint64_t seed,
                                           std::uint64_t step,
                                           std::size_t layer,
                                           std::size_t first_row,
                                           std::size_t rows,
                                           std::size_t units) {
    const std::size_t blocks = (units + dropout_block - 1) / dropout_block;
    py::array_t<std::uint16_t> numbers({rows, blocks * dropout_block});
    std::uint16_t* const to = numbers.mutable_data();
    // Safe: only the new array is written.
    without_gil(rows * blocks, [&](const InterruptCheck& interrupted) {
        for (std::size_t r = 0; r < rows; ++r) {
            draw_dropout(to + r * blocks * dropout_block, blocks, {seed, step}, layer,
                         first_row + r);
            if (r % 1024 == 1023) stop_if(interrupted);
        }
    });
    return numbers;
}

// Part `part` of the orders of a source in an epoch.
py::array_t<std::int64_t> part_permutation(std::size_t n,
                                           std::uint64_t seed,
                                           std::uint64_t epoch,
                                           std::uint64_t part) {
    py::array_t<std::int64_t> order(static_cast<py::ssize_t>(n));
    const std::span<std::int64_t> values(order.mutable_data(), n);
    // Safe: only the new array is written. A reader's thread is the caller, which has no signals to look for.
    const GilReleased released(n >= work_worth_the_gil);
    permute(values, seed, block_stream(epoch), nullptr, part);
    return order;
}

py::array_t<double> quantiles(const py::array_t<double, py::array::c_style>& u) {
    py::array_t<double> out(std::vector<py::ssize_t>(u.shape(), u.shape() + u.ndim()));
    const double* const from = u.data();
    double* const to = out.mutable_data();
    const std::size_t n = static_cast<std::size_t>(u.size());
    // Safe: u is held by the call, and only the new array is written.
    without_gil(n, [&](const InterruptCheck&) {
        for (std::size_t i = 0; i < n; ++i) to[i] = normal_quantile(from[i]);
    });
    return out;
}

}  // namespace

void register_random(py::module_& m) {
    m.def(
        "philox_words",
        [](std::uint64_t key0, std::uint64_t key1, std::uint64_t start, std::size_t count) {
            PhiloxStream stream(key0, key1, start);
            return drawn<std::uint64_t>("philox_words", count, [&] { return stream.next(); });
        },
        py::arg("key0"), py::arg("key1"), py::arg("start"), py::arg("count"));
    m.def(
        "uniform",
        [](std::uint64_t seed, std::uint64_t stream_key, std::size_t count) {
            PhiloxStream stream(seed, stream_key);
            return drawn<double>("uniform", count, [&] { return stream.uniform(); });
        },
        py::arg("seed"), py::arg("stream"), py::arg("count"));
    m.def(
        "standard_normal",
        [](std::uint64_t seed, std::uint64_t stream_key, std::size_t count) {
            PhiloxStream stream(seed, stream_key);
            return drawn<double>("standard_normal", count,
                                 [&] { return stream.standard_normal(); });
        },
        py::arg("seed"), py::arg("stream"), py::arg("count"));
    m.def("held_out_rows", named_function("held_out_rows", &held_out), py::arg("n"),
          py::arg("fraction"), py::arg("seed"), py::arg("classes"));
    m.def("permutation", named_function("permutation", &permutation), py::arg("n"), py::arg("seed"),
          py::arg("epoch"));
    m.def("dropout_numbers", named_function("dropout_mask", &dropout_numbers), py::arg("seed"),
          py::arg("step"), py::arg("layer"), py::arg("first_row"), py::arg("rows"),
          py::arg("units"));
    m.def("part_permutation", named_function("fit", &part_permutation), py::arg("n"),
          py::arg("seed"), py::arg("epoch"), py::arg("part"));
    m.def("normal_quantile", named_function("normal_quantile", &quantiles), py::arg("u"));
}

}  // namespace wbcore::bindings
