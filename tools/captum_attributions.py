"""Captum's attributions, for tests/test_captum_attributions.py, or beside wbcore's.

Run with torch 2.13.0 and captum 0.9.0, which no test needs:

    python tools/captum_attributions.py tests/data/captum_attributions.txt   # writes
    python tools/captum_attributions.py     # with wbcore too: compares, also on random networks
"""

import sys
from pathlib import Path

import numpy as np
import torch
from captum.attr import FeatureAblation, InputXGradient, IntegratedGradients, Saliency

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import captum_problem as problem  # noqa: E402

ACTIVATIONS = {
    "relu": torch.nn.ReLU(),
    "leaky_relu(0.2)": torch.nn.LeakyReLU(0.2),
    "tanh": torch.nn.Tanh(),
    "sigmoid": torch.nn.Sigmoid(),
    "softplus": torch.nn.Softplus(),
    "gelu": torch.nn.GELU(),
    "softmax": torch.nn.Softmax(dim=1),
}


def model(parameters, hidden, last, output):
    """The network in torch."""
    parts = []
    for weights, biases in parameters:
        layer = torch.nn.Linear(*weights.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weights.T)))
            layer.bias.copy_(torch.from_numpy(biases))
        parts += [layer, ACTIVATIONS[hidden]]
    parts.pop()
    if output == "probability":
        parts.append(ACTIVATIONS[last])
    return torch.nn.Sequential(*parts)


def attributed(net, method, X, targets, baseline):
    """(B, I), by Captum, of a method and its number of nodes."""
    method, n_steps = method
    x, labels = torch.from_numpy(X), torch.from_numpy(targets)
    if method == "saliency":
        found = Saliency(net).attribute(x.requires_grad_(), target=labels)
    elif method == "gradient_x_input":
        found = InputXGradient(net).attribute(x.requires_grad_(), target=labels)
    else:
        x0 = torch.from_numpy(np.broadcast_to(baseline, X.shape).copy())
        if method == "occlusion":
            found = FeatureAblation(net).attribute(x, baselines=x0, target=labels)
        else:
            found = IntegratedGradients(net).attribute(
                x, baselines=x0, target=labels, n_steps=n_steps, method="gausslegendre"
            )
    return found.detach().numpy()


def lines():
    """A line for each case and method: their names, a colon, and (B, I) numbers row by row."""
    found = [f"# by captum 0.9.0, torch {torch.__version__}, tools/captum_attributions.py"]
    for case, (hidden, last, output) in problem.CASES.items():
        net = model(problem.PARAMETERS, hidden, last, output)
        for name, method in problem.METHODS.items():
            values = attributed(
                net, method, problem.X, problem.TARGETS, problem.baseline_of(method[0])
            )
            numbers = " ".join(float(x).hex() for x in values.ravel())
            found.append(f"{case}, {name}: {numbers}")
    return found


def compare(widths, rows=64):
    """The largest differences on random networks of these widths."""
    import wbcore as wb

    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, widths[0]))
    targets = rng.integers(0, widths[-1], rows)
    baseline = 0.3 * rng.normal(size=widths[0])
    for hidden, last, output in problem.CASES.values():
        ours = wb.Network.mlp(
            widths, hidden, output_activation=last, initializer="he", seed=1, dtype="float64"
        )
        for layer in ours:
            layer.biases[...] = 0.3 * rng.normal(size=layer.outputs)
        parameters = [(layer.weights.copy(), layer.biases.copy()) for layer in ours]
        theirs = model(parameters, hidden, last, output)
        for name, (method, n_steps) in problem.METHODS.items():
            x0 = None if problem.baseline_of(method) is None else baseline
            values = attributed(theirs, (method, n_steps), X, targets, x0)
            found = wb.inspect.attribution(
                ours, X, targets, method, output=output, baseline=x0, n_steps=n_steps
            )
            off = np.abs(found.values - values).max()
            residual = "" if found.residual is None else f"{np.abs(found.residual).max():.1e}"
            full = ""
            if n_steps:
                free = wb.inspect.attribution(ours, X, targets, output=output, baseline=x0)
                full = f"{np.abs(free.residual).max():.1e}, {free.points.max()} points"
            size = np.abs(values).max()
            print(f"{hidden:16}{output:12}{name:26}{off:9.1e} of {size:<8.2g}{residual:>9} {full}")


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text("\n".join(lines()) + "\n", encoding="ascii")
    else:
        print(f"{'hidden':16}{'output':12}{'method':26}difference   residual; without n_steps")
        compare((64, 32, 10))
        compare((30, 40, 30, 20, 4))
