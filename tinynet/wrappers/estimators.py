"""The three estimators: a classifier, a regressor and a transformer around a model.

They follow scikit-learn's contract for estimators (https://scikit-learn.org/stable/developers/develop.html):
`__init__` only keeps its arguments, `fit` makes everything that ends in an underscore and returns self.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.extras import install_hint

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as missing:
    raise ImportError(
        f"tinynet.wrappers needs scikit-learn 1.6 or newer: {install_hint('sklearn')}", name="sklearn"
    ) from missing

from ..models.configuration import clone_model
from ..models.model import Model
from ..saving.model_file import model_from_bytes, model_to_bytes

if TYPE_CHECKING:
    from typing import Self

    from ..core.types import Array, TensorLike

_MODELS = ("model", "model_")  # the attributes that may hold a model


class _Estimator(BaseEstimator):
    """What the three have in common: making the model, training it, its results, pickles.

    Args:
        model: A compiled model, or a function of (X, y, **model_kwargs) that returns one.
        warm_start: Whether `fit` continues with the weights it has.
        model_kwargs: Dict of arguments for the function.
        fit_kwargs: Dict of arguments for `model.fit`.
    """

    _multi_output = True

    def __init__(
        self, model: Any, warm_start: bool = False, model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def fit(self, X: TensorLike, y: TensorLike, **kwargs: Any) -> Self:
        """Train the model.

        Args:
            X: Array, shape (samples, features). A model for other shapes starts with a Reshape layer.
            y: Targets, shape (samples,) or (samples, outputs).
            **kwargs: For `model.fit`; they take precedence over those in `fit_kwargs`.

        Returns:
            The estimator itself.

        Raises:
            TypeError: `model` is neither a model nor a function that returns one.
            RuntimeError: the model is not compiled.
            ValueError: X or y are not numbers in the right shape; scikit-learn's message describes them.
        """
        X, y = validate_data(self, X, y, multi_output=self._multi_output, y_numeric=self._multi_output)
        return self._train(X, self._encoded(y), kwargs)

    def _train(self, X, y, kwargs):
        self.model_ = self._model_for(X, y)
        self.history_ = self.model_.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        return self

    def _encoded(self, y):
        """The targets as the model sees them, shape (samples, outputs)."""
        return y.reshape(len(y), -1)

    def _model_for(self, X, y):
        """The model to train: cloned, made by the function, or the one from the last `fit`."""
        name = type(self).__name__
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            _check_compiled(self.model, name)
            return self.model if self.warm_start else _clone_compiled(self.model)
        if not callable(self.model):
            raise TypeError(f"{name}: model must be a compiled model or a function (X, y, **model_kwargs) that returns "
                            f"one, got {self.model!r}")
        model = self.model(X=X, y=y, **(self.model_kwargs or {}))
        if not isinstance(model, Model):
            raise TypeError(f"{name}: the function given as model must return a model, got {model!r}")
        _check_compiled(model, name)
        return model

    def _outputs(self, X):
        """What the model makes of X, an array of shape (samples, outputs)."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False)
        # A silent fit has silent predictions: cross-validation makes many.
        return self.model_.predict(X, verbose=(self.fit_kwargs or {}).get("verbose", "auto"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # weights are random; tinynet.utils.set_random_seed repeats a run
        return tags

    # -- pickles -------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Models as the bytes of a model file, which hold no code. Classes of your own must be registered."""
        state = dict(super().__getstate__())
        if state.get("history_") is not None:
            state["history_"] = copy.copy(state["history_"])
            state["history_"].set_model(None)
        if state.get("model_") is state["model"]:
            state["model_"] = None  # the same one, after warm_start
        return {key: _ModelBytes(model_to_bytes(value)) if key in _MODELS and isinstance(value, Model) else value
                for key, value in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = {key: model_from_bytes(value, f"{type(self).__name__}.{key}") if isinstance(value, _ModelBytes)
                 else value for key, value in state.items()}
        if "model_" in state and state["model_"] is None:
            state["model_"] = state["model"]
        if state.get("history_") is not None:
            state["history_"].set_model(state["model_"])
        super().__setstate__(state)


class _ModelBytes(bytes):
    """A model in a pickle."""


class SKLearnClassifier(ClassifierMixin, _Estimator):
    """A model as a classifier of scikit-learn.

    Labels may be numbers or strings. The model is trained on one column a class, 1 for the class of the sample and 0
    for the others, in the order of `classes_`, also if there are only two: it ends in that many outputs, with
    `loss="categorical_crossentropy"`. The function that makes it is called with this y, so that it can read
    `y.shape[1]`.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: As for `SKLearnRegressor`.

    Attributes:
        classes_: The labels, sorted.
        model_, history_: As for `SKLearnRegressor`.

    Source: https://keras.io/api/utils/sklearn_wrappers

    >>> def network(X, y, units=8):
    ...     from tinynet.layers import Dense, Input
    ...     from tinynet.models import Sequential
    ...     model = Sequential([Input((X.shape[1],)), Dense(units, "relu"), Dense(y.shape[1], "softmax")])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array(["low", "low", "high", "high"])
    >>> classifier = SKLearnClassifier(network, model_kwargs={"units": 4}, fit_kwargs={"epochs": 2, "verbose": 0})
    >>> classifier.fit(X, y).predict(X).shape, classifier.classes_.tolist()
    ((4,), ['high', 'low'])
    """

    _multi_output = False

    def _encoded(self, y):
        check_classification_targets(y)
        classes, indices = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"{type(self).__name__}: y has only one class, {classes.tolist()[0]!r}; there is "
                             "nothing to learn")
        continues = self.warm_start and hasattr(self, "model_") and hasattr(self, "classes_")
        if continues and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{type(self).__name__}: with warm_start=True the classes must stay those of the first fit, "
                f"{self.classes_.tolist()}; y has {classes.tolist()}. Set warm_start=False to begin anew"
            )
        self.classes_ = classes
        return np.eye(len(classes))[indices]

    def predict(self, X: TensorLike) -> Array:
        """The label with the largest output for each row of X.

        Args:
            X: Array, shape (samples, features).

        Returns:
            Array of labels, shape (samples,).
        """
        indices = self._outputs(X).argmax(axis=1)  # checks first that the model is fitted
        return self.classes_[indices]

    def decision_function(self, X: TensorLike) -> Array:
        """The model's outputs, as scikit-learn expects scores.

        Args:
            X: Array, shape (samples, features).

        Returns:
            Array, shape (samples, classes): probabilities if the model ends in softmax. For two classes the second
            output minus the first, shape (samples,).
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # how good it becomes is up to the model
        return tags


class SKLearnRegressor(RegressorMixin, _Estimator):
    """A model as a regressor of scikit-learn.

    The model is trained on y in the shape (samples, outputs).

    Args:
        model: A compiled model, or a function of (X, y, **model_kwargs) that returns one. `fit` trains a clone of a
            model (new weights), so that every `fit` starts anew.
        warm_start: Whether `fit` continues with the weights it has: those of the model given, or of the last `fit`.
        model_kwargs: Dict of arguments for the function.
        fit_kwargs: Dict of arguments for `model.fit`, such as epochs. Those passed to the estimator's own `fit` take
            precedence.

    Attributes:
        model_: The trained model.
        history_: The History that `model.fit` returned.

    Source: https://keras.io/api/utils/sklearn_wrappers

    >>> from tinynet.models import Sequential
    >>> model = Sequential([Input((1,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 2.0, 3.0])
    >>> SKLearnRegressor(model, fit_kwargs={"verbose": 0}).fit(X, y).predict(X).shape
    (4,)
    """

    def predict(self, X: TensorLike) -> Array:
        """The model's output.

        Args:
            X: Array, shape (samples, features).

        Returns:
            Array, shape (samples,), or (samples, outputs) if there are several.
        """
        outputs = self._outputs(X)
        return outputs.reshape(-1) if outputs.shape[1:] == (1,) else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags


class SKLearnTransformer(TransformerMixin, _Estimator):
    """A model as a transformer of scikit-learn: its outputs are the features for the next step of a pipeline.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: As for `SKLearnRegressor`.

    Attributes:
        model_, history_: As for `SKLearnRegressor`.

    Source: https://keras.io/api/utils/sklearn_wrappers

    >>> def halves(X, y):
    ...     from tinynet.layers import Dense, Input
    ...     from tinynet.models import Sequential
    ...     model = Sequential([Input((X.shape[1],)), Dense(2)])
    ...     model.compile("adam", "mse")
    ...     return model
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> SKLearnTransformer(halves, fit_kwargs={"verbose": 0}).fit(X, np.hstack([X / 2, X / 2])).transform(X).shape
    (4, 2)
    """

    def fit(self, X: TensorLike, y: TensorLike | None = None, **kwargs: Any) -> Self:
        """Train the model.

        Args:
            X: Array, shape (samples, features).
            y: Targets. Without them the model trains on a loss of its own (`add_loss`); an autoencoder gets y = X.
            **kwargs: For `model.fit`; they take precedence over those in `fit_kwargs`.

        Returns:
            The transformer itself.

        Raises:
            As `SKLearnRegressor.fit`.
        """
        if y is not None:
            return super().fit(X, y, **kwargs)
        return self._train(validate_data(self, X), None, kwargs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # the model computes in its own
        return tags

    def transform(self, X: TensorLike) -> Array:
        """The model's outputs.

        Args:
            X: Array, shape (samples, features).

        Returns:
            Array, shape (samples, outputs).
        """
        return self._outputs(X)

    def predict(self, X: TensorLike) -> Array:
        """The same as `transform`."""
        return self._outputs(X)


def _check_compiled(model, name):
    if not model.compiled:
        raise RuntimeError(f"{name}: the model {model.name!r} is not compiled; call model.compile(optimizer, loss) "
                           "before")


def _clone_compiled(model):
    """The same layers with new weights, compiled alike, with an optimizer that has no state yet."""
    clone = clone_model(model)
    optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
    clone.compile(optimizer, **copy.deepcopy(model._compile_arguments))
    return clone
