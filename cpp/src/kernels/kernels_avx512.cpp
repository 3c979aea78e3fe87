#define WBCORE_KERNELS avx512
#define WBCORE_VECTORS "vec_avx512.hpp"
#include "kernels.hpp"
