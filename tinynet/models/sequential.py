"""Sequential: each layer's output is the next layer's input."""

from typing import Any

from .. import ops
from ..core.tracebacks import short_traceback
from ..layers.augmentation import augments
from ..layers.base import Layer
from ..layers.core import InputLayer
from ..string_tensor import is_text
from ..symbolic import KerasTensor, link, set_owner, unlink
from .fusion import plan_steps
from .graph import Graph, batch_axis_hint
from .model import Model


class Sequential(Model):
    """A chain of layers.

    With an `Input` (or `input_shape=` on the first layer) the weights exist at once; without, from the first batch on.

    Args:
        layers: List of layers, to which `add` appends more.
        trainable: Whether training changes the weights.
        name: Chosen automatically if None.

    Raises:
        TypeError: an entry is neither a layer nor an `Input`.
        ValueError: the shapes of two neighbours do not fit together.

    >>> from tinynet.layers import Dense, Flatten, Input
    >>> model = Sequential([Input((28, 28)), Flatten(), Dense(128, activation="relu"), Dense(10)])
    >>> model.output_shape, model.count_params()
    ((None, 10), 101770)
    """

    _references = Model._references | {"_chain", "_body", "_steps", "_linked_chain", "_chain_nodes"}

    _only_calls_layers = True  # see replayable.py

    @short_traceback
    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._chain: list[Layer] = []  # with the input
        self._body: list[Layer] = []  # without it
        self._steps: list[Any] = []  # what is called: the same, some of them in `FusableLayers`
        self._done_ahead = 0  # how many of these steps have been computed for the present batch
        self._last_length_is_one = 0  # the number of axes of such an input, if the model starts with one
        self._linked_chain = None  # the layers that the graph was made of
        self._chain_graph = None
        self._chain_nodes: list[Any] = []
        if isinstance(layers, Layer | KerasTensor):
            raise TypeError("Sequential: expected a list of layers, got a single one; write Sequential([layer, ...])")
        for layer in layers if layers is not None else []:
            self._append(layer)
        self._build_if_shape_is_known()

    @short_traceback
    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer.

        Args:
            layer: A Layer, or an `Input` if the model has no layers yet.
            rebuild: Whether to create the layer's weights at once, if the input's shape is known.

        Raises:
            TypeError: it is neither.
            ValueError: an Input does not come first, or another layer has the same name.

        >>> model = Sequential()
        >>> model.add(tn.Input((4,)))
        >>> model.add(Dense(2))
        >>> model.output_shape
        (None, 2)
        """
        self._append(layer)
        self.built = False
        if rebuild:
            self._build_if_shape_is_known()

    def pop(self, rebuild: bool = True) -> Layer:
        """Remove the last layer and return it.

        Args:
            rebuild: Whether to build the model that is left, if the input's shape is known.

        Returns:
            The layer.

        Raises:
            ValueError: the model has no layers.

        >>> model = Sequential([tn.Input((4,)), Dense(2), Dense(1)])
        >>> model.pop().units, model.output_shape
        (1, (None, 2))
        """
        if not self._chain or isinstance(self._chain[-1], InputLayer):
            raise ValueError(f"{self.name}.pop: the model has no layers")
        layer = self._chain.pop()
        self._plan()
        self.built = False
        if rebuild:
            self._build_if_shape_is_known()
        return layer

    def _append(self, layer):
        if isinstance(layer, KerasTensor):
            layer = InputLayer(batch_shape=layer.shape, dtype=layer.dtype, name=layer.name)
        if not isinstance(layer, Layer):
            hint = " (a class: add parentheses)" if isinstance(layer, type) else ""
            raise TypeError(
                f"Sequential: expected a layer, got {layer!r}{hint}. A function goes into Activation(...) or a layer "
                "of your own."
            )
        if isinstance(layer, InputLayer) and self._chain:
            raise ValueError(
                f"Sequential: an Input can only come first, but the model starts with {self._chain[0].name!r}"
            )
        if any(layer.name == other.name and layer is not other for other in self._chain):
            raise ValueError(f"Sequential: two layers are named {layer.name!r}; names must differ")
        self._chain.append(layer)
        self._plan()

    @property  # type: ignore[misc]  # Model's setter only refuses
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        for layer in self._body:
            set_owner(layer, self)  # the user may ask for layer.output
        return list(self._body)

    def _plan(self):
        self._body = [layer for layer in self._chain if not isinstance(layer, InputLayer)]
        self._steps = [step for step, _ in plan_steps(self._body)]

    def _linked(self):
        """The chain as a graph, for `inputs`, `outputs` and the layers' `output`."""
        self._link()
        return self._chain_graph

    def _computed_graph(self):
        return self._linked() if type(self).call is Sequential.call else None

    def _link(self):
        if self._linked_chain == self._chain:
            return
        shape = self._shape_or_error()
        unlink(self._chain_nodes)
        self._linked_chain, self._chain_nodes = None, []
        given = isinstance(self._chain[0], InputLayer)
        first = self._chain[0] if given else InputLayer(batch_shape=shape, dtype=self._chain[0].dtype)
        output, self._chain_nodes = link(first.output, self._body)
        self._chain_graph = Graph(first.output, output)
        self._linked_chain = list(self._chain)

    @property
    def input(self) -> Any:
        """The KerasTensor it starts from."""
        return self._linked().input_struct

    @property
    def output(self) -> Any:
        """The KerasTensor it ends in."""
        return self._linked().output_struct

    def _frozen_inside(self):
        return [] if type(self).get_config is Sequential.get_config else super()._frozen_inside()

    def _sublayers(self):
        return list(self._chain)

    def _layers_in_order(self):
        if type(self).call is not Sequential.call:
            return None
        order = []
        for layer in self.layers:
            inside = layer._layers_in_order() if isinstance(layer, Model) else None
            order += [layer] if inside is None else inside
        return order

    def _augmenting_layers(self):
        if type(self).call is not Sequential.call or type(self).__call__ is not Model.__call__:
            return []
        shape, found = self._known_input_shape(), []
        for layer in self._body:
            if not augments(layer) or shape is None or layer.compute_output_shape(shape) != shape:
                break
            found.append(layer)
        return found

    def _call_on_augmented(self, batch):
        """The model in training, on an `Augmented` batch, which its first layers have already seen."""
        self._done_ahead = batch.layers
        try:
            return self(batch.data, training=True)
        finally:
            self._done_ahead = 0

    def _known_input_shape(self):
        if not self._chain:
            return None
        first = self._chain[0]
        if isinstance(first, Sequential) and first.batch_input_shape is None:
            return first._known_input_shape()
        return first.batch_input_shape

    def _build_if_shape_is_known(self):
        shape = self._known_input_shape()
        if shape is not None and self._body:
            self._build_with_shape(shape)

    @short_traceback
    def build(self, input_shape: Any = None) -> None:
        """Create all weights for batches of this shape, (None, ...).

        Args:
            input_shape: Shape with the batch axis; that of the `Input` if None.

        Raises:
            ValueError: there is no shape, or another one than that of the `Input`.
        """
        if input_shape is None:
            input_shape = self._known_input_shape()
        if input_shape is None:
            raise ValueError(f"{self.name}.build: give input_shape, or start the model with an Input")
        known = self._known_input_shape()
        if known is not None and not _compatible(known, tuple(input_shape)):
            raise ValueError(
                f"{self.name}.build: the model starts with an Input of shape {known}, got {tuple(input_shape)}"
            )
        shape = tuple(input_shape)
        for layer in self._body:
            shape = _build_layer(layer, shape)
        self._note_input_shape(tuple(input_shape))

    def _note_input_shape(self, shape):
        self._built_input_shape = shape
        self._last_length_is_one = len(shape) if len(shape) > 1 and shape[-1] == 1 else 0

    def _build_for(self, inputs):
        """Build layer by layer as the first batch passes through: also layers that only know their shapes then."""
        if not self._chain:
            raise ValueError(f"{self.name} has no layers yet; add some with {self.name}.add(...)")
        known = self._known_input_shape()
        self._note_input_shape(known if known is not None else (None, *inputs.shape[1:]))
        self.built = True

    def _with_last_axis(self, x):
        """As in Keras: numbers for an Input of shape (1,), grey images for one of (height, width, 1)."""
        axes = self._last_length_is_one
        if axes and len(x.shape) == axes - 1:
            known = self._known_input_shape() or self._built_input_shape
            if known is None or not batch_axis_hint(known, tuple(x.shape)):  # not a sample without its batch axis
                return x[..., None] if is_text(x) else ops.expand_dims(x, -1)
        return x

    def call(self, x: Any, training: bool | None = None) -> Any:  # type: ignore[override]  # no mask
        given = x = self._with_last_axis(x)
        try:
            for step in self._steps[self._done_ahead:] if self._done_ahead else self._steps:
                x = step(x, training=training)
        except ValueError as error:
            known = self._known_input_shape() or self._built_input_shape
            if known is not None and error.args and not _compatible(known, tuple(given.shape)):
                hint = batch_axis_hint(known, given.shape)  # with it, the layer's own remedy would lead astray
                ours = f"{self.name} was made for inputs {known}, got {given.shape}{hint}"
                error.args = (ours if hint else f"{error.args[0]} ({ours})", *error.args[1:])
            raise
        return x

    @property
    def input_shape(self) -> Any:
        """Shape of the input batches, None for lengths that vary."""
        return self._shape_or_error()

    @property
    def output_shape(self) -> Any:
        """Shape of the output batches."""
        return self.compute_output_shape(self._shape_or_error())

    def _shape_or_error(self):
        shape = self._known_input_shape() or self._built_input_shape
        if shape is None:
            raise AttributeError(
                f"{self.name} does not know its shapes yet; start it with an Input, or call it on a batch"
            )
        return shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        for layer in self._body:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The model's name and the configurations of its layers.

        Returns:
            A dict.
        """
        from ..serialization import serialize_keras_object

        config = {key: value for key, value in super().get_config().items() if key in ("name", "trainable", "dtype")}
        chain = list(self._chain)
        if chain and chain[0].batch_input_shape is not None and not isinstance(chain[0], InputLayer | Sequential):
            chain.insert(0, InputLayer(batch_shape=chain[0].batch_input_shape, dtype=chain[0].dtype))
        config["layers"] = [serialize_keras_object(layer) for layer in chain]
        if self._built_input_shape is not None:
            config["build_input_shape"] = self._built_input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A model from what `get_config` returned, with new weights.

        Args:
            config: The dict.
            custom_objects: {name: class or function} of your own.

        Returns:
            A new model.
        """
        from ..serialization import deserialize_keras_object

        model = cls(name=config.get("name"))
        made: list[tuple[Any, Layer]] = []  # a layer may be in the model several times: then its entries are equal
        for entry in config["layers"]:
            layer = next((layer for known, layer in made if known == entry), None)
            if layer is None:
                layer = deserialize_keras_object(entry, custom_objects)
                made.append((entry, layer))
            model.add(layer, rebuild=False)
        if config.get("build_input_shape") is not None:
            model.build_from_config({"input_shape": config["build_input_shape"]})
        else:
            model._build_if_shape_is_known()
        model._trainable = bool(config.get("trainable", True))  # each layer has its own
        return model


def _build_layer(layer, shape):
    """Build a layer for inputs of this shape; returns the shape of its outputs."""
    try:
        if not layer.built:
            layer._build_with_shape(shape)
        return layer.compute_output_shape(shape)
    except (TypeError, ValueError) as error:
        if not getattr(error, "_names_a_layer", False):
            error.args = (f"layer {layer.name!r} ({type(layer).__name__}), built for inputs {shape}: {error}",)
            error._names_a_layer = True
        raise


def _compatible(declared, actual):
    return len(declared) == len(actual) and all(a is None or b is None or a == b for a,
                                                b in zip(declared, actual, strict=True))
