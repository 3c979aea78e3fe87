// What stands behind the handle of the C interface; the Python predictor holds the same.
#pragma once

#include <cstddef>
#include <variant>

#include "wbcore/predictor.hpp"

struct wbcore_predictor {
    std::variant<wbcore::Predictor<float>, wbcore::Predictor<double>> typed;

    std::size_t inputs() const {
        return std::visit([](const auto& p) { return p.inputs(); }, typed);
    }
    std::size_t outputs() const {
        return std::visit([](const auto& p) { return p.outputs(); }, typed);
    }
    bool is_single() const { return std::holds_alternative<wbcore::Predictor<float>>(typed); }
};
