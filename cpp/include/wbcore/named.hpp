// A choice and its numbers: leaky_relu(0.2), huber(0.5), adam(0.001, 0.9). The text is what users write, files keep and errors
// show. What there is to choose from is a table of rows in the header of each topic.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace wbcore {

// The numbers that are allowed, and how a message says so.
struct Interval {
    std::string_view text;
    double low, high;
    bool without_low = false, without_high = false;
    bool whole = false;  // whole numbers alone

    constexpr bool contains(double x) const {  // never NaN
        return (without_low ? x > low : x >= low) && (without_high ? x < high : x <= high) &&
               (!whole || x == static_cast<double>(static_cast<long long>(x)));
    }
};

inline constexpr double largest = std::numeric_limits<double>::max(),
                        largest_single = double{std::numeric_limits<float>::max()};
inline constexpr Interval any_number{"a finite number", -largest, largest};
inline constexpr Interval above_zero{"a finite number above 0", 0, largest, true};
inline constexpr Interval at_least_zero{"a finite number of at least 0", 0, largest};
// For rates, which are a slip when they are infinite in float32, in a network of float64 too.
inline constexpr Interval rate_above_zero{"a finite number above 0", 0, largest_single, true};
inline constexpr Interval rate_at_least_zero{"a finite number of at least 0", 0, largest_single};
inline constexpr Interval rate_above_one{"a finite number above 1", 1, largest_single, true};
inline constexpr Interval between_zero_and_one{"a number above 0 and below 1", 0, 1, true, true};
inline constexpr Interval below_one{"a number from 0 to below 1", 0, 1, false, true};
inline constexpr Interval zero_to_one{"a number from 0 to 1", 0, 1};
inline constexpr Interval yes_or_no{"0 or 1", 0, 1, false, false, true};

// A number of a choice: its name, what it is when nobody says, and what it may be.
struct Number {
    std::string_view name;
    double standard = 0;
    Interval allowed = any_number;
};

// The numbers of one row, in the order in which they are written.
class Numbers {
public:
    static constexpr std::size_t most = 6;

    constexpr Numbers() = default;
    constexpr Numbers(std::initializer_list<Number> numbers) {
        for (const Number& number : numbers) at_[size_++] = number;
    }
    constexpr std::size_t size() const { return size_; }
    constexpr const Number& operator[](std::size_t i) const { return at_[i]; }
    constexpr const Number* begin() const { return at_.data(); }
    constexpr const Number* end() const { return at_.data() + size_; }

private:
    std::array<Number, most> at_{};
    std::size_t size_ = 0;
};

// What all rows of all tables have; those of a table have more.
struct Row {
    std::string_view name;
    Numbers numbers = {};  // NOLINT(readability-redundant-member-init): a row may leave them out
};

// One row of the table of a kind, `rows_of(Kind)`, which lists the enumeration in its order; and values for its numbers.
template <class Kind>
struct Named {
    Kind kind{};
    std::array<double, Numbers::most> numbers{};  // 0 past those of the row

    Named() : Named(Kind{}) {}
    // Implicit: a name alone stands for the choice with the numbers that its row says.
    Named(Kind which)  // NOLINT(google-explicit-constructor)
        : Named(which, {}) {}
    // The first numbers; the others are as the row says.
    Named(Kind which, std::initializer_list<double> first) : kind(which) {
        const Numbers& known = info().numbers;
        for (std::size_t i = 0; i < known.size(); ++i) numbers[i] = known[i].standard;
        std::size_t i = 0;
        for (const double number : first)
            if (i < known.size()) numbers[i++] = number;
    }

    constexpr const auto& info() const {
        return rows_of(Kind{})[static_cast<std::size_t>(kind)];  // found with the kind
    }
    std::string_view name() const { return info().name; }
    double operator[](std::size_t i) const { return numbers[i]; }
    // By its name, which the row must have.
    double at(std::string_view name) const {
        const Numbers& known = info().numbers;
        for (std::size_t i = 0; i < known.size(); ++i)
            if (known[i].name == name) return numbers[i];
        throw std::out_of_range("no number of that name");
    }
    friend bool operator==(const Named&, const Named&) = default;
};

// A choice that is refused; what() lacks only the operation: "expected loss to be one of mse, mae, .., got 'l2'".
class ChoiceError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

namespace detail {

// A table as functions that know no kind see it.
struct Table {
    std::size_t size;
    const Row& (*row)(std::size_t index);
};
template <class Kind>
constexpr Table table_of() {
    return {rows_of(Kind{}).size(), [](std::size_t i) -> const Row& { return rows_of(Kind{})[i]; }};
}

struct Parsed {
    std::size_t row;
    std::array<double, Numbers::most> numbers;
};
Parsed parse(std::string_view what, std::string_view text, const Table& table);
void require_allowed(const Row& row, const std::array<double, Numbers::most>& numbers);
template <class T>
std::array<T, Numbers::most> rounded(const Row& row,
                                     const std::array<double, Numbers::most>& numbers);
std::string text(const Row& row, const std::array<double, Numbers::most>& numbers);

}  // namespace detail

// The choice that a text says: "huber", "huber(0.5)". `what` is what is chosen, for the message. Throws ChoiceError for a name
// that is not known, more numbers than the row has, and numbers that are not allowed.
template <class Kind>
Named<Kind> parse(std::string_view what, std::string_view text) {
    const detail::Parsed parsed = detail::parse(what, text, detail::table_of<Kind>());
    Named<Kind> choice(static_cast<Kind>(parsed.row));
    choice.numbers = parsed.numbers;
    return choice;
}

// As `parse` reads it, with the shortest digits that do; numbers at the end that are as the row says are left out.
template <class Kind>
std::string text(const Named<Kind>& choice) {
    return detail::text(choice.info(), choice.numbers);
}

// Throws ChoiceError when a number is not allowed.
template <class Kind>
void require_allowed(const Named<Kind>& choice) {
    detail::require_allowed(choice.info(), choice.numbers);
}

// The numbers in the type of the arithmetic. Throws ChoiceError when one is not allowed there, also because it became 0.
template <class T, class Kind>
std::array<T, Numbers::most> rounded(const Named<Kind>& choice) {
    return detail::rounded<T>(choice.info(), choice.numbers);
}

}  // namespace wbcore
