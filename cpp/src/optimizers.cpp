#include "wbcore/optimizers.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <string>

#include "destination.hpp"
#include "power.hpp"

namespace wbcore {

namespace {

// Of numbers that are known to be allowed; a rate that a schedule made small may become 0.
template <class T>
std::array<T, Numbers::most> converted(const Named<Optimizer>& rule) {
    std::array<T, Numbers::most> numbers{};
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<T>(rule[i]);
    return numbers;
}

// log of the binary64 number 0.96, from which NAdam's momentum grows.
constexpr double log_of_096 = -0x1.4e69ed6d80eb3p-5;

// What NAdam's momentum is in a step, and the product of those of all steps up to it, both without beta1.
class NAdamMomentum {
public:
    NAdamMomentum(double beta1, double momentum_decay) : beta1_(beta1) {
        const double exponent = momentum_decay * log_of_096;
        kernels::table<double>().function(kernels::Function::exp, &share_, &exponent, 1);
    }
    double at(std::uint64_t step) const { return beta1_ * (1 - 0.5 * power(share_, step)); }
    // Some hundred factors at most count: then the product is nothing beside 1, or the others are all beta1.
    double product(std::uint64_t steps) const {
        double product = 1, share = share_;
        for (std::uint64_t step = 1; step <= steps; ++step, share = share * share_) {
            if (product < negligible) break;
            if (share < negligible) return product * power(beta1_, steps - step + 1);
            product = product * (beta1_ * (1 - 0.5 * share));
        }
        return product;
    }

private:
    static constexpr double negligible = 0x1p-60;
    double beta1_, share_ = 0;
};

// How much of the parameter each step takes from it, or gives to its gradient.
template <class T>
T decay_of(const Named<Optimizer>& rule, double rate, bool decays) {
    const double decay = decays ? rule.at("weight_decay") : 0;
    return static_cast<T>(rule.info().decouples ? -(rate * decay) : decay);
}

// The numbers that are the same in each step of one rate, in the order in which the rule's struct in kernels/optimizers.hpp names them.
template <class T>
kernels::Update<T> numbers_of(const Named<Optimizer>& rule, T decay) {
    const auto n = converted<T>(rule);
    kernels::Update<T> update;
    update.stores = false;
    update.rule = rule.kind;
    auto set = [&](std::initializer_list<T> numbers) {
        std::copy(numbers.begin(), numbers.end(), update.numbers);
    };
    auto rest = [&](std::size_t number) { return static_cast<T>(1 - rule[number]); };
    switch (rule.kind) {
        case Optimizer::sgd:
            set({n[0], n[1], decay, n[2]});
            break;
        case Optimizer::adam:
        case Optimizer::adamw:
            set({n[0], n[1], rest(1), n[2], rest(2), T(1), n[3], decay});
            break;
        case Optimizer::rmsprop:
            set({n[0], decay, n[1], rest(1), n[2], n[3], n[4]});
            break;
        case Optimizer::nadam:
            set({T(0), decay, n[1], rest(1), n[2], rest(2), T(1), n[3], T(0)});
            break;
        case Optimizer::adagrad:
            set({n[0], decay, n[3]});
            break;
        case Optimizer::rprop:
            set({T(0), decay, n[1], n[2], n[3], n[4]});
            break;
        case Optimizer::lion:
            set({n[0], decay, n[1], rest(1), n[2], rest(2)});
            break;
    }
    return update;
}

// Whether the rule stands in the code of every tile.
bool is_common(Optimizer rule) {
    return rule == Optimizer::sgd || rule == Optimizer::adam || rule == Optimizer::adamw;
}

// What l1 or l2 is in a step on rows that count so much together: of a sum of no losses nothing.
template <class T>
T penalty_of(const OptimizerSettings& settings, double penalty, double weight) {
    if (!settings.penalty_of_sum) return static_cast<T>(penalty);
    return weight == 0 ? T(0) : static_cast<T>(penalty / weight);
}

template <class T>
kernels::Update<T> update_of(const OptimizerSettings& settings, double weight, bool decays) {
    const Named<Optimizer>& rule = settings.rule;
    T decay = decay_of<T>(rule, rule[0], decays),
      l2 = decays ? penalty_of<T>(settings, settings.l2, weight) : T(0);
    // Of a coupled rule either is the same operation at the same place.
    if (decay == 0 && !rule.info().decouples) std::swap(decay, l2);
    kernels::Update<T> update = numbers_of<T>(rule, decay);
    update.clip_value = static_cast<T>(settings.clip_value);
    update.l1 = decays ? penalty_of<T>(settings, settings.l1, weight) : T(0);
    update.l2 = l2;
    update.is_general = !is_common(rule.kind) || update.clip_value != 0 || update.l1 != 0 ||
                        update.l2 != 0 || settings.clip_norm != 0;
    return update;
}

// Whether a step has numbers of its own.
bool changes_by_step(Optimizer rule) {
    return rule == Optimizer::adam || rule == Optimizer::adamw || rule == Optimizer::nadam ||
           rule == Optimizer::adagrad;
}

// Those that are other ones in each step, the same for weights and biases.
template <class T>
void at_step(kernels::Update<T>& weights,
             kernels::Update<T>& biases,
             const Named<Optimizer>& rule,
             std::uint64_t step) {
    auto set = [&](std::size_t number, double value) {
        weights.numbers[number] = biases.numbers[number] = static_cast<T>(value);
    };
    const double rate = rule[0];
    switch (rule.kind) {
        case Optimizer::sgd:
        case Optimizer::rmsprop:
        case Optimizer::rprop:
        case Optimizer::lion:
            return;
        case Optimizer::adam:
        case Optimizer::adamw: {
            const double rest = 1 - power(rule[1], step),
                         root = std::sqrt(1 - power(rule[2], step));
            // with epsilon_hat the rate has both, and root stays 1, by which nothing changes
            const bool corrects_rate = rule[5] != 0;
            set(0, (corrects_rate ? rate * root : rate) / rest);
            if (!corrects_rate) set(5, root);
            return;
        }
        case Optimizer::nadam: {
            const NAdamMomentum momentum(rule[1], rule[4]);
            const double now = momentum.at(step), next = momentum.at(step + 1),
                         product = momentum.product(step);
            set(0, rate * (1 - now) / (1 - product));
            set(6, std::sqrt(1 - power(rule[2], step)));
            set(8, rate * next / (1 - product * next));
            return;
        }
        case Optimizer::adagrad:
            set(0, rate / (1 + static_cast<double>(step - 1) * rule[1]));
            return;
    }
}

// What one number asks of another.
void require_consistent(const Named<Optimizer>& rule) {
    if (rule.kind == Optimizer::sgd && rule.at("nesterov") != 0 && rule.at("momentum") == 0)
        throw ChoiceError("expected momentum of sgd to be above 0 with nesterov, got 0");
    if (rule.kind == Optimizer::rprop && rule.at("min_step") > rule.at("max_step"))
        throw ChoiceError("expected min_step of rprop to be at most max_step, got more");
}

// Each option in T, as the numbers of the rule are.
template <class T>
void require_options(const OptimizerSettings& settings) {
    const double values[] = {
        settings.l1,        settings.l2,         settings.penalty_of_sum ? 1. : 0.,
        settings.clip_norm, settings.clip_value, settings.max_norm};
    for (std::size_t i = 0; i < optimizer_options.size(); ++i) {
        if (values[i] == 0) continue;
        std::array<double, Numbers::most> one{values[i]};
        (void)detail::rounded<T>(Row{settings.rule.name(), {optimizer_options[i]}}, one);
    }
}

template <class T>
void require_sizes(std::size_t parameters,
                   std::span<const T> gradients,
                   const OptimizerState<T>& state,
                   const Named<Optimizer>& rule) {
    const std::string expected = "[step] expected " + std::to_string(parameters) + " ";
    if (gradients.size() != parameters)
        throw std::invalid_argument(expected + "gradients, got " +
                                    std::to_string(gradients.size()));
    for (std::size_t k = 0; k < state_count(rule); ++k)
        if (state.arrays[k].size() != parameters)
            throw std::invalid_argument(expected + "numbers of " +
                                        std::string(state_info(rule, k).name) + ", got " +
                                        std::to_string(state.arrays[k].size()));
}

}  // namespace

template <class T>
void require_allowed(const OptimizerSettings& settings) {
    (void)rounded<T>(settings.rule);
    require_consistent(settings.rule);
    if (settings.schedule) require_allowed(*settings.schedule);
    if (settings.rate && !rate_at_least_zero.contains(*settings.rate))
        throw ChoiceError("expected the rate of a step to be " +
                          std::string(rate_at_least_zero.text));
    require_options<T>(settings);
}

template <class T>
T clip_factor(double squares, double clip_norm) {
    const double norm = std::sqrt(squares);
    const bool clips = norm > clip_norm && std::isfinite(norm);
    return clips ? static_cast<T>(clip_norm / norm) : T(1);
}

template <class T>
StepRule<T>::StepRule(const OptimizerSettings& settings)
    : settings_((require_allowed<T>(settings), settings)),
      limits_weights_(settings.max_norm != 0),
      takes_norms_(limits_weights_ || settings.clip_norm != 0) {
    set_rate(settings.rate.value_or(settings.rule[0]));
}

template <class T>
void StepRule<T>::set_rate(double rate) {
    settings_.rule.numbers[0] = rate;
    weights_ = update_of<T>(settings_, weight_, true);
    biases_ = update_of<T>(settings_, weight_, settings_.decay_biases);
}

template <class T>
void StepRule<T>::begin(std::uint64_t step, double weight, std::uint64_t reductions) {
    if (settings_.penalty_of_sum) weight_ = weight;
    if (settings_.schedule)
        set_rate(rate_at(*settings_.schedule, step, reductions));
    else if (settings_.penalty_of_sum)
        set_rate(rate());
    if (!changes_by_step(settings_.rule.kind)) return;
    at_step(weights_, biases_, settings_.rule, step);
}

template <class T>
PackedOptimizer<T>::PackedOptimizer(const OptimizerSettings& settings,
                                    const PackedNetwork<T>& network,
                                    const OptimizerState<T>& state)
    : rule_(settings), steps_(state.steps), reductions_(state.observations.reductions) {
    for (std::size_t k = 0; k < state_count(settings.rule); ++k) {
        names_[k] = state_info(settings.rule, k).name;
        states_[k] = network.more(k).view();
        states_[k].pack(state.arrays[k]);
    }
}

template <class T>
void PackedOptimizer<T>::set_from_next_step(const OptimizerSettings& settings) {
    for (std::size_t k = 0; k < state_count(settings.rule); ++k)
        if (names_[k] != state_info(settings.rule, k).name)
            throw ChoiceError("expected " + std::string(settings.rule.name()) +
                              " to need no other states within an epoch, got " +
                              std::string(state_info(settings.rule, k).name));
    next_.emplace(settings);
}

template <class T>
void PackedOptimizer<T>::unpack(OptimizerState<T>& state) const {
    for (std::size_t k = 0; k < states_.size(); ++k)
        if (!states_[k].empty()) states_[k].unpack(state.arrays[k]);
    state.steps = steps_;
}

namespace {

// f(layer, where its weights are in an array laid out like the parameters), for the layers that are trained.
template <class F>
void for_each_trained(const std::vector<Dense>& layers, F f) {
    std::size_t at = 0;
    for (const Dense& layer : layers) {
        if (layer.trainable) f(layer, at);
        at += layer.parameters();
    }
}

// Row after row, and the biases as one more.
template <class T>
double sum_of_squares(const std::vector<Dense>& layers, const T* gradients, T clip_value) {
    double sum = 0;
    auto add = [&](const T* first, std::size_t rows, std::size_t cols) {
        constexpr std::size_t at_once = 64;
        double squares[at_once];
        for (std::size_t row = 0; row < rows; row += at_once) {
            const std::size_t n = std::min(at_once, rows - row);
            kernels::table<T>().row_squares(
                squares, {first + row * cols, n, cols, cols, panel_width<T>}, clip_value);
            for (std::size_t i = 0; i < n; ++i) sum += squares[i];
        }
    };
    for_each_trained(layers, [&](const Dense& layer, std::size_t at) {
        add(gradients + at, layer.inputs, layer.outputs);
        add(gradients + at + layer.weights(), layer.bias ? 1 : 0, layer.outputs);
    });
    return sum;
}

}  // namespace

template <class T>
void step(Network<T>& network,
          std::span<const T> gradients,
          OptimizerState<T>& state,
          const OptimizerSettings& settings,
          double weight) {
    StepRule<T> rule(settings);
    require_sizes<T>(network.parameters().size(), gradients, state, settings.rule);
    rule.begin(state.steps + 1, weight, state.observations.reductions);
    const std::vector<Dense>& layers = network.layers();
    if (settings.clip_norm != 0)
        rule.scale(
            clip_factor<T>(sum_of_squares(layers, gradients.data(), rule.weights().clip_value),
                           settings.clip_norm));
    const kernels::KernelTable<T>& table = kernels::table<T>();
    const std::unique_lock writing(network.lock());
    T* const parameters = network.parameters().data();
    auto update = [&](const kernels::Update<T>& how, std::size_t at, std::size_t n) {
        T* states[OptimizerInfo::most_states] = {};
        for (std::size_t k = 0; k < state_count(settings.rule); ++k)
            states[k] = state.arrays[k].data() + at;
        table.update(how, parameters + at, states, gradients.data() + at, n);
    };
    for_each_trained(layers, [&](const Dense& layer, std::size_t at) {
        update(rule.weights(), at, layer.weights());
        update(rule.biases(), at + layer.weights(), layer.biases());
        if (settings.max_norm == 0) return;
        const Panels<T> w{parameters + at, layer.inputs, layer.outputs, layer.outputs,
                          panel_width<T>};
        table.limit_columns(w, {0, w.count()}, settings.max_norm);
    });
    ++state.steps;
}

template float clip_factor(double, double);
template double clip_factor(double, double);
template class StepRule<float>;
template class StepRule<double>;
template class PackedOptimizer<float>;
template class PackedOptimizer<double>;
template void require_allowed<float>(const OptimizerSettings&);
template void require_allowed<double>(const OptimizerSettings&);
template void step(Network<float>&,
                   std::span<const float>,
                   OptimizerState<float>&,
                   const OptimizerSettings&,
                   double);
template void step(Network<double>&,
                   std::span<const double>,
                   OptimizerState<double>&,
                   const OptimizerSettings&,
                   double);

}  // namespace wbcore
