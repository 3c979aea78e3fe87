"""One class for each contestant in prediction; `predict()` gives the outputs of its rows."""

import numpy as np


class Wbcore:
    name, module = "wbcore", "wbcore"

    def __init__(self, workload, X, parameters, n_threads):
        import wbcore as wb

        net = wb.Network.mlp(workload.widths, "relu", dtype=X.dtype)
        for layer, (W, b) in zip(net, parameters, strict=True):
            layer.weights[...] = W
            layer.biases[...] = b
        self.net, self.X, self.n_threads = net, X, n_threads
        wb.set_num_threads(n_threads)

    def predict(self):
        return self.net.predict(self.X)


class WbcoreFrozen(Wbcore):
    name, module = "wbcore frozen", "wbcore"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.frozen = self.net.freeze()
        self.out = np.empty((len(self.X), self.net.widths[-1]), self.X.dtype)

    def predict(self):
        return self.frozen(self.X, out=self.out, n_threads=self.n_threads)


class Numpy:
    name, module = "numpy", "numpy"

    def __init__(self, workload, X, parameters, n_threads):
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(n_threads)
        self.X, self.layers = X, parameters

    def predict(self):
        A = self.X
        for W, b in self.layers[:-1]:
            A = A @ W
            A += b
            np.maximum(A, 0, out=A)
        W, b = self.layers[-1]
        return A @ W + b


class ScikitLearn:
    name, module = "scikit-learn", "sklearn.neural_network"

    def __init__(self, workload, X, parameters, n_threads):
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(n_threads)
        self.X = X
        self.model = MLPRegressor(
            hidden_layer_sizes=workload.widths[1:-1], solver="sgd", batch_size=1
        )
        self.model.partial_fit(X[:1], np.zeros((1, workload.widths[-1]), X.dtype))
        for index, (W, b) in enumerate(parameters):
            self.model.coefs_[index] = W
            self.model.intercepts_[index] = b

    def predict(self):
        return self.model.predict(self.X)


class Torch:
    name, module = "torch", "torch"

    def __init__(self, workload, X, parameters, n_threads):
        import torch

        torch.set_num_threads(n_threads)
        self.inference = torch.inference_mode
        modules = []
        for W, b in parameters:
            linear = torch.nn.Linear(*W.shape, dtype=getattr(torch, X.dtype.name))
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W.T.copy()))
                linear.bias.copy_(torch.from_numpy(b))
            modules += [linear, torch.nn.ReLU()]
        self.model, self.X = torch.nn.Sequential(*modules[:-1]), torch.from_numpy(X)

    def predict(self):
        with self.inference():
            return self.model(self.X).numpy()


class OnnxRuntime:
    name, module = "onnxruntime", "onnxruntime"

    def __init__(self, workload, X, parameters, n_threads):
        import onnxruntime
        from onnx import TensorProto, checker, helper, numpy_helper

        kind = TensorProto.FLOAT if X.dtype == np.float32 else TensorProto.DOUBLE
        nodes, constants, current = [], [], "x"
        for index, (W, b) in enumerate(parameters):
            constants += [
                numpy_helper.from_array(np.ascontiguousarray(W), f"W{index}"),
                numpy_helper.from_array(b, f"b{index}"),
            ]
            last = index + 1 == len(parameters)
            nodes.append(
                helper.make_node(
                    "Gemm", [current, f"W{index}", f"b{index}"], ["y" if last else f"z{index}"]
                )
            )
            if not last:
                nodes.append(helper.make_node("Relu", [f"z{index}"], [f"a{index}"]))
            current = f"a{index}"
        graph = helper.make_graph(
            nodes,
            "mlp",
            [helper.make_tensor_value_info("x", kind, [None, workload.widths[0]])],
            [helper.make_tensor_value_info("y", kind, [None, workload.widths[-1]])],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        checker.check_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.X = X

    def predict(self):
        return self.session.run(None, {"x": self.X})[0]


CONTESTANTS = {
    contestant.name: contestant
    for contestant in (Wbcore, WbcoreFrozen, Numpy, ScikitLearn, Torch, OnnxRuntime)
}
