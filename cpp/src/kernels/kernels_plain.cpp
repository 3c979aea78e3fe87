#define WBCORE_KERNELS plain
#define WBCORE_PRODUCTS "products_plain.inc"
#include "vec_plain.hpp"

#include "kernels.inc"
