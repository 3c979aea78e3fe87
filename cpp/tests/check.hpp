// Checks that print what failed and go on; a test program returns their number. No framework.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace checks {

inline int failures = 0;
inline std::vector<std::string> notes;  // where the surrounding loops are

// Says where a loop is, for as long as it lives: Note note("cols", cols);
class Note {
public:
    template <class T>
    Note(const std::string& name, const T& value) {
        if constexpr (std::is_arithmetic_v<T>)
            notes.push_back(name + " = " + std::to_string(value));
        else
            notes.push_back(name + " = " + std::string(value));
    }
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    Note(Note&&) = delete;
    Note& operator=(Note&&) = delete;
    ~Note() { notes.pop_back(); }
};

template <class T>
std::string shown(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::is_floating_point_v<T>) {
        char text[80];
        std::snprintf(text, sizeof text, "%.17g (%a)", static_cast<double>(value),
                      static_cast<double>(value));
        return text;
    } else if constexpr (std::is_enum_v<T>) {
        return std::to_string(static_cast<long long>(value));
    } else if constexpr (std::is_integral_v<T>) {
        return std::to_string(value);
    } else {
        return std::string(value);
    }
}

inline void fail(const char* file, int line, const std::string& what) {
    if (++failures > 20) return;  // what is wrong shows in the first few
    std::printf("%s:%d: %s\n", file, line, what.c_str());
    for (const std::string& note : notes) std::printf("    with %s\n", note.c_str());
}

template <class T>
bool same_bits(const T& a, const T& b) {
    static_assert(std::is_floating_point_v<T>);
    return std::memcmp(&a, &b, sizeof a) == 0;
}

template <class A, class B>
void equal(const A& a, const B& b, const char* text, const char* file, int line) {
    if (!(a == b)) fail(file, line, std::string(text) + ": " + shown(a) + " is not " + shown(b));
}

template <class T>
void bits(const T& a, const T& b, const char* text, const char* file, int line) {
    if (!same_bits(a, b))
        fail(file, line, std::string(text) + ": " + shown(a) + " has not the bits of " + shown(b));
}

// Reports the first difference of two arrays.
template <class T>
void arrays(const T* a, const T* b, std::size_t n, const char* text, const char* file, int line) {
    for (std::size_t i = 0; i < n; ++i) {
        if (same_bits(a[i], b[i])) continue;
        return fail(file, line,
                    std::string(text) + ": at " + std::to_string(i) + " of " + std::to_string(n) +
                        ", " + shown(a[i]) + " has not the bits of " + shown(b[i]));
    }
}

template <class Error, class F>
void throws(F body, const char* expected, const char* text, const char* file, int line) {
    const std::string what = std::string(text) + ": ";
    try {
        body();
        fail(file, line, what + "nothing was thrown");
    } catch (const Error& error) {
        if (std::string(error.what()).find(expected) == std::string::npos)
            fail(file, line, what + "\"" + error.what() + "\" lacks \"" + expected + "\"");
    }
}

// For the end of main.
inline int result() {
    if (failures != 0) std::printf("%d checks failed\n", failures);
    return failures < 100 ? failures : 100;
}

}  // namespace checks

#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) checks::fail(__FILE__, __LINE__, #condition); \
    } while (false)
#define CHECK_EQUAL(a, b) checks::equal(a, b, #a " == " #b, __FILE__, __LINE__)
#define CHECK_BITS(a, b) checks::bits(a, b, #a " == " #b, __FILE__, __LINE__)
#define CHECK_ARRAYS(a, b, n) checks::arrays(a, b, n, #a " == " #b, __FILE__, __LINE__)
// The error's text must contain `expected`.
#define CHECK_THROWS(Error, expected, expression) \
    checks::throws<Error>([&] { expression; }, expected, #expression, __FILE__, __LINE__)
