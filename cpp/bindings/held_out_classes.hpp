// Classes, of which held out rows are a share of each.
#pragma once

#include <cstdint>
#include <vector>

#include "wbcore/input.hpp"
#include "wbcore/losses.hpp"

namespace wbcore::bindings {

// What divides the rows into classes, by which a share of each is held out; empty where nothing does.
std::vector<std::int64_t> classes_of(const Dataset& data, const Named<Loss>& loss);

}  // namespace wbcore::bindings
