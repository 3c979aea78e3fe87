#define WBCORE_KERNELS sse2
#define WBCORE_PRODUCTS "products_tiles.inc"
#include "vec_sse2.hpp"

#include "kernels.inc"
