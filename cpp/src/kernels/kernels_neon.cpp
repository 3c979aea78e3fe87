#define WBCORE_KERNELS neon
#define WBCORE_PRODUCTS "products_tiles.inc"
#include "vec_neon.hpp"

#include "kernels.inc"
