"""Model: a layer that can be trained."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..callbacks.lab import Lab, watched
from ..core.registry import custom_object_scope
from ..core.tracebacks import short_traceback, shorten
from ..core.types import Array
from ..layers.base import Layer
from ..layers.context import call_context, threads
from ..symbolic import KerasTensor, shapes_of
from .summary import print_summary
from .summary_html import model_html
from .training import Trainer


class Model(Trainer, Layer):
    """A layer with `compile`, `fit`, `evaluate` and `predict`.

    Three ways to make one: `Sequential` for a chain of layers; `Model(inputs, outputs)` for a graph of them; a subclass
    that defines `call(self, x, training=None)` for everything else.

    Threads: while one thread trains a model, others may call its `predict`, `predict_on_batch`, `gradients`,
    `get_weights`, `set_weights`, `save`, `save_weights` and `load_weights`. Each takes effect between two steps of
    training, which waits meanwhile: all outputs of a call belong to the same weights. (Those for a dataset or generator
    do for each batch.) Not so `model(x)`, which may read weights in the middle of a step, and a second `fit` or
    `evaluate`, which share the metrics. Different models may do anything at the same time, unless they share layers.

    Args:
        inputs: `Input(...)`, or a list, tuple or dict of several; any KerasTensor will do.
        outputs: What layers returned for them: a KerasTensor, or a list, tuple or dict of several.
        name: Chosen automatically if None.

    Attributes:
        card: None, or a dict of what a user of the model must know, such as {"class_names": ["cat", "dog"]}: plain
            values, as JSON has them. `save` keeps it in `.keras` files, those for Keras too.

    Raises:
        TypeError: an argument is not known.
        ValueError: `outputs` do not follow from `inputs`.

    >>> from tinynet.layers import Add, Dense, Input
    >>> inputs = Input((8,))
    >>> x = Dense(8, activation="relu")(inputs)
    >>> model = Model(inputs, Dense(2)(Add()([inputs, x])))
    >>> model.output_shape, model.count_params()
    ((None, 2), 90)

    >>> import numpy as np
    >>> class Linear(Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.dense = Dense(1)
    ...     def call(self, x):
    ...         return self.dense(x)
    >>> Linear()(np.ones((4, 3))).shape
    (4, 1)
    """

    card: dict[str, Any] | None = None
    _functional: Any = None  # the class Functional; models/__init__.py sets it, since functional.py imports this module

    def __new__(cls, *args, **kwargs):
        if cls is Model and (len(args) >= 2 or "outputs" in kwargs):
            cls = Model._functional
        return super().__new__(cls, *args, **kwargs)

    @short_traceback
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("inputs", "outputs", "name"), args, strict=False))
        for key, value in given.items():
            if key in kwargs:
                raise TypeError(f"Model: {key} is given twice")
            kwargs[key] = value
        inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
        super().__init__(**kwargs)
        if (inputs is None) != (outputs is None):
            raise ValueError("Model: give both inputs and outputs, or neither and define call()")
        if inputs is not None:
            _become_functional(type(self))
            Model._functional._make_graph(self, inputs, outputs)
        elif isinstance(self, Model._functional):
            raise ValueError(
                f"{type(self).__name__}: expected inputs and outputs, since an earlier model of this class (or of one "
                "that it is derived from) was given them. Models with a call() of their own need another class"
            )

    @short_traceback
    def build(self, input_shape: Any = None) -> None:
        """Create the weights of the layers inside, by a call on zeros of this shape (None for any length).

        Args:
            input_shape: Shape of the inputs, with the batch axis; None for axes of any length. Nothing is done if it is
                None.
        """
        if input_shape is not None:
            context = call_context()
            context.scope = context.scope[:-1]  # the call puts the name there itself
            self._build_by_trial(input_shape)

    def _build_for(self, inputs):
        """At the first call the layers inside build themselves, as the batch passes through."""
        if type(self).build is not Model.build:
            super()._build_for(inputs)
        else:
            self._built_input_shape = shapes_of(inputs)
            self.built = True

    def __call__(self, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        call = super().__call__
        if training or kwargs or len(args) != 1 or threads.context.outermost is not None:
            return call(*args, training=training, **kwargs)
        try:
            return self._prediction_calls.take(self, lambda: call(*args, training=training), args[0],
                                               training=training)
        except Exception as error:
            shorten(error)
            raise

    __call__.__doc__ = Layer.__call__.__doc__

    def explain_steps(self) -> str:
        """How this model's steps run: from recordings of their kernel calls, or the ordinary way, and why.

        `fit` forgets the recordings of training steps at its end: ask in a callback, or after `train_on_batch`.

        Returns:
            Two lines: of training steps and of calls for prediction. For each layer or model with a `call` of your own
            in which neighbours might be computed together, a line more: whether it runs as a graph of its layers.

        >>> model = tn.Sequential([tn.Input((2,)), tn.layers.Dense(1)])
        >>> x = np.ones((4, 2), "float32")
        >>> for _ in range(3):
        ...     y = model(x)
        >>> print(model.explain_steps())
        training: ...
        prediction: from recordings: 1 kernel calls, ...
        """
        lines = [f"training: {self._training_steps.describe()}", f"prediction: {self._prediction_calls.describe()}"]
        for layer in self._flatten_layers():  # those whose own calls may run as graphs
            traces = vars(layer).get("_own_traces")
            if traces is not None and not traces.has_nothing_to_fuse:
                lines.append(f"{layer.name}: {traces.describe()}")
        return "\n".join(lines)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs. A subclass overrides it, unless it was given inputs and outputs.

        Args:
            inputs: A Tensor, or a list or dict of them.
            training: Whether the call is part of training: layers such as Dropout behave differently then.
            mask: Boolean, False where a step is padding; or None.

        Returns:
            The outputs: a Tensor, or a list or dict of them.

        Raises:
            NotImplementedError: a subclass does not override it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define call(self, inputs)")

    def _propagate_mask(self, inputs, outputs, mask):
        """The layers inside have done it."""

    @property
    def layers(self) -> list[Layer]:
        """The layers this model is made of, one level deep."""
        return self._sublayers()

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`layers` is what the model was built from and cannot be set; choose another attribute name"
        )

    def _linked(self):
        """The Graph of the layers; a Sequential model makes it when it is asked for.

        Raises:
            AttributeError: there is none, or a Sequential model does not know its input shape yet.
        """
        raise AttributeError(
            f"{self.name} has no inputs and outputs of its own: it is a subclass of Model whose layers are only "
            "known when it is called. Make it of Model(inputs, outputs) or Sequential to look inside"
        )

    def _defining_graph(self):
        """The Graph that the model was made of by `Model(inputs, outputs)`, None for other models."""
        return None

    def _computed_graph(self):
        """The Graph that a call of the model computes, None if only a `call` of its own knows what that is."""
        return None

    @property
    def inputs(self) -> list[KerasTensor]:
        """The KerasTensors it starts from, as a flat list; those of a dict in the order of its sorted keys."""
        return self._linked().inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The KerasTensors it ends in, as a flat list; those of a dict in the order of its sorted keys."""
        return self._linked().outputs

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return self._linked().input_names

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that the outputs come from."""
        return self._linked().output_layer_names

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by index.

        Args:
            name: Of the layer.
            index: Its position in `layers`, instead of `name`.

        Returns:
            The layer.

        Raises:
            ValueError: there is no such layer; the message lists those there are.

        >>> model = Sequential([tn.Input((2,)), Dense(4, name="hidden"), Dense(1)])
        >>> model.get_layer("hidden").units, model.get_layer(index=1).units
        (4, 1)
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: give either name or index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"get_layer: index {index}, but the model has {len(self.layers)} layers")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"get_layer: no layer is named {name!r}. Layers: {[layer.name for layer in self.layers]}")

    @short_traceback
    def summary(self, line_length: int | None = None, positions: list[float] | None = None,
                print_fn: Callable[[str], Any] | None = None, expand_nested: bool = False, show_trainable: bool = False,
                layer_range: tuple[str, str] | None = None) -> None:
        """Print a table of the layers with their output shapes and numbers of weights.

        On a terminal it is as wide as that at most, and in colour (not if NO_COLOR is set).

        Args:
            line_length: Width in characters.
            positions: Relative or absolute positions of the columns' right ends.
            print_fn: Called with the text instead of `print`.
            expand_nested: Show the layers inside models that are layers.
            show_trainable: Add a column with whether training changes the layer.
            layer_range: First and last layer name to show.

        >>> Sequential([tn.Input((4,)), Dense(3, name="hidden"), Dense(1, name="out")], name="small").summary(60)
        Model: "small"
        ┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┓
        ┃ Layer (type)            ┃ Output Shape        ┃ Param # ┃
        ┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━┩
        │ hidden (Dense)          │ (None, 3)           │      15 │
        ├─────────────────────────┼─────────────────────┼─────────┤
        │ out (Dense)             │ (None, 1)           │       4 │
        └─────────────────────────┴─────────────────────┴─────────┘
         Total params: 19 (76.00 B)
         Trainable params: 19 (76.00 B)
         Non-trainable params: 0 (0.00 B)
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def lab(self, open_browser: bool = True, port: int = 8707) -> str:
        """Open the lab's page on this model: graph, losses, each layer's histograms, worst mistakes, while `fit` runs.

        The page can hold the training, let single batches through, and stop it. It stays on this machine. Of several
        processes that train one model (`tinynet.distribution`), the first opens it.

        Args:
            open_browser: Whether to open it in the browser; its link is printed in any case.
            port: The first port to try; 0 for any.

        Returns:
            The link; an empty text on other processes than the first.

        Raises:
            RuntimeError: the model is not compiled.
            ModuleNotFoundError: the extra `lab` is not installed.

        >>> model = Sequential([tn.Input((1,)), Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> link = model.lab(open_browser=False, port=0)
        tinynet lab: http://127.0.0.1:.../?token=...#/model
        """
        self._check_compiled("lab", to_train=True)
        if self not in watched:
            watched[self] = Lab(open_browser, port)
            watched[self].set_model(self)
        watched[self].open_browser = open_browser
        return watched[self].open()

    def _repr_html_(self) -> str:
        """The table of layers that a notebook shows for the model."""
        return model_html(self)

    def get_config(self) -> dict[str, Any]:
        """What the constructor of the subclass was called with.

        Returns:
            A dict.

        >>> Sequential([tn.Input((2,)), Dense(1)], name="line").get_config()["name"]
        'line'
        """
        return self._config(type(self).get_config is Model.get_config and type(self).__init__ is not Model.__init__)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A model from what `get_config` returned, with new weights.

        Args:
            config: Of a graph, or of a subclass of Model.
            custom_objects: Dict of classes and functions of your own by name.

        Returns:
            A new model.
        """
        if {"layers", "input_layers", "output_layers"} <= set(config):
            return Model._functional._restore(cls, config, custom_objects)
        with custom_object_scope(custom_objects):
            return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The model's configuration, without its weights, as a JSON string that `model_from_json` reads.

        Args:
            kwargs: For `json.dumps`, such as indent=2.

        Returns:
            A string.

        >>> model = Sequential([tn.Input((2,)), Dense(1)], name="line")
        >>> import json
        >>> json.loads(model.to_json())["config"]["name"]
        'line'
        """
        from ..serialization import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    @short_traceback
    def save(self, filepath: str | Path, overwrite: bool = True, zipped: bool | None = None,
             format: str | None = None, include_optimizer: bool = True, save_format: str | None = None) -> None:
        """Write the whole model to a `.keras` file, from which `load_model` makes it again, its training included.

        Args:
            filepath, overwrite, zipped, format: As for `tinynet.saving.save_model`.
            include_optimizer: Whether the file has the optimizer and its state; without them the model is to be
                compiled after loading.
            save_format: tf.keras 2's argument: 'keras' or 'h5', which the file's ending tells, too.

        Raises:
            ValueError: `save_format` and the file's ending contradict each other.

        See `tinynet.saving.save_model`, also for `.h5` files and for `format="keras"`, which Keras reads.

        >>> Sequential([tn.Input((2,)), Dense(1, kernel_initializer="ones")]).save("model.keras")
        >>> tn.models.load_model("model.keras").predict(np.array([[1.0, 2.0]]), verbose=0)
        array([[3.]], dtype=float32)
        """
        from ..saving import save_model

        if save_format is not None:
            filepath = _with_ending(filepath, save_format)
        with self._turns.taken(), self._as_uncompiled() if not include_optimizer else contextlib.nullcontext():
            save_model(self, filepath, overwrite, zipped, format)

    @contextlib.contextmanager
    def _as_uncompiled(self) -> Iterator[None]:
        """A block in which the model is as if `compile` had never been called."""
        compiled, optimizer = self.compiled, self.optimizer
        self.compiled, self.optimizer = False, None
        try:
            yield
        finally:
            self.compiled, self.optimizer = compiled, optimizer

    @short_traceback
    def save_weights(self, filepath: str | Path, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Write the weights to a `.weights.h5` or `.safetensors` file; see `tinynet.saving.save_weights`.

        Args:
            filepath, overwrite, max_shard_size: As for `tinynet.saving.save_weights`.

        >>> Sequential([tn.Input((2,)), Dense(1)]).save_weights("model.safetensors")
        >>> os.path.exists("model.safetensors")
        True
        """
        from ..saving import save_weights

        with self._turns.taken():
            save_weights(self, filepath, overwrite, max_shard_size)

    @short_traceback
    def load_weights(self, filepath: str | Path, skip_mismatch: bool = False, by_name: bool = False,
                     max_bytes: int | None = None) -> None:
        """Take the weights from a file of `save_weights`, `save`, or Keras; see `tinynet.saving.load_weights`.

        Args:
            filepath, skip_mismatch, by_name, max_bytes: As for `tinynet.saving.load_weights`.

        >>> one = Sequential([tn.Input((2,)), Dense(1, name="line")])
        >>> one.save_weights("model.safetensors")
        >>> other = Sequential([tn.Input((2,)), Dense(1, name="line")])
        >>> other.load_weights("model.safetensors")
        >>> np.array_equal(one.get_weights()[0], other.get_weights()[0])
        True
        """
        from ..saving import load_weights

        with self._turns.taken():
            load_weights(self, filepath, skip_mismatch, by_name, max_bytes)

    def get_weights(self) -> list[Array]:
        """The values of `weights`, as a list of ndarrays (copies).

        Returns:
            A list of arrays, in the order of `weights`.

        >>> model = Sequential([tn.Input((3,)), Dense(2)])
        >>> [array.shape for array in model.get_weights()]
        [(3, 2), (2,)]
        """
        with self._turns.taken():
            return super().get_weights()

    def set_weights(self, weights: Any) -> None:
        """Set all `weights` from a list of arrays in the same order; see `Layer.set_weights`.

        Args:
            weights: List of arrays, as from `get_weights`.

        >>> model = Sequential([tn.Input((2,)), Dense(1)])
        >>> model.set_weights([np.array([[1.0], [10.0]]), np.array([0.5])])
        >>> model.predict(np.array([[2.0, 3.0]]), verbose=0)
        array([[32.5]], dtype=float32)
        """
        with self._turns.taken():
            super().set_weights(weights)

    @short_traceback
    def export(self, filepath: str | Path, format: str = "tf_saved_model", verbose: bool | None = None) -> None:
        """Write the model, as it predicts, for another program.

        Args:
            filepath: Where to.
            format: 'onnx' for ONNX Runtime and others, with the extra "onnx"; see `tinynet.saving.onnx`. The formats of
                TensorFlow are outside tinynet.
            verbose: Whether to print that the file is written; if None, no.

        Raises:
            NotImplementedError: another format, or a layer that the format has not; the message names it.

        >>> Sequential([tn.Input((2,)), Dense(1)]).export("model.onnx", "onnx")
        >>> os.path.exists("model.onnx")
        True
        """
        if format != "onnx":
            raise NotImplementedError(
                f"{self.name}.export: tinynet does not write {format!r}. export('name.onnx', format='onnx') makes a "
                "file for ONNX Runtime, save('name.keras') keeps the model for tinynet, save('name.keras', "
                "format='keras') for Keras, save_weights('name.safetensors') the weights alone"
            )
        from ..saving.onnx import export_onnx

        export_onnx(self, filepath)
        if verbose:
            print(f"{self.name}: written to {filepath}")

    def count_params(self) -> int:
        """The number of scalars in all weights.

        Returns:
            The number, an int.

        Raises:
            ValueError: the model is not built.

        >>> Sequential([tn.Input((3,)), Dense(2)]).count_params()  # 3 * 2 and a bias of 2
        8
        """
        if not self.built:
            raise ValueError(
                f"{self.name}.count_params: the model has no weights yet; give it an Input, or call it on a batch"
            )
        return sum(variable.size for variable in self.weights)


_ENDINGS = {"keras": (".keras",), "h5": (".h5", ".hdf5")}


def _with_ending(filepath, save_format):
    """The path with the ending that tf.keras 2's `save_format` means."""
    if save_format == "tf":
        raise NotImplementedError("save: save_format='tf', TensorFlow's SavedModel, is not written; use a name that "
                                  "ends in .keras")
    if save_format not in _ENDINGS:
        raise ValueError(f"save: save_format must be 'keras' or 'h5', got {save_format!r}")
    path = Path(filepath)
    if path.suffix in _ENDINGS[save_format]:
        return path
    if path.suffix in (".keras", ".h5", ".hdf5"):
        raise ValueError(f"save: save_format={save_format!r}, but the file's name ends in {path.suffix}; leave "
                         "save_format out")
    return path.with_name(path.name + _ENDINGS[save_format][0])


def _become_functional(cls):
    """Put Functional among the bases of a subclass of Model whose object was given inputs and outputs.

    Before that nothing shows that the class has a graph and no `call` of its own. Keras does the same. `type(model)`
    stays the class that the user wrote, and the methods of that class still come first.
    """
    functional = Model._functional
    if issubclass(cls, functional):
        return
    bases = [functional if base is Model else base for base in cls.__bases__]
    if functional not in bases:  # derived from a subclass of Model, after which it comes
        bases.insert(max(i for i, base in enumerate(bases) if issubclass(base, Model)) + 1, functional)
    cls.__bases__ = tuple(bases)
