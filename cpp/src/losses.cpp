#include "wbcore/losses.hpp"

#include <charconv>

namespace wbcore {

namespace {

constexpr Interval weights_allowed = rate_at_least_zero;

[[noreturn]] void refuse(const std::string& expected, std::string_view got) {
    throw ChoiceError("expected " + expected + ", got '" + std::string(got.substr(0, 80)) + "'");
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::string digits(double number) {
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, number);
    return error == std::errc() ? std::string(text, end) : "?";
}

std::string listed(const std::vector<double>& numbers) {
    std::string list;
    for (const double number : numbers) list += (list.empty() ? "" : ", ") + digits(number);
    return "[" + list + "]";
}

// What stands between the brackets of `text`
std::vector<double> parsed_weights(std::string_view list, std::string_view text) {
    std::vector<double> weights;
    for (;;) {
        const std::size_t comma = list.find(',');
        const std::string_view word = trimmed(list.substr(0, comma));
        double weight = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
        if (error != std::errc() || end != word.data() + word.size())
            refuse("output weights to be numbers such as [1, 2]", text);
        weights.push_back(weight);
        if (comma == std::string_view::npos) return weights;
        list = list.substr(comma + 1);
    }
}

void require_levels(const Named<Loss>& loss) {
    if (!loss.info().has_levels) return;
    for (std::size_t i = outputs_of_a_target(loss); i < loss.info().numbers.size(); ++i)
        if (loss.numbers[i] != 0)
            throw ChoiceError("expected the levels of " + std::string(loss.name()) +
                              " to be between 0 and 1, got 0 before " + digits(loss.numbers[i]));
}

void require_weights(const Named<Loss>& loss) {
    const OutputWeights& weights = loss.output_weights;
    if (weights.empty()) return;
    if (loss.info().mean == Mean::over_rows)
        throw ChoiceError("expected no output weights for " + std::string(loss.name()) +
                          ", whose outputs are classes of one decision, got " +
                          listed(weights.values()));
    for (const double weight : weights.values())
        if (!weights_allowed.contains(weight))
            throw ChoiceError("expected output weights to be " + std::string(weights_allowed.text) +
                              " each, got " + digits(weight));
    if (!(weights.sum() > 0 && weights.sum() <= largest_single))
        throw ChoiceError("expected output weights with a finite sum above 0, got " +
                          listed(weights.values()));
}

}  // namespace

template <>
void require_allowed<Loss>(const Named<Loss>& loss) {
    detail::require_allowed(loss.info(), loss.numbers);
    require_levels(loss);
    require_weights(loss);
}

template <>
Named<Loss> parse<Loss>(std::string_view what, std::string_view text) {
    const std::size_t open = text.find('[');
    const bool weighted = open != std::string_view::npos && text.back() == ']';
    const detail::Parsed parsed = detail::parse(
        what, weighted ? trimmed(text.substr(0, open)) : text, detail::table_of<Loss>());
    Named<Loss> loss(static_cast<Loss>(parsed.row));
    loss.numbers = parsed.numbers;
    if (weighted)
        loss.output_weights =
            OutputWeights(parsed_weights(text.substr(open + 1, text.size() - open - 2), text));
    require_levels(loss);
    require_weights(loss);
    return loss;
}

std::string text(const Named<Loss>& loss) {
    const std::string without = detail::text(loss.info(), loss.numbers);
    return loss.output_weights.empty() ? without : without + listed(loss.output_weights.values());
}

template <class T>
void require_suitable(const Named<Loss>& loss, std::size_t outputs) {
    (void)rounded<T>(loss);
    require_levels(loss);
    require_weights(loss);
    const std::size_t weights = loss.output_weights.size();
    if (weights != 0 && weights != outputs)
        throw ChoiceError("expected " + std::to_string(outputs) +
                          " output weights, one for each output, got " + std::to_string(weights));
    const std::size_t levels = outputs_of_a_target(loss);
    if (outputs % levels != 0)
        throw ChoiceError("expected a last layer with " + std::to_string(levels) +
                          " outputs for each target, one for each level of " + text(loss) +
                          ", got " + std::to_string(outputs));
}

template void require_suitable<float>(const Named<Loss>&, std::size_t);
template void require_suitable<double>(const Named<Loss>&, std::size_t);

}  // namespace wbcore
