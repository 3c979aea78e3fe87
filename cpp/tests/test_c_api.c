// The C interface, from C: numbers that can be checked by hand, and every refusal.
#include <wbcore/c_api.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int failures = 0;

#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition)) {                                          \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            printf("    last error: \"%s\"\n", wbcore_last_error()); \
            ++failures;                                              \
        }                                                            \
    } while (0)

// The status, and a piece of the message.
#define CHECK_REFUSED(expression, text)                     \
    do {                                                    \
        CHECK((expression) == WBCORE_INVALID_ARGUMENT);     \
        CHECK(strstr(wbcore_last_error(), (text)) != NULL); \
    } while (0)

// Exclusive or.
static const size_t widths[] = {2, 2, 1};
static const char* const activations[] = {"relu", "identity"};
static const float parameters[] = {1, 1, 1, 1, 0, -1, 1, -2, 0};
static const double wide_parameters[] = {1, 1, 1, 1, 0, -1, 1, -2, 0};

static wbcore_predictor* create(int dtype) {
    return wbcore_predictor_create(
        dtype, 2, widths, activations,
        dtype == WBCORE_FLOAT32 ? (const void*)parameters : (const void*)wide_parameters, 9);
}

static void sizes_and_types(void) {
    wbcore_predictor* single = create(WBCORE_FLOAT32);
    wbcore_predictor* wide = create(WBCORE_FLOAT64);
    CHECK(single != NULL && wide != NULL);
    CHECK(wbcore_predictor_inputs(single) == 2 && wbcore_predictor_outputs(single) == 1);
    CHECK(wbcore_predictor_dtype(single) == WBCORE_FLOAT32);
    CHECK(wbcore_predictor_dtype(wide) == WBCORE_FLOAT64);
    CHECK(wbcore_predictor_inputs(NULL) == 0 && wbcore_predictor_outputs(NULL) == 0);
    CHECK(wbcore_predictor_dtype(NULL) == 0);
    wbcore_predictor_destroy(single);
    wbcore_predictor_destroy(wide);
    wbcore_predictor_destroy(NULL);
    CHECK(strchr(wbcore_version(), '.') != NULL);
}

static void predictions(void) {
    const float x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const double wide_x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    float y[5] = {7, 7, 7, 7, 7};
    double wide_y[4] = {0};
    wbcore_predictor* single = create(WBCORE_FLOAT32);
    wbcore_predictor* wide = create(WBCORE_FLOAT64);
    CHECK(wbcore_predict(single, x, 4, y) == WBCORE_OK);
    CHECK(wbcore_predict(wide, wide_x, 4, wide_y) == WBCORE_OK);
    for (int i = 0; i < 4; ++i) {
        const int expected = i == 1 || i == 2;
        CHECK(y[i] == (float)expected && wide_y[i] == expected);
    }
    CHECK(y[4] == 7);
    // the input columns of records, into a column of others
    struct {
        double name;
        double x[2];
    } records[3] = {{9, {0, 1}}, {9, {1, 1}}, {9, {1, 0}}};
    double column[5] = {7, 7, 7, 7, 7};
    for (size_t n_threads = 0; n_threads < 3; ++n_threads) {
        CHECK(wbcore_predict_strided(wide, records[0].x, 3, 3, column, 2, n_threads) == WBCORE_OK);
        CHECK(column[0] == 1 && column[2] == 0 && column[4] == 1);
        CHECK(column[1] == 7 && column[3] == 7);
    }
    wbcore_predictor_destroy(single);
    wbcore_predictor_destroy(wide);
}

static void creation_refuses(void) {
    const char* const unknown[] = {"relu", "rleu"};
    const char* const missing[] = {"relu", NULL};
    const char* const early[] = {"softmax", "identity"};
    const size_t empty[] = {2, 0, 1};
    const size_t wide[] = {(size_t)1 << 22, (size_t)1 << 22, 1};
    const size_t enormous[] = {(size_t)-1, (size_t)-1, 1};
    const struct {
        int dtype;
        size_t n_layers;
        const size_t* widths;
        const char* const* activations;
        const void* parameters;
        size_t n_parameters;
        const char* text;
    } cases[] = {
        {0, 2, widths, activations, parameters, 9,
         "[wbcore_predictor_create] expected dtype to be WBCORE_FLOAT32 or WBCORE_FLOAT64, got 0"},
        {32, 0, widths, activations, parameters, 9, "at least one layer, got none"},
        {32, 2, NULL, activations, parameters, 9, "expected widths, got NULL"},
        {32, 2, widths, NULL, parameters, 9, "expected activations, got NULL"},
        {32, 2, widths, activations, NULL, 9, "expected parameters, got NULL"},
        {32, 2, widths, missing, parameters, 9, "expected a name for every activation, got NULL"},
        {32, 2, widths, unknown, parameters, 9, "activation 1 to be one of identity, sigmoid"},
        {32, 2, widths, unknown, parameters, 9, "got 'rleu'"},
        {32, 2, widths, early, parameters, 9,
         "expected softmax in the last layer only, got it in one of 2"},
        {32, 2, empty, activations, parameters, 9, "expected positive sizes"},
        {32, 2, enormous, activations, parameters, 9,
         "[wbcore_predictor_create] expected 18446744073709551615 x 18446744073709551615 x 4 bytes "
         "of "
         "memory, got less"},
        // said before there is memory for them: 2^46 bytes are more than any machine has
        {32, 2, wide, activations, parameters, 9,
         "expected 17592194433025 parameters for these widths, got 9"},
        {64, 2, widths, activations, parameters, 8,
         "expected 9 parameters for these widths, got 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
        CHECK(wbcore_predictor_create(cases[i].dtype, cases[i].n_layers, cases[i].widths,
                                      cases[i].activations, cases[i].parameters,
                                      cases[i].n_parameters) == NULL);
        CHECK(strstr(wbcore_last_error(), cases[i].text) != NULL);
    }
}

static void prediction_refuses(void) {
    wbcore_predictor* p = create(WBCORE_FLOAT32);
    float x[6] = {0, 1, 1, 0, 1, 1};
    float y[3] = {7, 7, 7};
    CHECK_REFUSED(wbcore_predict(NULL, x, 1, y), "[wbcore_predict] expected a predictor, got NULL");
    CHECK_REFUSED(wbcore_predict(p, NULL, 1, y), "expected an array x, got NULL");
    CHECK_REFUSED(wbcore_predict(p, x, 1, NULL), "expected an array y, got NULL");
    CHECK_REFUSED(wbcore_predict(p, x, 0, y), "expected at least one row, got none");
    CHECK_REFUSED(wbcore_predict(p, x, 3, x + 5), "expected y apart from x");
    CHECK_REFUSED(wbcore_predict(p, x, 3, (char*)y + 1), "expected y aligned to 4 bytes");
    CHECK_REFUSED(wbcore_predict(p, x, SIZE_MAX / 4, y), "expected x that fits into memory, got");
    CHECK_REFUSED(wbcore_predict_strided(p, x, 1, 3, y, 1, 1),
                  "[wbcore_predict_strided] expected x_stride of at least 2, got 1");
    CHECK_REFUSED(wbcore_predict_strided(p, x, 2, 3, y, 0, 1), "y_stride of at least 1, got 0");
    CHECK_REFUSED(wbcore_predict_strided(p, x, 2, 3, y, 1, 1025),
                  "expected n_threads from 0 to 1024, got 1025");
    x[3] = NAN;
    CHECK_REFUSED(wbcore_predict(p, x, 3, y), "expected finite values in x, got nan at x[1, 1]");
    x[2] = -INFINITY;
    CHECK_REFUSED(wbcore_predict(p, x, 3, y), "got -inf at x[1, 0]");
    CHECK(y[0] == 7 && y[1] == 7 && y[2] == 7);
    CHECK(wbcore_predict(p, x, 1, y) == WBCORE_OK);  // errors leave nothing behind
    CHECK(y[0] == 1 && y[1] == 7);
    wbcore_predictor_destroy(p);
}

// Strides and numbers of rows whose bytes no size can hold, in memory before and after the other array.
static void sizes_that_wrap_around(void) {
    wbcore_predictor* p = create(WBCORE_FLOAT32);
    wbcore_predictor* wide = create(WBCORE_FLOAT64);
    double room[16] = {0};
    void* const ends[] = {room, room + 8};
    const size_t strides[] = {SIZE_MAX,         SIZE_MAX / 2,     SIZE_MAX / 2 + 1,
                              SIZE_MAX / 4 + 1, SIZE_MAX / 8 + 1, SIZE_MAX / 16 + 1,
                              (size_t)1 << 62};
    for (size_t first = 0; first < 2; ++first) {
        void* const x = ends[first];
        void* const y = ends[1 - first];
        for (size_t i = 0; i < sizeof strides / sizeof strides[0]; ++i) {
            const size_t stride = strides[i];
            for (size_t rows = 2; rows < 6; ++rows) {
                CHECK_REFUSED(wbcore_predict_strided(wide, x, stride, rows, y, 1, 1), "got");
                CHECK_REFUSED(wbcore_predict_strided(wide, x, 2, rows, y, stride, 1), "got");
                if (stride > SIZE_MAX / 8)  // less is a distance that a pointer difference can hold
                    CHECK_REFUSED(wbcore_predict_strided(p, x, stride, rows, y, 1, 1), "got");
            }
            // of a single row the stride means nothing
            CHECK(wbcore_predict_strided(wide, x, stride, 1, y, stride, 1) == WBCORE_OK);
        }
        CHECK_REFUSED(wbcore_predict_strided(p, x, (size_t)1 << 62, 2, y, 1, 1),
                      "expected x that fits into memory, got 2 rows of stride 4611686018427387904");
        CHECK_REFUSED(wbcore_predict_strided(p, x, 2, 2, y, (size_t)1 << 62, 1),
                      "expected y that fits into memory, got 2 rows of stride 4611686018427387904");
    }
    wbcore_predictor_destroy(p);
    wbcore_predictor_destroy(wide);
}

static void threads(void) {
    const size_t most = wbcore_get_num_threads();
    CHECK(most >= 1);
    wbcore_set_num_threads(5);
    CHECK(wbcore_get_num_threads() == 5);
    CHECK(wbcore_set_num_threads_here(3) == 0);
    CHECK(wbcore_get_num_threads() == 3);
    CHECK(wbcore_set_num_threads_here(0) == 3);
    wbcore_set_num_threads(0);
    CHECK(wbcore_get_num_threads() == most);
}

int main(void) {
    CHECK(strcmp(wbcore_last_error(), "") == 0);
    sizes_and_types();
    predictions();
    CHECK(strcmp(wbcore_last_error(), "") == 0);
    creation_refuses();
    prediction_refuses();
    sizes_that_wrap_around();
    threads();
    return failures;
}
