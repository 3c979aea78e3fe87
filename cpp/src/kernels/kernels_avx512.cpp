#include "kernel_table.hpp"
#include "vec_avx512.hpp"

namespace wbcore::kernels {
namespace {
#include "functions.inc"
#include "elementwise.inc"
#include "products_tiles.inc"
#include "table.inc"
}  // namespace

const KernelTable<float>& avx512_table(float) {
    static constexpr KernelTable<float> kernels = make_table<float>("avx512");
    return kernels;
}
const KernelTable<double>& avx512_table(double) {
    static constexpr KernelTable<double> kernels = make_table<double>("avx512");
    return kernels;
}

}  // namespace wbcore::kernels
