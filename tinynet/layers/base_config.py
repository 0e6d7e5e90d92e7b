"""A layer as plain values, and a layer from them. `Layer` in base.py builds on it."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

from .. import regularizers
from .arguments import as_shapes, dtype_policy, is_plain

if TYPE_CHECKING:
    from typing import Self

    import numpy as np

    from ..core.types import Config


class LayerConfig:
    """What `get_config` is made of, and `from_config`; `get_build_config` and `build_from_config` for the weights."""

    _reduced: Any = None  # (function, arguments) of a pickle; saving/pickles.py sets it, which stands above this module
    name: str
    built: bool
    activity_regularizer: Any
    _dtype: np.dtype[Any]
    _trainable: bool
    _given_arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _built_input_shape: Any
    _build_symbolically: Any

    @property
    def dtype(self) -> str:
        """Element type of weights and computation, such as 'float32'."""
        return self._dtype.name

    compute_dtype = variable_dtype = dtype

    def _config(self, with_arguments: bool) -> Config:
        """What every layer's configuration holds, after the arguments that its constructor was called with, if wanted.
        """
        configuration = self._constructor_arguments() if with_arguments else {}
        configuration |= {"name": self.name, "trainable": self._trainable, "dtype": dtype_policy(self._dtype)}
        if self.activity_regularizer is not None:
            configuration["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return configuration

    def _constructor_arguments(self) -> Config:
        constructor: Any = type(self).__init__
        bound = inspect.signature(constructor).bind(self, *self._given_arguments[0], **self._given_arguments[1])
        bound.apply_defaults()
        result = {}
        for parameter, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[parameter].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                result.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL and value or not is_plain(value):
                raise NotImplementedError(
                    f"{type(self).__name__}: the argument {parameter!r} of its __init__ is no plain value, so the "
                    "layer must define itself how it is created again: "
                    f"get_config(self) returns {{**super().get_config(), {parameter!r}: ...}}, "
                    "and from_config(cls, config) is needed if __init__ does not take that"
                )
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                result[parameter] = value
        return result

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A pickle holds the bytes of a model file (see `Model.save`), and refers to the user's own classes and
        functions by the modules that define them.

        Raises:
            ValueError: the layer cannot be described, such as one with a lambda inside; the message names it.
        """
        return LayerConfig._reduced(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A layer with weights and layers inside of its own; functions are the same."""
        twin = memo[id(self)] = type(self).__new__(type(self))
        twin.__dict__.update(copy.deepcopy(dict(self.__dict__), memo))
        return twin

    def __copy__(self) -> Self:
        """A layer with the same weights and the same layers inside."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """A layer from what `get_config` returned.

        Args:
            config: What `get_config` returned.

        Returns:
            A new layer, with new weights.

        >>> Dense.from_config(Dense(3, activation="relu").get_config()).units
        3
        """
        constructor: Any = cls.__init__
        parameters = inspect.signature(constructor).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return cls(**config)
        # A constructor without **kwargs: what every layer has is set afterwards.
        layer: Any = cls(**{key: value for key, value in config.items()
                            if key in parameters or key not in ("name", "trainable", "dtype")})
        if "name" not in parameters and config.get("name") is not None:
            layer.name = config["name"]
        if "trainable" not in parameters and not config.get("trainable", True):
            layer.trainable = False
        return layer

    def get_build_config(self) -> Config | None:
        """What `build_from_config` needs to create the weights again: the shape of the inputs; None if not built.

        Returns:
            A dict, or None.
        """
        return {"input_shape": self._built_input_shape} if self._built_input_shape is not None else None

    def build_from_config(self, config: Config) -> None:
        """Create the weights as `get_build_config` described.

        Args:
            config: What `get_build_config` returned.
        """
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self._build_symbolically(as_shapes(shape))
