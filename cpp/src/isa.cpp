#include "wbcore/isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace kernels {

// Defined by the kernels_<isa>.cpp.
namespace plain {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace plain
namespace avx2 {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace avx2
namespace avx512 {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace avx512

namespace {

// One row for each instruction set, slowest first.
struct Isa {
    const char* name;
    bool (*available)();
    const KernelTable<float>& (*floats)(float);
    const KernelTable<double>& (*doubles)(double);
};

constexpr Isa isas[] = {
    {"plain", [] { return true; }, plain::table, plain::table},
#if defined(__x86_64__)
    {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); },
     avx2::table, avx2::table},
    {"avx512",
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("fma");
     },
     avx512::table, avx512::table},
#endif
};

const Isa& choose() {
    const char* forced = std::getenv("WBCORE_ISA");
    const Isa* best = &isas[0];
    std::string names;
    for (const Isa& candidate : isas) {
        if (!candidate.available()) continue;
        best = &candidate;
        names += (names.empty() ? "" : ", ") + std::string(candidate.name);
        if (forced != nullptr && std::string(forced) == candidate.name) return candidate;
    }
    if (forced != nullptr && *forced != '\0')
        throw std::runtime_error("[WBCORE_ISA] expected one of " + names + ", got '" + forced +
                                 "'");
    return *best;
}

const Isa& chosen() {
    static const Isa& isa = choose();
    return isa;
}

}  // namespace

template <>
const KernelTable<float>& table<float>() {
    static const KernelTable<float>& kernels = chosen().floats(0);
    return kernels;
}

template <>
const KernelTable<double>& table<double>() {
    static const KernelTable<double>& kernels = chosen().doubles(0);
    return kernels;
}

}  // namespace kernels

std::string isa() { return kernels::chosen().name; }

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const kernels::Isa& candidate : kernels::isas)
        if (candidate.available()) names.emplace_back(candidate.name);
    return names;
}

}  // namespace wbcore
