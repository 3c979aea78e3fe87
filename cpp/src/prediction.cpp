#include "prediction.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "fork.hpp"
#include "kernels/kernel_table.hpp"
#include "pieces.hpp"
#include "wbcore/threads.hpp"

namespace wbcore {

namespace {

// Enough rows for the weights to be worth loading, few enough for the activations to stay in L2.
constexpr std::size_t block = 128;

// Grows, never shrinks; one for each thread and type.
template <class T>
[[gnu::always_inline]] inline T* scratch(std::size_t n) {
    thread_local AlignedBuffer<T> buffer;
    if (buffer.size() < n) buffer = AlignedBuffer<T>(n);
    return buffer.data();
}

// Rows of x as the kernels read them: in place when they lie there as T and near each other, gathered into `room`
// otherwise. And whether all are finite.
template <class T>
[[gnu::always_inline]] inline std::pair<Panels<const T>, bool> rows_of(const ArrayView& x,
                                                                       T* room) {
    if (static_cast<std::ptrdiff_t>(x.rows - 1) * x.row_stride <= most_bytes_in_place &&
        is_plain<T>(x))
        return {{static_cast<const T*>(x.data), x.rows, x.cols,
                 static_cast<std::size_t>(x.row_stride) / sizeof(T), panel_width<T>},
                all_finite<T>(x)};
    const Panels<T> gathered = packed_panels(room, x.rows, x.cols);
    const bool finite = gather(x, nullptr, gathered);
    return {gathered, finite};
}

template <class T>
Matrix<T> rows_from(const Matrix<T>& m, std::size_t first, std::size_t n) {
    return {&m(first, 0), n, m.cols, m.stride};
}

// `store`, when there is one, is given the number and the outputs of each layer.
template <class T, class... Store>
bool predict_block(Matrix<T> y,
                   const ArrayView& x,
                   const LayerParameters<T>* layers,
                   std::size_t n_layers,
                   Store... store) {
    std::size_t widest = x.cols;
    for (std::size_t l = 0; l < n_layers; ++l) widest = std::max(widest, layers[l].w.cols);
    const std::size_t size = packed_size<T>(x.rows, widest);
    T* const rooms = scratch<T>(2 * size);
    auto [in, finite] = rows_of(x, rooms);
    const kernels::KernelTable<T>& table = kernels::table<T>();
    for (std::size_t l = 0; l < n_layers; ++l) {
        const LayerParameters<T>& layer = layers[l];
        const Panels<T> out = packed_panels(rooms + (l % 2 == 0 ? size : 0), x.rows, layer.w.cols);
        kernels::Product<T> product{.out = out, .x = in, .w = layer.w, .start = layer.b};
        const bool elementwise = layer.activation.is_elementwise();
        if (elementwise)
            product.epilogue = {kernels::Epilogue<T>::Kind::activate, layer.activation, out, {}};
        table.product(product);
        if (!elementwise) table.softmax(out, out);
        in = out;
        (store(l, in), ...);
    }
    copy_rows(y, in);
    return finite;
}

// f(rows) for one block of them after another, on several threads if there are as many; whether all answered true. Not inlined:
// what it needs room for is no part of a small prediction.
template <class F>
[[gnu::noinline]] bool in_blocks(std::size_t rows,
                                 std::size_t n_threads,
                                 const InterruptCheck* interrupted,
                                 F f) {
    // `stopped` is asked between blocks
    auto range_of = [=](Range range, auto stopped) {
        bool finite = true;
        in_pieces(range, block, stopped, [&](Range part) { finite &= f(part); });
        return finite;
    };
    auto asked = [&] {
        if (interrupted != nullptr) stop_if(*interrupted);
        return false;
    };
    const std::size_t blocks = (rows + block - 1) / block, n = std::min(n_threads, blocks);
    if (n <= 1) return range_of({0, rows}, asked);
    std::atomic<bool> finite = true, stopped = false;
    const std::uint64_t generation = fork_generation();
    run_team(n, [&](std::size_t t, std::size_t size) {
        auto stops = [&] {
            // in a child that the check has forked, run_team throws
            if (t == 0 && interrupted != nullptr && *interrupted &&
                ((*interrupted)() || fork_generation() != generation))
                stopped = true;
            return stopped.load(std::memory_order_relaxed);
        };
        if (!range_of(part(rows, size, t, block), stops)) finite = false;
    });
    if (stopped) throw Interrupted();
    return finite;
}

}  // namespace

template <class T>
std::vector<LayerParameters<T>> packed_layers(const PackedNetwork<T>& network) {
    std::vector<LayerParameters<T>> layers;
    for (std::size_t l = 0; l < network.size(); ++l)
        layers.push_back({network.weights(l), network.biases(l),
                          activation_of<T>(network.layers()[l].activation)});
    return layers;
}

template <class T>
bool predict_rows(Matrix<T> y,
                  const ArrayView& x,
                  const LayerParameters<T>* layers,
                  std::size_t n_layers,
                  std::size_t n_threads,
                  const InterruptCheck* interrupted) {
    if (x.rows <= block) return predict_block<T>(y, x, layers, n_layers);
    return in_blocks(x.rows, n_threads, interrupted, [&](Range rows) {
        const std::size_t n = rows.last - rows.first;
        return predict_block<T>(rows_from(y, rows.first, n), x.rows_from(rows.first, n), layers,
                                n_layers);
    });
}

template <class T>
bool predict_layers(std::span<const Matrix<T>> outputs,
                    const ArrayView& x,
                    const LayerParameters<T>* layers,
                    std::size_t n_threads,
                    const InterruptCheck* interrupted) {
    return in_blocks(x.rows, n_threads, interrupted, [&](Range rows) {
        const std::size_t n = rows.last - rows.first;
        auto store = [&](std::size_t l, Panels<const T> out) {
            copy_rows(rows_from(outputs[l], rows.first, n), out);
        };
        return predict_block<T>(rows_from(outputs.back(), rows.first, n),
                                x.rows_from(rows.first, n), layers, outputs.size(), store);
    });
}

template std::vector<LayerParameters<float>> packed_layers(const PackedNetwork<float>&);
template bool predict_rows(Matrix<float>,
                           const ArrayView&,
                           const LayerParameters<float>*,
                           std::size_t,
                           std::size_t,
                           const InterruptCheck*);
template bool predict_layers(std::span<const Matrix<float>>,
                             const ArrayView&,
                             const LayerParameters<float>*,
                             std::size_t,
                             const InterruptCheck*);
template std::vector<LayerParameters<double>> packed_layers(const PackedNetwork<double>&);
template bool predict_rows(Matrix<double>,
                           const ArrayView&,
                           const LayerParameters<double>*,
                           std::size_t,
                           std::size_t,
                           const InterruptCheck*);
template bool predict_layers(std::span<const Matrix<double>>,
                             const ArrayView&,
                             const LayerParameters<double>*,
                             std::size_t,
                             const InterruptCheck*);

}  // namespace wbcore
