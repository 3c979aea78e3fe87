#define WBCORE_KERNELS neon
#define WBCORE_VECTORS "vec_neon.hpp"
#include "kernels.hpp"
