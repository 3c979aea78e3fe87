// Views of matrices, and the aligned buffer they look into.
#include "wbcore/matrix.hpp"

#include <cstdint>
#include <limits>

#include "check.hpp"

using namespace wbcore;

namespace {

template <class T>
bool aligned(const T* p) {
    return reinterpret_cast<std::uintptr_t>(p) % alignment == 0;
}

template <class T>
void buffers() {
    for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 1000u}) {
        const checks::Note note("n", n);
        AlignedBuffer<T> buffer(n);
        CHECK(aligned(buffer.data()));
        CHECK_EQUAL(buffer.size(), n);
        // zero, with the spare line that a vector may read
        for (std::size_t i = 0; i < n + alignment / sizeof(T); ++i)
            CHECK_BITS(buffer.data()[i], T(0));
        for (std::size_t i = 0; i < n; ++i) buffer[i] = static_cast<T>(i);

        AlignedBuffer<T> copy(buffer);
        CHECK(aligned(copy.data()));
        CHECK(copy.data() != buffer.data());
        CHECK_EQUAL(copy.size(), n);
        CHECK_ARRAYS(copy.data(), buffer.data(), n);

        const T* const address = copy.data();
        const AlignedBuffer<T>& left_behind = copy;
        AlignedBuffer<T> moved(std::move(copy));
        CHECK(moved.data() == address);
        CHECK_EQUAL(left_behind.size(), std::size_t(0));
        CHECK(left_behind.data() == nullptr);

        AlignedBuffer<T> assigned(3);
        assigned = moved;
        CHECK_ARRAYS(assigned.data(), buffer.data(), n);
        const AlignedBuffer<T>& itself = assigned;
        assigned = itself;
        CHECK_ARRAYS(assigned.data(), buffer.data(), n);
        assigned = AlignedBuffer<T>();
        CHECK_EQUAL(assigned.size(), std::size_t(0));
        const AlignedBuffer<T> copy_of_empty(assigned);
        CHECK_EQUAL(copy_of_empty.size(), std::size_t(0));
    }
}

// Sizes of which the bytes do not fit into std::size_t must not wrap around to something small.
template <class T>
void impossible_sizes() {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    for (const std::size_t n : {most, most - 1, most / 2, most / sizeof(T), most / sizeof(T) + 1,
                                most / sizeof(T) - 16, most / 2 / sizeof(T)})
        CHECK_THROWS(std::bad_alloc, "", AlignedBuffer<T>{n});
}

template <class T>
void panels() {
    constexpr std::size_t width = panel_width<T>;
    for (const std::size_t rows : {1u, 2u, 3u, 6u})
        for (const std::size_t cols : {std::size_t(1), width - 1, width, width + 1, 3 * width}) {
            AlignedBuffer<T> buffer(packed_size<T>(rows, cols));
            const Panels<T> m = packed_panels(buffer.data(), rows, cols);
            CHECK_EQUAL(m.count(), (cols + width - 1) / width);
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<T>(r * cols + c + 1);
            // no two elements share a place, and all lie in the buffer
            std::size_t filled = 0;
            for (std::size_t i = 0; i < buffer.size(); ++i) filled += buffer[i] != 0 ? 1u : 0u;
            CHECK_EQUAL(filled, rows * cols);
            for (std::size_t p = 0; p < m.count(); ++p) CHECK(aligned(m.panel(p)));
            for (std::size_t c = 0; c < cols; ++c)
                CHECK(&m(rows - 1, c) == m.panel(c / width) + (rows - 1) * width + c % width);
            const Panels<T> last = m.rows_from(rows - 1, 1);
            CHECK_EQUAL(last.rows, std::size_t(1));
            CHECK(&last(0, cols - 1) == &m(rows - 1, cols - 1));
            // a distance that is no power of two, except of a single row
            CHECK(m.panel_stride / width % 2 == 1);
        }
}

// A row-major matrix seen as panels.
void row_major_as_panels() {
    float values[2 * 20];
    for (int i = 0; i < 40; ++i) values[i] = static_cast<float>(i);
    const Panels<float> m{values, 2, 20, 20, panel_width<float>};
    for (std::size_t r = 0; r < 2; ++r)
        for (std::size_t c = 0; c < 20; ++c) CHECK_EQUAL(m(r, c), values[r * 20 + c]);
}

void rounding_up() {
    CHECK_EQUAL(round_up(0, 16), std::size_t(0));
    CHECK_EQUAL(round_up(1, 16), std::size_t(16));
    CHECK_EQUAL(round_up(16, 16), std::size_t(16));
    CHECK_EQUAL(round_up(17, 16), std::size_t(32));
}

}  // namespace

int main() {
    buffers<float>();
    buffers<double>();
    impossible_sizes<float>();
    impossible_sizes<double>();
    panels<float>();
    panels<double>();
    row_major_as_panels();
    rounding_up();
    return checks::result();
}
