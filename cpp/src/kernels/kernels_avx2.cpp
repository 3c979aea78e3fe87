#define WBCORE_KERNELS avx2
#define WBCORE_VECTORS "vec_avx2.hpp"
#include "kernels.hpp"
