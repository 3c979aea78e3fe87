// WBCORE_ISA obeys or throws, and says which sets a build was made without. The choice is made once in a process, so each
// is made in one of its own.
#include "wbcore/isa.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "check.hpp"

using namespace wbcore;

namespace {

constexpr const char* names_left_out = WBCORE_LEFT_OUT;
const std::string left_out(names_left_out);  // "sse2, avx512", or empty: what users get

template <class F>
void in_a_process_with(const std::string& isa, F checks_of_it) {
    const pid_t child = fork();
    if (child == 0) {
        setenv("WBCORE_ISA", isa.c_str(), 1);
        const checks::Note note("WBCORE_ISA", isa);
        checks_of_it();
        std::exit(checks::result());
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

void obeys() {
    const std::vector<std::string> names = available_isas();
    CHECK_EQUAL(names.front(), std::string("plain"));
    for (const std::string& name : names) {
        CHECK((", " + left_out + ", ").find(", " + name + ", ") == std::string::npos);
        in_a_process_with(name, [&] { CHECK_EQUAL(isa(), name); });
    }
    in_a_process_with("", [&] { CHECK_EQUAL(isa(), names.back()); });
}

void throws() {
    const std::vector<std::string> names = available_isas();
    const std::string without = left_out.empty() ? "" : " (this build is without " + left_out + ")";
    const std::string expected =
        "[WBCORE_ISA] expected one of " + joined(names) + without + ", got '";
    for (const std::string name : {"sse9", "sse2", "avx2", "avx512", "neon"}) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        std::string message = expected;
        message += name;
        message += '\'';
        in_a_process_with(name,
                          [&] { CHECK_THROWS(std::runtime_error, message.c_str(), (void)isa()); });
    }
}

}  // namespace

int main() {
    obeys();
    throws();
    return checks::result();
}
