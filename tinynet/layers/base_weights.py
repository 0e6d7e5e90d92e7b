"""What a layer keeps: its weights, the layers inside it, penalties and metrics. `Layer` in base.py builds on it."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import constraints as constraints_module
from .. import initializers, regularizers
from ..core.reading import check_weight
from ..variable import Variable
from .arguments import name_may_come_first
from .context import call_context


class _Changes:
    """`changes.count`: how often an attribute of a layer has been set, of any layer."""

    count = 0


changes = _Changes()
# Callbacks, and calls with penalties, set these; no call of a layer reads them.
_OF_TRAINING = ("history", "stop_training", "_added_losses", "_penalized")

if TYPE_CHECKING:
    from ..core.types import Array, DTypeLike
    from ..tensor import Tensor
    from .base import Layer
    from .weight_spec import ConstraintLike, InitializerLike, RegularizerLike

_NOT_BUILT = " The layer is not built yet: call it once, or give the model an Input."


class _NotYet:
    """Stands in the class for what `Layer.__init__` creates."""

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        raise RuntimeError(
            f"{owner.__name__}: call super().__init__() in __init__, before the layer is used"
        )


class LayerWeights:
    """Weights, layers inside, penalties and metrics.

    A variable that is set as an attribute belongs to the layer; a layer or metric that is set as an attribute, alone or
    in a list, tuple or dict, is inside it.
    """

    # Attributes that refer to layers and metrics which belong to this layer by another name, or not at all.
    _references: frozenset[str] = frozenset(("_added_losses", "_penalized", "_initial_weights", "_built_input_shape"))
    # Read in every call, so with plain values: Python 3.11 is slow where the class has a descriptor.
    built: bool = False
    autocast: bool = True
    _dtype: np.dtype[Any] = np.dtype("float32")
    name: Any = _NotYet()
    _trainable: Any = _NotYet()
    _added_losses: Any = _NotYet()
    _initial_weights: Any = _NotYet()
    _penalized: list[Any]
    # No __getattr__ for these, nor for others: in a class that has one, Python 3.11 looks for every attribute in its
    # slow way, 23 ns instead of 6, and a step of the dense practical looks for 80.
    _children: Any
    _own_trainable: Any
    _own_non_trainable: list[Variable]

    # -- weights -------------------------------------------------------------------------------------------------

    @name_may_come_first
    def add_weight(self, shape: Any = None, initializer: InitializerLike = None,
                   dtype: DTypeLike = None, trainable: bool = True, autocast: bool = True,
                   regularizer: RegularizerLike = None, constraint: ConstraintLike = None, aggregation: str = "none",
                   name: str | None = None) -> Variable:
        """Create a Variable that belongs to this layer.

        Args:
            shape: Tuple of ints; () if None.
            initializer: Name or Initializer; 'glorot_uniform' for floats (zeros for other types) if None.
            dtype: The layer's if None.
            trainable: Whether training changes it.
            autocast, aggregation: Accepted for Keras's signature; they change nothing here.
            regularizer: Penalty on the value, added to the loss.
            constraint: Function applied to the value after each training step.
            name: For summaries and files.

        Returns:
            The Variable.

        Raises:
            ModelFileError: while a file is read: the model's weights would take more memory than allowed.
        """
        dtype = np.dtype(dtype or self._dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.kind == "f" else "zeros"
        initializer = initializers.get(initializer)
        if call_context().first_values is None:  # a loader that sets them counts by itself
            check_weight(shape, dtype.itemsize)
        variable = Variable(call_context().first_values or initializer,
                            shape=tuple(shape) if shape is not None else (), dtype=dtype,
                            trainable=trainable and self._trainable, name=name or "variable")
        variable.path = "/".join((*call_context().scope, variable.name))
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints_module.get(constraint)
        self._track_variable(variable, trainable)
        return variable

    def _track_variable(self, variable: Variable, trainable: bool) -> None:
        owned = self._own_trainable if trainable else self._own_non_trainable
        if not any(variable is other for other in self._own_trainable + self._own_non_trainable):
            owned.append(variable)

    def __setattr__(self, key: str, value: Any) -> None:
        if key not in _OF_TRAINING:
            changes.count += 1
        if isinstance(value, Variable):
            self._track_variable(value, value.trainable)
        elif key not in self._references and (isinstance(value, LayerWeights | list | tuple | dict)
                                         or getattr(value, "is_metric", False)) or key in self._children:
            self._children[key] = value
        object.__setattr__(self, key, value)

    def __delattr__(self, key: str) -> None:
        changes.count += 1
        value = self.__dict__.get(key)
        self._children.pop(key, None)
        for owned in (self._own_trainable, self._own_non_trainable):
            owned[:] = [variable for variable in owned if variable is not value]
        object.__delattr__(self, key)

    def _sublayers(self) -> list[Layer]:
        """Layers held by this one, directly or in lists, tuples and dicts; each once, in the order they were set."""
        found: list[Any] = []
        for value in self._children.values():
            _collect_layers(value, found)
        return found

    def _flatten_layers(self) -> list[Layer]:
        """This layer and all below it, depth first, each once."""
        found: list[Any] = []
        _visit_layers(self, found)
        return found

    @property
    def weights(self) -> list[Variable]:
        """All variables: this layer's own (trainable first), then those of the layers it holds."""
        result = self._own_trainable + self._own_non_trainable
        for layer in self._sublayers():
            result += layer.weights
        return _unique(result)

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes: not those of frozen layers, nor those whose `trainable` is False."""
        if not self._trainable:
            return []
        children = self._sublayers()
        result = [variable for variable in self._own_trainable if variable.trainable]
        for layer in children:
            result += layer.trainable_weights
        return _unique(result) if children else result

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone."""
        trainable = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trainable]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for the layers inside too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._own_trainable:
            variable.trainable = self._trainable
        for layer in self._sublayers():
            layer.trainable = value

    def _frozen_inside(self) -> list[int]:
        """Which of the layers inside are frozen though this one is not, as indices into `_flatten_layers`.

        Layers whose configurations are part of this one's need no such list.
        """
        inside = self._flatten_layers() if self._trainable else []
        return [index for index, layer in enumerate(inside) if not layer._trainable]

    def _freeze_inside(self, frozen: Any) -> None:
        """Freeze layers inside, after `_frozen_inside` of an equal layer."""
        inside = self._flatten_layers()
        for index in frozen if isinstance(frozen, list) else []:
            if type(index) is int and 0 < index < len(inside):
                inside[index].trainable = False

    def get_weights(self) -> list[Array]:
        """The values of `weights`, as a list of ndarrays (copies).

        Returns:
            A list of arrays, in the order of `weights`.

        >>> layer = Dense(2)
        >>> layer.build((None, 3))
        >>> [array.shape for array in layer.get_weights()]
        [(3, 2), (2,)]
        """
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all `weights` from a list of arrays in the same order.

        Args:
            weights: List of arrays, as from `get_weights`.

        Raises:
            ValueError: the number of arrays, or a shape, is not the layer's; nothing is changed then.
            TypeError: it is no list.

        >>> layer = Dense(1)
        >>> layer.build((None, 2))
        >>> layer.set_weights([np.array([[1.0], [10.0]]), np.array([0.5])])
        >>> layer(np.array([[2.0, 3.0]])).numpy()
        array([[32.5]], dtype=float32)
        """
        if not hasattr(weights, "__iter__") or isinstance(weights, str):
            raise TypeError(f"{self.name}.set_weights: expected a list of arrays, as from get_weights(), got "
                            f"{weights!r} ({type(weights).__name__})")
        variables = self.weights
        arrays = [np.asarray(value) for value in weights]
        if len(arrays) != len(variables):
            hint = "" if self.built else _NOT_BUILT
            raise ValueError(
                f"{self.name}.set_weights: got {len(arrays)} arrays, the layer has {len(variables)} weights.{hint}"
            )
        for variable, value in zip(variables, arrays, strict=True):
            if value.shape != variable.shape:
                raise ValueError(
                    f"{self.name}.set_weights: weight {variable.path!r} has shape {variable.shape}, got {value.shape}"
                )
        for variable, value in zip(variables, arrays, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in `weights`.

        Returns:
            The number, an int.

        Raises:
            ValueError: the layer is not built.

        >>> layer = Dense(2)
        >>> layer.build((None, 3))
        >>> layer.count_params()  # a kernel of 3 x 2 and a bias of 2
        8
        """
        if not self.built:
            raise ValueError(
                f"{self.name}.count_params: the layer has no weights yet; call it once, or build it with an input shape"
            )
        return sum(variable.size for variable in self.weights)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put this layer's own variables (not those of layers it holds) into `store`, dict-like, for a file.

        Override it, together with `load_own_variables`, for state that is not in `weights`.

        Args:
            store: dict-like, to which {name: array} is added.
        """
        for i, variable in enumerate(self._own_trainable + self._own_non_trainable):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Set this layer's own variables from what `save_own_variables` filled.

        Args:
            store: dict-like: {name: array}.

        Raises:
            ValueError: the file has another number of them, or other shapes.
        """
        own = self._own_trainable + self._own_non_trainable
        if len(store.keys()) != len(own):
            hint = "" if self.built else _NOT_BUILT
            raise ValueError(f"layer {self.name!r} has {len(own)} weights, the file has {len(store.keys())}.{hint}")
        for i, variable in enumerate(own):
            variable.assign(store[str(i)])

    # -- losses and metrics --------------------------------------------------------------------------------------

    def add_loss(self, loss: Tensor | Sequence[Tensor]) -> None:
        """Add a scalar tensor (or a list of them) to the loss of this call; used inside `call`.

        Args:
            loss: A scalar Tensor, or a list of them.
        """
        self._added_losses = [*self._added_losses, *(loss if isinstance(loss, list | tuple) else [loss])]
        outermost = call_context().outermost or self
        if not any(layer is self for layer in outermost._penalized):
            outermost._penalized = [*outermost._penalized, self]

    @property
    def losses(self) -> list[Tensor]:
        """The penalties of the last call and of the weights' regularizers, as scalar tensors."""
        result: list[Any] = []
        for layer in self._flatten_layers():
            result += layer._added_losses
        result += [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]
        return result

    def _clear_losses(self) -> None:
        for layer in self._penalized:
            layer._added_losses = []
        self._penalized = []

    @property
    def metrics(self) -> list[Any]:
        """Metrics kept by this layer and the layers it holds; each once."""
        return list({id(metric): metric for metric in self._own_metrics() + self._inner_metrics()}.values())

    def _own_metrics(self) -> list[Any]:
        """Those that are attributes of this layer, alone or in lists, tuples and dicts."""
        found: list[Any] = []
        for value in self._children.values():
            _collect_metrics(value, found)
        return found

    def _inner_metrics(self) -> list[Any]:
        """Those of the layers it holds. A model among them was compiled for a training of its own: its do not count."""
        return [metric for layer in self._sublayers()
                for metric in ([] if hasattr(layer, "compile") else layer._own_metrics()) + layer._inner_metrics()]


def _visit_layers(layer: Any, found: list[Any]) -> None:  # no inner function: it would be a cycle
    if not any(layer is other for other in found):
        found.append(layer)
        for child in layer._sublayers():
            _visit_layers(child, found)


def _collect_layers(value: Any, found: list[Any]) -> None:
    if isinstance(value, LayerWeights):
        if not any(value is other for other in found):
            found.append(value)
    elif isinstance(value, list | tuple):
        for part in value:
            _collect_layers(part, found)
    elif isinstance(value, dict):
        for part in value.values():
            _collect_layers(part, found)


def _collect_metrics(value: Any, found: list[Any]) -> None:
    if getattr(value, "is_metric", False):
        found.append(value)
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            _collect_metrics(part, found)


def _unique(variables: list[Variable]) -> list[Variable]:
    return list({id(variable): variable for variable in variables}.values())
