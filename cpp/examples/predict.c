// A network with given parameters inside a C program: exclusive or, by hand.
#include <stdio.h>
#include <wbcore/c_api.h>

int main(void) {
    const size_t widths[] = {2, 2, 1};
    const char* const activations[] = {"relu", "identity"};
    // Both hidden units add the inputs; the second starts at one. W is (inputs, outputs), row-major, then come the biases.
    const float parameters[] = {
        1, 1,  1, 1,  // W, layer 0
        0, -1,        // b
        1, -2,        // W, layer 1
        0,            // b
    };
    const size_t n_parameters = sizeof parameters / sizeof parameters[0];
    wbcore_predictor* network =
        wbcore_predictor_create(WBCORE_FLOAT32, 2, widths, activations, parameters, n_parameters);
    if (network == NULL) {
        fprintf(stderr, "%s\n", wbcore_last_error());
        return 1;
    }

    const float x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    float y[4];
    const int status = wbcore_predict(network, x, 4, y);
    if (status == WBCORE_OK)
        for (int i = 0; i < 4; ++i)
            printf("%g xor %g = %g\n", (double)x[i][0], (double)x[i][1], (double)y[i]);
    else
        fprintf(stderr, "%s\n", wbcore_last_error());
    wbcore_predictor_destroy(network);
    return status;
}
