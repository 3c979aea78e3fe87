// The committed vectors of the arithmetic contract (conformance/vectors), for every kernel table of this machine and in every
// lane. Those about whole networks are asked from Python (conformance/core.py).
#include <bit>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tables.hpp"
#include "wbcore/initializers.hpp"
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

// A choice in the words of a line: its name, and its numbers in binary64 where they are not the defaults.
struct Word {
    std::string name;
    std::vector<double> numbers;

    explicit Word(const std::string& word) : name(word.substr(0, word.find(':'))) {
        if (name == word) return;
        std::istringstream bits(word.substr(name.size() + 1));
        for (std::string one; std::getline(bits, one, ',');) numbers.push_back(number<double>(one));
    }
    double at(std::size_t i, double standard) const {
        return i < numbers.size() ? numbers[i] : standard;
    }
};

template <class Choice>
Choice known(std::optional<Choice> found, const std::string& name) {
    if (!found) throw std::invalid_argument("no choice has the name " + name);
    return *found;
}

// What this core cannot be asked: its activations have no numbers, its tables no square root, and SGD is its one rule.
bool asked_in_vain(const Words& q) {
    if (q[0] == "function") return q[1] == "sqrt";
    if (q[0] == "forward" || q[0] == "backward") return !Word(q[1]).numbers.empty();
    return q[0] == "update" && Word(q[1]).name != "sgd";
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
            {"log1p", kernels::Function::log1p}};
        const auto activation = find_activation(q[1]);
        if (activation) table.activate(*activation, y.data(), x.data(), copies);
        for (const auto& [name, function] : functions)
            if (q[1] == name) table.function(function, y.data(), x.data(), copies);
        check_copies(y, answer[0]);
    }

    void forward() const {
        if (q[1] == "softmax") return softmax();
        const std::vector<T> z(copies, number<T>(q[2]));
        std::vector<T> a(copies);
        table.activate(known(find_activation(q[1]), q[1]), a.data(), z.data(), copies);
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
        const Activation activation = known(find_activation(q[1]), q[1]);
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
        const Word word(q[1]);
        const Loss which = known(find_loss(word.name), word.name);
        const std::size_t n = which == Loss::cross_entropy ? rows : rows * outputs;
        AlignedBuffer<T> row_losses(rows);
        table.loss({which, row_losses.data(), dz(), y(), y(), t(), nullptr,
                    static_cast<T>(word.at(0, 1)), static_cast<T>(n), true});
        // so few rows are one leaf
        T sum = 0;
        for (std::size_t r = 0; r < rows; ++r) sum = sum + row_losses[r];
        CHECK_BITS(static_cast<double>(sum) / static_cast<double>(n), number<double>(answer[0]));
        for (std::size_t i = 0; i < rows * outputs; ++i)
            CHECK_BITS(dz(i / outputs, i % outputs), number<T>(answer[1 + i]));
    }

    void update() const {
        const Word rule(q[1]);
        std::vector<T> w(copies, number<T>(q[3])), v(copies, number<T>(q[5]));
        const std::vector<T> g(copies, number<T>(q[4]));
        const Sgd<T> sgd{static_cast<T>(rule.at(0, 0.01)), static_cast<T>(rule.at(1, 0)),
                         static_cast<T>(rule.at(3, 0)), rule.at(2, 0) == 1, false};
        table.sgd({&sgd, q[6] == "1"}, w.data(), v.data(), g.data(), copies);
        check_copies(w, answer[0]);
        check_copies(v, answer[1]);
    }
};

// initialize NAME seed l I O NUMBER:value..
template <class T>
void initial_values(const Words& q, const Words& answer) {
    Named<Initializer> choice = parse<Initializer>("initializer", q[1]);
    initializers_asked.insert(choice.kind);
    for (std::size_t i = 6; i < q.size(); ++i) {
        const std::size_t colon = q[i].find(':');
        for (std::size_t n = 0; n < choice.info().numbers.size(); ++n)
            if (choice.info().numbers[n].name == q[i].substr(0, colon))
                choice.numbers[n] = number<double>(q[i].substr(colon + 1));
    }
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
        if (asked_in_vain(q)) continue;
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
         {"fma", "functions", "activations", "losses", "updates", "quantile", "random"})
        file(name);
    file("initializers", 60);
    CHECK_EQUAL(initializers_asked.size(), rows_of(Initializer{}).size());
    return checks::result();
}
