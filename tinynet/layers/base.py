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

import numpy as np

from .. import constraints as constraints_module
from .. import initializers, regularizers
from ..core.absence import AbsentName
from ..core.naming import auto_name
from ..core.nest import map_structure
from ..string_tensor import is_text
from ..symbolic import as_tensors, by_trial, call_layer, is_symbolic, nodes_of, shapes_of
from ..tensor import Tensor, Variable, convert_to_tensor
from . import masks
from .arguments import (
    COMMON_ARGUMENTS,
    arguments_of,
    as_shapes,
    dtype_policy,
    input_shape_from,
    is_plain,
    name_may_come_first,
    standard_dtype,
)
from .context import call_context, threads, within_scope


class _NotYet:
    """Stands in the class for what `Layer.__init__` makes."""

    def __get__(self, layer, owner):
        if layer is None:
            return self
        raise RuntimeError(
            f"{owner.__name__}: call super().__init__() first, before setting attributes or calling the layer"
        )


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
        input_shape, output_shape: Shapes of the first call, with None for axes of any length.
    """

    # Whether `call` has these arguments: found at the first call of each class, for that class alone.
    _takes_training = None
    _takes_mask = None
    is_layer = True  # read by modules below this one, such as serialization.py
    _makes_mask = False  # whether outputs may have a mask though the inputs have none
    # No __getattr__ for these, nor for others: in a class that has one, Python 3.11 looks for every attribute in its
    # slow way, 23 ns instead of 6, and a step of the dense practical asks 80 times.
    _children, _own_trainable = _NotYet(), _NotYet()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._takes_training = cls._takes_mask = None  # its `call` may take other arguments than its parent's
        cls._makes_mask = cls.compute_mask is not Layer.compute_mask
        if "build" in vars(cls):
            cls.build = within_scope(cls.build)

    def __new__(cls, *args, **kwargs):
        layer = super().__new__(cls)
        # For get_config, where a class does not define it. In a dict of its own: one that shares its keys with others
        # of the class is as slow as a __getattr__ once somebody has looked at it as `__dict__`.
        object.__setattr__(layer, "__dict__", {"_given_arguments": (args, kwargs)})
        return layer

    def __init__(self, *, activity_regularizer=None, trainable=True, dtype=None, autocast=True, name=None, **kwargs):
        # The containers first: __setattr__ sorts variables and layers into them.
        self.__dict__.update(_own_trainable=[], _own_non_trainable=[], _children={}, _own_metrics=[])
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
        self.supports_masking = self._makes_mask  # whoever says what the mask is hands it on
        self.batch_input_shape = input_shape_from(kwargs, type(self).__name__)
        self._initial_weights = kwargs.get("weights")
        self._built_input_shape = None

    # -- weights -------------------------------------------------------------------------------------------------

    @name_may_come_first
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
        dtype = np.dtype(dtype or self._dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype.kind == "f" else "zeros"
        initializer = initializers.get(initializer)
        variable = Variable(call_context().first_values or initializer,
                            shape=tuple(shape) if shape is not None else (), dtype=dtype,
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
            TypeError: it is no list.
        """
        if not hasattr(weights, "__iter__") or isinstance(weights, str):
            raise TypeError(f"{self.name}.set_weights: expected a list of arrays, as from get_weights(), got "
                            f"{weights!r} ({type(weights).__name__})")
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

    def save_own_variables(self, store):
        """Put this layer's own variables (not those of layers it holds) into `store`, dict-like, for a file.

        Override it, together with `load_own_variables`, for state that is not in `weights`.
        """
        for i, variable in enumerate(self._own_trainable + self._own_non_trainable):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store):
        """Take this layer's own variables from what `save_own_variables` filled."""
        own = self._own_trainable + self._own_non_trainable
        if len(store.keys()) != len(own):
            hint = "" if self.built else " The layer is not built yet: call it once, or give the model an Input."
            raise ValueError(f"layer {self.name!r} has {len(own)} weights, the file has {len(store.keys())}.{hint}")
        for i, variable in enumerate(own):
            variable.assign(store[str(i)])

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
        return self._own_metrics + self._inner_metrics()

    def _inner_metrics(self):
        """Those of the layers it holds. A model among them was compiled for a training of its own: its do not count."""
        return [metric for layer in self._sublayers()
                for metric in ([] if hasattr(layer, "compile") else layer._own_metrics) + layer._inner_metrics()]

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

    def compute_mask(self, inputs, previous_mask):
        """The mask of the outputs: the inputs' own, unless a layer overrides it.

        Args:
            inputs: What the layer was called on.
            previous_mask: Its mask (nested like `inputs`), boolean, False where a step is padding; or None.
        """
        return previous_mask

    def __call__(self, *args, training=None, **kwargs):
        """Build the weights if need be, then compute `call`; on KerasTensors, only say what it would return."""
        context = threads.context
        if training is None:
            training = context.training
        inputs = args[0] if args else None
        if not isinstance(inputs, Tensor) or self.autocast and inputs.data.dtype != self._dtype:
            if type(inputs) is not np.ndarray and is_symbolic(inputs) or kwargs and is_symbolic(kwargs):
                return call_layer(self, args, kwargs if training is None else {**kwargs, "training": training})
            args = tuple([self._convert(argument) for argument in args])
            inputs = args[0] if args else None
        mask = getattr(inputs, "_keras_mask", None) if type(inputs) is Tensor else masks.masks_of(inputs)
        outermost, outer_training, outer_scope = context.outermost, context.training, context.scope
        if not self.built:
            try:
                self._build_for(inputs)
            except (TypeError, ValueError) as error:
                _name_layer(error, self, args)
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
            outputs = self.call(*args, **kwargs)
            if mask is not None or self._makes_mask:
                self._propagate_mask(inputs, outputs, mask)
            if self.activity_regularizer is not None:
                self._penalize_activity(outputs)
            if context.watch is not None:
                context.watch(self, outputs)
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
            from ..ops import cast

            return masks.set_mask(cast(value, self._dtype), getattr(value, "_keras_mask", None))
        return value

    def _as_tensor(self, value):
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

    def _propagate_mask(self, inputs, outputs, mask):
        masks.hand_on(self, inputs, outputs, mask)

    def _inspect_call(self):
        parameters = inspect.signature(type(self).call).parameters
        type(self)._takes_training = "training" in parameters or any(p.kind is p.VAR_KEYWORD
                                                                     for p in parameters.values())
        type(self)._takes_mask = "mask" in parameters

    def _build_for(self, inputs):
        shapes = shapes_of(inputs)
        if shapes is None and type(self).build is not Layer.build:
            remedy = "; a TextVectorization or StringLookup layer makes numbers of text" if is_text(inputs) else ""
            raise TypeError(f"{self.name}: expected numbers, in an array or a Tensor, got {inputs!r}{remedy}")
        self._build_with_shape(shapes)

    def _build_with_shape(self, input_shape):
        """Build, and load the initial weights that were given."""
        self.build(input_shape)
        self.built = True
        self._built_input_shape = input_shape
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _build_symbolically(self, shapes):
        if type(self).build is Layer.build and self._sublayers():
            self._build_by_trial(shapes)
        else:
            self._build_with_shape(shapes)

    def _knows_output_shape(self):
        """Whether `compute_output_shape` needs no trial."""
        return type(self).compute_output_shape is not Layer.compute_output_shape

    # -- the graph -----------------------------------------------------------------------------------------------

    @property
    def input(self):
        """The KerasTensor (or list, or dict, of them) that the layer was first called on."""
        arguments = nodes_of(self)[0].args
        return arguments[0] if arguments else self.output

    @property
    def output(self):
        """The KerasTensor (or list, or dict, of them) that the layer's first call on KerasTensors returned."""
        return nodes_of(self)[0].outputs

    @property
    def input_shape(self):
        """Shape of the inputs of the first call on KerasTensors, or else of the first batch."""
        return self._shape_of_first("input")

    @property
    def output_shape(self):
        """Shape of what the first call on KerasTensors returned, or else for inputs like those of the first batch."""
        return self._shape_of_first("output")

    def _shape_of_first(self, what):
        try:
            return map_structure(lambda tensor: tensor.shape, getattr(self, what))
        except AttributeError:
            if self._built_input_shape is None:
                raise
        return self._built_input_shape if what == "input" else self.compute_output_shape(self._built_input_shape)

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
        """The arguments that make a layer like this one, as plain values.

        A layer with arguments of its own adds them: `{**super().get_config(), "units": self.units}`. One that does not
        define `get_config` gets what its constructor was called with, if these are plain values.
        """
        return self._config(type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__)

    def _config(self, with_arguments):
        configuration = self._constructor_arguments() if with_arguments else {}
        configuration |= {"name": self.name, "trainable": self._trainable, "dtype": dtype_policy(self._dtype)}
        if self.activity_regularizer is not None:
            configuration["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return configuration

    def _constructor_arguments(self):
        bound = inspect.signature(type(self).__init__).bind(self, *self._given_arguments[0], **self._given_arguments[1])
        bound.apply_defaults()
        result = {}
        for parameter, value in list(bound.arguments.items())[1:]:
            kind = bound.signature.parameters[parameter].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                result.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL and value or not is_plain(value):
                raise NotImplementedError(
                    f"{type(self).__name__}: the argument {parameter!r} of its __init__ is no plain value, so the "
                    f"layer must say itself how it is made again: define get_config(self) to return "
                    f"{{**super().get_config(), {parameter!r}: ...}}, and from_config(cls, config) if __init__ does "
                    "not take that"
                )
            elif kind is not inspect.Parameter.VAR_POSITIONAL:
                result[parameter] = value
        return result

    @classmethod
    def from_config(cls, config):
        """A layer from what `get_config` returned."""
        parameters = inspect.signature(cls.__init__).parameters
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            return cls(**config)
        # A constructor without **kwargs: what every layer has is set afterwards.
        layer = cls(**{key: value for key, value in config.items()
                       if key in parameters or key not in ("name", "trainable", "dtype")})
        if "name" not in parameters and config.get("name") is not None:
            layer.name = config["name"]
        if "trainable" not in parameters and not config.get("trainable", True):
            layer.trainable = False
        return layer

    def get_build_config(self):
        """What `build_from_config` needs to create the weights again: the shape of the inputs; None if not built."""
        return {"input_shape": self._built_input_shape} if self._built_input_shape is not None else None

    def build_from_config(self, config):
        """Create the weights as `get_build_config` says."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self._build_symbolically(as_shapes(shape))

    def _build_by_trial(self, input_shape):
        """Create the weights of the layers inside by a call on zeros."""
        _shape_by_trial(self, input_shape)
        self._built_input_shape = input_shape

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


for _name in ("add_metric", "add_update", "get_updates_for"):  # explained in compat/absent.py
    setattr(Layer, _name, AbsentName("keras.layers.Layer", _name))


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


def _shape_by_trial(layer, input_shape):
    """Call the layer on zeros of two lengths for every unknown one, and see which lengths of the output differ."""
    outputs = by_trial(functools.partial(layer, training=False), (as_tensors(input_shape, layer.dtype),), {})
    return map_structure(lambda tensor: tensor.shape, outputs)
