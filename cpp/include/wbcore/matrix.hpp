// Matrices as views, and the one aligned buffer they look into.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace wbcore {

// A cache line. Also the width of a panel: one AVX-512 vector, two of AVX2, four of NEON.
inline constexpr std::size_t alignment = 64;

template <class T>
inline constexpr std::size_t panel_width = alignment / sizeof(T);

constexpr std::size_t round_up(std::size_t n, std::size_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

// Row-major (rows, cols); `stride` elements from one row to the next.
template <class T>
struct Matrix {
    T* data = nullptr;
    std::size_t rows = 0, cols = 0, stride = 0;

    T& operator()(std::size_t row, std::size_t col) const { return data[row * stride + col]; }
    // implicit, as from T* to const T*
    operator Matrix<const T>() const {  // NOLINT(google-explicit-constructor)
        return {data, rows, cols, stride};
    }
};

template <class T>
using ConstMatrix = Matrix<const T>;

// A (rows, cols) matrix cut into panels of panel_width<T> columns:
// element (r, c) = data[c / width * panel_stride + r * row_stride + c % width].
// Packed panels have row_stride = width; a row-major matrix is the special case panel_stride = width, row_stride = cols.
// Past `cols` the last panel has values that nothing depends on.
template <class T>
struct Panels {
    T* data = nullptr;
    std::size_t rows = 0, cols = 0, row_stride = 0, panel_stride = 0;

    static constexpr std::size_t width = panel_width<T>;
    // Always inlined: kernels of several instruction sets use these, and the linker must not merge them.
    [[gnu::always_inline]] std::size_t count() const { return (cols + width - 1) / width; }
    [[gnu::always_inline]] T* panel(std::size_t p) const { return data + p * panel_stride; }
    [[gnu::always_inline]] T& operator()(std::size_t row, std::size_t col) const {
        return data[col / width * panel_stride + row * row_stride + col % width];
    }
    [[gnu::always_inline]] Panels rows_from(std::size_t first, std::size_t n) const {
        return {data + first * row_stride, n, cols, row_stride, panel_stride};
    }
    // NOLINTNEXTLINE(google-explicit-constructor): implicit, as from T* to const T*
    [[gnu::always_inline]] operator Panels<const T>() const {
        return {data, rows, cols, row_stride, panel_stride};
    }
};

// Elements from one packed panel of `rows` rows to the next. An odd number of cache lines: panels at a distance of a
// power of two would all fall into the same few cache sets.
template <class T>
constexpr std::size_t packed_panel_stride(std::size_t rows) {
    return (rows | 1) * panel_width<T>;
}

template <class T>
constexpr std::size_t packed_size(std::size_t rows, std::size_t cols) {
    return round_up(cols, panel_width<T>) / panel_width<T> * packed_panel_stride<T>(rows);
}

template <class T>
Panels<T> packed_panels(T* data, std::size_t rows, std::size_t cols) {
    return {data, rows, cols, panel_width<T>, packed_panel_stride<T>(rows)};
}

template <class T>
void copy_rows(Matrix<T> to, Panels<const T> from) {
    for (std::size_t p = 0; p < from.count(); ++p) {
        const std::size_t first = p * panel_width<T>,
                          n = std::min(from.cols - first, panel_width<T>);
        for (std::size_t row = 0; row < from.rows; ++row)
            std::copy_n(from.panel(p) + row * from.row_stride, n, &to(row, first));
    }
}

// Memory that could not be had; what() says how much: "6400160064 bytes of memory".
class OutOfMemory : public std::bad_alloc {
public:
    explicit OutOfMemory(std::size_t bytes) noexcept;
    // (rows, cols) numbers of `size` bytes, which may be more than an address can count
    OutOfMemory(std::size_t rows, std::size_t cols, std::size_t size) noexcept;
    const char* what() const noexcept override { return text_; }

private:
    char text_[96];  // a string would need memory
};

// Zero-filled, aligned to a cache line, with one spare line at the end so that a vector may read past the last element.
template <class T>
class AlignedBuffer {
public:
    AlignedBuffer() = default;
    explicit AlignedBuffer(std::size_t n) : size_(n) {
        if (n > (static_cast<std::size_t>(-1) / 2 - 2 * alignment) / sizeof(T))
            throw OutOfMemory(n, 1, sizeof(T));
        take(round_up(n * sizeof(T), alignment) + alignment);
    }
    AlignedBuffer(const AlignedBuffer& other) : AlignedBuffer(other.size_) {
        if (size_ != 0) std::memcpy(data_, other.data_, size_ * sizeof(T));
    }
    AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
    AlignedBuffer& operator=(const AlignedBuffer& other) {
        if (this != &other) AlignedBuffer(other).swap(*this);
        return *this;
    }
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~AlignedBuffer() { std::free(block_); }

    void swap(AlignedBuffer& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }
    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }

private:
    // A large block comes as pages that are zero when they are first touched, so that a gigabyte does not hold up a call before
    // anybody asks whether to go on.
    void take(std::size_t bytes) {
        constexpr std::size_t large = std::size_t{1} << 20;
        const bool lazily = bytes >= large;
        block_ = lazily ? std::calloc(bytes + alignment, 1) : std::aligned_alloc(alignment, bytes);
        if (block_ == nullptr) throw OutOfMemory(bytes);
        void* aligned = block_;
        std::size_t room = bytes + alignment;
        if (lazily)
            std::align(alignment, bytes, aligned, room);
        else
            std::memset(aligned, 0, bytes);
        data_ = static_cast<T*>(aligned);
    }

    void* block_ = nullptr;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace wbcore
