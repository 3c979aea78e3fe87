#define WBCORE_KERNELS avx512
#define WBCORE_PRODUCTS "products_tiles.inc"
#include "vec_avx512.hpp"

#include "kernels.inc"
