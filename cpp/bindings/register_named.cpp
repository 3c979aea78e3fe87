// The tables of choices as Python sees them: rows, and texts in one notation.
#include <pybind11/stl.h>

#include <stdexcept>
#include <type_traits>

#include "arrays.hpp"
#include "errors.hpp"
#include "given_loss.hpp"
#include "named.hpp"
#include "register.hpp"
#include "wbcore/activations.hpp"
#include "wbcore/initializers.hpp"
#include "wbcore/schedules.hpp"

namespace wbcore::bindings {

void require_match(std::string_view operation,
                   const Named<Loss>& loss,
                   const Named<Activation>& last) {
    if (matches(loss, last)) return;
    const std::string other(is_of_z(loss) ? Named<Activation>(loss.info().undone).name() : "tanh");
    throw py::value_error(opening(operation) +
                          "expected a last layer with activation identity or " + other +
                          " for the loss " + std::string(loss.name()) + ", got " + text(last));
}

std::vector<Named<Metric>> metrics_named(std::string_view operation,
                                         const std::vector<std::string>& texts,
                                         const GivenLoss& loss,
                                         std::size_t outputs) {
    const Targets targets = loss.row.info().targets;
    const double labels = static_cast<double>(label_count(targets, outputs));
    std::vector<Named<Metric>> metrics;
    for (const std::string& wanted : texts) {
        const Named<Metric> metric =
            with_choices(operation, [&] { return parse<Metric>("metrics", wanted); });
        const std::string got = "'" + wanted + "'";
        if (!matches(metric, targets))
            throw py::value_error(
                message(operation, "metrics that go with the loss " + loss.name(), got));
        const Numbers& numbers = metric.info().numbers;
        if (numbers.size() > 0 && numbers[0].name == judged_label.name && metric[0] >= labels)
            throw py::value_error(message(
                operation,
                "label of " + std::string(metric.name()) + " to be below " + number(labels), got));
        metrics.push_back(metric);
    }
    return metrics;
}

namespace {

py::dict properties(const LossInfo& row) {
    using namespace py::literals;
    const char* targets = nullptr;
    switch (row.targets) {
        case Targets::numbers:
            targets = "numbers";
            break;
        case Targets::probabilities:
            targets = "probabilities";
            break;
        case Targets::classes:
            targets = "classes";
            break;
        case Targets::counts:
            targets = "counts";
            break;
        case Targets::positives:
            targets = "positives";
            break;
        case Targets::signs:
            targets = "signs";
            break;
    }
    return py::dict("targets"_a = targets,
                    "undone"_a = std::string(Named<Activation>(row.undone).name()),
                    "mean"_a = row.mean == Mean::over_rows ? "rows" : "elements",
                    "has_levels"_a = row.has_levels);
}

py::dict properties(const MetricInfo& row) {
    using namespace py::literals;
    const char* judges = nullptr;
    switch (row.judges) {
        case Judges::errors:
            judges = "errors";
            break;
        case Judges::decisions:
            judges = "decisions";
            break;
        case Judges::probabilities:
            judges = "probabilities";
            break;
        case Judges::classes:
            judges = "classes";
            break;
    }
    return py::dict("judges"_a = judges, "ranks"_a = row.ranks);
}

py::dict properties(const ActivationInfo& row) {
    using namespace py::literals;
    py::object kinks = py::none();  // of a curved function
    if (row.pieces.straight) {
        py::tuple all(row.pieces.n_kinks);
        for (std::size_t i = 0; i < row.pieces.n_kinks; ++i) all[i] = row.pieces.kinks[i];
        kinks = std::move(all);
    }
    return py::dict("relu_family"_a = row.relu_family,
                    "elementwise"_a = row.scope == Scope::element, "kinks"_a = kinks);
}

py::dict properties(const OptimizerInfo& row) {
    using namespace py::literals;
    auto number = [&](std::size_t index) -> py::object {
        if (index == StateInfo::none) return py::none();
        return py::str(std::string(row.numbers[index].name));
    };
    py::dict states;  // keeps their order
    for (const StateInfo& state : row.states)
        if (!state.name.empty())
            states[py::str(std::string(state.name))] =
                py::make_tuple(number(state.needed_by), number(state.starts_as));
    return py::dict("states"_a = states);
}

py::dict properties(const ScheduleInfo& row) {
    using namespace py::literals;
    return py::dict("observes"_a = row.observes);
}

py::dict properties(const InitializerInfo& row) {
    using namespace py::literals;
    const char* draw = nullptr;
    switch (row.draw) {
        case Draw::none:
            draw = "none";
            break;
        case Draw::normal:
            draw = "normal";
            break;
        case Draw::uniform:
            draw = "uniform";
            break;
    }
    return py::dict("draw"_a = draw, "suits_biases"_a = row.suits_biases);
}

// A row as a Python object holds it.
struct BoundRow {
    Row row;
    py::dict properties;

    py::tuple numbers() const {
        py::tuple all(row.numbers.size());
        for (std::size_t i = 0; i < row.numbers.size(); ++i) all[i] = row.numbers[i];
        return all;
    }
};

template <class Kind>
py::tuple rows() {
    const auto& table = rows_of(Kind{});
    py::tuple all(table.size());
    for (std::size_t i = 0; i < table.size(); ++i)
        all[i] = BoundRow{table[i], properties(table[i])};
    return all;
}

template <class Kind>
std::pair<std::string, std::vector<double>> parsed(const std::string& operation,
                                                   const std::string& what,
                                                   const std::string& text) {
    return with_choices(operation, [&] {
        const Named<Kind> choice = parse<Kind>(what, text);
        const std::size_t n = choice.info().numbers.size();
        return std::pair(std::string(choice.name()),
                         std::vector<double>(choice.numbers.begin(), choice.numbers.begin() + n));
    });
}

// The text as messages and files show it
template <class Kind>
std::string canonical(const std::string& operation,
                      const std::string& what,
                      const std::string& given) {
    return with_choices(operation, [&] { return text(parse<Kind>(what, given)); });
}

template <class Kind>
std::string written(const std::string& name,
                    const std::vector<double>& numbers,
                    const std::vector<double>& output_weights) {
    return with_choices("text", [&] {
        Named<Kind> choice = parse<Kind>("a name", name);
        std::copy_n(numbers.begin(), std::min(numbers.size(), choice.info().numbers.size()),
                    choice.numbers.begin());
        if constexpr (std::is_same_v<Kind, Loss>)
            choice.output_weights = OutputWeights(output_weights);
        require_allowed(choice);
        return text(choice);
    });
}

// f(Kind()) for a kind by its name.
template <class F>
auto with_kind(const std::string& kind, F f) {
    if (kind == "activation") return f(Activation());
    if (kind == "loss") return f(Loss());
    if (kind == "initializer") return f(Initializer());
    if (kind == "optimizer") return f(Optimizer());
    if (kind == "schedule") return f(Schedule());
    if (kind == "metric") return f(Metric());
    throw py::value_error("[_core] expected a kind of choice, got '" + kind + "'");
}

}  // namespace

void register_named(py::module_& m) {
    py::class_<Number>(m, "Number")
        .def_property_readonly("name", [](const Number& n) { return std::string(n.name); })
        .def_readonly("standard", &Number::standard)
        .def_property_readonly("expected",
                               [](const Number& n) { return std::string(n.allowed.text); })
        .def(
            "allows", [](const Number& n, double value) { return n.allowed.contains(value); },
            py::arg("value"));
    py::class_<BoundRow>(m, "Row")
        .def_property_readonly("name", [](const BoundRow& r) { return std::string(r.row.name); })
        .def_property_readonly("numbers", &BoundRow::numbers)
        .def_readonly("properties", &BoundRow::properties);
    m.def(
        "rows",
        [](const std::string& kind) {
            return with_kind(kind, []<class Kind>(Kind) { return rows<Kind>(); });
        },
        py::arg("kind"));
    m.def(
        "parse_choice",
        [](const std::string& kind, const std::string& operation, const std::string& what,
           const std::string& text) {
            return with_kind(kind,
                             [&]<class Kind>(Kind) { return parsed<Kind>(operation, what, text); });
        },
        py::arg("kind"), py::arg("operation"), py::arg("what"), py::arg("text"));
    m.def(
        "choice_text",
        [](const std::string& kind, const std::string& name, const std::vector<double>& numbers,
           const std::vector<double>& output_weights) {
            return with_kind(kind, [&]<class Kind>(Kind) {
                return written<Kind>(name, numbers, output_weights);
            });
        },
        py::arg("kind"), py::arg("name"), py::arg("numbers"),
        py::arg("output_weights") = std::vector<double>());
    m.def(
        "canonical_choice",
        [](const std::string& kind, const std::string& operation, const std::string& what,
           const std::string& text) {
            return with_kind(
                kind, [&]<class Kind>(Kind) { return canonical<Kind>(operation, what, text); });
        },
        py::arg("kind"), py::arg("operation"), py::arg("what"), py::arg("text"));
}

}  // namespace wbcore::bindings
