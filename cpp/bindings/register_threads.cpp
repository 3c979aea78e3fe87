#include <pybind11/pybind11.h>

#include <stdexcept>
#include <vector>

#include "register.hpp"
#include "wbcore/threads.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

namespace {

// A limit for the calling thread, in a `with` block; the blocks may be nested.
class ThreadLimit {
public:
    explicit ThreadLimit(std::size_t n) : n_(n) {}
    void enter() { before_.push_back(set_thread_limit_here(n_)); }
    void leave() {
        if (before_.empty())
            throw std::runtime_error("[num_threads] expected a block that was entered, got none");
        set_thread_limit_here(before_.back());
        before_.pop_back();
    }

private:
    std::size_t n_;
    std::vector<std::size_t> before_;
};

}  // namespace

void register_threads(py::module_& m) {
    m.def("thread_limit", &thread_limit,
          "The most threads a call uses when it is not told a number.");
    m.def("set_thread_limit", &set_thread_limit, py::arg("n"));
    // In C++, so that no signal comes between the change and the moment when Python knows that it is to be undone.
    py::class_<ThreadLimit>(m, "ThreadLimit")
        .def(py::init<std::size_t>(), py::arg("n"))
        .def("__enter__", &ThreadLimit::enter)
        .def("__exit__", [](ThreadLimit& limit, const py::args&) { limit.leave(); });
    m.def("set_thread_limit_here", &set_thread_limit_here, py::arg("n"),
          "For the calling thread alone; returns what was set before.");
}

}  // namespace wbcore::bindings
