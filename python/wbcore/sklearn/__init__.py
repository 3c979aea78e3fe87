"""Estimators for scikit-learn: its multilayer perceptrons, trained by wbcore.

`MLPClassifier` and `MLPRegressor` take the place of those of `sklearn.neural_network`: the same
parameters, methods and fitted attributes, with the same numbers for the same `random_state`, and
more parameters behind them. They need scikit-learn 1.6 or newer, the extra `sklearn` of this
package; `import wbcore` does not import it, `wbcore.sklearn` does.

`TabularClassifier` and `TabularRegressor` are for a person with a table: with columns of any kind,
missing values and defaults that suit, stored without pickle.

Examples
--------
>>> from sklearn.datasets import load_iris
>>> from wbcore.sklearn import MLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> model = MLPClassifier((16,), solver="lbfgs", random_state=0).fit(X, y)
>>> model.score(X, y) > 0.95
True
"""

from wbcore._distribution import install_extra

try:
    import sklearn as _  # noqa: F401, by its own name it would be a name of this module
except ImportError as error:
    raise ImportError(
        f"[wbcore.sklearn] expected scikit-learn, which could not be imported ({error}); "
        f"{install_extra('sklearn')}",
        name=error.name,
    ) from error

from wbcore.sklearn.classifier import MLPClassifier
from wbcore.sklearn.regressor import MLPRegressor
from wbcore.sklearn.tabular_classifier import TabularClassifier
from wbcore.sklearn.tabular_regressor import TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]
