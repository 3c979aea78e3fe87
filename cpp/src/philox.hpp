// One block of Philox 4x64 with 10 rounds, at any counter (docs/arithmetic.md, section 8).
#pragma once

#include <cstdint>

#include "wbcore/random.hpp"

namespace wbcore {

struct Halves {
    std::uint64_t high, low;
};

inline Halves multiply(std::uint64_t a, std::uint64_t b) {
    __extension__ typedef unsigned __int128 uint128;
    const uint128 product = static_cast<uint128>(a) * b;
    return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
}

inline Philox4x64Block philox_block(Philox4x64Block c, std::uint64_t key0, std::uint64_t key1) {
    for (int round = 0; round < 10; ++round) {
        if (round > 0) {
            key0 += 0x9E3779B97F4A7C15;
            key1 += 0xBB67AE8584CAA73B;
        }
        const Halves p = multiply(0xD2E7470EE14C6C93, c[0]), q = multiply(0xCA5A826395121157, c[2]);
        c = {q.high ^ c[1] ^ key0, q.low, p.high ^ c[3] ^ key1, p.low};
    }
    return c;
}

}  // namespace wbcore
