#include "kernel_table.hpp"
#include "vec_plain.hpp"

namespace wbcore::kernels {
namespace {
#include "functions.inc"
#include "elementwise.inc"
#include "products_plain.inc"
#include "table.inc"
}  // namespace

const KernelTable<float>& plain_table(float) {
    static constexpr KernelTable<float> kernels = make_table<float>("plain");
    return kernels;
}
const KernelTable<double>& plain_table(double) {
    static constexpr KernelTable<double> kernels = make_table<double>("plain");
    return kernels;
}

}  // namespace wbcore::kernels
