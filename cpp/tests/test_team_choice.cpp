// How many threads a training uses: told times of a machine that is made up, the choice must find the fastest number, find a
// better one when the machine changes, and spend little on finding it.
#include "team_choice.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "check.hpp"
#include "team_size.hpp"
#include "wbcore/threads.hpp"

using namespace wbcore;

namespace {

const std::vector<Dense> large = {{500, 500}, {500, 10}}, small = {{20, 30}, {30, 2}};
constexpr std::size_t rows = 128;

// Seconds of a batch with so many threads, from that batch on.
using Machine = std::function<double(std::size_t size, std::size_t batch)>;

struct Run {
    double seconds = 0;
    std::size_t size = 0;            // at the end
    std::vector<std::size_t> sizes;  // of each batch
};

// Epochs of 100 batches, between which somebody else needs a second, which is no batch's.
Run run(const Machine& machine, std::size_t batches) {
    TeamChoice choice(0, large, rows, batches);
    Run done;
    double clock = 1e6;
    for (std::size_t b = 0; b < batches; ++b) {
        if (b % 100 == 0) {
            clock += 1;
            choice.begin(clock);
        }
        const double seconds = machine(choice.size(), b);
        done.sizes.push_back(choice.size());
        done.seconds += seconds;
        clock += seconds;
        if (choice.batch_ended(clock)) choice.begin(clock);
    }
    done.size = choice.size();
    return done;
}

double perfect(std::size_t size, std::size_t) { return 1e-3 / static_cast<double>(size); }
double of_one(std::size_t size, std::size_t) { return 1e-3 * static_cast<double>(size); }
// With two at their best and more that disturb each other.
double of_two(std::size_t size, std::size_t) {
    return size == 2 ? 0.6e-3 : size == 1 ? 1e-3 : 2e-3;
}

void asked_for_is_what_is_used() {
    for (const std::size_t asked : {1u, 3u}) {
        TeamChoice choice(asked, large, rows, 100000);
        CHECK_EQUAL(choice.size(), asked);
        CHECK(!choice.measures());
    }
}

// Where a second thread cannot pay, or the training is over before it would: no clock is looked at.
void small_work_measures_nothing() {
    const TeamChoice tiny(0, small, 32, 100000), brief(0, large, rows, 20);
    CHECK_EQUAL(tiny.size(), 1u);
    CHECK(!tiny.measures());
    CHECK(!brief.measures());
    CHECK_EQUAL(brief.size(), team_size(0, large, rows));
}

void finds_the_fastest() {
    for (const std::size_t limit : {2u, 4u, 8u}) {
        const checks::Note note("limit", limit);
        set_thread_limit(limit);
        CHECK_EQUAL(run(perfect, 1000).size, limit);
        CHECK_EQUAL(run(of_one, 1000).size, 1u);
    }
    set_thread_limit(4);
    CHECK_EQUAL(run(of_two, 1000).size, 2u);
    set_thread_limit(0);
}

// What the finding costs, beside a choice that always knew, where a wrong number takes twice as long and more.
void costs_little() {
    set_thread_limit(2);
    for (const std::size_t batches : {200u, 1000u, 20000u}) {
        const checks::Note note("batches", batches);
        const double n = static_cast<double>(batches);
        CHECK(run(perfect, batches).seconds < 1.03 * n * perfect(2, 0));
        CHECK(run(of_one, batches).seconds < 1.03 * n * of_one(1, 0));
    }
    set_thread_limit(0);
}

// Another process comes and goes: two threads are ten times as slow for a while.
void follows_the_machine() {
    set_thread_limit(2);
    auto busy = [](std::size_t size, std::size_t b) {
        const bool disturbed = b >= 5000 && b < 15000;
        return size == 1 ? 1e-3 : disturbed ? 10e-3 : 0.5e-3;
    };
    const Run done = run(busy, 40000);
    CHECK_EQUAL(done.sizes[4999], 2u);
    CHECK_EQUAL(done.sizes[5200], 1u);
    CHECK_EQUAL(done.size, 2u);
    const double best = 30000 * 0.5e-3 + 10000 * 1e-3;
    CHECK(done.seconds < 1.1 * best);
    set_thread_limit(0);
}

// Others come and take half of four processors, or all but one, and go: each time the numbers that are left are tried anew.
void keeps_to_its_share() {
    set_thread_limit(4);
    TeamChoice choice(0, large, rows, 100000);
    CHECK(choice.shares());
    double clock = 0;
    auto train = [&](const Machine& machine, std::size_t batches) {
        std::size_t most = 0;
        choice.begin(clock);
        for (std::size_t b = 0; b < batches; ++b) {
            most = std::max(most, choice.size());
            clock += machine(choice.size(), b);
            if (choice.measures() && choice.batch_ended(clock)) choice.begin(clock);
        }
        return most;
    };
    CHECK_EQUAL(train(perfect, 1000), 4u);
    choice.share(2);
    CHECK_EQUAL(train(of_one, 1000), 2u);
    CHECK_EQUAL(choice.size(), 1u);
    choice.share(1);
    CHECK(!choice.measures());
    CHECK_EQUAL(train(perfect, 1000), 1u);
    choice.share(8);
    CHECK_EQUAL(choice.size(), 4u);
    CHECK_EQUAL(train(perfect, 1000), 4u);
    CHECK_EQUAL(choice.size(), 4u);
    CHECK(!TeamChoice(3, large, rows, 100000).shares());
    CHECK(!TeamChoice(0, small, 32, 100000).shares());
    set_thread_limit(0);
}

// Of two that are about as fast neither chases the other.
void does_not_swing() {
    set_thread_limit(2);
    auto even = [](std::size_t size, std::size_t b) {
        return 1e-3 * (1 + 0.02 * static_cast<double>((b * 7 + size) % 3));
    };
    const Run done = run(even, 20000);
    std::size_t changes = 0;
    for (std::size_t b = 1; b < done.sizes.size(); ++b)
        changes += done.sizes[b] != done.sizes[b - 1];
    CHECK(changes < 30);
    set_thread_limit(0);
}

}  // namespace

int main() {
    asked_for_is_what_is_used();
    small_work_measures_nothing();
    finds_the_fastest();
    costs_little();
    follows_the_machine();
    does_not_swing();
    keeps_to_its_share();
    return checks::result();
}
