"""The trainings of imbalance.py: payments with rare fraud, ways to learn it, what came of each."""

from dataclasses import dataclass, field

import numpy as np

import wbcore as wb

SEEDS = 5
ROWS = 100_000  # of training, and as many to judge by
RATE = 0.005
WIDTHS = (8, 16, 8, 1)
EPOCHS, BATCH = 6, 256


# ---- data


def log_odds(X):
    """Of fraud, but for a constant: no line separates it, and nobody can know it for sure.

    Which amounts are odd depends on the distance from home; fraud has its hour, and its pace. The
    last four columns say nothing.
    """
    amount, distance, hour, pace = X.T[:4]
    return 4 * np.tanh(amount * distance) + 6 * np.exp(-((hour - 1) ** 2)) - 1.5 * (pace - 1) ** 2


def payments(rows, rng):
    """Inputs of unit scale, whether each is fraud, and the log-odds that this was drawn with.

    The constant is the one with which the mean probability of these rows is `RATE`.
    """
    X = rng.standard_normal((rows, 8)).astype(np.float32)
    z = log_odds(X.astype(float))
    low, high = -40.0, 40.0
    while high - low > 1e-9:
        constant = (low + high) / 2
        low, high = (low, constant) if wb.sigmoid(z + constant).mean() > RATE else (constant, high)
    z += constant
    return X, (rng.random(rows) < wb.sigmoid(z)).astype(float), z


# ---- training


@dataclass(frozen=True)
class Way:
    """A way to train, and how it is drawn."""

    name: str
    color: str  # of Okabe and Ito, whom the colour-blind can tell apart; so can markers
    marker: str
    loss: str = "binary_cross_entropy"
    prior: bool = False
    weights: str | None = None


WAYS = (
    Way("biases of 0", "#000000", "o"),
    Way("prior biases", "#0072B2", "s", prior=True),
    Way("focal loss", "#009E73", "^", loss="focal"),
    Way("focal loss, prior biases", "#56B4E9", "v", loss="focal", prior=True),
    Way("class weights", "#D55E00", "D", weights="balanced"),
)
CORRECTED = Way("class weights, corrected", "#E69F00", "P")
PLAIN, PRIOR, FOCAL, WEIGHTED = WAYS[0], WAYS[1], WAYS[2], WAYS[-1]
TRUTH = Way("the true probabilities", "#666666", "*")  # which nobody knows, to compare with


@dataclass
class Found:
    """What was measured of one way with one seed."""

    scores: dict[str, float]
    said: np.ndarray  # the probability of each payment
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # at these steps, plain log loss


class Watch:
    """Measures the log loss now and then, more often at the start."""

    def __init__(self, X, y, steps):
        self.X, self.y, self.left = X, y, sorted(steps, reverse=True)
        self.steps, self.losses = [], []

    def note(self, step, net):
        self.steps.append(step)
        self.losses.append(net.evaluate(self.X, self.y, loss="binary_cross_entropy")["loss"])

    def after_batch(self, run):
        if self.left and run.step == self.left[-1]:
            self.left.pop()
            run.sync()
            self.note(run.step, run.network)


def entropy(rate):
    """Log loss of who knows nothing but the rate."""
    return float(-rate * np.log(rate) - (1 - rate) * np.log(1 - rate))


def judged(net, X, y):
    """Scores and probabilities of a network whose outputs are probabilities."""
    metrics = ["average_precision", "log_loss"]
    scores = net.evaluate(X, y, loss="binary_cross_entropy", metrics=metrics)
    said = net.predict(X)[:, 0].astype(float)
    scores["brier"] = float(((said - y) ** 2).mean())
    scores["said"] = float(said.mean() / y.mean())
    return Found(scores, said)


def trained(way, seed, data, held_out):
    """The network, and what was found of it."""
    X, y, _ = data
    net = wb.Network.mlp(WIDTHS, "tanh", output_activation="sigmoid", seed=seed)
    if way.prior:
        net.start_at_prior(y, loss=way.loss)
    steps = wb.schedules.count_steps(len(X), batch_size=BATCH, epochs=EPOCHS)
    watch = Watch(X[:20_000], y[:20_000], np.unique(np.geomspace(1, steps, 30, dtype=int)))
    watch.note(0, net)
    first = net.evaluate(X, y, loss="binary_cross_entropy")["loss"]
    own = net.evaluate(X, y, loss=way.loss, class_weight=way.weights)["loss"]
    net.fit(
        X,
        y,
        loss=way.loss,
        class_weight=way.weights,
        optimizer=wb.Adam(wb.schedules.Cosine(0.01, steps)),
        epochs=EPOCHS,
        batch_size=BATCH,
        seed=seed,
        callbacks=[watch],
    )
    found = judged(net, *held_out[:2])
    found.scores.update(first=first, own=own, entropy=entropy(y.mean()))
    found.steps, found.losses = watch.steps, watch.losses
    return net, found


def of_seed(seed):
    """What was found with one seed, by the names of the ways; and which payments were fraud."""
    rng = np.random.default_rng(seed)
    data, held_out = payments(ROWS, rng), payments(ROWS, rng)
    found = {}
    for way in WAYS:
        net, found[way.name] = trained(way, seed, data, held_out)
        if way is WEIGHTED:  # which has seen as much of fraud as of the rest
            corrected = net.with_priors(0.5, data[1].mean())
            found[CORRECTED.name] = judged(corrected, *held_out[:2])
    itself = wb.Network([wb.Dense(1, 1, "sigmoid", initializer="ones")], dtype="float64")
    found[TRUTH.name] = judged(itself, held_out[2][:, None], held_out[1])
    return found, held_out[1]
