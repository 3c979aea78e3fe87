#include "wbcore/isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>

#include "kernels/fma.hpp"
#include "kernels/kernel_table.hpp"

namespace wbcore {

namespace kernels {

#if defined(__x86_64__)
bool has_fma_instruction = __builtin_cpu_supports("fma") != 0;
#else
bool has_fma_instruction = false;
#endif

// Defined by the kernels_<isa>.cpp.
namespace plain {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace plain
namespace sse2 {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace sse2
namespace avx2 {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace avx2
namespace avx512 {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace avx512
namespace neon {
const KernelTable<float>& table(float);
const KernelTable<double>& table(double);
}  // namespace neon

namespace {

// One row for each instruction set, slowest first.
struct Isa {
    const char* name;
    bool (*available)();
    const KernelTable<float>& (*floats)(float);
    const KernelTable<double>& (*doubles)(double);
};

constexpr auto always = [] { return true; };

// A build for checks alone may leave sets out (CMake's WBCORE_ISAS): their names, comma between, or nothing.
constexpr const char* left_out = WBCORE_LEFT_OUT;

constexpr Isa isas[] = {
    {"plain", always, plain::table, plain::table},
#if defined(__x86_64__)
#if !defined(WBCORE_WITHOUT_SSE2)
    {"sse2", always, sse2::table, sse2::table},
#endif
#if !defined(WBCORE_WITHOUT_AVX2)
    {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); },
     avx2::table, avx2::table},
#endif
#if !defined(WBCORE_WITHOUT_AVX512)
    {"avx512",
     [] {
         return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("fma");
     },
     avx512::table, avx512::table},
#endif
#elif defined(__aarch64__) && !defined(WBCORE_WITHOUT_NEON)
    {"neon", always, neon::table, neon::table},
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
    if (*left_out != '\0') names += std::string(" (this build is without ") + left_out + ")";
    if (forced != nullptr && *forced != '\0')
        throw std::runtime_error("[WBCORE_ISA] expected one of " + names + ", got '" + forced +
                                 "'");
    return *best;
}

const Isa& chosen() {
    static const Isa& isa = choose();
    return isa;
}

template <class T>
const KernelTable<T>& table_of(const Isa& isa) {
    if constexpr (std::is_same_v<T, float>)
        return isa.floats(0);
    else
        return isa.doubles(0);
}

}  // namespace

template <class T>
const KernelTable<T>& table() {
    static const KernelTable<T>& kernels = table_of<T>(chosen());
    return kernels;
}

template <class T>
std::vector<const KernelTable<T>*> available_tables() {
    std::vector<const KernelTable<T>*> tables;
    for (const Isa& isa : isas)
        if (isa.available()) tables.push_back(&table_of<T>(isa));
    return tables;
}

template const KernelTable<float>& table();
template const KernelTable<double>& table();
template std::vector<const KernelTable<float>*> available_tables();
template std::vector<const KernelTable<double>*> available_tables();

}  // namespace kernels

std::string isa() { return kernels::chosen().name; }

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const kernels::Isa& candidate : kernels::isas)
        if (candidate.available()) names.emplace_back(candidate.name);
    return names;
}

}  // namespace wbcore
