// The fused multiply-add of every instruction set, and our own of whole numbers, against an oracle: one rounding, at any
// size of numbers. test_fma 1000 runs a thousand times as many.
#include <algorithm>
#include <bit>
#include <cstdlib>

#include "fma_of_integers.hpp"
#include "fma_terms.hpp"
#include "kernels/fma.hpp"
#include "tables.hpp"

using namespace tests;

namespace {

// The bits of a NaN are not promised.
template <class T>
bool same_number(T a, T b) {
    return checks::same_bits(a, b) || (a != a && b != b);
}

template <class T>
void check(T found, T expected, const char* by, T a, T b, T c) {
    if (same_number(found, expected)) return;
    const checks::Note which("computed by", by), of_a("a", checks::shown(a)),
        of_b("b", checks::shown(b)), of_c("c", checks::shown(c));
    CHECK_BITS(found, expected);
}

// Our own, and what single numbers get.
template <class T>
void check_single(T a, T b, T c, T expected) {
    check(kernels::fma_exact(a, b, c), expected, "fma_exact", a, b, c);
    check(kernels::fma(a, b, c), expected, "fma", a, b, c);
}

// Whole vectors, and each number alone: a vector that takes more care for one of its lanes does so for all.
template <class T>
void check_tables(const Terms<T>& t,
                  const T* expected,
                  const std::vector<const KernelTable<T>*>& tables) {
    for (const KernelTable<T>* table : tables) {
        T together[length], alone[length];
        std::copy_n(t.c, length, together);
        std::copy_n(t.c, length, alone);
        table->add_scaled(together, t.b, t.a, length);
        for (std::size_t i = 0; i < length; ++i) {
            table->add_scaled(&alone[i], &t.b[i], t.a, 1);
            check(together[i], expected[i], table->isa, t.a, t.b[i], t.c[i]);
            check(alone[i], expected[i], table->isa, t.a, t.b[i], t.c[i]);
        }
    }
}

// As this processor does it, and as if it had no instruction.
template <class F>
void with_and_without_instruction(F body) {
    const bool found = kernels::has_fma_instruction;
    for (const bool has : {found, false}) {
        const checks::Note note("instruction", has);
        kernels::has_fma_instruction = has;
        body();
    }
    kernels::has_fma_instruction = found;
}

template <class T>
void drawn(std::size_t rounds) {
    const std::vector<const KernelTable<T>*> tables = kernels::available_tables<T>();
    Source<T> source(1);
    for (std::size_t i = 0; i < rounds; ++i)
        for (const auto terms : kinds_of_terms<T>) {
            const Terms<T> t = terms(source);
            T expected[length];
            for (std::size_t k = 0; k < length; ++k)
                expected[k] = fma_of_integers(t.a, t.b[k], t.c[k]);
            with_and_without_instruction([&] {
                for (std::size_t k = 0; k < length; ++k)
                    check_single(t.a, t.b[k], t.c[k], expected[k]);
                check_tables(t, expected, tables);
            });
        }
}

template <class T>
struct Known {
    Bits<T> a, b, c, result;
};

// What C libraries get wrong: a sum half-way but for a tiny, cancelled far down, beside the largest number, subnormal, and
// zeros with a sign.
constexpr Known<float> known_floats[] = {
    {0x97000800, 0x1cfff001, 0x00010002, 0x00010001},
    {0xd58ceec0, 0x34670000, 0x980645fc, 0xca7e56df},
    {0x3f7288d0, 0x34f91a50, 0xbe7916c0, 0xbe7916a3},
    {0x4b7fffff, 0x4d800002, 0x427e0000, 0x59800001},
    {0x7f7fffff, 0x40000000, 0xff7fffff, 0x7f7fffff},
    {0xbf800000, 0x3f800000, 0x3f800000, 0x00000000},  // -1 * 1 + 1
    {0x00800000, 0x3f000000, 0x00000000, 0x00400000},  // a subnormal result, exact
    {0x00000001, 0x3f000000, 0x00000000, 0x00000000},  // half of the least: to even
    {0x00000003, 0x3f000000, 0x80000000, 0x00000002},  // one and a half of it: to even
    {0x00000001, 0x80000001, 0x00000000,
     0x80000000},  // far below it: a zero with the sign of the product
    {0x00000001, 0x80000001, 0x80000000, 0x80000000},
    {0x00000000, 0x80000000, 0x80000000, 0x80000000},  // -0 + -0
    {0x00000000, 0x80000000, 0x00000000, 0x00000000},  // -0 + 0
    {0x7f7fffff, 0x40000000, 0xff800000, 0xff800000},  // a product beyond the range and -infinity
    {0x7f7fffff, 0x3f800000, 0x73000000,
     0x7f800000},  // the largest number and half a unit: infinite
    {0x7f7fffff, 0x3f800000, 0x72ffffff, 0x7f7fffff},  // a little less
    {0x7f800000, 0x00000000, 0x3f800000, 0x7fc00000},  // infinity * 0
    {0x7f800000, 0x3f800000, 0xff800000, 0x7fc00000},  // infinity - infinity
};
constexpr Known<double> known_doubles[] = {
    {0x3ff0000000000001, 0x3ff8000000000000, 0xbcb0000000000000, 0x3ff8000000000000},
    {0xbff0000000000000, 0x3ff0000000000000, 0x3ff0000000000000, 0x0000000000000000},
    // 1e-300 * -1e-300 + 0
    {0x01a56e1fc2f8f359, 0x81a56e1fc2f8f359, 0x0000000000000000, 0x8000000000000000},
    {0x3ff0000000000001, 0x3ff0000000000000, 0x3c9ffc0000000000, 0x3ff0000000000001},
    {0x0010000000000000, 0x3fe0000000000000, 0x0000000000000000, 0x0008000000000000},
    {0x0000000000000001, 0x3fe0000000000000, 0x0000000000000000, 0x0000000000000000},
    {0x0000000000000003, 0x3fe0000000000000, 0x8000000000000000, 0x0000000000000002},
    // (1 + 2^-52) (1 - 2^-53) 2^-1075 is half of the least number and a little more, then a little less
    {0x1cf0000000000001, 0x1fbfffffffffffff, 0x0010000000000000, 0x0010000000000001},
    {0x1cf0000000000000, 0x1fbfffffffffffff, 0x0010000000000001, 0x0010000000000001},
    {0x0000000000000001, 0x8000000000000001, 0x8000000000000000, 0x8000000000000000},
    {0x0000000000000000, 0x8000000000000000, 0x8000000000000000, 0x8000000000000000},
    {0x0000000000000000, 0x8000000000000000, 0x0000000000000000, 0x0000000000000000},
    {0x7fefffffffffffff, 0x4000000000000000, 0xffefffffffffffff, 0x7fefffffffffffff},
    {0x7fefffffffffffff, 0x4000000000000000, 0xfff0000000000000, 0xfff0000000000000},
    {0x7fefffffffffffff, 0x3ff0000000000000, 0x7c90000000000000, 0x7ff0000000000000},
    {0x7fefffffffffffff, 0x3ff0000000000000, 0x7c8fffffffffffff, 0x7fefffffffffffff},
    {0x7ff0000000000000, 0x0000000000000000, 0x3ff0000000000000, 0x7ff8000000000000},
    {0x7ff0000000000000, 0x3ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000},
};

template <class T, std::size_t N>
void known_answers(const Known<T> (&answers)[N]) {
    for (const auto& [of_a, of_b, of_c, result] : answers) {
        const T a = std::bit_cast<T>(of_a), b = std::bit_cast<T>(of_b), c = std::bit_cast<T>(of_c),
                expected = std::bit_cast<T>(result);
        check(fma_of_integers(a, b, c), expected, "the oracle", a, b, c);
        Terms<T> t;
        t.a = a;
        std::fill_n(t.b, length, b);
        std::fill_n(t.c, length, c);
        const std::vector<T> all(length, expected);
        with_and_without_instruction([&] {
            check_single(a, b, c, expected);
            check_tables(t, all.data(), kernels::available_tables<T>());
        });
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t times = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
    known_answers(known_floats);
    known_answers(known_doubles);
    drawn<float>(1000 * times);
    drawn<double>(1000 * times);
    return checks::result();
}
