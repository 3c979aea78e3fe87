// Which instruction set computes. Chosen once, at the first use; WBCORE_ISA forces one or raises.
#pragma once

#include <string>
#include <vector>

namespace wbcore {

// The name of the instruction set in use: "plain", "avx2" or "avx512".
std::string isa();

// Those that this machine and this build have, slowest first.
std::vector<std::string> available_isas();

}  // namespace wbcore
