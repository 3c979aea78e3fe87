// fma at many drawn triples: our own, and that of every instruction set, without the scalar instruction, against whole
// numbers. Built and run only when asked for; counts what it met, and exits with the number of implementations that differ.
//   exhaustive_fma [float32] [float64] [--points=100000000]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>

#include "fma_of_integers.hpp"
#include "fma_terms.hpp"
#include "kernels/fma.hpp"
#include "tables.hpp"

using namespace tests;

namespace {

struct Counts {
    std::uint64_t triples = 0;
    // of the results; and how many triples two roundings would get wrong, which is what they are drawn for
    std::uint64_t zero = 0, subnormal = 0, infinite = 0, nan = 0, rounded_twice = 0;
    std::vector<std::uint64_t> differences;  // one for each implementation

    void add(const Counts& other) {
        triples += other.triples, zero += other.zero, subnormal += other.subnormal;
        infinite += other.infinite, nan += other.nan, rounded_twice += other.rounded_twice;
        for (std::size_t i = 0; i < differences.size(); ++i) differences[i] += other.differences[i];
    }
};

template <class T>
bool same_number(T a, T b) {
    return checks::same_bits(a, b) || (a != a && b != b);
}

template <class T>
class Judge {
public:
    Judge() { counts_.differences.resize(tables_.size() + 1); }

    static std::vector<std::string> implementations() {
        std::vector<std::string> names{"fma_exact"};
        for (const KernelTable<T>* table : kernels::available_tables<T>())
            names.emplace_back(table->isa);
        return names;
    }
    void try_all(const Terms<T>& t) {
        T expected[length];
        for (std::size_t i = 0; i < length; ++i) {
            expected[i] = fma_of_integers(t.a, t.b[i], t.c[i]);
            count(expected[i], t.a * t.b[i] + t.c[i]);
            compare(0, kernels::fma_exact(t.a, t.b[i], t.c[i]), expected[i]);
        }
        for (std::size_t k = 0; k < tables_.size(); ++k) {
            T found[length];
            std::copy_n(t.c, length, found);
            tables_[k]->add_scaled(found, t.b, t.a, length);
            for (std::size_t i = 0; i < length; ++i) compare(k + 1, found[i], expected[i]);
        }
    }
    const Counts& counts() const { return counts_; }

private:
    void count(T y, T twice) {
        using limits = std::numeric_limits<T>;
        const T size = y < 0 ? -y : y;
        ++counts_.triples;
        counts_.nan += y != y;
        counts_.zero += y == 0;
        counts_.infinite += size == limits::infinity();
        counts_.subnormal += size > 0 && size < limits::min();
        counts_.rounded_twice += !same_number(y, twice);
    }
    void compare(std::size_t implementation, T found, T expected) {
        counts_.differences[implementation] += !same_number(found, expected);
    }

    std::vector<const KernelTable<T>*> tables_ = kernels::available_tables<T>();
    Counts counts_;
};

// In blocks with a seed each, so that the triples do not depend on the number of threads.
template <class T>
Counts counts_of(std::uint64_t points) {
    constexpr std::uint64_t rounds = 1000;
    const std::uint64_t in_block = rounds * length * std::size(kinds_of_terms<T>);
    const std::uint64_t blocks = (points + in_block - 1) / in_block;
    std::atomic<std::uint64_t> next{0};
    std::mutex mutex;
    Counts all;
    all.differences.resize(Judge<T>::implementations().size());
    auto work = [&] {
        Judge<T> judge;
        for (std::uint64_t block; (block = next++) < blocks;) {
            Source<T> source(2 + block);
            for (std::uint64_t i = 0; i < rounds; ++i)
                for (const auto terms : kinds_of_terms<T>) judge.try_all(terms(source));
        }
        const std::lock_guard lock(mutex);
        all.add(judge.counts());
    };
    std::vector<std::thread> threads(std::max(1u, std::thread::hardware_concurrency()));
    for (std::thread& thread : threads) thread = std::thread(work);
    for (std::thread& thread : threads) thread.join();
    return all;
}

template <class T>
void report(const char* type, std::uint64_t points) {
    const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    const auto began = std::chrono::steady_clock::now();
    const Counts counts = counts_of<T>(points);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf(
        "%s: %llu triples in %.0f s; two roundings get %llu wrong; results: %llu zero, "
        "%llu subnormal, %llu infinite, %llu NaN\n",
        type, number(counts.triples), took.count(), number(counts.rounded_twice),
        number(counts.zero), number(counts.subnormal), number(counts.infinite), number(counts.nan));
    const std::vector<std::string> names = Judge<T>::implementations();
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::printf("    %-9s %llu differences\n", names[i].c_str(), number(counts.differences[i]));
        checks::failures += counts.differences[i] != 0 ? 1 : 0;
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    constexpr std::string_view points_are = "--points=";
    bool floats = false, doubles = false;
    std::uint64_t points = 100'000'000;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "float32")
            floats = true;
        else if (word == "float64")
            doubles = true;
        else if (word.starts_with(points_are))
            points = std::strtoull(argv[i] + points_are.size(), nullptr, 10);
        else
            return std::printf("float32, float64 or --points=n, not '%s'\n", argv[i]), 2;
    }
    // With it, plain and sse2 would use the instruction that avx2 shows.
    kernels::has_fma_instruction = false;
    if (floats || !doubles) report<float>("float32", points);
    if (doubles || !floats) report<double>("float64", points);
    return checks::result();
}
