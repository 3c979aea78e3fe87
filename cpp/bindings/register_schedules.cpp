// Schedules: the rates of steps, and what a plateau remembers.
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "named.hpp"
#include "register.hpp"
#include "wbcore/schedules.hpp"

namespace wbcore::bindings {

namespace {

RateSchedule schedule_of(const std::string& name,
                         const std::vector<double>& numbers,
                         std::uint64_t warmup,
                         double warmup_start) {
    return with_choices("schedule", [&] {
        RateSchedule schedule{parse<Schedule>("schedule", name), warmup, warmup_start};
        std::copy_n(numbers.begin(), std::min(numbers.size(), schedule.rule.info().numbers.size()),
                    schedule.rule.numbers.begin());
        require_allowed(schedule);
        return schedule;
    });
}

py::array_t<double> rates(const RateSchedule& schedule,
                          std::uint64_t first,
                          std::size_t count,
                          std::uint64_t reductions) {
    py::array_t<double> all(static_cast<py::ssize_t>(count));
    double* const to = all.mutable_data();
    for (std::size_t i = 0; i < count; ++i) to[i] = rate_at(schedule, first + i, reductions);
    return all;
}

}  // namespace

void register_schedules(py::module_& m) {
    py::class_<Observations>(m, "Observations")
        .def(py::init([](double best, std::uint64_t waited, std::uint64_t reductions) {
                 return Observations{best, waited, reductions};
             }),
             py::arg("best"), py::arg("waited"), py::arg("reductions"))
        .def_readonly("best", &Observations::best)
        .def_readonly("waited", &Observations::waited)
        .def_readonly("reductions", &Observations::reductions);
    py::class_<RateSchedule>(m, "Schedule")
        .def(py::init(&schedule_of), py::arg("name"), py::arg("numbers"), py::arg("warmup"),
             py::arg("warmup_start"))
        .def("rates", &rates, py::arg("first"), py::arg("count"), py::arg("reductions"))
        .def(
            "observed",
            [](const RateSchedule& schedule, Observations memory, double value) {
                observe(schedule, memory, value);
                return memory;
            },
            py::arg("memory"), py::arg("value"));
}

}  // namespace wbcore::bindings
