#define WBCORE_KERNELS sse2
#define WBCORE_VECTORS "vec_sse2.hpp"
#include "kernels.hpp"
