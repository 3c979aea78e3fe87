"""The examples run, and print what they promise."""

import math
import re
import resource
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

pytestmark = pytest.mark.uninstrumented


def run(name, cwd):
    command = [sys.executable, EXAMPLES / name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def computed():
    """Seconds of processor time of all programs that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    began = computed()
    text = run("lessons.py", tmp_path_factory.mktemp("lessons"))
    assert computed() - began < 60  # some 6 are usual
    return text


@pytest.fixture(scope="module")
def imbalance(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imbalance")
    began = computed()
    text = run("imbalance.py", folder)
    assert computed() - began < 60
    return text, folder


def block(text, title):
    """The rows of the table whose title starts so, without what stands above its rule."""
    lines = text[text.index(f"\n{title}") + 1 :].split("\n\n")[0].splitlines()
    return lines[next(i for i, line in enumerate(lines) if set(line) == {"-"}) + 1 :]


def cells(text, title):
    """By the first cell of each row, the others; of "mean ± spread" the mean alone."""
    rows = [re.split(r"\s{2,}", row) for row in block(text, title)]
    return {name: [cell.split(" ")[0] for cell in rest] for name, *rest in rows}


def test_lessons_print_all_ten_tables(lessons):
    numbers = [int(n) for n in re.findall(r"^Table (\d+): ", lessons, re.MULTILINE)]
    assert numbers == list(range(1, 11))
    for number in numbers:
        rows = block(lessons, f"Table {number}: ")
        assert len(rows) >= 3, f"table {number}"
        assert "nan" not in " ".join(rows), f"table {number}"


def test_each_table_of_the_lessons_says_what_to_see(lessons):
    parts = lessons.split("\n\n")
    for number in range(1, 11):
        place = next(i for i, part in enumerate(parts) if part.startswith(f"Table {number}: "))
        assert parts[place - 1].endswith(".")
    assert "mean_abs, the mean of the absolute values" in lessons
    assert "70 % of the sum of |w| is in the first layer" in lessons


def test_a_prediction_leaves_the_digest_as_it_was(lessons):
    found = re.search(r"is ([0-9a-f]{16}) before predict, ([0-9a-f]{16}) after", lessons)
    assert found[1] == found[2]


def test_last_layers_of_the_lessons_keep_their_mean(lessons):
    weights, biases = (block(lessons, f"Table {number}: ") for number in (8, 9))
    means = [float(row.split()[3]) for row in weights if row.split()[1] == "1"]
    assert means == pytest.approx(means[:1] * 3, rel=1e-3)
    assert all(abs(float(row.split()[3])) < 1e-6 for row in biases if row.split()[1] == "1")


def test_the_neuron_of_the_lessons(lessons):
    assert "0.78\n" in lessons
    assert "0.6856801139382539\n" in lessons


def test_only_random_weights_break_the_symmetry(lessons):
    rows = {row.split()[0]: row.split()[1:] for row in block(lessons, "Breaking symmetry")}
    assert rows["zeros"][:3] == ["16", "1", "0"]
    for initializer in ("xavier", "he"):
        assert rows[initializer][:3] == ["16", "16", "16"]
        assert float(rows[initializer][3]) > 90 > float(rows["zeros"][3])


def test_tables_of_ten_seeds_say_how_sure_they_are(lessons):
    for number, of in ((7, 4), (8, 5), (9, 5)):
        rows = [re.split(r"\s{2,}", row.strip()) for row in block(lessons, f"Table {number}: ")]
        assert len(rows) == 6
        for row in rows:
            assert row[2] == "10"
            mean, low, high = (float(x) for x in row[of - 1 : of + 2])
            assert low < mean < high
    assert lessons.count("an association in these runs, not a cause") == 3
    assert re.search(
        r"accuracy and median over all 60 runs: r = -0\.\d\d, -0\.\d\d to -0\.", lessons
    )


def test_the_largest_weights_are_of_a_feature_that_does_not_matter(lessons):
    found = {name: list(map(float, c)) for name, c in cells(lessons, "First-layer weights").items()}
    assert max(found, key=lambda name: found[name][1]) == "unrelated"
    for name, (_, _, gain, low, high) in found.items():
        assert (low < 0 < high) == (name == "unrelated")
        assert name == "unrelated" or gain > 0.5


def test_biases_shift_and_offset_an_imbalance(lessons):
    for bias, *at, crosses in (map(float, row.split()) for row in block(lessons, "sigmoid(x + ")):
        assert crosses == -bias
        assert at == pytest.approx([1 / (1 + math.exp(-x - bias)) for x in (0, 1, 2)], abs=1e-5)
    found = cells(lessons, "Imbalance: ")
    rate = float(re.search(r"Imbalance: ([\d.]+)% of the test rows", lessons)[1]) / 100
    assert float(found["yes"][0]) == pytest.approx(math.log(0.05 / 0.95) - 1, abs=0.3)
    assert float(found["yes"][1]) == pytest.approx(rate, abs=0.01)
    assert float(found["no"][1]) > 5 * rate
    assert float(found["no"][2]) > 2 * float(found["yes"][2])


def test_deeper_is_not_always_better(lessons):
    found = {
        name: list(map(float, row)) for name, row in cells(lessons, "Test accuracy aft").items()
    }
    (_, *simple), (_, *large) = found["none"], found["256-256-256"]
    clean, noisy, _ = (a - b for a, b in zip(simple, large, strict=True))
    assert abs(clean) < 0.05 < noisy
    assert min(found, key=lambda name: found[name][2]) == "256-256-256"
    spreads = re.findall(r"± (0\.\d+)", "\n".join(block(lessons, "Test accuracy aft")))
    assert len(spreads) == 9
    assert all(float(spread) > 0 for spread in spreads)


def test_a_prediction_is_a_sum(lessons):
    rows = [re.split(r"\s{2,}", row) for row in block(lessons, "Why test row 0")]
    *parts, total, said = (float(value) for _, value in rows)
    assert sum(parts) == pytest.approx(total, abs=1e-4)
    assert total == said
    assert abs(float(re.search(r"sum - predict: (\S+)", lessons)[1])) < 1e-12


def test_where_the_lessons_network_fails(lessons):
    found = cells(lessons, "Where it works")
    right = {name: float(row[0]) for name, row in found.items() if name != "noise alone"}
    assert right.pop("as in training") > 0.9 > max(right.values())
    assert found["noise alone"][0] == "–"
    assert float(found["noise alone"][1]) > 0.3  # of ten classes, sure of nothing would be 0.1
    wrong = int(re.search(r"(\d+) of 360 test rows are wrong", lessons)[1])
    assert 360 * (1 - float(found["as in training"][0])) == pytest.approx(wrong, abs=0.01)


def test_the_networks_of_the_lessons_learn(lessons):
    accuracy = re.search(r"Test accuracy of this network, .*: ([\d.]+)%", lessons)
    assert float(accuracy[1]) > 90
    losses = [float(row.split()[1]) for row in block(lessons, "Loss by epoch")]
    assert losses == sorted(losses, reverse=True)


def test_a_loop_of_ones_own_learns(tmp_path):
    text = run("own_loop.py", tmp_path)
    assert float(re.search(r"test accuracy ([\d.]+)%", text)[1]) > 95


def test_prior_biases_begin_at_what_the_rate_alone_gives(imbalance):
    found = cells(imbalance[0], "Table 1: ")
    own, first, step = zip(*found.values(), strict=True)
    rate_alone = -0.005 * math.log(0.005) - 0.995 * math.log(0.995)
    for name, plain in zip(found, first, strict=True):
        if "prior biases" in name:
            assert float(plain) == pytest.approx(rate_alone, rel=0.05)
        else:
            assert float(plain) > 20 * rate_alone
    assert own[:2] == first[:2]
    assert int(step[1]) < int(step[0])
    assert set(step[2:]) == {"never"}


def test_the_output_bias_offsets_class_weights(imbalance):
    found = cells(imbalance[0], "Table 2: ")
    weighted, corrected = found["class weights"], found["class weights, corrected"]
    assert weighted[0] == corrected[0]  # the order is the same
    for name, (precision, loss, brier, said) in found.items():
        assert 0.1 < float(precision) <= float(found["the true probabilities"][0])
        assert float(loss) >= float(found["the true probabilities"][1])
        weighs = name == "class weights" or "focal" in name
        assert (float(said) > 5) == weighs, name
        assert (float(brier) > 5) == weighs, name  # 4.975: that of giving each payment the rate
    assert 0.9 < float(found["prior biases"][3]) < 1.1


def test_probabilities_with_prior_biases_are_reliable(imbalance):
    for row in block(imbalance[0], "Table 3: "):
        said, *shares = re.split(r"\s{2,}", row)
        low, high = (float(end.strip(" %")) for end in said.split("to"))
        assert low <= float(shares[0].strip("%")) <= high, row


def test_what_the_imbalance_says_is_of_its_tables(imbalance):
    text = " ".join(imbalance[0].split())
    first, second = (cells(imbalance[0], f"Table {n}: ") for n in (1, 2))
    plain, prior = first["biases of 0"], first["prior biases"]
    assert f"has a log loss of {prior[1]}" in text
    assert f"from step {plain[2]} on, the other from step {prior[2]}." in text
    factors = re.findall(r"mean probability is ([\d.]+) times the rate", text)
    expected = [float(second[name][3]) for name in ("class weights", "focal loss")]
    assert [float(factor) for factor in factors] == pytest.approx(expected, rel=0.01)


def test_the_picture_of_the_imbalance(imbalance):
    text, folder = imbalance
    assert text.endswith("The same as a picture: imbalance.png\n")
    assert [path.name for path in folder.iterdir()] == ["imbalance.png"]
    pixels = matplotlib.image.imread(folder / "imbalance.png")
    assert pixels.shape == (696, 1800, 4)
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 500


SMALL = """
import sys
sys.modules["matplotlib"] = None  # as if it were not installed
sys.path.insert(0, {folder!r})
import imbalance_trainings
imbalance_trainings.ROWS, imbalance_trainings.SEEDS = 4000, 2
import imbalance
imbalance.main()
"""


def test_without_matplotlib_there_is_a_message(tmp_path):
    command = [sys.executable, "-c", SMALL.format(folder=str(EXAMPLES))]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("No imbalance.png: it takes matplotlib, which is not installed; pip")
    assert not list(tmp_path.iterdir())
