#include "wbcore/named.hpp"

#include <charconv>
#include <type_traits>

namespace wbcore::detail {

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// As a message shows a text that may be anything: short and on one line.
std::string quoted(std::string_view text) {
    std::string shown = "'";
    for (const char c : text.substr(0, 80)) shown += c >= ' ' && c != '\x7f' ? c : '?';
    return shown + (text.size() > 80 ? "...'" : "'");
}

// "huber(delta)", as one would write it
std::string form(const Row& row) {
    std::string names;
    for (const Number& number : row.numbers)
        names += (names.empty() ? "" : ", ") + std::string(number.name);
    return std::string(row.name) + (names.empty() ? "" : "(" + names + ")");
}

std::string digits(double number) {
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, number);
    return error == std::errc() ? std::string(text, end) : "?";
}

[[noreturn]] void refuse_number(const Row& row,
                                const Number& number,
                                std::string_view where,
                                std::string_view got) {
    throw ChoiceError("expected " + std::string(number.name) + " of " + std::string(row.name) +
                      " to be " + std::string(number.allowed.text) + std::string(where) + ", got " +
                      std::string(got));
}

double parsed_number(const Row& row, const Number& number, std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !number.allowed.contains(value))
        refuse_number(row, number, "", quoted(text));
    return value;
}

}  // namespace

Parsed parse(std::string_view what, std::string_view text, const Table& table) {
    const std::size_t open = text.find('(');
    const std::string_view name = text.substr(0, open);
    std::size_t index = 0;
    while (index < table.size && table.row(index).name != name) ++index;
    const bool closed = open == std::string_view::npos || text.back() == ')';
    if (index == table.size || !closed) {
        std::string known;
        for (std::size_t i = 0; i < table.size; ++i)
            known += (i == 0 ? "" : ", ") + form(table.row(i));
        throw ChoiceError("expected " + std::string(what) + " to be one of " + known + ", got " +
                          quoted(text));
    }
    const Row& row = table.row(index);
    Parsed parsed{index, {}};
    for (std::size_t i = 0; i < row.numbers.size(); ++i)
        parsed.numbers[i] = row.numbers[i].standard;
    std::string_view left;
    if (open != std::string_view::npos)
        left = trimmed(text.substr(open + 1, text.size() - open - 2));
    for (std::size_t i = 0; !left.empty(); ++i) {
        const std::size_t comma = left.find(',');
        if (i == row.numbers.size())
            throw ChoiceError("expected " + std::string(what) + " to be " + form(row) + ", got " +
                              quoted(text));
        parsed.numbers[i] = parsed_number(row, row.numbers[i], trimmed(left.substr(0, comma)));
        if (comma == std::string_view::npos) break;
        left = left.substr(comma + 1);
        if (trimmed(left).empty()) refuse_number(row, row.numbers[i], "", quoted(text));
    }
    return parsed;
}

void require_allowed(const Row& row, const std::array<double, Numbers::most>& numbers) {
    for (std::size_t i = 0; i < row.numbers.size(); ++i)
        if (!row.numbers[i].allowed.contains(numbers[i]))
            refuse_number(row, row.numbers[i], "", digits(numbers[i]));
}

template <class T>
std::array<T, Numbers::most> rounded(const Row& row,
                                     const std::array<double, Numbers::most>& numbers) {
    require_allowed(row, numbers);
    std::array<T, Numbers::most> result{};
    for (std::size_t i = 0; i < row.numbers.size(); ++i) {
        // beyond the largest number the conversion would be undefined
        const bool fits = std::is_same_v<T, double> ||
                          (numbers[i] >= -largest_single && numbers[i] <= largest_single);
        result[i] = fits ? static_cast<T>(numbers[i]) : T(0);
        const bool vanished = result[i] == 0 && numbers[i] != 0;
        if (vanished || !row.numbers[i].allowed.contains(static_cast<double>(result[i])))
            refuse_number(row, row.numbers[i], " in float32", digits(numbers[i]));
    }
    return result;
}

std::string text(const Row& row, const std::array<double, Numbers::most>& numbers) {
    std::size_t last = row.numbers.size();
    while (last > 0 && numbers[last - 1] == row.numbers[last - 1].standard) --last;
    std::string list;
    for (std::size_t i = 0; i < last; ++i) list += (i == 0 ? "" : ", ") + digits(numbers[i]);
    return std::string(row.name) + (last == 0 ? "" : "(" + list + ")");
}

template std::array<float, Numbers::most> rounded(const Row&,
                                                  const std::array<double, Numbers::most>&);
template std::array<double, Numbers::most> rounded(const Row&,
                                                   const std::array<double, Numbers::most>&);

}  // namespace wbcore::detail
