// Powers in binary64 that every port can repeat.
#pragma once

#include <cstdint>

namespace wbcore {

// base^n by repeated squaring (docs/arithmetic.md, section 7.1.2)
inline double power(double base, std::uint64_t n) {
    double result = 1;
    for (; n != 0; n >>= 1) {
        if ((n & 1) != 0) result = result * base;
        base = base * base;
    }
    return result;
}

}  // namespace wbcore
