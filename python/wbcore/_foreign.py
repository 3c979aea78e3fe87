"""What other libraries call what is here: for messages to those who come from there."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

__all__ = ["cure", "explains_arguments", "explains_constructor", "hook_cure", "named_here"]

P = ParamSpec("P")
R = TypeVar("R")
Class = TypeVar("Class", bound=type)

# Keywords of scikit-learn, Keras, PyTorch and JAX, and what each may be here: the first that the
# called function has.
_KEYWORDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("lr", "learning_rate_init", "eta", "eta0", "step_size"), ("learning_rate",)),
    **dict.fromkeys(("beta_1", "b1"), ("beta1",)),
    **dict.fromkeys(("beta_2", "b2"), ("beta2",)),
    **dict.fromkeys(("eps", "adam_epsilon"), ("epsilon",)),
    **dict.fromkeys(("alpha", "wd", "decay", "l2_regularization", "reg"), ("l2", "weight_decay")),
    **dict.fromkeys(("nesterovs_momentum", "use_nesterov"), ("nesterov",)),
    **dict.fromkeys(("clipnorm", "global_clipnorm", "max_grad_norm"), ("clip_norm",)),
    **dict.fromkeys(("clipvalue", "clip"), ("clip_value",)),
    **dict.fromkeys(
        ("hidden_layer_sizes", "layers", "sizes", "layer_sizes", "hidden", "dims"), ("widths",)
    ),
    **dict.fromkeys(("in_features", "input_dim", "input_size", "n_in", "fan_in"), ("inputs",)),
    **dict.fromkeys(
        ("units", "out_features", "output_dim", "output_size", "n_out", "fan_out"), ("outputs",)
    ),
    **dict.fromkeys(("act", "nonlinearity", "activation_function"), ("activation",)),
    **dict.fromkeys(("out_activation", "final_activation"), ("output_activation",)),
    **dict.fromkeys(("kernel_initializer", "weight_init", "init"), ("initializer",)),
    "weights": ("initializer", "sample_weight"),
    **dict.fromkeys(("bias_init",), ("bias_initializer",)),
    **dict.fromkeys(("use_bias", "biases"), ("bias",)),
    **dict.fromkeys(("p", "dropout_rate", "rate"), ("dropout",)),
    **dict.fromkeys(("random_state", "random_seed", "rng"), ("seed",)),
    **dict.fromkeys(("n_jobs", "num_threads", "workers"), ("n_threads",)),
    **dict.fromkeys(
        ("max_iter", "n_epochs", "num_epochs", "nb_epoch", "nepochs", "n_iter", "iterations"),
        ("epochs",),
    ),
    **dict.fromkeys(("batch", "bs", "minibatch_size", "batchsize"), ("batch_size",)),
    **dict.fromkeys(("verbose", "verbosity"), ("progress",)),
    **dict.fromkeys(("validation_split",), ("validation_fraction", "validation_data")),
    **dict.fromkeys(("eval_set", "validation", "val_data"), ("validation_data",)),
    **dict.fromkeys(("metric", "scoring"), ("metrics",)),
    **dict.fromkeys(("criterion", "loss_fn", "loss_function", "objective"), ("loss",)),
    **dict.fromkeys(("opt", "solver", "optim"), ("optimizer",)),
    **dict.fromkeys(("sample_weights",), ("sample_weight",)),
    **dict.fromkeys(("class_weights",), ("class_weight",)),
    **dict.fromkeys(("initial_epoch", "start_epoch"), ("first_epoch",)),
    "tol": ("tolerance",),
    **dict.fromkeys(("x", "data", "input"), ("X",)),
    **dict.fromkeys(("Y", "targets", "labels", "target", "y_true"), ("y",)),
    **dict.fromkeys(("type", "precision"), ("dtype",)),
}

_OF_ALPHA = "l2=alpha / batch_size"
_STOPPING = "a callback: callbacks=[wb.callbacks.EarlyStopping"

# What belongs elsewhere than in the called function.
_ELSEWHERE = {
    "betas": "beta1 and beta2 here",
    "learning_rate": "the optimizer's: optimizer=wb.SGD(learning_rate=0.01)",
    "momentum": "the optimizer's: optimizer=wb.SGD(0.01, momentum=0.9)",
    "weight_decay": "the optimizer's: optimizer=wb.SGD(0.01, weight_decay=0.0001)",
    "l2": "the optimizer's: optimizer=wb.Adam(0.001, l2=0.0001)",
    "l1": "the optimizer's: optimizer=wb.Adam(0.001, l1=0.0001)",
    "alpha": (
        f"the optimizer's: optimizer=wb.Adam(0.001, {_OF_ALPHA}); scikit-learn divides alpha by "
        f"the rows of a batch"
    ),
    "dropout": "the layers': wb.Network.mlp(widths, dropout=0.2)",
    **dict.fromkeys(
        ("early_stopping", "patience", "n_iter_no_change"), f"{_STOPPING}(patience=10)]"
    ),
    "tol": f"{_STOPPING}(min_delta=0.0001)]",
    "restore_best_weights": f"{_STOPPING}()], which does that",
    "warm_start": "what every fit does: it goes on from the parameters as they are",
    "classes": "the network's: its outputs are the labels from 0 to outputs - 1; leave it out",
    "widths": "for wb.Network.mlp([inputs, hidden, outputs])",
}

# Of Keras and Lightning, and of what is called here.
_HOOKS = {
    **dict.fromkeys(("on_train_begin", "on_train_start", "on_fit_start"), "before_fit"),
    **dict.fromkeys(("on_batch_end", "on_train_batch_end"), "after_batch"),
    **dict.fromkeys(
        ("on_epoch_end", "on_train_epoch_end", "on_validation_end", "on_validation_epoch_end"),
        "after_epoch",
    ),
    **dict.fromkeys(("on_train_end", "on_fit_end"), "after_fit"),
}

# By kind: names elsewhere, without case, "_" and a last "loss"; and what it may be here.
_CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "loss": {
        **dict.fromkeys(
            (
                "categoricalcrossentropy",
                "sparsecategoricalcrossentropy",
                "crossentropy",
                "softmaxcrossentropy",
                "sparsesoftmaxcrossentropy",
                "multiclasslog",
                "nll",
                "log",
                "ce",
            ),
            ("cross_entropy",),
        ),
        **dict.fromkeys(
            (
                "binarycrossentropy",
                "bce",
                "bcewithlogits",
                "binarycrossentropywithlogits",
                "sigmoidbinarycrossentropy",
                "sigmoidcrossentropy",
                "binarylog",
                "logistic",
            ),
            ("binary_cross_entropy",),
        ),
        **dict.fromkeys(
            ("mse", "meansquarederror", "squarederror", "l2", "squared", "quadratic"), ("mse",)
        ),
        **dict.fromkeys(("mae", "meanabsoluteerror", "absoluteerror", "l1"), ("mae",)),
        **dict.fromkeys(("smoothl1", "huber"), ("huber",)),
        **dict.fromkeys(
            ("focal", "binaryfocalcrossentropy", "sigmoidfocal", "binaryfocal"), ("focal",)
        ),
        **dict.fromkeys(("pinball", "quantile"), ("quantile",)),
        **dict.fromkeys(("poisson", "poissonnll"), ("poisson",)),
        **dict.fromkeys(("kldiv", "kld", "kullbackleiblerdivergence"), ("kl_divergence",)),
        **dict.fromkeys(("logcosh",), ("log_cosh",)),
        **dict.fromkeys(("hinge",), ("hinge",)),
    },
    "activation": {
        **dict.fromkeys(("linear", "none", "id"), ("identity",)),
        **dict.fromkeys(("logistic", "expit"), ("sigmoid",)),
        **dict.fromkeys(("swish",), ("silu",)),
        **dict.fromkeys(("lrelu", "leakyrelu"), ("leaky_relu",)),
    },
    "optimizer": {
        **dict.fromkeys(("gd", "gradientdescent", "momentum"), ("sgd",)),
    },
    "metric": {
        **dict.fromkeys(("auc", "rocaucscore", "areaunderroc"), ("roc_auc",)),
        **dict.fromkeys(("ap", "prauc", "averageprecisionscore"), ("average_precision",)),
        **dict.fromkeys(("acc", "accuracyscore"), ("accuracy",)),
        **dict.fromkeys(("f1score",), ("f1",)),
    },
    "initializer": {
        **dict.fromkeys(("kaimingnormal", "kaiming", "henormal"), ("he",)),
        **dict.fromkeys(("kaiminguniform", "heuniform"), ("he_uniform",)),
        **dict.fromkeys(("xaviernormal", "glorot", "glorotnormal"), ("glorot_normal",)),
        **dict.fromkeys(("xavieruniform", "glorotuniform"), ("glorot_uniform",)),
    },
}


def hook_cure(callback: object) -> str:
    """The end of a message: what a method of another library's callbacks is called here."""
    found = [name for name in _HOOKS if callable(getattr(callback, name, None))]
    return "".join(f"; its {name} is {_HOOKS[name]}(self, run) here" for name in found)


def named_here(kind: str, name: str, known: Iterable[str]) -> str | None:
    """What a choice is called here that other libraries call `name`; None when it is not known."""
    plain = name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")
    known = tuple(known)
    same = {each.replace("_", ""): each for each in known}
    for form in (plain, plain.removesuffix("loss")):
        for here in (*_CHOICES.get(kind, {}).get(form, ()), same.get(form, "")):
            if here in known:
                return here
    return None


def explains_arguments(
    operation: str, needs: dict[str, str] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function refuse keywords that it does not have, and those that lack, with the cure.

    Parameters
    ----------
    operation : str
        As messages name it.
    needs : dict of str to str, optional
        Keywords without a default, and what to pass.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        names = frozenset(parameters)
        needed = needs or {}
        takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())

        @functools.wraps(function)
        def explained(*args: P.args, **kwargs: P.kwargs) -> R:
            if not (takes_any or kwargs.keys() <= names):
                raise TypeError(_unknown(operation, parameters, kwargs))
            for name, cure in needed.items():
                if name not in kwargs:
                    raise TypeError(f"[{operation}] expected {name}=, got none; pass {cure}")
            return function(*args, **kwargs)

        return explained

    return decorate


def explains_constructor(cls: Class) -> Class:
    """The same for the keywords of a class, as a decorator."""
    decorate = explains_arguments(cls.__name__)
    cls.__init__ = decorate(cls.__init__)  # type: ignore[misc]
    return cls


def _unknown(operation: str, known: Iterable[str], given: Iterable[str]) -> str:
    names = [name for name in known if name not in ("self", "cls")]
    wrong = next(name for name in given if name not in names)
    return (
        f"[{operation}] expected keywords among {', '.join(names)}, got {wrong}{cure(wrong, names)}"
    )


def cure(wrong: str, names: Iterable[str]) -> str:
    """The end of a message: what a keyword of another library is called here, or nothing."""
    import difflib

    names = list(names)
    others = _KEYWORDS.get(wrong, ())
    close = difflib.get_close_matches(wrong.lower(), names, 1, 0.7)
    here = [name for name in others if name in names]
    if not here and wrong not in _ELSEWHERE:
        here = close
    if wrong == "alpha" and "l2" in here:
        return f"; it is {_OF_ALPHA} here, if scikit-learn's, which divides it by a batch's rows"
    if here:
        return f"; it is {here[0]} here"
    return next(
        (f"; that is {_ELSEWHERE[name]}" for name in (wrong, *others) if name in _ELSEWHERE), ""
    )
