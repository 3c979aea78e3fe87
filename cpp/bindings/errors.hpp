// What the core, NumPy and the system throw when something is lacking, with the name of the operation that needed it.
#pragma once

#include <pybind11/pybind11.h>

#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "wbcore/threads.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

// `[operation] expected ..., got ...`
std::string message(std::string_view operation, std::string_view expected, std::string_view got);

// Each sets Python's error indicator: MemoryError, RuntimeError. Of Python's errors NumPy's MemoryError is named; every other,
// and one that a user's function raised, stays as it is.
void set_error(std::string_view operation, const std::bad_alloc& error);
void set_error(std::string_view operation, const std::system_error& error);
void set_error(std::string_view operation, const Forked& error);
void set_error(std::string_view operation, py::error_already_set& error);

// body(), whose errors of that kind become `[operation] expected ..., got ...`. Costs nothing when there is none.
template <class F>
decltype(auto) named(std::string_view operation, F&& body) {
    try {
        return std::forward<F>(body)();
    } catch (const std::bad_alloc& error) {
        set_error(operation, error);
    } catch (const std::system_error& error) {
        set_error(operation, error);
    } catch (const Forked& error) {
        set_error(operation, error);
    } catch (py::error_already_set& error) {
        set_error(operation, error);
    }
    throw py::error_already_set();
}

// Functions and methods as Python shall call them.
template <class R, class... A>
auto named_function(const char* operation, R (*function)(A...)) {
    return [=](A... arguments) -> R {
        return named(operation, [&]() -> R { return function(std::forward<A>(arguments)...); });
    };
}
template <class R, class C, class... A>
auto named_method(const char* operation, R (C::*method)(A...)) {
    return [=](C& self, A... arguments) -> R {
        return named(operation,
                     [&]() -> R { return (self.*method)(std::forward<A>(arguments)...); });
    };
}
template <class R, class C, class... A>
auto named_method(const char* operation, R (C::*method)(A...) const) {
    return [=](const C& self, A... arguments) -> R {
        return named(operation,
                     [&]() -> R { return (self.*method)(std::forward<A>(arguments)...); });
    };
}

}  // namespace wbcore::bindings
