// first .. last - 1
#pragma once

#include <cstddef>

namespace wbcore {

struct Range {
    std::size_t first, last;
};

}  // namespace wbcore
