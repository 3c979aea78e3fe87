// Runs a fuzz target without libFuzzer: the files given, then changes of them. With a build that traces
// (WBCORE_FUZZ) an input that goes a new way is kept and changed on.
//
//   fuzz_c_api [--runs N] [--seconds N] [--seed N] [--crash FILE] [files and folders]
//
// A failure ends the process; the input is then in the file named crash.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// NOLINTBEGIN(bugprone-reserved-identifier): names of the compiler's run-time libraries
// The address sanitizer's, where it is.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "abort_on_error=1:allocator_may_return_null=1:detect_leaks=1";
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using Input = std::vector<std::uint8_t>;

// Ways through the code, as AFL counts them: pairs of places, hashed.
constexpr std::size_t map_size = 1u << 16;
std::uint8_t ways[map_size], ways_seen[map_size];
std::uintptr_t last_place = 0;

const Input* current = nullptr;
const char* crash_path = "crash";

// Only what may be called in a handler.
void keep_input() {
    const int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && current != nullptr) {
        [[maybe_unused]] const auto written = write(file, current->data(), current->size());
        close(file);
    }
}

void handle(int signal) {
    keep_input();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run(const Input& input) {
    current = &input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
    current = nullptr;
}

// Runs an input; whether it went a way that none went before it.
bool goes_a_new_way(const Input& input) {
    std::memset(ways, 0, sizeof ways);
    last_place = 0;
    run(input);
    bool found = false;
    for (std::size_t i = 0; i < map_size; ++i) {
        if (ways[i] != 0 && ways_seen[i] == 0) {
            ways_seen[i] = 1;
            found = true;
        }
    }
    return found;
}

Input changed(std::mt19937_64& draw, const std::vector<Input>& pool) {
    Input input = pool[draw() % pool.size()];
    for (int changes = 1 + static_cast<int>(draw() % 4); changes > 0; --changes) {
        const std::size_t at = input.empty() ? 0 : draw() % input.size();
        const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
        const auto byte = static_cast<std::uint8_t>(draw());
        switch (draw() % 6) {
            case 0:
                if (!input.empty()) *place = static_cast<std::uint8_t>(*place ^ (1u << draw() % 8));
                break;
            case 1:
                if (!input.empty()) *place = byte;
                break;
            case 2:
                input.insert(place, byte);
                break;
            case 3:
                if (!input.empty()) input.erase(place);
                break;
            case 4:
                for (std::size_t more = draw() % 16; more > 0; --more)
                    input.push_back(static_cast<std::uint8_t>(draw()));
                break;
            default: {  // the end of another one
                const Input& other = pool[draw() % pool.size()];
                input.erase(place, input.end());
                if (at < other.size())
                    input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(at),
                                 other.end());
            }
        }
    }
    if (input.size() > 256) input.resize(256);
    return input;
}

void read_inputs(const std::filesystem::path& path, std::vector<Input>& pool) {
    if (std::filesystem::is_directory(path)) {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(path))
            files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const auto& file : files) read_inputs(file, pool);
        return;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        std::exit(2);
    }
    pool.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

// Called before every basic block of what is traced.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the compiler's name
extern "C" void __sanitizer_cov_trace_pc();
extern "C" void __sanitizer_cov_trace_pc() {
    const auto place = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    ways[((place >> 2) ^ last_place) % map_size] = 1;
    last_place = place >> 3;
}

int main(int argc, char** argv) {
    unsigned long long runs = 20'000, seed = 0;
    double seconds = 0;
    std::vector<Input> pool;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.starts_with("--") && i + 1 == argc)
            return std::fprintf(stderr, "%s lacks its value\n", argv[i]), 2;
        if (word == "--runs")
            runs = std::strtoull(argv[++i], nullptr, 10);
        else if (word == "--seconds")
            seconds = std::strtod(argv[++i], nullptr);
        else if (word == "--seed")
            seed = std::strtoull(argv[++i], nullptr, 10);
        else if (word == "--crash")
            crash_path = argv[++i];
        else
            read_inputs(word, pool);
    }
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, handle);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);

    const std::size_t given = pool.size();
    unsigned long long executions = 0, paths = 0;
    for (const Input& input : pool) {
        paths += goes_a_new_way(input);
        ++executions;
    }
    if (pool.empty()) pool.emplace_back();
    std::mt19937_64 draw(seed);
    const auto began = std::chrono::steady_clock::now();
    const auto over = [&] {
        if (seconds <= 0) return executions >= given + runs;
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() >=
               seconds;
    };
    while (!over()) {
        Input input = changed(draw, pool);
        ++executions;
        if (goes_a_new_way(input)) {
            ++paths;
            pool.push_back(std::move(input));
        }
    }
    std::printf("c_api: %llu executions, 0 failures (%zu inputs given, ", executions, given);
    if (paths > 0)
        std::printf("%llu new paths)\n", paths);
    else
        std::printf("not traced)\n");
    return 0;
}
