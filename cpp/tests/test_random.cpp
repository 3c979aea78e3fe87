// Philox against published vectors and NumPy's words; what is made of the words.
#include "wbcore/random.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "check.hpp"
#include "wbcore/held_out.hpp"

using namespace wbcore;

namespace {

void known_answers() {
    // kat_vectors of Random123: philox4x64 10, counter 0, key 0
    const Philox4x64Block zeros{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b,
                                0x7e68b68aec7ba23b};
    CHECK(philox4x64(0, 0, 0) == zeros);
    // numpy.random.Philox(key=[k0, k1], counter=0).random_raw(8)
    struct {
        std::uint64_t key0, key1, words[8];
    } const vectors[] = {
        {0,
         0,
         {0x02f4ba6408e4d89b, 0x3dd62b0b9ca8c5b2, 0x1c8667a55d902e79, 0x907d7a052fd5b4dc,
          0x809bf322883987c3, 0x471128b9e807f7dd, 0xf250ba0dbec065b7, 0xfc6ed66767a457bc}},
        {1,
         2,
         {0x4f2f4313b5536b09, 0x5b617be3219ff32a, 0x097293476f9275cb, 0xf63f3bf4962c3942,
          0x04dcc60473aa0f43, 0x6d905c9b986b0028, 0x559a6c953d16fe9d, 0xbd24fd1da9945eea}},
        {0x452821e638d01377,
         0xbe5466cf34e90c6c,
         {0x3d8caba218d43204, 0x394697b14a140ddf, 0x571179195a3d0477, 0x6a29b4f565664b0f,
          0xce8aabf1c1409fdd, 0x7d9bbe30ee34e55a, 0x1ff1aa48152253d1, 0x62a99f25cd220638}},
        {~std::uint64_t{0},
         ~std::uint64_t{0},
         {0x6d46cc0e71f0be7e, 0x924ea1693f9a8bc0, 0xfdc35f0198c91181, 0xb4a311f17aa6568d,
          0x67e12c1eff8de57e, 0x6877618422b87b0e, 0x0b6af2bc95a81510, 0x941b27e5d2440b04}},
        {7,
         shuffle_stream(3),
         {0xeac1dbf636675485, 0xef64deec814abe82, 0x437f65657b767db2, 0x956e22b6029111fc,
          0x576c3c0d0e549cf9, 0x75dfad13a7a52191, 0xa4e49b43389f5c1f, 0x86510c09e75c7c7e}}};
    for (const auto& [key0, key1, words] : vectors)
        for (std::uint64_t start = 0; start < 8; ++start) {
            PhiloxStream stream(key0, key1, start);
            for (std::uint64_t i = start; i < 8; ++i) CHECK_EQUAL(stream.next(), words[i]);
        }
}

// The word in the middle of nowhere is that of its block.
void far_indices() {
    const std::uint64_t index = (std::uint64_t{1} << 40) + 6;
    PhiloxStream stream(5, 6, index);
    CHECK_EQUAL(stream.next(), philox4x64(index / 4 + 1, 5, 6)[2]);
    CHECK_EQUAL(stream.next(), philox4x64(index / 4 + 1, 5, 6)[3]);
    CHECK_EQUAL(stream.next(), philox4x64(index / 4 + 2, 5, 6)[0]);
}

void streams_do_not_meet() {
    const std::uint64_t keys[] = {weight_stream(0), weight_stream(1),  bias_stream(0),
                                  bias_stream(1),   shuffle_stream(0), shuffle_stream(1)};
    std::vector<std::uint64_t> words;
    for (const std::uint64_t key : keys) words.push_back(PhiloxStream(0, key).next());
    std::sort(words.begin(), words.end());
    CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
}

// Every value of a small limit comes as often as the others; each is within 5 standard deviations.
void below_small_limits() {
    for (const std::uint64_t limit : {1u, 2u, 3u, 5u, 7u, 64u}) {
        const checks::Note note("limit", limit);
        constexpr int draws = 64000;
        std::vector<int> count(limit);
        PhiloxStream stream(1, limit);
        for (int i = 0; i < draws; ++i) {
            const std::uint64_t value = stream.below(limit);
            CHECK(value < limit);
            if (value < limit) ++count[value];
        }
        const double p = 1.0 / static_cast<double>(limit),
                     deviation = std::sqrt(draws * p * (1 - p));
        for (const int n : count) CHECK(std::abs(n - draws * p) <= 5 * deviation);
    }
}

// Limits near 2^64 reject up to half of the words. Lemire's rule in 32-bit pieces: high and low word of w * limit.
void below_large_limits() {
    const std::uint64_t one = 1;
    for (const std::uint64_t limit : {one << 32, (one << 32) + 1, (one << 63) - 1, one << 63,
                                      (one << 63) + 1, 3 * (one << 62), ~one, ~std::uint64_t{0}}) {
        const checks::Note note("limit", limit);
        PhiloxStream stream(2, 3), words(2, 3);
        int drawn = 0;
        double sum = 0;
        constexpr int draws = 4000;
        for (int i = 0; i < draws; ++i) {
            std::uint64_t high = 0, low = 0;
            do {
                const std::uint64_t w = words.next();
                const std::uint64_t wl = w & 0xffffffff, wh = w >> 32, ll = limit & 0xffffffff,
                                    lh = limit >> 32;
                const std::uint64_t middle = wh * ll + (wl * ll >> 32),
                                    other = wl * lh + (middle & 0xffffffff);
                high = wh * lh + (middle >> 32) + (other >> 32);
                low = w * limit;
                ++drawn;
            } while (low < (~limit + 1) % limit);
            CHECK_EQUAL(stream.below(limit), high);
            CHECK(high < limit);
            sum += static_cast<double>(high) / static_cast<double>(limit);
        }
        // the mean of uniform numbers, and how many words were taken for one
        CHECK(std::abs(sum / draws - 0.5) <= 5 * std::sqrt(1.0 / 12 / draws));
        const double accepted = 1 - static_cast<double>((~limit + 1) % limit) * 0x1p-64;
        CHECK(std::abs(drawn * accepted - draws) <=
              5 * std::sqrt(drawn * accepted * (1 - accepted)) + 1);
    }
}

void permutations() {
    for (const std::size_t n : {0u, 1u, 2u, 3u, 10u, 1000u}) {
        std::vector<std::int64_t> order(n, -1), again(n), later(n), other(n);
        shuffled_order(order, 11, 4);
        shuffled_order(again, 11, 4);
        shuffled_order(later, 11, 5);
        shuffled_order(other, 12, 4);
        CHECK(order == again);
        if (n >= 10) CHECK(order != later && order != other);
        // section 8, with the stream's own words
        PhiloxStream stream(11, shuffle_stream(4));
        std::vector<std::int64_t> expected(n);
        for (std::size_t i = 0; i < n; ++i) expected[i] = static_cast<std::int64_t>(i);
        for (std::size_t i = n; i-- > 1;) std::swap(expected[i], expected[stream.below(i + 1)]);
        CHECK(order == expected);
        std::sort(order.begin(), order.end());
        for (std::size_t i = 0; i < n; ++i) CHECK_EQUAL(order[i], static_cast<std::int64_t>(i));
    }
}

// All 24 orders of four rows come about equally often.
void permutations_are_uniform() {
    std::vector<int> count(256);
    constexpr int epochs = 24000;
    for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
        std::vector<std::int64_t> order(4);
        shuffled_order(order, 1, epoch);
        std::int64_t code = 0;
        for (const std::int64_t i : order) code = 4 * code + i;
        ++count[static_cast<std::size_t>(code)];
    }
    CHECK_EQUAL(std::count_if(count.begin(), count.end(), [](int n) { return n > 0; }), 24);
    for (const int n : count) CHECK(n == 0 || std::abs(n - 1000) <= 5 * std::sqrt(1000.0));
}

void uniform_numbers() {
    PhiloxStream stream(3, 0), words(3, 0);
    for (int i = 0; i < 1000; ++i) {
        const double u = stream.uniform();
        CHECK(u >= 0 && u < 1);
        CHECK_BITS(u, std::ldexp(static_cast<double>(words.next() >> 11), -53));
    }
}

// The distribution function at the quantile gives u back. Its relative error is that of x times x * phi / Phi,
// at most x^2 + 1: 74 in the tail of 2^-53.
void quantiles() {
    for (const double u : {0x1p-53, 1e-15, 1e-10, 1e-5, 0.01, 0.0749, 0.0751, 0.2, 0.4, 0.4999}) {
        const checks::Note note("u", u);
        const double x = normal_quantile(u);
        const double back = 0.5 * std::erfc(-x / std::sqrt(2.0));
        CHECK(std::abs(back / u - 1) <= 4e-16 * 2 * (x * x + 1));
        if (u >= 0.01) CHECK(std::abs(normal_quantile(1 - u) + x) <= 1e-15 * 8);
    }
    CHECK_EQUAL(normal_quantile(0.5), 0.0);
    CHECK(std::abs(normal_quantile(0.975) - 1.959963984540054) <= 1e-15);
    CHECK(std::isfinite(normal_quantile(1 - 0x1p-53)));
    PhiloxStream stream(4, 0);
    double sum = 0, squares = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const double x = stream.standard_normal();
        sum += x;
        squares += x * x;
    }
    CHECK(std::abs(sum / n) <= 5 / std::sqrt(1.0 * n));
    CHECK(std::abs(squares / n - 1) <= 5 * std::sqrt(2.0 / n));
}

// Whole parts, of every class its share to less than one row more or less.
void held_out() {
    CHECK_EQUAL(held_out_count(10, 0.25), 3u);
    CHECK_EQUAL(held_out_count(10, 1e-9), 1u);
    CHECK_EQUAL(held_out_count(10, 0.999), 9u);
    for (const std::size_t n : {2u, 3u, 100u, 1001u})
        for (const double fraction : {0.01, 0.3, 0.5, 0.95}) {
            std::vector<std::int64_t> classes(n);
            for (std::size_t r = 0; r < n; ++r)
                classes[r] = static_cast<std::int64_t>(r * r % 7 % 3);
            const std::size_t count = held_out_count(n, fraction);
            const HeldOut rows = held_out_rows(n, count, 5, classes);
            CHECK_EQUAL(rows.validation.size(), count);
            CHECK_EQUAL(rows.training.size(), n - count);
            CHECK(std::ranges::is_sorted(rows.training) && std::ranges::is_sorted(rows.validation));
            std::vector<std::int64_t> both;
            std::ranges::merge(rows.training, rows.validation, std::back_inserter(both));
            for (std::size_t r = 0; r < n; ++r) CHECK_EQUAL(both[r], static_cast<std::int64_t>(r));
            for (std::int64_t c = 0; c < 3; ++c) {
                const auto is_c = [&](std::int64_t row) {
                    return classes[static_cast<std::size_t>(row)] == c;
                };
                const auto of_class = static_cast<double>(std::ranges::count(classes, c));
                const auto held = static_cast<double>(std::ranges::count_if(rows.validation, is_c));
                const double share = of_class * static_cast<double>(count) / static_cast<double>(n);
                CHECK(std::abs(held - share) < 1);
            }
        }
}

}  // namespace

int main() {
    known_answers();
    far_indices();
    streams_do_not_meet();
    below_small_limits();
    below_large_limits();
    permutations();
    permutations_are_uniform();
    uniform_numbers();
    quantiles();
    held_out();
    return checks::result();
}
