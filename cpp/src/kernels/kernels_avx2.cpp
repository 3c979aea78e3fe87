#include "kernel_table.hpp"
#include "vec_avx2.hpp"

namespace wbcore::kernels {
namespace {
#include "functions.inc"
#include "elementwise.inc"
#include "products_tiles.inc"
#include "table.inc"
}  // namespace

const KernelTable<float>& avx2_table(float) {
    static constexpr KernelTable<float> kernels = make_table<float>("avx2");
    return kernels;
}
const KernelTable<double>& avx2_table(double) {
    static constexpr KernelTable<double> kernels = make_table<double>("avx2");
    return kernels;
}

}  // namespace wbcore::kernels
