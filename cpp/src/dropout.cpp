#include "wbcore/dropout.hpp"

#include <bit>
#include <cstring>

#include "philox.hpp"

namespace wbcore {

void draw_dropout(std::uint16_t* numbers,
                  std::size_t blocks,
                  const DropoutStep& of,
                  std::size_t layer,
                  std::size_t row) {
    static_assert(std::endian::native == std::endian::little, "a word's lowest bits come first");
    for (std::size_t b = 0; b < blocks; ++b) {
        const Philox4x64Block block =
            philox_block({b, row, of.step, 0}, of.seed, dropout_stream(layer));
        static_assert(sizeof block == dropout_block * sizeof *numbers);
        std::memcpy(numbers + b * dropout_block, block.data(), sizeof block);
    }
}

}  // namespace wbcore
