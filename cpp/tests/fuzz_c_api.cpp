// A fuzz target for the C interface: bytes become a predictor, or one that has to be refused, and calls of it. Whether a call
// has to succeed is worked out here from its arguments alone. Built as a program of its own with fuzz_driver.cpp, or with
// clang's libFuzzer (tools/task fuzz).
#include <sys/resource.h>
#include <algorithm>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "wbcore/c_api.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

__extension__ using Wide = unsigned __int128;  // in which no size of an array overflows

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "fuzz_c_api: %s; the last error is \"%s\"\n", what, wbcore_last_error());
    std::abort();
}

void require(bool holds, const char* what) {
    if (!holds) fail(what);
}

// The input, byte after byte; zeros behind its end.
class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}
    bool any() const { return left_ > 0; }
    std::uint8_t take() {
        if (left_ == 0) return 0;
        --left_;
        return *at_++;
    }
    template <class T, std::size_t n>
    T pick(const T (&choices)[n]) {
        return choices[take() % n];
    }

private:
    const std::uint8_t* at_;
    std::size_t left_;
};

constexpr std::size_t most = SIZE_MAX;
constexpr const char* names[] = {"identity", "sigmoid",  "relu",    "tanh",       "leaky_relu",
                                 "elu",      "softplus", "gelu",    "silu",       "relu",
                                 "tanh",     "identity", "softmax", "softmax",    nullptr,
                                 "",         "rleu",     "relu ",   "\xff\xfe\n", "softmax%s"};
constexpr std::size_t known_names = 14;
// Small ones mostly; 20,000 by 20,000 numbers are 1.6 GB, which nobody may ask for before he has counted them.
constexpr std::size_t small_widths[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 64};
constexpr std::size_t odd_widths[] = {0,          20'000,        1u << 31,     1ull << 32,
                                      1ull << 62, most,          most / 2,     most / 4,
                                      most / 8,   3'037'000'500, most / 2 + 1, 1ull << 63};
constexpr std::size_t most_parameters = 1u << 16;

constexpr Wide countless = Wide{1} << 100;

// What has to be known of a network to say what is right.
struct Structure {
    int dtype = 0;
    std::size_t layers = 0;
    std::vector<std::size_t> widths;
    std::vector<const char*> activations;
    bool sound = true;  // but for the number of parameters
    Wide parameters = 0;
};

Structure take_structure(Bytes& in) {
    Structure s;
    constexpr int dtypes[] = {32, 64, 32, 64, 32, 64, 0, -1, 33};
    s.dtype = in.pick(dtypes);
    s.sound = s.dtype == WBCORE_FLOAT32 || s.dtype == WBCORE_FLOAT64;
    s.layers = in.take() % 5;
    s.sound = s.sound && s.layers > 0;
    for (std::size_t l = 0; l <= s.layers; ++l) {
        const std::uint8_t kind = in.take();
        s.widths.push_back(kind < 240 ? small_widths[kind % std::size(small_widths)]
                                      : odd_widths[kind % std::size(odd_widths)]);
        s.sound = s.sound && s.widths.back() > 0;
    }
    for (std::size_t l = 0; l < s.layers; ++l) {
        const std::size_t name = in.take() % std::size(names);
        s.activations.push_back(names[name]);
        const bool softmax = name == 12 || name == 13;
        s.sound = s.sound && name < known_names && (!softmax || l + 1 == s.layers);
        // A product of two sizes fits, a sum of such may not.
        const Wide of_layer = (Wide{s.widths[l]} + 1) * s.widths[l + 1];
        s.parameters = std::min(s.parameters + std::min(of_layer, countless), countless);
    }
    return s;
}

void set_number(std::byte* at, int dtype, double value) {
    if (dtype == WBCORE_FLOAT32) {
        const auto single = static_cast<float>(value);
        std::memcpy(at, &single, sizeof single);
    } else {
        std::memcpy(at, &value, sizeof value);
    }
}

std::size_t size_of(int dtype) { return dtype == WBCORE_FLOAT32 ? 4 : 8; }

// Of exactly these many bytes, so that the address sanitizer sees the first one beyond.
using Array = std::unique_ptr<std::byte[]>;

Array numbers(Bytes& in, int dtype, std::size_t count) {
    Array array(new std::byte[count * size_of(dtype)]);
    std::uint32_t state = in.take() + 1u;
    for (std::size_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        set_number(array.get() + i * size_of(dtype), dtype, static_cast<std::int32_t>(state) / 2e9);
    }
    return array;
}

wbcore_predictor* create(Bytes& in, const Structure& s) {
    const std::uint8_t kind = in.take();
    const auto right = static_cast<std::size_t>(s.parameters);
    const bool fits = s.parameters <= most_parameters;
    std::size_t count = right;
    if (!fits || kind % 8 == 7) {
        const std::size_t wrong[] = {0, 1, right - 1, right + 1, 100, most, most / 8};
        count = wrong[kind / 8 % std::size(wrong)];
    }
    // What is too large to be given is too large to be counted right.
    if (!fits && Wide{count} == s.parameters) count = 0;
    const std::size_t given = count < most_parameters ? count : 1;
    const Array parameters = numbers(in, s.dtype, given);
    const std::uint8_t missing = in.take();
    const bool no_widths = missing == 1, no_names = missing == 2, no_parameters = missing == 3;
    wbcore_predictor* made =
        wbcore_predictor_create(s.dtype, s.layers, no_widths ? nullptr : s.widths.data(),
                                no_names ? nullptr : s.activations.data(),
                                no_parameters ? nullptr : parameters.get(), count);
    const bool right_call =
        s.sound && fits && count == right && !no_widths && !no_names && !no_parameters;
    require((made != nullptr) == right_call,
            right_call ? "a sound network is refused" : "an unsound network is made");
    if (made == nullptr) require(wbcore_last_error()[0] != '\0', "a refusal without a word");
    return made;
}

struct Call {
    std::size_t rows, x_stride, y_stride, threads;
    bool strided;
};

// How far an array reaches, in bytes.
Wide reach(std::size_t rows, std::size_t stride, std::size_t width, std::size_t size) {
    return rows == 0 ? 0 : (Wide{rows - 1} * stride + width) * size;
}

std::size_t take_stride(Bytes& in, std::size_t width) {
    const std::size_t strides[] = {width, width,      width, width + 1,    width + 5, width - 1,
                                   0,     1ull << 62, most,  most / 8 + 2, most / 2,  1ull << 61};
    return in.pick(strides);
}

Call take_call(Bytes& in, std::size_t inputs, std::size_t outputs) {
    constexpr std::size_t rows[] = {1, 2, 3, 0, 1, 9, 130, most, most / 2, 1ull << 32};
    constexpr std::size_t threads[] = {1, 0, 2, 3, 1, 1024, 1025, most};
    Call call{in.pick(rows), inputs, outputs, 1, in.take() % 4 != 0};
    if (call.strided) {
        call.x_stride = take_stride(in, inputs);
        call.y_stride = take_stride(in, outputs);
        call.threads = in.pick(threads);
        if (call.rows <= 130 && call.threads > 3 && call.threads <= 1024) call.threads = 3;
    }
    return call;
}

// Each row alone gives the same bits, and nothing is written between rows.
void check_rows(const wbcore_predictor* p,
                const Call& call,
                const std::byte* x,
                const std::byte* y,
                const std::vector<std::byte>& before) {
    const std::size_t size = size_of(wbcore_predictor_dtype(p));
    const std::size_t outputs = wbcore_predictor_outputs(p);
    const Array row(new std::byte[outputs * size]);
    for (std::size_t r = 0; r < call.rows; ++r) {
        require(wbcore_predict(p, x + r * call.x_stride * size, 1, row.get()) == WBCORE_OK,
                "a row alone is refused");
        const std::size_t start = r * call.y_stride * size, end = start + outputs * size;
        require(std::memcmp(y + start, row.get(), outputs * size) == 0,
                "a row alone has other bits");
        if (r + 1 < call.rows)
            require(
                std::memcmp(y + end, before.data() + end, (call.y_stride - outputs) * size) == 0,
                "something is written between rows");
    }
}

void predict(Bytes& in, const wbcore_predictor* p) {
    const int dtype = wbcore_predictor_dtype(p);
    const std::size_t inputs = wbcore_predictor_inputs(p), outputs = wbcore_predictor_outputs(p);
    const std::size_t size = size_of(dtype);
    const Call call = take_call(in, inputs, outputs);
    const Wide x_reach = reach(call.rows, call.x_stride, inputs, size);
    const Wide y_reach = reach(call.rows, call.y_stride, outputs, size);
    constexpr Wide largest = PTRDIFF_MAX, affordable = 1u << 20;
    const bool possible = x_reach <= largest && y_reach <= largest;
    if (possible && (x_reach > affordable || y_reach > affordable))
        return;  // nobody could give such arrays
    const bool strides = call.x_stride >= inputs && call.y_stride >= outputs;

    // One buffer for both: y before x, behind it, over a part of it; or one number of each where the sizes are absurd.
    const std::size_t x_bytes =
        x_reach > affordable ? inputs * size : static_cast<std::size_t>(x_reach);
    const std::size_t y_bytes =
        y_reach > affordable ? outputs * size : static_cast<std::size_t>(y_reach);
    const std::uint8_t place = in.take();
    const bool y_first = place % 2 == 1, overlap = place % 8 == 6 || place % 8 == 7,
               crooked = place / 8 % 8 == 1;
    std::size_t x_at = y_first ? y_bytes : 0, y_at = y_first ? 0 : x_bytes;
    if (overlap && x_bytes >= size && y_bytes >= size) (y_first ? x_at : y_at) -= size;
    y_at += crooked;
    const std::size_t end = std::max(x_at + x_bytes, y_at + y_bytes);
    const Array buffer(new std::byte[end + 1]);
    std::memset(buffer.get(), 0, end + 1);
    const Array values = numbers(in, dtype, x_bytes / size);
    std::memcpy(buffer.get() + x_at, values.get(), x_bytes / size * size);

    bool finite = true;
    const std::uint8_t bad = in.take();
    if (bad % 8 == 1 && call.rows > 0 && possible && strides && x_bytes >= size) {
        const double wild[] = {static_cast<double>(NAN), HUGE_VAL, -HUGE_VAL};
        const std::size_t row = bad / 8 % call.rows, column = in.take() % inputs;
        set_number(buffer.get() + x_at + (row * call.x_stride + column) * size, dtype,
                   in.pick(wild));
        finite = false;
    }
    const std::uint8_t missing = in.take();
    const std::byte* x = missing == 1 ? nullptr : buffer.get() + x_at;
    std::byte* y = missing == 2 ? nullptr : buffer.get() + y_at;
    const wbcore_predictor* who = missing == 3 ? nullptr : p;

    const bool shared = Wide{x_at} < Wide{y_at} + y_reach && Wide{y_at} < Wide{x_at} + x_reach;
    const bool sound = who != nullptr && x != nullptr && y != nullptr && call.rows > 0 &&
                       call.threads <= 1024 && strides && possible && !shared && !crooked && finite;
    const std::vector<std::byte> before(buffer.get() + y_at, buffer.get() + y_at + y_bytes);
    const int status = call.strided ? wbcore_predict_strided(who, x, call.x_stride, call.rows, y,
                                                             call.y_stride, call.threads)
                                    : wbcore_predict(who, x, call.rows, y);
    require((status == WBCORE_OK) == sound,
            sound ? "a sound prediction is refused" : "an unsound prediction is made");
    if (sound) {
        check_rows(p, call, x, y, before);
    } else {
        require(status == WBCORE_INVALID_ARGUMENT, "another status than that of a wrong argument");
        require(std::strncmp(wbcore_last_error(), "[wbcore_predict", 15) == 0,
                "a refusal without its function");
        require(std::equal(before.begin(), before.end(), buffer.get() + y_at),
                "a refused call wrote into y");
    }
}

void threads(Bytes& in) {
    constexpr std::size_t numbers_of_threads[] = {0, 1, 2, 3, 1024, 1025, most};
    const std::size_t wanted = in.pick(numbers_of_threads);
    if (in.take() % 2 == 0) {
        wbcore_set_num_threads(wanted);
        require(wbcore_get_num_threads() > 0, "no number of threads");
        wbcore_set_num_threads(2);
    } else {
        wbcore_set_num_threads_here(wanted);
        require(wbcore_get_num_threads() > 0, "no number of threads");
        wbcore_set_num_threads_here(0);
    }
}

// In bytes, at its highest.
std::size_t memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::size_t at_first = memory();
    Bytes in(data, size);
    const Structure structure = take_structure(in);
    wbcore_predictor* p = create(in, structure);
    for (int calls = 0; calls < 6 && in.any(); ++calls) {
        if (in.take() % 16 == 15)
            threads(in);
        else if (p != nullptr)
            predict(in, p);
    }
    wbcore_predictor_destroy(p);
    // Freed memory that the sanitizer keeps, and scratch of threads, are far below.
    require(memory() < at_first + (768u << 20), "more than 768 MB were taken");
    return 0;
}
