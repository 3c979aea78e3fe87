// What an error says when memory is lacking.
#include <cstdio>

#include "wbcore/matrix.hpp"

namespace wbcore {

OutOfMemory::OutOfMemory(std::size_t bytes) noexcept {
    std::snprintf(text_, sizeof text_, "%zu bytes of memory", bytes);
}

OutOfMemory::OutOfMemory(std::size_t rows, std::size_t cols, std::size_t size) noexcept {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(rows, cols, &bytes) || __builtin_mul_overflow(bytes, size, &bytes))
        std::snprintf(text_, sizeof text_, "%zu x %zu x %zu bytes of memory", rows, cols, size);
    else
        *this = OutOfMemory(bytes);
}

}  // namespace wbcore
