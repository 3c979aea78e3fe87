// The committed vectors of the arithmetic contract (conformance/vectors), for every kernel table of this machine and in every
// lane. Those about whole networks are asked from Python (conformance/core.py).
#include <algorithm>
#include <bit>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "destination.hpp"
#include "tables.hpp"
#include "wbcore/initializers.hpp"
#include "wbcore/losses.hpp"
#include "wbcore/random.hpp"

using namespace tests;

namespace {

using Words = std::vector<std::string>;

// More than a vector of any instruction set, so that each lane and a part of a vector have their turn.
constexpr std::size_t copies = 37;

std::set<Initializer> initializers_asked;

std::uint64_t whole(const std::string& word) { return std::stoull(word, nullptr, 16); }

template <class T>
T number(const std::string& word) {
    if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(static_cast<std::uint32_t>(whole(word)));
    else
        return std::bit_cast<T>(whole(word));
}

template <class T>
std::vector<T> numbers(const Words& words, std::size_t first, std::size_t last) {
    std::vector<T> values;
    for (std::size_t i = first; i < last; ++i) values.push_back(number<T>(words[i]));
    return values;
}

// A choice in the words of a line: its name, then the bits of its numbers in binary64 where they are not the defaults.
template <class Kind>
Named<Kind> chosen(const std::string& word) {
    const std::string name = word.substr(0, word.find(':'));
    Named<Kind> choice = parse<Kind>("a choice", name);
    if (name == word) return choice;
    std::istringstream bits(word.substr(name.size() + 1));
    std::size_t i = 0;
    for (std::string one; std::getline(bits, one, ',');) choice.numbers[i++] = number<double>(one);
    return choice;
}

template <class T>
void check_copies(const std::vector<T>& values, const std::string& expected) {
    const std::vector<T> wanted(values.size(), number<T>(expected));
    CHECK_ARRAYS(values.data(), wanted.data(), values.size());
}

// The questions of one format, to one table. `q` is the question with its format left out.
template <class T>
struct Asked {
    const KernelTable<T>& table;
    const Words& q;
    const Words& answer;

    void fma() const {
        // y = fma(scale, x, y)
        std::vector<T> x(copies, number<T>(q[2])), y(copies, number<T>(q[3]));
        table.add_scaled(y.data(), x.data(), number<T>(q[1]), copies);
        check_copies(y, answer[0]);
    }

    void function() const {
        const std::vector<T> x(copies, number<T>(q[2]));
        std::vector<T> y(copies);
        constexpr std::pair<const char*, kernels::Function> functions[] = {
            {"exp", kernels::Function::exp},
            {"expm1", kernels::Function::expm1},
            {"log", kernels::Function::log},
            {"log1p", kernels::Function::log1p},
            {"sqrt", kernels::Function::sqrt}};
        const auto found = std::find_if(std::begin(functions), std::end(functions),
                                        [this](const auto& entry) { return q[1] == entry.first; });
        if (found != std::end(functions))
            table.function(found->second, y.data(), x.data(), copies);
        else
            table.activate(activation_of<T>(chosen<Activation>(q[1])), y.data(), x.data(), copies);
        check_copies(y, answer[0]);
    }

    void forward() const {
        if (q[1] == "softmax") return softmax();
        const std::vector<T> z(copies, number<T>(q[2]));
        std::vector<T> a(copies);
        table.activate(activation_of<T>(chosen<Activation>(q[1])), a.data(), z.data(), copies);
        check_copies(a, answer[0]);
    }

    void softmax() const {
        const std::vector<T> z = numbers<T>(q, 2, q.size());
        const Packed<T> m(1, z.size());
        for (std::size_t k = 0; k < z.size(); ++k) m(0, k) = z[k];
        table.softmax(m(), m());
        for (std::size_t k = 0; k < z.size(); ++k) CHECK_BITS(m(0, k), number<T>(answer[k]));
    }

    void backward() const {
        if (q[1] == "softmax") return softmax_backward();
        const ActivationOf<T> activation = activation_of<T>(chosen<Activation>(q[1]));
        const std::vector<T> z(copies, number<T>(q[2]));
        std::vector<T> a(copies), dz(copies, number<T>(q[3]));
        table.activate(activation, a.data(), z.data(), copies);
        table.activate_backward(activation, dz.data(), a.data(), z.data(), copies);
        check_copies(dz, answer[0]);
    }

    void softmax_backward() const {
        const std::size_t n = (q.size() - 2) / 2;
        const Packed<T> a(1, n), dz(1, n);
        for (std::size_t k = 0; k < n; ++k) {
            a(0, k) = number<T>(q[2 + k]);
            dz(0, k) = number<T>(q[2 + n + k]);
        }
        table.softmax(a(), a());
        table.softmax_backward(dz(), a());
        for (std::size_t k = 0; k < n; ++k)
            CHECK_BITS(T(0) + dz(0, k), number<T>(answer[k]));  // as gradients of biases
    }

    void loss() const {
        const std::size_t outputs = whole(q[2]), rows = (q.size() - 3) / 2 / outputs;
        const Packed<T> y(rows, outputs), t(rows, outputs), dz(rows, outputs);
        for (std::size_t i = 0; i < rows * outputs; ++i) {
            y(i / outputs, i % outputs) = number<T>(q[3 + i]);
            t(i / outputs, i % outputs) = number<T>(q[3 + rows * outputs + i]);
        }
        const Named<Loss> loss = chosen<Loss>(q[1]);
        const auto numbers_of_loss = rounded<T>(loss);
        const double n = mean_count(loss, rows, outputs);
        AlignedBuffer<T> row_losses(rows);
        table.loss({.loss = loss.kind,
                    .row_losses = row_losses.data(),
                    .dz = dz(),
                    .z = y(),
                    .y = y(),
                    .t = t(),
                    .labels = nullptr,
                    .numbers = {numbers_of_loss[0], numbers_of_loss[1]},
                    .mean_count = static_cast<T>(n),
                    .gradient = true});
        // so few rows are one leaf
        T sum = 0;
        for (std::size_t r = 0; r < rows; ++r) sum = sum + row_losses[r];
        CHECK_BITS(static_cast<double>(sum) / n, number<double>(answer[0]));
        for (std::size_t i = 0; i < rows * outputs; ++i)
            CHECK_BITS(dz(i / outputs, i % outputs), number<T>(answer[1 + i]));
    }

    // update OPTIMIZER step w g STATE.. decayed
    void update() const {
        const OptimizerSettings settings{chosen<Optimizer>(q[1]), q.back() == "1"};
        if (vanishes(settings.rule)) {
            CHECK_THROWS(ChoiceError, "in float32", StepRule<T>{settings});
            return;
        }
        StepRule<T> rule(settings);
        rule.begin(whole(q[2]));
        std::vector<T> w(copies, number<T>(q[3])), states[OptimizerInfo::most_states];
        const std::vector<T> g(copies, number<T>(q[4]));
        T* places[OptimizerInfo::most_states] = {};
        for (std::size_t k = 0, needed = 0; k + 6 < q.size(); ++k) {
            states[k].assign(copies, number<T>(q[5 + k]));
            if (needs(settings.rule, settings.rule.info().states[k]))
                places[needed++] = states[k].data();
        }
        table.update(rule.biases(), w.data(), places, g.data(), copies);
        check_copies(w, answer[0]);
        for (std::size_t k = 0; k + 6 < q.size(); ++k) check_copies(states[k], answer[1 + k]);
    }

    // Whether a number that is not 0 would be in T.
    static bool vanishes(const Named<Optimizer>& rule) {
        return std::any_of(rule.numbers.begin(), rule.numbers.end(),
                           [](double x) { return x != 0 && static_cast<T>(x) == 0; });
    }
};

// initialize NAME seed l I O
template <class T>
void initial_values(const Words& q, const Words& answer) {
    const Named<Initializer> choice = chosen<Initializer>(q[1]);
    initializers_asked.insert(choice.kind);
    const std::size_t rows = whole(q[4]), cols = whole(q[5]);
    std::vector<T> values(rows * cols);
    initialize<T>(choice, whole(q[2]), weight_stream(whole(q[3])),
                  {values.data(), rows, cols, cols});
    const std::vector<T> wanted = numbers<T>(answer, 0, answer.size());
    CHECK_EQUAL(wanted.size(), values.size());
    CHECK_ARRAYS(values.data(), wanted.data(), values.size());
}

template <class T>
void ask(const Words& q, const Words& answer) {
    if (q[0] == "initialize") return initial_values<T>(q, answer);
    constexpr std::pair<const char*, void (Asked<T>::*)() const> operations[] = {
        {"fma", &Asked<T>::fma},         {"function", &Asked<T>::function},
        {"forward", &Asked<T>::forward}, {"backward", &Asked<T>::backward},
        {"loss", &Asked<T>::loss},       {"update", &Asked<T>::update},
    };
    for (const KernelTable<T>* table : kernels::available_tables<T>()) {
        const checks::Note isa("instruction set", table->isa);
        for (const auto& [name, operation] : operations)
            if (q[0] == name) (Asked<T>{*table, q, answer}.*operation)();
    }
}

// Questions without a format. False when there is no way to ask.
bool ask_numbers(const Words& q, const Words& answer) {
    if (q[0] == "quantile") {
        CHECK_BITS(normal_quantile(number<double>(q[1])), number<double>(answer[0]));
    } else if (q[0] == "philox") {
        if (whole(q[2]) != 0 || whole(q[3]) != 0 || whole(q[4]) != 0) return false;
        const Philox4x64Block block = philox4x64(whole(q[1]), whole(q[5]), whole(q[6]));
        for (std::size_t i = 0; i < 4; ++i) CHECK_EQUAL(block[i], whole(answer[i]));
    } else if (q[0] == "draw") {
        PhiloxStream stream(whole(q[2]), whole(q[3]), whole(q[4]));
        if (q[1] == "word") CHECK_EQUAL(stream.next(), whole(answer[0]));
        if (q[1] == "uniform") CHECK_BITS(stream.uniform(), number<double>(answer[0]));
        if (q[1] == "normal") CHECK_BITS(stream.standard_normal(), number<double>(answer[0]));
    } else if (q[0] != "permutation") {
        return false;  // about a whole network
    } else {
        std::vector<std::int64_t> order(whole(q[3]));
        shuffled_order(order, whole(q[1]), whole(q[2]));
        for (std::size_t i = 0; i < order.size(); ++i)
            CHECK_EQUAL(static_cast<std::uint64_t>(order[i]), whole(answer[i]));
    }
    return true;
}

void file(const std::string& name, std::size_t least = 100) {
    std::ifstream lines(std::string(WBCORE_VECTORS) + "/" + name + ".txt");
    std::size_t asked = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.front() == '#') continue;
        const checks::Note note("line", line);
        std::istringstream words(line);
        Words q, answer;
        std::string format;
        for (std::string word; words >> word && word != "=";)
            if (word == "float32" || word == "float64")
                format = word;
            else
                q.push_back(word);
        for (std::string word; words >> word;) answer.push_back(word);
        if (format == "float32") ask<float>(q, answer);
        if (format == "float64") ask<double>(q, answer);
        asked += !format.empty() || ask_numbers(q, answer);
    }
    const checks::Note note("file", name);
    CHECK(asked >= least);
}

}  // namespace

int main() {
    for (const char* name :
         {"fma", "functions", "activations", "losses", "optimizers", "quantile", "random"})
        file(name);
    file("initializers", 60);
    CHECK_EQUAL(initializers_asked.size(), rows_of(Initializer{}).size());
    return checks::result();
}
