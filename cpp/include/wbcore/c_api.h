// Prediction for C, and for whatever can call C: ctypes, cffi, Numba, Julia, Rust. C11; no function throws.
#ifndef WBCORE_C_API_H
#define WBCORE_C_API_H

#include <stddef.h>

// Stays visible in a library that hides the rest, such as the extension module of the Python package.
#define WBCORE_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// What functions that return an int return. For all but WBCORE_OK, and wherever NULL stands for an error,
// wbcore_last_error() says what was wrong.
enum {
    WBCORE_OK = 0,
    WBCORE_INVALID_ARGUMENT = 1,
    WBCORE_OUT_OF_MEMORY = 2,
    WBCORE_FAILED = 3  // a bad environment variable
};

// Types of numbers.
enum { WBCORE_FLOAT32 = 32, WBCORE_FLOAT64 = 64 };

// "1.2.3"
WBCORE_EXPORT const char* wbcore_version(void);

// The last error of the calling thread, "[function] expected ..., got ..."; "" before the first. Valid until its next one.
WBCORE_EXPORT const char* wbcore_last_error(void);

// A frozen network. Immutable: any number of threads may predict with one at the same time.
typedef struct wbcore_predictor wbcore_predictor;

// Copies the parameters; NULL for an error. In Python, `net.freeze().address` is one that exists already: it belongs to
// the Python object.
WBCORE_EXPORT wbcore_predictor* wbcore_predictor_create(
    int dtype,  // WBCORE_FLOAT32 or WBCORE_FLOAT64
    size_t n_layers,
    const size_t* widths,            // (n_layers + 1): inputs, then the outputs of each layer
    const char* const* activations,  // (n_layers): "relu", "leaky_relu(0.2)", ..., as in Python
    const void* parameters,          // of that type: W (I, O) row-major, then b (O), layer by layer
    size_t n_parameters);            // how many numbers those are

// A layer, for those that may have no biases.
typedef struct wbcore_layer {
    size_t inputs, outputs;
    const char* activation;  // as above
    int bias;                // 0: the layer has none, and the parameters have no b
} wbcore_layer;

// The same from layers, each of which takes as many inputs as the one before it has outputs.
WBCORE_EXPORT wbcore_predictor* wbcore_predictor_create_from_layers(int dtype,
                                                                    size_t n_layers,
                                                                    const wbcore_layer* layers,
                                                                    const void* parameters,
                                                                    size_t n_parameters);

// NULL is allowed. No other thread may be using the predictor.
WBCORE_EXPORT void wbcore_predictor_destroy(wbcore_predictor* predictor);

// Of NULL: 0.
WBCORE_EXPORT size_t wbcore_predictor_inputs(const wbcore_predictor* predictor);
WBCORE_EXPORT size_t wbcore_predictor_outputs(const wbcore_predictor* predictor);
WBCORE_EXPORT int wbcore_predictor_dtype(const wbcore_predictor* predictor);

// The bits of net.predict, on the calling thread. Takes no lock, and allocates nothing once the thread has made a call of
// as many rows. x has to be finite. x and y are arrays of the predictor's type that do not overlap.
WBCORE_EXPORT int wbcore_predict(const wbcore_predictor* predictor,
                                 const void* x,  // (rows, inputs), row-major
                                 size_t rows,    // at least 1
                                 void* y);       // (rows, outputs), row-major

// The same for rows that lie apart, and with a number of threads. More than one thread: a lock is held while they are
// called up.
WBCORE_EXPORT int wbcore_predict_strided(
    const wbcore_predictor* predictor,
    const void* x,
    size_t x_stride,  // numbers from one row of x to the next, at least `inputs`
    size_t rows,
    void* y,
    size_t y_stride,    // likewise, at least `outputs`
    size_t n_threads);  // at most 1024; 0: as many as are worth their while

// The most threads that a call uses when it is not told a number: what is set for the calling thread, else for the
// process, else WBCORE_NUM_THREADS, else the processors there are. 0 for an error.
WBCORE_EXPORT size_t wbcore_get_num_threads(void);
// For the process; 0 returns to the default, more than 1024 is 1024.
WBCORE_EXPORT void wbcore_set_num_threads(size_t n);
// The same for the calling thread alone; 0: nothing is set for it. Returns what was set before.
WBCORE_EXPORT size_t wbcore_set_num_threads_here(size_t n);

#ifdef __cplusplus
}
#endif

#endif
