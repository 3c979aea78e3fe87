// Records of parameters outside a training of the core's own, and the sum that tells parameters apart.
#include <pybind11/stl.h>

#include <shared_mutex>

#include "bound_network.hpp"
#include "errors.hpp"
#include "record_bytes.hpp"
#include "register.hpp"

namespace wbcore::bindings {

namespace {

template <class T>
std::uint64_t digest_of(const BoundNetwork<T>& bound) {
    const Network<T>& network = bound.network();
    std::uint64_t sum = 0;
    // Safe: whoever writes the parameters waits.
    without_gil(network.parameters().size(), [&](const InterruptCheck&) {
        const std::shared_lock reading(network.lock());
        sum = digest(network);
    });
    return sum;
}

// Of an array of numbers alone, as bytes.
template <class T>
py::bytes array_bytes(const py::array_t<T, py::array::c_style>& values) {
    const auto n = static_cast<std::size_t>(values.size());
    ParameterRecord record;
    record.layers.push_back({array_record(values.data(), n == 0 ? 0 : 1, n), std::nullopt, {}});
    return py::bytes(bytes_of(record));
}

// Of a training that is not the core's: after a step from `last`, where there is one.
template <class T>
py::bytes parameter_record(const BoundNetwork<T>& bound,
                           const py::array_t<T, py::array::c_style>& initial,
                           const py::array_t<T, py::array::c_style>& last,
                           std::uint64_t step,
                           std::int64_t epoch) {
    const Network<T>& network = bound.network();
    const auto n = static_cast<py::ssize_t>(network.parameters().size());
    if (initial.size() != n || last.size() != n)
        throw py::value_error("[fit] expected parameters of the same network, got others");
    ParameterRecord record;
    {
        const std::shared_lock reading(network.lock());
        record = record_between<T>(network, {initial.data(), static_cast<std::size_t>(n)},
                                   {last.data(), static_cast<std::size_t>(n)}, step != 0);
    }
    record.index = record.step = step;
    record.epoch = epoch;
    record.batch = step == 0 ? -1 : 0;
    return py::bytes(bytes_of(record));
}

template <class T>
void register_tracking_for(py::module_& m) {
    m.def("digest", named_function("digest", &digest_of<T>), py::arg("network"));
    m.def("array_record", &array_bytes<T>, py::arg("values").noconvert());
    m.def("parameter_record", &parameter_record<T>, py::arg("network"), py::arg("initial"),
          py::arg("last"), py::arg("step"), py::arg("epoch"));
}

}  // namespace

void register_tracking(py::module_& m) {
    register_tracking_for<float>(m);
    register_tracking_for<double>(m);
    m.attr("MOST_RECORDS") = most_records;
    m.def("record_stride", &record_stride, py::arg("records"));
}

}  // namespace wbcore::bindings
