// Which instruction set computes. Chosen once, at the first use; WBCORE_ISA forces one or raises.
#pragma once

#include <string>
#include <vector>

namespace wbcore {

// The name of the instruction set in use: "plain"; "sse2", "avx2" or "avx512" on x86-64; "neon" on 64-bit ARM.
std::string isa();

// Those that this machine and this build have, slowest first.
std::vector<std::string> available_isas();

}  // namespace wbcore
