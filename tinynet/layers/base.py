"""Layer: weights, and a call that uses them.

A layer is written in three steps, as in Keras:

    class Scale(Layer):
        def build(self, input_shape):              # once, when the input's shape is known
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

        def call(self, x):                         # the formula
            return x * self.scale

This file has the constructor and the call. What a layer keeps (weights, layers inside, penalties) is in
base_weights.py, its configuration in base_config.py, its part in a graph in base_graph.py.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops, regularizers
from ..core.absence import AbsentName
from ..core.naming import auto_name
from ..core.registry import is_builtin
from ..core.tracebacks import shorten
from ..string_tensor import is_text
from ..symbolic import call_layer, is_symbolic, shapes_of
from ..tensor import Tensor, convert_to_tensor
from . import masks
from .arguments import COMMON_ARGUMENTS, arguments_of, input_shape_from, standard_dtype
from .base_config import LayerConfig
from .base_graph import LayerGraph
from .base_weights import LayerWeights
from .context import threads, within_scope
from .input_spec import check_inputs

if TYPE_CHECKING:
    from typing import Self

    from ..core.types import Config, DTypeLike
    from .weight_spec import RegularizerLike


class Layer(LayerWeights, LayerGraph, LayerConfig):
    """Base of all layers.

    Args:
        activity_regularizer: Penalty on the output, added to the loss.
        trainable: Whether training changes the weights.
        dtype: Element type of weights and computation; `floatx()` if None.
        autocast: Convert floating-point inputs to `dtype`.
        name: Chosen automatically (`dense`, `dense_1`, ...) if None.
        input_shape: Shape of one input sample, for the first layer of a Sequential model.
        weights: Arrays to start from instead of the initializers' values.

    Shapes: those of `call`, which a subclass defines.

    Attributes:
        built: Whether the weights exist.
        input_shape, output_shape: Shapes of the first call, with None for axes of any length.

    Raises:
        TypeError: an argument is not known.
        ValueError: `name` is no string or contains '/'; there are no kernels for `dtype`.

    >>> class Scale(tn.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
    ...     def call(self, x):
    ...         return x * self.scale
    >>> Scale()(np.ones((2, 3))).shape
    (2, 3)
    """

    # Whether `call` has these arguments: found at the first call of each class, for that class alone.
    _takes_training: bool | None = None
    _takes_mask: bool | None = None
    input_spec: Any = None  # an InputSpec, or several, that each call is checked with; of a layer of your own
    _is_traced = False  # whether `call` is the user's own, in the place of which a graph of it may run
    _call_traced: Any = None  # runs it; models/__init__.py sets it, which stands above this module
    is_layer = True  # read by modules below this one, such as serialization.py
    _makes_mask = False  # whether outputs may have a mask that is not simply the input's
    _needs_masks = False  # whether it makes one of the inputs' masks alone, and none where they have none

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._is_traced = not is_builtin(cls.call)
        cls._takes_training = cls._takes_mask = None  # its `call` may take other arguments than its parent's
        cls._makes_mask = cls.compute_mask is not Layer.compute_mask
        if "compute_mask" in vars(cls):
            cls._needs_masks = vars(cls).get("_needs_masks", False)
        if "build" in vars(cls):
            cls.build = within_scope(cls.build)  # type: ignore[method-assign]  # the same method, with a name's scope

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        layer = super().__new__(cls)
        # For get_config, where a class does not define it. In a dict of its own: one that shares its keys with others
        # of the class is as slow as a __getattr__ once it was read as `__dict__`.
        # The containers, into which __setattr__ sorts variables and layers, are there before __init__: a subclass may
        # set attributes before it calls super().__init__().
        object.__setattr__(layer, "__dict__", {
            "_given_arguments": (args, kwargs), "_own_trainable": [], "_own_non_trainable": [], "_children": {},
        })
        return layer

    def __init__(self, *, activity_regularizer: RegularizerLike = None, trainable: bool = True,
                 dtype: DTypeLike = None, autocast: bool = True, name: str | None = None, **kwargs: Any) -> None:
        self._added_losses = []
        self._penalized = []  # after a call by the user: the layers, this one or inside it, that have added losses
        unknown = [key for key in kwargs if key not in COMMON_ARGUMENTS]
        if unknown:
            raise TypeError(
                f"{type(self).__name__}: unknown argument {', '.join(map(repr, unknown))}; {arguments_of(type(self))}"
            )
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"{type(self).__name__}: name must be a string without '/', got {name!r}")
        self.name = name if name is not None else auto_name(type(self).__name__)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype = standard_dtype(dtype, type(self).__name__)
        self.autocast = autocast
        self._trainable = bool(trainable)
        self.built = False
        self.supports_masking = self._makes_mask  # a layer that computes a mask propagates it
        self.batch_input_shape = input_shape_from(kwargs, type(self).__name__)
        self._initial_weights = kwargs.get("weights")
        self._built_input_shape: Any = None

    # -- what a layer defines ------------------------------------------------------------------------------------

    def build(self, *args: Any, **kwargs: Any) -> None:
        """Create the weights. Layers with weights override it.

        Args:
            input_shape: Shape of the inputs, with None for axes of any length: a tuple, or a list or dict of tuples.
        """

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's formula. Every layer overrides it.

        Args:
            inputs: Tensor, or a list or dict of tensors.
            training: Optional: whether this call is a step of training.
            mask: Optional: the inputs' mask, boolean, False where a step is padding; or None.

        Returns:
            Tensor, or a list or dict of tensors.

        Raises:
            NotImplementedError: the layer does not override it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define call(self, inputs)")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs: the inputs' own, unless a layer overrides it.

        Args:
            inputs: What the layer was called on.
            previous_mask: Its mask (nested like `inputs`), boolean, False where a step is padding; or None.

        Returns:
            A boolean Tensor, or None.
        """
        return previous_mask

    def get_config(self) -> Config:
        """The arguments that create a layer like this one, as plain values.

        A layer with arguments of its own adds them: `{**super().get_config(), "units": self.units}`. One that does not
        define `get_config` gets what its constructor was called with, if these are plain values.

        Returns:
            A dict, which `from_config` makes a layer of.

        Raises:
            NotImplementedError: they are not plain, and the layer does not define `get_config`.

        >>> Dense(3).get_config()["units"]
        3
        """
        return self._config(type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__)

    # -- calling -------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Build the weights if need be, then compute `call`.

        Args:
            *args, **kwargs: As for `call`; arrays and lists become Tensors, floats the layer's `dtype`.
            training: Whether this call is a step of training; that of the layer around this one if None.

        Returns:
            What `call` returns; for KerasTensors a KerasTensor of that shape, without computing.

        Raises:
            TypeError, ValueError: the inputs do not fit; the message names the layer.
        """
        context = threads.context
        if training is None:
            training = context.training
        inputs = args[0] if args else None
        if not isinstance(inputs, Tensor) or self.autocast and inputs.data.dtype != self._dtype:
            if type(inputs) is not np.ndarray and is_symbolic(inputs) or kwargs and is_symbolic(kwargs):
                if self.input_spec is not None:
                    check_inputs(self, inputs)
                try:
                    return call_layer(self, args, kwargs if training is None else {**kwargs, "training": training})
                except Exception as error:
                    shorten(error)
                    raise
            args = tuple([self._convert(argument) for argument in args])
            inputs = args[0] if args else None
        if self.input_spec is not None and context.trial is None:  # trial calls have lengths of their own
            check_inputs(self, inputs)
        mask = getattr(inputs, "_keras_mask", None) if type(inputs) is Tensor else masks.masks_of(inputs)
        outermost, outer_training, outer_scope = context.outermost, context.training, context.scope
        if not self.built:
            try:
                self._build_for(inputs)
            except Exception as error:
                _name_layer(error, self, args)
                shorten(error)
                raise
            context.scope = (*outer_scope, self.name)  # layers inside may be built by this first call
        if self._takes_training is None:
            self._inspect_call()
        context.training = training
        if outermost is None:
            context.outermost = self
            if self._penalized:
                self._clear_losses()
        try:
            if training is not None and self._takes_training:
                kwargs["training"] = training
            if mask is not None and self._takes_mask and kwargs.get("mask") is None:
                kwargs["mask"] = mask
            if self._is_traced and mask is None:
                outputs = Layer._call_traced(self, args, kwargs)
            else:
                outputs = self.call(*args, **kwargs)
            if mask is not None or self._makes_mask:
                self._propagate_mask(inputs, outputs, mask)
            if self.activity_regularizer is not None:
                self._penalize_activity(outputs)
            if context.watch is not None:
                context.watch(self, outputs)
            return outputs
        except Exception as error:
            _name_layer(error, self, args)
            shorten(error)
            raise
        finally:
            context.outermost, context.training, context.scope = outermost, outer_training, outer_scope

    def _convert(self, value: Any) -> Any:
        """Arrays to Tensors, floats to the layer's dtype; anything else as it is."""
        if type(value) is np.ndarray and value.dtype is self._dtype and value.flags.c_contiguous:
            return Tensor.wrap(value)  # a batch of `fit`
        if isinstance(value, np.ndarray) and value.dtype.kind in "USO":
            return value  # text, for the layers that make numbers of it
        if isinstance(value, list | tuple):
            if _holds_arrays(value):
                return type(value)(self._convert(part) for part in value)
            if is_text(value):
                return np.array(value)
            value = self._as_tensor(value)  # numbers in lists
        elif isinstance(value, dict):
            return {key: self._convert(part) for key, part in value.items()}
        elif not isinstance(value, Tensor):
            if (
                value is None
                or isinstance(value, bool | str)
                or not hasattr(value, "__array__")
                and not isinstance(value, int | float)
            ):
                return value
            value = self._as_tensor(value)
        if self.autocast and value.data.dtype.kind == "f" and value.data.dtype != self._dtype:
            return masks.set_mask(ops.cast(value, self._dtype), getattr(value, "_keras_mask", None))
        return value

    def _as_tensor(self, value: Any) -> Tensor:
        """Numbers as a Tensor; floating-point ones too large for the layer's dtype are refused, not made infinite."""
        try:
            tensor = convert_to_tensor(value)
            if self.autocast and tensor.data.dtype.kind == "f" and tensor.data.dtype != self._dtype:
                with np.errstate(over="raise"):
                    return Tensor.wrap(tensor.data.astype(self._dtype))
            return tensor
        except FloatingPointError:
            raise ValueError(
                f"{self.name}: overflow: the input, {tensor.dtype}, has numbers beyond the largest {self._dtype}, "
                f"{np.finfo(self._dtype).max:.3g}. Scale the data"
            ) from None
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    def _propagate_mask(self, inputs: Any, outputs: Any, mask: Any) -> None:
        masks.propagate(self, inputs, outputs, mask)

    def _inspect_call(self) -> None:
        parameters = inspect.signature(type(self).call).parameters
        type(self)._takes_training = "training" in parameters or any(p.kind is p.VAR_KEYWORD
                                                                     for p in parameters.values())
        type(self)._takes_mask = "mask" in parameters

    def _build_for(self, inputs: Any) -> None:
        shapes = shapes_of(inputs)
        if shapes is None and type(self).build is not Layer.build:
            remedy = "; a TextVectorization or StringLookup layer makes numbers of text" if is_text(inputs) else ""
            raise TypeError(f"{self.name}: expected numbers, in an array or a Tensor, got {inputs!r}{remedy}")
        self._build_with_shape(shapes)

    def _build_with_shape(self, input_shape: Any) -> None:
        """Build, and load the initial weights that were given."""
        self.build(input_shape)
        self.built = True
        self._built_input_shape = input_shape
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _build_symbolically(self, shapes: Any) -> None:
        if type(self).build is Layer.build and self._sublayers():
            self._build_by_trial(shapes)
        else:
            self._build_with_shape(shapes)

    def _penalize_activity(self, outputs: Any) -> None:
        for output in outputs if isinstance(outputs, list | tuple) else [outputs]:
            self.add_loss(ops.divide(self.activity_regularizer(output),
                                     float(max(output.shape[0] if output.shape else 1, 1))))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


for _name in ("add_metric", "add_update", "get_updates_for"):  # explained in compat/absent.py
    setattr(Layer, _name, AbsentName("keras.layers.Layer", _name))


def _name_layer(error: Exception, layer: Layer, args: tuple[Any, ...]) -> None:
    """Put the innermost layer's name, and what it was called on, into the error's text."""
    if not isinstance(error, TypeError | ValueError) or getattr(error, "_names_a_layer", False):
        return
    if not error.args or not isinstance(error.args[0], str):
        return
    tensors = [argument for argument in args if isinstance(argument, Tensor)]
    shapes = ", ".join(str(argument.shape) for argument in tensors)
    if any(map(is_text, tensors)) and "convert" in error.args[0] or "invalid literal for" in error.args[0]:
        error.args = ("expected numbers, got text; a TextVectorization or StringLookup layer makes numbers of it "
                      f"({error.args[0]})",)
    error.args = (
        f"layer {layer.name!r} ({type(layer).__name__}), called on {shapes or 'its inputs'}: {error.args[0]}",
        *error.args[1:],
    )
    error._names_a_layer = True  # type: ignore[union-attr]  # read above, so that the name is put there once


def _holds_arrays(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_arrays(part) for part in value)
    return isinstance(value, Tensor | dict) or hasattr(value, "__array__")
