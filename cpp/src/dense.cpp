#include "wbcore/dense.hpp"

#include <algorithm>

#include "kernels/kernel_table.hpp"
#include "pieces.hpp"

namespace wbcore {

template <class T>
void dense_forward(Matrix<T> z,
                   ConstMatrix<T> x,
                   ConstMatrix<T> w,
                   const T* b,
                   const InterruptCheck& interrupted) {
    AlignedBuffer<T> packed(packed_size<T>(w.rows, w.cols) + packed_size<T>(x.rows, w.cols) +
                            round_up(w.cols, panel_width<T>));
    const Panels<T> panels = packed_panels(packed.data(), w.rows, w.cols);
    const Panels<T> out =
        packed_panels(packed.data() + packed_size<T>(w.rows, w.cols), x.rows, w.cols);
    T* start = packed.data() + packed_size<T>(w.rows, w.cols) + packed_size<T>(x.rows, w.cols);
    for (std::size_t i = 0; i < w.rows; ++i)
        for (std::size_t j = 0; j < w.cols; ++j) panels(i, j) = w(i, j);
    std::copy_n(b, w.cols, start);
    const Panels<const T> rows{x.data, x.rows, x.cols, x.stride, panel_width<T>};
    in_pieces({0, x.rows}, rows_of_a_piece({{w.rows, w.cols}}, x.rows), interrupted,
              [&](Range piece) {
                  const std::size_t first = piece.first, n = piece.last - piece.first;
                  kernels::table<T>().product(
                      {out.rows_from(first, n), rows.rows_from(first, n), panels, start});
              });
    copy_rows<T>(z, out);
}

template void dense_forward(
    Matrix<float>, ConstMatrix<float>, ConstMatrix<float>, const float*, const InterruptCheck&);
template void dense_forward(
    Matrix<double>, ConstMatrix<double>, ConstMatrix<double>, const double*, const InterruptCheck&);

}  // namespace wbcore
