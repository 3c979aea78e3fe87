#define WBCORE_KERNELS avx2
#define WBCORE_PRODUCTS "products_tiles.inc"
#include "vec_avx2.hpp"

#include "kernels.inc"
