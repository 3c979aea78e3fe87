"""One class for each contestant: the same network, the same batches in order, plain SGD.

`epoch()` runs one epoch; `parameters()` gives weights (I, O) and biases (O,) by layer afterwards.
The loss is the mean of squared errors over all elements.
"""

import numpy as np
from workloads import LEARNING_RATE


class Wbcore:
    name, module = "wbcore", "wbcore"

    def __init__(self, workload, X, Y, parameters, n_threads):
        import wbcore as wb

        self.data, self.batch, self.n_threads = (X, Y), workload.batch, n_threads
        self.net = wb.Network.mlp(workload.widths, "relu", dtype=X.dtype)
        self.optimizer = wb.SGD(LEARNING_RATE)
        for layer, (W, b) in zip(self.net, parameters, strict=True):
            layer.weights[...] = W
            layer.biases[...] = b

    def epoch(self):
        self.net.fit(
            *self.data,
            loss="mse",
            optimizer=self.optimizer,
            batch_size=self.batch,
            shuffle=False,
            n_threads=self.n_threads,
        )

    def parameters(self):
        return [(layer.weights, layer.biases) for layer in self.net]


class Numpy:
    """By hand, as a careful user writes it: in place where that saves a temporary."""

    name, module = "numpy", "numpy"

    def __init__(self, workload, X, Y, parameters, n_threads):
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(n_threads)
        self.X, self.Y, self.batch = X, Y, workload.batch
        self.layers = [(W.copy(), b.copy()) for W, b in parameters]

    def epoch(self):
        for first in range(0, len(self.X), self.batch):
            self.step(self.X[first : first + self.batch], self.Y[first : first + self.batch])

    def step(self, X, Y):
        outputs = [X]
        for index, (W, b) in enumerate(self.layers):
            Z = outputs[-1] @ W
            Z += b
            if index + 1 < len(self.layers):
                np.maximum(Z, 0, out=Z)
            outputs.append(Z)
        dZ = outputs[-1] - Y
        dZ *= 2 / dZ.size
        for index in range(len(self.layers) - 1, -1, -1):
            W, b = self.layers[index]
            A = outputs[index]
            dW = A.T @ dZ
            db = dZ.sum(axis=0)
            if index > 0:
                dZ = dZ @ W.T
                dZ *= A > 0
            dW *= LEARNING_RATE
            W -= dW
            b -= LEARNING_RATE * db

    def parameters(self):
        return self.layers


class ScikitLearn:
    name, module = "scikit-learn", "sklearn.neural_network"

    def __init__(self, workload, X, Y, parameters, n_threads):
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(n_threads)
        outputs = Y.shape[1]
        self.X, self.Y = X, (Y if outputs > 1 else Y.ravel())
        self.model = MLPRegressor(
            hidden_layer_sizes=workload.widths[1:-1],
            solver="sgd",
            alpha=0,
            batch_size=workload.batch,
            # its loss is half the sum over the outputs
            learning_rate_init=LEARNING_RATE * 2 / outputs,
            momentum=0,
            nesterovs_momentum=False,
            shuffle=False,
        )
        self.model.partial_fit(self.X[: workload.batch], self.Y[: workload.batch])
        for index, (W, b) in enumerate(parameters):
            self.model.coefs_[index][...] = W
            self.model.intercepts_[index][...] = b

    def epoch(self):
        self.model.partial_fit(self.X, self.Y)

    def parameters(self):
        return list(zip(self.model.coefs_, self.model.intercepts_, strict=True))


class Torch:
    name, module = "torch", "torch"

    def __init__(self, workload, X, Y, parameters, n_threads):
        import torch

        torch.set_num_threads(n_threads)
        modules = []
        for W, b in parameters:
            linear = torch.nn.Linear(*W.shape, dtype=getattr(torch, X.dtype.name))
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T.copy()))
                linear.bias.copy_(torch.from_numpy(b))
            modules += [linear, torch.nn.ReLU()]
        self.linears = modules[::2]
        self.X, self.Y, self.batch = torch.from_numpy(X), torch.from_numpy(Y), workload.batch
        self.step = self.make_step(torch.nn.Sequential(*modules[:-1]))

    def make_step(self, model):
        import torch

        optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, fused=True)

        def step(x, y):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()

        return step

    def epoch(self):
        for x, y in zip(self.X.split(self.batch), self.Y.split(self.batch), strict=True):
            self.step(x, y)

    def parameters(self):
        return [(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in self.linears]


class TorchCompiled(Torch):
    """The step as one function without autograd's tape, which compiles to one piece.

    Compiling the eager step leaves the tape and the optimizer outside: slower than eager here.
    """

    name = "torch compiled"

    def make_step(self, model):
        import torch

        names = [name for name, _ in model.named_parameters()]
        values = [value.detach() for value in model.parameters()]

        def loss(values, x, y):
            outputs = torch.func.functional_call(model, dict(zip(names, values, strict=True)), x)
            return torch.nn.functional.mse_loss(outputs, y)

        def step(x, y):
            for value, gradient in zip(values, torch.func.grad(loss)(values, x, y), strict=True):
                value.sub_(gradient, alpha=LEARNING_RATE)

        # What was compiled for another network would make this one's sizes variables.
        torch.compiler.reset()
        return torch.compile(step, dynamic=False)

    def epoch(self):
        import torch

        with torch.no_grad():
            super().epoch()


class Jax:
    """A whole epoch in one jit: a scan over the batches."""

    name, module = "jax", "jax"

    def __init__(self, workload, X, Y, parameters, n_threads):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", X.dtype == np.float64)
        batches = len(X) // workload.batch
        self.data = tuple(
            jnp.asarray(array.reshape(batches, workload.batch, -1)) for array in (X, Y)
        )
        self.layers = [(jnp.asarray(W), jnp.asarray(b)) for W, b in parameters]

        def loss(layers, x, y):
            for W, b in layers[:-1]:
                x = jax.nn.relu(x @ W + b)
            W, b = layers[-1]
            return jnp.mean((x @ W + b - y) ** 2)

        def step(layers, batch):
            gradients = jax.grad(loss)(layers, *batch)
            return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, layers, gradients), None

        self.run = jax.jit(
            lambda layers, data: jax.lax.scan(step, layers, data)[0], donate_argnums=0
        )

    def epoch(self):
        self.layers = self.run(self.layers, self.data)
        self.layers[0][0].block_until_ready()

    def parameters(self):
        return self.layers


CONTESTANTS = {
    contestant.name: contestant
    for contestant in (Wbcore, Numpy, ScikitLearn, Torch, TorchCompiled, Jax)
}
