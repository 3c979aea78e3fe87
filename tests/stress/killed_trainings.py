"""Trainings that are killed at random moments and run again until they are done.

Each is a script that a user would write: `fit(..., checkpoint=path, resume=True)`. However often it
was killed, what it leaves behind is that of a run that never was, to the bit: parameters, state of
the optimizer, history, the log of a callback, whatever the number of threads in each part.
"""

import json
import os
import time

import numpy as np
from harness import Forked, Round, digest, main

import wbcore as wb
from wbcore.callbacks import CSVLogger, EarlyStopping
from wbcore.io.checkpoint import read_checkpoint

RNG = np.random.default_rng(0)
X = RNG.standard_normal((300, 8))
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
WEIGHTS = RNG.integers(0, 3, 300).astype(float)
BLOCKS = [(X[i : i + 40], LABELS[i : i + 40]) for i in range(0, 300, 40)]
KILLS = 4  # of one training, at most: then it may come to its end


def slower(step):
    """A rate that no file can hold."""
    return 0.05 / (1 + step / 50)


OPTIMIZERS = (
    lambda: "adam(0.01)",
    lambda: wb.AdamW("cosine(0.02, 100, 0.001, 1)"),
    lambda: wb.SGD("one_cycle(0.2, 300)", momentum=0.9, nesterov=True),
    lambda: wb.Adam(wb.schedules.Plateau(0.05, "loss", factor=0.5, patience=1), clip_norm=1.0),
    lambda: wb.SGD(slower, momentum=0.5, l2=1e-3),
    lambda: wb.RMSprop("exponential(0.01, 0.99) after warmup(30)", centered=True),
    lambda: "nadam",
    lambda: "lion(0.001)",
)


class Slows:
    """A callback that has something to remember, and changes what it is given."""

    def __init__(self):
        self.seen = 0

    def after_batch(self, run):
        self.seen += 1

    def after_epoch(self, run):
        run.optimizer.l1 = 1e-5 * self.seen

    def state(self):
        return {"seen": self.seen}

    def set_state(self, state):
        self.seen = state["seen"]


class Script:
    """One training, drawn once and begun any number of times."""

    def __init__(self, draw, folder):
        self.log = folder / "log.csv"
        self.made = draw.choice(OPTIMIZERS)
        self.net = {
            "widths": draw.choice([[8, 16, 3], [8, 40, 20, 3]]),
            "dropout": draw.choice([0.0, 0.3]),
            "dtype": draw.choice(["float32", "float64"]),
            "seed": draw.getrandbits(20),
        }
        self.options = {
            "epochs": draw.choice([3, 10, 20]),
            "batch_size": draw.choice([16, 37, 150]),
            "shuffle": draw.choice([True, True, False, "blocks"]),
            "shuffle_window": 3,
            "seed": draw.getrandbits(20),
            "metrics": ["accuracy"],
            "track": draw.choice([None, "epoch"]),
        }
        self.data = draw.choice([(X, LABELS), (X, LABELS), (BLOCKS,)])
        if len(self.data) == 2:
            self.options["sample_weight"] = draw.choice([None, WEIGHTS])
            if self.options["shuffle"] != "blocks":
                self.options["validation_fraction"] = draw.choice([None, 0.2])
        self.callbacks = draw.sample(["slows", "logs", "stops"], draw.randint(0, 3))

    def run(self, **more):
        net = wb.Network.mlp(**self.net)
        made = {
            "slows": Slows,
            "logs": lambda: CSVLogger(self.log),
            "stops": lambda: EarlyStopping("loss", patience=2, min_delta=0.01),
        }
        net.fit(
            *self.data,
            loss="cross_entropy",
            optimizer=self.made(),
            callbacks=[made[name]() for name in self.callbacks],
            **self.options,
            **more,
        )
        return self.left_by(net)

    def first(self, history):
        """What is made again of the state before the first step, by what checkpoints have of it."""
        if self.options["track"] is None:
            return None
        given = {"sample_weight": self.options.get("sample_weight")}
        if "learning_rate" in history._recording.functions:
            given["learning_rate"] = slower
        return digest(history.replay(*self.data, epoch=-1, **given).parameters)

    def left_by(self, net):
        """As text, but for the seconds."""
        history = json.loads(net.history.to_json())
        del history["seconds"]
        state = net.optimizer.state(net)
        log = self.log.read_text().splitlines() if "logs" in self.callbacks else []
        return json.dumps(
            {
                "parameters": digest(net.parameters),
                "first": self.first(net.history),
                "history": history,
                "optimizer": repr(net.optimizer).partition(" at 0x")[0],
                "arrays": {name: digest(array) for name, array in state.arrays.items()},
                "state": [state.steps, state.position, state.observations],
                "log": [line.rpartition(",")[0] for line in log],
            }
        )


def wait_for_change(path):
    """Until a checkpoint is written, or long enough for a training that writes none."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    ends = time.monotonic() + 0.5
    while time.monotonic() < ends and not (path.exists() and path.stat().st_mtime_ns > before):
        time.sleep(0.0005)


def killed(one: Round) -> None:
    """kill -9 some time after a start, and a start again, until it was quick enough."""
    draw, folder = one.draw, one.folder
    script = Script(draw, folder)
    path, result = folder / "run.ckpt", folder / "result"
    began = time.monotonic()
    whole = script.run()
    seconds = time.monotonic() - began
    script.log.unlink(missing_ok=True)
    every = draw.choice(["1 batch", "1 batch", "3 batches", "1 epoch", "0.01 s", "5 min"])

    def train(threads):
        result.write_text(
            script.run(checkpoint=path, checkpoint_every=every, resume=True, n_threads=threads)
        )

    kills = 0
    while True:
        threads = draw.choice([1, 2, 3])
        with Forked(lambda threads=threads: train(threads)) as child:
            if draw.random() < 0.7:
                wait_for_change(path)
            # a run that writes after each batch takes some times as long
            limit = 60 if kills == KILLS else draw.random() * max(0.02, 3 * seconds)
            said = child.failure(limit)
        if not said:
            break
        assert said.startswith("still ran"), said
        assert kills < KILLS, said
        kills += 1
        one.count("kills")
        if not path.exists():
            one.count("kills before the first checkpoint")
        elif read_checkpoint(str(path)).position[1]:
            one.count("kills within an epoch")
    left = result.read_text()
    assert left == whole, f"after {kills} kills, {every}: {script.__dict__}\n{left}\n{whole}"
    again = script.run(checkpoint=path, resume=True)  # over; what kills left in the folder is gone
    assert again == whole
    names = {entry.name for entry in folder.iterdir()} - {"run.ckpt", "result", "log.csv"}
    assert not names, f"the folder still has {names}"
    one.count("trainings")


CASES = {"killed": killed}

if __name__ == "__main__":
    main(CASES, short=120 if "THOROUGH" in os.environ else 8)
