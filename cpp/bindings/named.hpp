// Choices as users write them, for the core; errors list what is known.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/metrics.hpp"
#include "wbcore/named.hpp"
#include "wbcore/optimizers.hpp"

namespace wbcore::bindings {

namespace py = pybind11;

// body(), whose refusals of choices get the operation's name.
template <class F>
decltype(auto) with_choices(std::string_view operation, F&& body) {
    try {
        return std::forward<F>(body)();
    } catch (const ChoiceError& error) {
        throw py::value_error(opening(operation) + error.what());
    }
}

// A loss whose numbers are allowed in T.
template <class T>
Named<Loss> loss_named(std::string_view operation, std::string_view text) {
    return with_choices(operation, [&] {
        const Named<Loss> loss = parse<Loss>("loss", text);
        (void)rounded<T>(loss);
        return loss;
    });
}

// The loss must go with the last layer, the metrics with the loss and its outputs.
void require_match(std::string_view operation,
                   const Named<Loss>& loss,
                   const Named<Activation>& last);
std::vector<Named<Metric>> metrics_named(std::string_view operation,
                                         const std::vector<std::string>& texts,
                                         const Named<Loss>& loss,
                                         std::size_t outputs);

}  // namespace wbcore::bindings
