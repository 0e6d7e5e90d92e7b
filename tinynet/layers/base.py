"""Layer: weights, and a call that uses them.

A layer is written in three steps, as in Keras:

    class Scale(Layer):
        def build(self, input_shape):              # once, when the input's shape is known
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

        def call(self, x):                         # the formula
            return x * self.scale
"""

import functools
import inspect
import threading

import numpy as np

from .. import config, initializers, regularizers
from .. import constraints as constraints_module
from ..naming import auto_name
from ..tensor import Tensor, Variable, convert_to_tensor


class CallContext:
    """What an outer layer passes on to the layers it calls: the training flag, the path of names,
    where penalties go.
    """

    __slots__ = ("training", "scope", "outermost")

    def __init__(self):
        self.training = None
        self.scope = ()
        self.outermost = None  # the layer whose call by the user is under way


class _Threads(threading.local):
    def __init__(self):
        self.context = CallContext()


_threads = _Threads()


def call_context():
    """The context of this thread."""
    return _threads.context


# Keyword arguments that every layer takes besides its own.
COMMON_ARGUMENTS = ("input_shape", "input_dim", "batch_input_shape", "batch_size", "weights", "build_config")


class Layer:
    """Base of all layers.

    Args:
        activity_regularizer: Penalty on the output, added to the loss.
        trainable: Whether training changes the weights.
        dtype: Element type of weights and computation; `floatx()` if None.
        autocast: Convert floating-point inputs to `dtype`.
        name: Chosen automatically (`dense`, `dense_1`, ...) if None.
        input_shape: Shape of one input sample, for the first layer of a Sequential model.
        weights: Arrays to start from instead of the initializers' values.

    Attributes:
        built: Whether the weights exist.
        input_spec, output_shape: Shapes seen at the last build, with None for the batch axis.
    """

    _takes_training = None  # found out at the first call of each class

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _within_scope(cls.build)

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        # The containers first: __setattr__ sorts variables and layers into them.
        self.__dict__.update(_own_trainable=[], _own_non_trainable=[], _children={}, _own_metrics=[])
        self._added_losses = []
        self._penalized = []  # after a call by the user: the layers, this one or inside it, that have added losses
        unknown = [key for key in kwargs if key not in COMMON_ARGUMENTS]
        if unknown:
            raise TypeError(
                f"{type(self).__name__}: unknown argument {', '.join(map(repr, unknown))}; {_arguments_of(type(self))}"
            )
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"{type(self).__name__}: name must be a string without '/', got {name!r}")
        self.name = name if name is not None else auto_name(type(self).__name__)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._dtype = _standard_dtype(dtype, type(self).__name__)
        self.autocast = autocast
        self._trainable = bool(trainable)
        self.built = False
        self.supports_masking = False
        self.batch_input_shape = _input_shape_from(kwargs, type(self).__name__)
        self._initial_weights = kwargs.get("weights")
        self._built_input_shape = None

    # -- weights -------------------------------------------------------------------------------------------------

    def add_weight(self, shape=None, initializer=None, dtype=None, trainable=True, autocast=True, regularizer=None,
                   constraint=None, aggregation="none", name=None):
        """Create a Variable that belongs to this layer.

        Args:
            shape: Tuple of ints; () if None.
            initializer: Name or Initializer; 'glorot_uniform' for floats (zeros for other types) if None.
            dtype: The layer's if None.
            trainable: Whether training changes it.
            regularizer: Penalty on the value, added to the loss.
            constraint: Function applied to the value after each training step.
            name: For summaries and files.
        """
        if isinstance(shape, str):  # tf.keras 2: add_weight(name, shape, ...)
            shape, name = (name if name is not None else initializer), shape
            if not isinstance(shape, tuple | list):
                raise TypeError("add_weight: give shape= and name= as keywords")
            initializer = None
        dtype = np.dtype(dtype or self._dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.kind == "f" else "zeros"
        initializer = initializers.get(initializer)
        variable = Variable(initializer, shape=tuple(shape) if shape is not None else (), dtype=dtype,
                            trainable=trainable and self._trainable, name=name or "variable")
        variable.path = "/".join((*call_context().scope, variable.name))
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints_module.get(constraint)
        self._track_variable(variable, trainable)
        return variable

    def _track_variable(self, variable, trainable):
        owned = self._own_trainable if trainable else self._own_non_trainable
        if not any(variable is other for other in self._own_trainable + self._own_non_trainable):
            owned.append(variable)

    def __setattr__(self, key, value):
        if isinstance(value, Variable):
            self._track_variable(value, value.trainable)
        elif isinstance(value, Layer | list | tuple | dict) and key[:1] != "_" or key in self._children:
            self._children[key] = value
        object.__setattr__(self, key, value)

    def __getattr__(self, key):
        """Only asked for what is not there."""
        if key in ("_children", "_own_trainable"):
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() first, before setting attributes or calling the layer"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}", name=key, obj=self)

    def __delattr__(self, key):
        value = self.__dict__.get(key)
        self._children.pop(key, None)
        for owned in (self._own_trainable, self._own_non_trainable):
            owned[:] = [variable for variable in owned if variable is not value]
        object.__delattr__(self, key)

    def _sublayers(self):
        """Layers held by this one, directly or in lists, tuples and dicts; each once, in the order they were set."""
        found = []
        for value in self._children.values():
            _collect_layers(value, found)
        return found

    def _flatten_layers(self):
        """This layer and all below it, depth first, each once."""
        found = []

        def visit(layer):
            if not any(layer is other for other in found):
                found.append(layer)
                for child in layer._sublayers():
                    visit(child)

        visit(self)
        return found

    @property
    def weights(self):
        """All variables: this layer's own (trainable first), then those of the layers it holds."""
        result = self._own_trainable + self._own_non_trainable
        for layer in self._sublayers():
            result += layer.weights
        return _unique(result)

    variables = weights

    @property
    def trainable_weights(self):
        """The variables that training changes."""
        if not self._trainable:
            return []
        children = self._sublayers()
        result = list(self._own_trainable)
        for layer in children:
            result += layer.trainable_weights
        return _unique(result) if children else result

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self):
        """The variables that training leaves alone."""
        trainable = {id(variable) for variable in self.trainable_weights}
        return [variable for variable in self.weights if id(variable) not in trainable]

    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = bool(value)
        for variable in self._own_trainable:
            variable.trainable = self._trainable
        for layer in self._sublayers():
            layer.trainable = value

    def get_weights(self):
        """The values of `weights`, as a list of ndarrays (copies)."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights):
        """Set all `weights` from a list of arrays in the same order.

        Raises:
            ValueError: the number of arrays, or a shape, is not the layer's; nothing is changed then.
        """
        variables = self.weights
        weights = [np.asarray(value) for value in weights]
        if len(weights) != len(variables):
            hint = "" if self.built else " The layer is not built yet: call it once, or give the model an Input."
            raise ValueError(
                f"{self.name}.set_weights: got {len(weights)} arrays, the layer has {len(variables)} weights.{hint}"
            )
        for variable, value in zip(variables, weights, strict=True):
            if value.shape != variable.shape:
                raise ValueError(
                    f"{self.name}.set_weights: weight {variable.path!r} has shape {variable.shape}, got {value.shape}"
                )
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def count_params(self):
        """The number of scalars in `weights`."""
        if not self.built:
            raise ValueError(
                f"{self.name}.count_params: the layer has no weights yet; call it once, or build it with an input shape"
            )
        return sum(variable.size for variable in self.weights)

    # -- losses and metrics --------------------------------------------------------------------------------------

    def add_loss(self, loss):
        """Add a scalar tensor to the loss of this call; used inside `call`."""
        self._added_losses = [*self._added_losses, *(loss if isinstance(loss, list | tuple) else [loss])]
        outermost = call_context().outermost or self
        if not any(layer is self for layer in outermost._penalized):
            outermost._penalized = [*outermost._penalized, self]

    @property
    def losses(self):
        """The penalties of the last call and of the weights' regularizers, as scalar tensors."""
        result = []
        for layer in self._flatten_layers():
            result += layer._added_losses
        result += [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]
        return result

    def _clear_losses(self):
        for layer in self._penalized:
            layer._added_losses = []
        self._penalized = []

    @property
    def metrics(self):
        """Metrics kept by this layer and the layers it holds."""
        result = list(self._own_metrics)
        for layer in self._sublayers():
            result += layer.metrics
        return result

    # -- building and calling ------------------------------------------------------------------------------------

    def build(self, input_shape=None):
        """Create the weights for inputs of this shape (None for axes of any length).
        Layers with weights override it.
        """

    def call(self, *args, **kwargs):
        """The layer's formula. Every layer overrides it."""
        raise NotImplementedError(f"{type(self).__name__} does not define call(self, inputs)")

    def compute_output_shape(self, input_shape):
        """The output's shape for an input shape, None for axes of any length.

        Found by calling the layer on zeros, unless the layer overrides it.
        """
        return _shape_by_trial(self, input_shape)

    def __call__(self, *args, training=None, **kwargs):
        """Build the weights if need be, then compute `call`."""
        context = _threads.context
        if training is None:
            training = context.training
        inputs = args[0] if args else None
        if not isinstance(inputs, Tensor) or self.autocast and inputs.data.dtype != self._dtype:
            args = tuple(self._convert(argument) for argument in args)
            inputs = args[0] if args else None
        outermost, outer_training, outer_scope = context.outermost, context.training, context.scope
        if not self.built:
            self._build_for(inputs)
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
            outputs = self.call(*args, **kwargs)
            if self.activity_regularizer is not None:
                self._penalize_activity(outputs)
            return outputs
        except (TypeError, ValueError) as error:
            _name_layer(error, self, args)
            raise
        finally:
            context.outermost, context.training, context.scope = outermost, outer_training, outer_scope

    def _convert(self, value):
        """Arrays to Tensors, floats to the layer's dtype; anything else as it is."""
        if type(value) is np.ndarray and value.dtype is self._dtype and value.flags.c_contiguous:
            return Tensor.wrap(value)  # a batch of `fit`
        if isinstance(value, list | tuple):
            if _holds_arrays(value):
                return type(value)(self._convert(part) for part in value)
            value = convert_to_tensor(value)  # numbers in lists
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
            try:
                value = convert_to_tensor(value)
            except TypeError as error:
                raise TypeError(f"{self.name}: {error}") from None
        if self.autocast and value.data.dtype.kind == "f" and value.data.dtype != self._dtype:
            from ..ops import cast

            return cast(value, self._dtype)
        return value

    def _inspect_call(self):
        parameters = inspect.signature(type(self).call).parameters
        type(self)._takes_training = "training" in parameters or any(p.kind is p.VAR_KEYWORD
                                                                     for p in parameters.values())

    def _build_for(self, inputs):
        shapes = _shapes_of(inputs)
        if shapes is None and type(self).build is not Layer.build:
            raise TypeError(f"{self.name}: expected an array or a Tensor, got {inputs!r}")
        self._build_with_shape(shapes)

    def _build_with_shape(self, input_shape):
        """Build, and load the initial weights that were given."""
        self.build(input_shape)
        self.built = True
        self._built_input_shape = input_shape
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _penalize_activity(self, outputs):
        from ..ops import divide

        for output in outputs if isinstance(outputs, list | tuple) else [outputs]:
            self.add_loss(divide(self.activity_regularizer(output),
                                 float(max(output.shape[0] if output.shape else 1, 1))))

    # -- configuration -------------------------------------------------------------------------------------------

    @property
    def dtype(self):
        return self._dtype.name

    compute_dtype = variable_dtype = dtype

    def get_config(self):
        """The arguments that make a layer like this one, as plain values."""
        configuration = {"name": self.name, "trainable": self._trainable, "dtype": self.dtype}
        if self.activity_regularizer is not None:
            configuration["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return configuration

    @classmethod
    def from_config(cls, configuration):
        """A layer from what `get_config` returned."""
        return cls(**configuration)

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _within_scope(build):
    """`build`, with the layer's name put before the names of its weights, and `built` set at the end."""

    @functools.wraps(build)
    def scoped(self, *args, **kwargs):
        context = call_context()
        outer = context.scope
        if outer[-1:] != (self.name,):
            context.scope = (*outer, self.name)
        try:
            build(self, *args, **kwargs)
        finally:
            context.scope = outer
        self.built = True

    return scoped


def _name_layer(error, layer, args):
    """Put the innermost layer's name, and what it was called on, into the error's text."""
    if getattr(error, "_names_a_layer", False) or not error.args or not isinstance(error.args[0], str):
        return
    shapes = ", ".join(str(argument.shape) for argument in args if isinstance(argument, Tensor))
    error.args = (
        f"layer {layer.name!r} ({type(layer).__name__}), called on {shapes or 'its inputs'}: {error.args[0]}",
        *error.args[1:],
    )
    error._names_a_layer = True


def _standard_dtype(dtype, owner):
    if dtype is None:
        return np.dtype(config.floatx())
    try:
        result = np.dtype(dtype if not hasattr(dtype, "name") else dtype.name)
    except TypeError:
        result = None
    if result not in (np.dtype("float32"), np.dtype("float64")):
        if result is not None and result.kind in "iub":
            return result
        raise ValueError(
            f"{owner}: dtype must be 'float32' or 'float64', got {dtype!r}; the kernels have no other floating-point "
            "types"
        )
    return result


def _input_shape_from(arguments, owner):
    """The batch shape that input_shape=, input_dim= or batch_input_shape= say, or None."""
    if arguments.get("batch_input_shape") is not None:
        return tuple(arguments["batch_input_shape"])
    shape = arguments.get("input_shape")
    if shape is None and arguments.get("input_dim") is not None:
        shape = (arguments["input_dim"],)
    if shape is None:
        return None
    if isinstance(shape, int | np.integer):
        raise ValueError(
            f"{owner}: input_shape must be a tuple, got {shape!r}; for {shape} features write input_shape=({shape},)"
        )
    return (arguments.get("batch_size"), *shape)


def _arguments_of(cls):
    names = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs")]
    return f"{cls.__name__} takes {', '.join(names)}" if names else f"{cls.__name__} takes no arguments of its own"


def _collect_layers(value, found):
    if isinstance(value, Layer):
        if not any(value is other for other in found):
            found.append(value)
    elif isinstance(value, list | tuple):
        for part in value:
            _collect_layers(part, found)
    elif isinstance(value, dict):
        for part in value.values():
            _collect_layers(part, found)


def _unique(variables):
    return list({id(variable): variable for variable in variables}.values())


def _holds_arrays(value):
    if isinstance(value, list | tuple):
        return any(_holds_arrays(part) for part in value)
    return isinstance(value, Tensor | dict) or hasattr(value, "__array__")


def _shapes_of(inputs):
    """Shapes in the structure of the inputs, None for the batch axis."""
    if isinstance(inputs, Tensor):
        return (None, *inputs.shape[1:]) if inputs.shape else ()
    if isinstance(inputs, list | tuple):
        return [_shapes_of(part) for part in inputs]
    if isinstance(inputs, dict):
        return {key: _shapes_of(part) for key, part in inputs.items()}
    return None


def _shape_by_trial(layer, input_shape):
    """Call the layer on zeros with 2 for every unknown length, and see which lengths of the output were unknown."""
    def zeros(shape, length):
        if isinstance(shape, list):
            return [zeros(part, length) for part in shape]
        if isinstance(shape, dict):
            return {key: zeros(part, length) for key, part in shape.items()}
        return Tensor.wrap(np.zeros([length if extent is None else extent for extent in shape], layer._dtype))

    def compare(first, second):
        if isinstance(first, list | tuple):
            return [compare(a, b) for a, b in zip(first, second, strict=True)]
        if isinstance(first, dict):
            return {key: compare(first[key], second[key]) for key in first}
        return tuple(a if a == b else None for a, b in zip(first.shape, second.shape, strict=True))

    return compare(layer(zeros(input_shape, 2), training=False), layer(zeros(input_shape, 3), training=False))
