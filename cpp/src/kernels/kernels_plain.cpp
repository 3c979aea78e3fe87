#define WBCORE_KERNELS plain
#define WBCORE_PLAIN
#include "kernels.hpp"
