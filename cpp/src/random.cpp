#include "wbcore/random.hpp"

#include <cmath>
#include <utility>

#include "kernels/fma.hpp"
#include "kernels/kernel_table.hpp"
#include "philox.hpp"

namespace wbcore {

namespace {

template <std::size_t N>
double horner(double x, const double (&c)[N]) {
    double p = c[N - 1];
    for (std::size_t i = N - 1; i > 0; --i) p = kernels::fma(p, x, c[i - 1]);
    return p;
}

// Wichura's coefficients, in ascending powers: the centre, the shoulders, the tails.
constexpr double centre_numerator[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                       1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                       4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr double centre_denominator[] = {1,
                                         4.2313330701600911252e+1,
                                         6.8718700749205790830e+2,
                                         5.3941960214247511077e+3,
                                         2.1213794301586595867e+4,
                                         3.9307895800092710610e+4,
                                         2.8729085735721942674e+4,
                                         5.2264952788528545610e+3};
constexpr double shoulder_numerator[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                         5.76949722146069140550e0,  3.64784832476320460504e0,
                                         1.27045825245236838258e0,  2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double shoulder_denominator[] = {1,
                                           2.05319162663775882187e0,
                                           1.67638483018380384940e0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
constexpr double tail_numerator[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                     1.78482653991729133580e0,  2.96560571828504891230e-1,
                                     2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                     2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double tail_denominator[] = {1,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};

}  // namespace

Philox4x64Block philox4x64(std::uint64_t counter,
                           std::uint64_t key0,
                           std::uint64_t key1,
                           std::uint64_t part) {
    return philox_block({counter, part, 0, 0}, key0, key1);
}

std::uint64_t PhiloxStream::next() {
    const std::uint64_t block = index_ / 4;
    if (block != block_number_) {
        block_ = philox4x64(block + 1, key0_, key1_, part_);
        block_number_ = block;
    }
    return block_[index_++ % 4];
}

std::uint64_t PhiloxStream::below(std::uint64_t limit) {
    const std::uint64_t rejected = (0 - limit) % limit;
    for (;;) {
        const Halves m = multiply(next(), limit);
        if (m.low >= rejected) return m.high;
    }
}

double PhiloxStream::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double PhiloxStream::standard_normal() {
    return normal_quantile(static_cast<double>(2 * (next() >> 12) + 1) * 0x1p-53);
}

void permute(std::span<std::int64_t> order,
             std::uint64_t seed,
             std::uint64_t stream_of_seed,
             const InterruptCheck& interrupted,
             std::uint64_t part) {
    constexpr std::size_t between_checks = std::size_t(1) << 20;  // some hundredths of a second
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::int64_t>(i);
        if (i % between_checks == between_checks - 1) stop_if(interrupted);
    }
    PhiloxStream stream(seed, stream_of_seed, 0, part);
    for (std::size_t i = order.size(); i > 1; --i) {
        std::swap(order[i - 1], order[stream.below(i)]);
        if (i % between_checks == 0) stop_if(interrupted);
    }
}

void shuffled_order(std::span<std::int64_t> order,
                    std::uint64_t seed,
                    std::uint64_t epoch,
                    const InterruptCheck& interrupted) {
    permute(order, seed, shuffle_stream(epoch), interrupted);
}

double normal_quantile(double u) {
    const double q = u - 0.5;
    if (std::abs(q) <= 0.425) {
        const double r = kernels::fma(-q, q, 0.180625);
        return q * horner(r, centre_numerator) / horner(r, centre_denominator);
    }
    double log = q < 0 ? u : 1 - u;
    kernels::table<double>().function(kernels::Function::log, &log, &log, 1);
    const double r = std::sqrt(-log);
    const double x =
        r <= 5 ? horner(r - 1.6, shoulder_numerator) / horner(r - 1.6, shoulder_denominator)
               : horner(r - 5, tail_numerator) / horner(r - 5, tail_denominator);
    return q < 0 ? -x : x;
}

}  // namespace wbcore
