"""What `inspect.check` and `inspect.diagnose` find in trainings that are sick, and in sound ones.

python benchmarks/diagnosis.py [--seeds 5] [--only WORD] [--write docs/findings.md]
"""

import argparse
from collections import Counter
from pathlib import Path

import ailments
import trainings

from wbcore import inspect


def looked_at(recipe, seed):
    """What `check` finds before a training and `diagnose` after it."""
    data = recipe.made(seed)
    validation = (data.X_val, data.y_val)
    weighed = {"class_weight": recipe.fit.get("class_weight")}
    before = inspect.check(
        recipe.network(data, seed),
        data.X,
        data.y,
        loss=recipe.loss,
        validation_data=validation,
        **weighed,
    )
    net, history, data = recipe.trained(seed)
    after = inspect.diagnose(
        net, history, data.X, data.y, loss=recipe.loss, validation_data=validation, **weighed
    )
    return before, after


def place(code):
    """Of the call that a code is counted by in `looked_at`: `diagnose`, where that looks for it."""
    calls = dict(
        zip(inspect.finding_codes()["code"], inspect.finding_codes()["calls"], strict=True)
    )
    return 0 if calls[code] == "check" else 1


def is_found(code, findings):
    """Whether a code is found: as a note only where it is always one."""
    severities = dict(
        zip(inspect.finding_codes()["code"], inspect.finding_codes()["severity"], strict=True)
    )
    always = severities[code] == "note"
    return any(always or finding.severity != "note" for finding in findings.with_code(code))


def is_cured(ailment, base, seed):
    """Whether the code is gone after the advice, as often as it says to try."""
    for attempt in range(1, ailment.attempts + 1):
        found = looked_at(ailment.cure(base, attempt), seed)
        if ailment.code not in found[place(ailment.code)]:
            return True
    return False


def sick(ailment, seeds):
    """Runs, how many were found by `check` and by `diagnose`, and how many the advice cured.

    Found: as an error or a warning, and with notes. Cured: of the ones that either found so; then
    `diagnose` finds it no more, or of a code that only `check` looks for, that.
    """
    runs, seen, cured, others = 0, 0, 0, Counter()
    counts = [[0, 0], [0, 0]]
    for name in ailment.bases:
        base = trainings.base(name)
        for seed in seeds:
            before, after = looked_at(ailment.spoil(base), seed)
            runs += 1
            for call, findings in enumerate((before, after)):
                counts[call][0] += is_found(ailment.code, findings)
                counts[call][1] += ailment.code in findings
            found = (before, after)[place(ailment.code)]
            if is_found(ailment.code, before) or is_found(ailment.code, after):
                seen += 1
                cured += is_cured(ailment, base, seed)
            if not is_found(ailment.code, found):
                print(f"  missed: {ailment.name}, {name}, seed {seed}: {found.verdict}", flush=True)
            others.update(set(after.codes) - {ailment.code})
    return runs, counts, (cured, seen), others


def false_alarms(recipe, seeds):
    """Errors and warnings of `check`, of `diagnose`, and notes of either."""
    found = [], [], []
    for seed in seeds:
        for place, findings in enumerate(looked_at(recipe, seed)):
            for finding in findings:
                kind = 2 if finding.severity == "note" else place
                found[kind].append(finding.code)
                if kind != 2:
                    print(f"  alarm: {recipe.name}, seed {seed}: {finding}", flush=True)
    return found


def named(codes):
    return ", ".join(f"{code} {count}" for code, count in sorted(Counter(codes).items())) or "-"


def share(runs, found, noted):
    """Of the runs, as the table has it."""
    if not noted:
        return "-"
    return f"{found / runs:.0%}" + (f" ({noted / runs:.0%} with notes)" if noted > found else "")


def sick_table(seeds, only):
    lines = [
        "| what is wrong | code | runs | found by check | by diagnose | gone after advice |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for ailment in ailments.AILMENTS:
        if only in ailment.name or only == ailment.code:
            runs, counts, cured, others = sick(ailment, seeds)
            shares = [share(runs, *count) for count in counts]
            lines.append(
                f"| {ailment.name} | {ailment.code} | {runs} | {shares[0]} | {shares[1]} | "
                f"{cured[0]} of {cured[1]} |"
            )
            print(lines[-1], "  also", dict(others), flush=True)
    return lines


def healthy_table(seeds, only):
    lines = [
        "| sound training | runs | alarms of check | alarms of diagnose | notes |",
        "| --- | --- | --- | --- | --- |",
    ]
    total = [0, 0, 0]
    for recipe in trainings.HEALTHY:
        if only in recipe.name:
            before, after, notes = false_alarms(recipe, seeds)
            for k, codes in enumerate((before, after, notes)):
                total[k] += len(codes)
            lines.append(
                f"| {recipe.name} | {len(seeds)} | {named(before)} | {named(after)} | "
                f"{named(notes)} |"
            )
            print(lines[-1], flush=True)
    runs = len(seeds) * (len(lines) - 2)
    return [*lines, f"| all | {runs} | {total[0]} | {total[1]} | {total[2]} |"]


def codes_table():
    """The rows of `inspect.finding_codes`, as docs/findings.md has them."""
    lines = [
        "| code | severity | found by | needs | what | from where on | why | what to try |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in inspect.finding_codes().rows]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def replaced(page, name, text):
    """A page with a text between two of its comments."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="", help="a word of a name, or a code")
    parser.add_argument("--write", type=Path, help="docs/findings.md, both tables of it")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    text = "\n".join([*sick_table(seeds, options.only), "", *healthy_table(seeds, options.only)])
    print(f"\n{text}")
    if options.write:
        page = options.write.read_text("utf-8")
        page = replaced(replaced(page, "codes", codes_table()), "measured", text)
        options.write.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
