// What the machine can do at this moment, to measure everything else against.
#pragma once

namespace wbcore {

// Billions of floating-point operations a second, an fma being two; the best of many short runs on the calling thread.
struct Probe {
    double fma_peak = 0;      // multiply-adds in registers
    double micro_kernel = 0;  // the matrix product on data in L1
};

template <class T>
Probe probe(double seconds);

}  // namespace wbcore
