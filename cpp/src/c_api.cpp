#include "wbcore/c_api.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "c_api.hpp"
#include "wbcore/activations.hpp"
#include "wbcore/network.hpp"
#include "wbcore/threads.hpp"
#include "wbcore/version.hpp"

namespace {

using namespace wbcore;

thread_local char last_error[512] = "";

int remember(int status, const char* what) {
    std::snprintf(last_error, sizeof last_error, "%s", what);
    return status;
}

// For when no memory may be asked for.
int remember_lack(const char* function, const char* expected, const char* got) {
    std::snprintf(last_error, sizeof last_error, "[%s] expected %s, got %s", function, expected,
                  got);
    return WBCORE_OUT_OF_MEMORY;
}

// Runs the body of a C function: what it throws becomes a status and a message.
template <class F>
int guarded(const char* function, F body) noexcept {
    try {
        body();
        return WBCORE_OK;
    } catch (const std::invalid_argument& error) {
        return remember(WBCORE_INVALID_ARGUMENT, error.what());
    } catch (const OutOfMemory& error) {
        return remember_lack(function, error.what(), "less");
    } catch (const std::bad_alloc&) {
        return remember_lack(function, "more memory", "none");
    } catch (const std::exception& error) {
        return remember(WBCORE_FAILED, error.what());
    }
}

[[noreturn]] void refuse(const char* function,
                         const std::string& expected,
                         const std::string& got) {
    throw std::invalid_argument("[" + std::string(function) + "] expected " + expected + ", got " +
                                got);
}

template <class T>
void require_pointer(const char* function, const char* name, const T* pointer) {
    if (pointer == nullptr) refuse(function, std::string(name), "NULL");
}

// Creation

Named<Activation> activation_named(const char* function, std::size_t layer, const char* wanted) {
    require_pointer(function, "a name for every activation", wanted);
    try {
        return parse<Activation>("activation " + std::to_string(layer), wanted);
    } catch (const ChoiceError& error) {
        throw std::invalid_argument("[" + std::string(function) + "] " + error.what());
    }
}

template <class T>
wbcore_predictor* create_typed(const char* function,
                               const std::vector<Dense>& layers,
                               const void* parameters,
                               std::size_t n_parameters) {
    // before there is memory for them: a slip in the widths may ask for all there is
    const std::size_t wanted = parameter_count(layers, sizeof(T));
    if (n_parameters != wanted)
        refuse(function, std::to_string(wanted) + " parameters for these widths",
               std::to_string(n_parameters));
    Network<T> network(layers);
    const std::span<T> own = network.parameters();
    std::memcpy(own.data(), parameters, own.size_bytes());
    return new wbcore_predictor{Predictor<T>(network)};
}

// layer(l) is what the caller says of a layer.
template <class F>
wbcore_predictor* create_predictor(const char* function,
                                   int dtype,
                                   std::size_t n_layers,
                                   const void* parameters,
                                   std::size_t n_parameters,
                                   F layer) {
    if (dtype != WBCORE_FLOAT32 && dtype != WBCORE_FLOAT64)
        refuse(function, "dtype to be WBCORE_FLOAT32 or WBCORE_FLOAT64", std::to_string(dtype));
    require_pointer(function, "parameters", parameters);
    std::vector<Dense> layers;
    for (std::size_t l = 0; l < n_layers; ++l) layers.push_back(layer(l));
    return dtype == WBCORE_FLOAT32
               ? create_typed<float>(function, layers, parameters, n_parameters)
               : create_typed<double>(function, layers, parameters, n_parameters);
}

// Prediction

struct PredictCall {
    const char* function;
    const void* x;
    std::size_t x_stride, rows;
    void* y;
    std::size_t y_stride, n_threads;
};

void require_stride(const PredictCall& call,
                    const char* name,
                    std::size_t stride,
                    std::size_t width) {
    if (stride < width)
        refuse(call.function, std::string(name) + " of at least " + std::to_string(width),
               std::to_string(stride));
}

// The address after the last number of an array. The distance is one that a pointer difference can hold, too.
std::uintptr_t end_of(const PredictCall& call,
                      const char* name,
                      const void* first,
                      std::size_t stride,
                      std::size_t width,
                      std::size_t size) {
    std::size_t bytes = 0;
    std::uintptr_t end = 0;
    if (__builtin_mul_overflow(call.rows - 1, stride, &bytes) ||
        __builtin_add_overflow(bytes, width, &bytes) ||
        __builtin_mul_overflow(bytes, size, &bytes) ||
        bytes > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) ||
        __builtin_add_overflow(reinterpret_cast<std::uintptr_t>(first), bytes, &end))
        refuse(call.function, std::string(name) + " that fits into memory",
               std::to_string(call.rows) + " rows of stride " + std::to_string(stride));
    return end;
}

template <class T>
void require_destination(const PredictCall& call, std::size_t inputs, std::size_t outputs) {
    const auto x = reinterpret_cast<std::uintptr_t>(call.x),
               y = reinterpret_cast<std::uintptr_t>(call.y);
    if (y % alignof(T) != 0)
        refuse(call.function, "y aligned to " + std::to_string(alignof(T)) + " bytes",
               "an address that is not");
    // both, whichever comes first: what follows relies on either
    const std::uintptr_t x_end = end_of(call, "x", call.x, call.x_stride, inputs, sizeof(T)),
                         y_end = end_of(call, "y", call.y, call.y_stride, outputs, sizeof(T));
    if (x < y_end && y < x_end) refuse(call.function, "y apart from x", "arrays that share memory");
}

template <class T>
void predict_typed(const Predictor<T>& predictor, const PredictCall& call) {
    const std::size_t inputs = predictor.inputs(), outputs = predictor.outputs();
    require_stride(call, "x_stride", call.x_stride, inputs);
    require_stride(call, "y_stride", call.y_stride, outputs);
    require_destination<T>(call, inputs, outputs);
    // of one row the strides may be any number, also one whose bytes cannot be counted
    const bool single = call.rows == 1;
    const std::size_t x_stride = single ? inputs : call.x_stride,
                      y_stride = single ? outputs : call.y_stride;
    const ArrayView x = row_major(static_cast<const T*>(call.x), call.rows, inputs, x_stride);
    if (const auto position = find_non_finite<T>(x)) {
        const double value = value_at(x, *position);
        refuse(call.function, "finite values in x",
               std::string(std::isnan(value) ? "nan"
                           : value > 0       ? "inf"
                                             : "-inf") +
                   " at x[" + std::to_string(position->row) + ", " + std::to_string(position->col) +
                   "]");
    }
    predictor({static_cast<T*>(call.y), call.rows, outputs, y_stride}, x, call.n_threads);
}

void predict(const wbcore_predictor& predictor, const PredictCall& call) {
    require_pointer(call.function, "an array x", call.x);
    require_pointer(call.function, "an array y", call.y);
    if (call.rows == 0) refuse(call.function, "at least one row", "none");
    if (call.n_threads > max_threads)
        refuse(call.function, "n_threads from 0 to " + std::to_string(max_threads),
               std::to_string(call.n_threads));
    std::visit([&](const auto& typed) { predict_typed(typed, call); }, predictor.typed);
}

}  // namespace

const char* wbcore_version(void) { return WBCORE_VERSION; }

const char* wbcore_last_error(void) { return last_error; }

wbcore_predictor* wbcore_predictor_create(int dtype,
                                          size_t n_layers,
                                          const size_t* widths,
                                          const char* const* activations,
                                          const void* parameters,
                                          size_t n_parameters) {
    const char* const function = "wbcore_predictor_create";
    wbcore_predictor* made = nullptr;
    guarded(function, [&] {
        require_pointer(function, "widths", widths);
        require_pointer(function, "activations", activations);
        made = create_predictor(function, dtype, n_layers, parameters, n_parameters,
                                [&](std::size_t l) {
                                    return Dense{widths[l], widths[l + 1],
                                                 activation_named(function, l, activations[l])};
                                });
    });
    return made;
}

wbcore_predictor* wbcore_predictor_create_from_layers(int dtype,
                                                      size_t n_layers,
                                                      const wbcore_layer* layers,
                                                      const void* parameters,
                                                      size_t n_parameters) {
    const char* const function = "wbcore_predictor_create_from_layers";
    wbcore_predictor* made = nullptr;
    guarded(function, [&] {
        require_pointer(function, "layers", layers);
        made = create_predictor(
            function, dtype, n_layers, parameters, n_parameters, [&](std::size_t l) {
                return Dense{layers[l].inputs, layers[l].outputs,
                             activation_named(function, l, layers[l].activation),
                             layers[l].bias != 0};
            });
    });
    return made;
}

void wbcore_predictor_destroy(wbcore_predictor* predictor) { delete predictor; }

size_t wbcore_predictor_inputs(const wbcore_predictor* predictor) {
    return predictor == nullptr ? 0 : predictor->inputs();
}

size_t wbcore_predictor_outputs(const wbcore_predictor* predictor) {
    return predictor == nullptr ? 0 : predictor->outputs();
}

int wbcore_predictor_dtype(const wbcore_predictor* predictor) {
    if (predictor == nullptr) return 0;
    return predictor->is_single() ? WBCORE_FLOAT32 : WBCORE_FLOAT64;
}

int wbcore_predict(const wbcore_predictor* predictor, const void* x, size_t rows, void* y) {
    const char* const function = "wbcore_predict";
    return guarded(function, [&] {
        require_pointer(function, "a predictor", predictor);
        predict(*predictor, {function, x, predictor->inputs(), rows, y, predictor->outputs(), 1});
    });
}

int wbcore_predict_strided(const wbcore_predictor* predictor,
                           const void* x,
                           size_t x_stride,
                           size_t rows,
                           void* y,
                           size_t y_stride,
                           size_t n_threads) {
    const char* const function = "wbcore_predict_strided";
    return guarded(function, [&] {
        require_pointer(function, "a predictor", predictor);
        predict(*predictor, {function, x, x_stride, rows, y, y_stride, n_threads});
    });
}

size_t wbcore_get_num_threads(void) {
    std::size_t n = 0;
    guarded("wbcore_get_num_threads", [&] { n = thread_limit(); });
    return n;
}

void wbcore_set_num_threads(size_t n) { set_thread_limit(n); }

size_t wbcore_set_num_threads_here(size_t n) { return set_thread_limit_here(n); }
