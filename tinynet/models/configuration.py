"""Models to configurations and back: graphs, `model_from_json`, `clone_model`.

A graph's configuration is Keras 3's: each layer with the calls it took part in ("inbound_nodes"), whose tensors are
written as where they come from ("keras_history": layer, which of its calls, which of that call's outputs).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..core.errors import ModelFileError
from ..core.naming import unknown_name
from ..core.nest import flatten, map_structure
from ..core.reading import allowed_bytes, translated
from ..core.registry import objects_kept
from ..core.types import Config
from ..layers.base import Layer
from ..layers.core import InputLayer
from ..saving.building import build_model
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import KerasTensor, Operation, is_symbolic
from .sequential import Sequential

# Arguments that Keras's operations are called with; the others are part of their configuration, unless they are tensors
# of the graph.
_CALL_ARGUMENTS = frozenset((
    "x", "x1", "x2", "xs", "a", "b", "v", "arrays", "tensors", "inputs", "operands", "condition", "indices", "key",
    "kernel", "target", "output", "y", "mask", "segment_ids", "data", "updates",
))
_NN = frozenset((
    "relu", "relu6", "sigmoid", "sparse_sigmoid", "softplus", "softsign", "soft_shrink", "sparse_plus", "silu",
    "squareplus", "log_sigmoid", "leaky_relu", "hard_sigmoid", "hard_silu", "elu", "selu", "gelu", "celu", "glu",
    "tanh_shrink", "hard_tanh", "hard_shrink", "threshold", "softmax", "log_softmax", "sparsemax", "max_pool",
    "average_pool", "one_hot", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
    "multi_hot", "moments", "normalize", "layer_normalization", "rms_normalization", "batch_normalization",
))
_MATH = frozenset(("segment_sum", "segment_max", "top_k", "in_top_k", "logsumexp", "rsqrt", "erf", "erfinv", "logdet"))
_LINALG = frozenset(("cholesky", "det", "eig", "eigh", "inv", "lstsq", "norm", "qr", "solve", "solve_triangular",
                     "svd"))
_CORE = frozenset(("cast", "scatter", "scatter_update", "slice", "slice_update", "stop_gradient", "unstack",
                   "saturate_cast"))


def graph_config(model: Any) -> Config:
    """The configuration of a model made of inputs and outputs."""
    graph = model._defining_graph()
    where = graph.histories()

    def written(leaf):
        if not isinstance(leaf, KerasTensor):
            return serialize_keras_object(leaf)
        history = list(where[id(leaf)])
        return {"class_name": "__keras_tensor__",
                "config": {"shape": list(leaf.shape), "dtype": leaf.dtype, "keras_history": history}}

    layers = []
    for operation in graph.operations:
        nodes = graph.nodes_of(operation)
        if isinstance(operation, Layer):
            entry = serialize_keras_object(operation)
            entry.pop("compile_config", None)  # a nested model is trained as part of this one
            calls = [(node.args, node.kwargs) for node in nodes]
        else:
            entry, calls = _operation_config(operation, nodes[0])
        entry["name"] = operation.name
        entry["inbound_nodes"] = [{"args": [map_structure(written, part) for part in args],
                                   "kwargs": map_structure(written, kwargs)} for args, kwargs in calls]
        layers.append(entry)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": map_structure(lambda tensor: list(where[id(tensor)]), graph.input_struct),
        "output_layers": map_structure(lambda tensor: list(where[id(tensor)]), graph.output_struct),
    }


def _operation_config(operation, node):
    """An Operation as Keras writes it, with the arguments that its call takes there."""
    name = operation.call.__name__
    module = next((module for module, names in (("nn", _NN), ("math", _MATH), ("linalg", _LINALG), ("core", _CORE))
                   if name in names), "numpy")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    settings, arguments = {}, []
    named = {}  # tensors after a setting or a default, whose position would be another's
    parameters = inspect.signature(operation.call).parameters
    for key, value in operation.arguments_of(node).items():
        if parameters[key].kind is inspect.Parameter.VAR_POSITIONAL:
            arguments.extend(value)
        elif key not in _CALL_ARGUMENTS and not is_symbolic(value):
            is_type = isinstance(value, np.dtype) or isinstance(value, type) and issubclass(value, np.generic)
            settings[key] = np.dtype(value).name if is_type else serialize_keras_object(value)
        elif key == list(parameters)[len(arguments)]:
            arguments.append(value)
        elif value is not None:
            named[key] = value
    entry = {"module": f"keras.src.ops.{module}", "class_name": class_name,
             "config": {"name": operation.name, **settings}, "registered_name": class_name}
    return entry, [(tuple(arguments), named)]


def graph_from_config(cls: Any, config: Config, custom_objects: dict[str, Any] | None = None) -> Any:
    """A model of this class from what `graph_config` returned, with new weights."""
    made, waiting = {}, []
    for entry in config["layers"]:
        name = entry.get("name", entry["config"].get("name"))
        if str(entry.get("module") or "").startswith(("keras.src.ops", "keras.ops")):
            operation = _find_operation(entry["class_name"], name)
            settings = {key: _restored(value, {}) for key, value in entry["config"].items() if key != "name" and (
                key != "dtype" or isinstance(value, str) and "dtype" in inspect.signature(operation.call).parameters)}
            made[name] = operation, settings  # without Keras's own policy of element types, a dict
        else:
            layer = {key: value for key, value in entry.items() if key not in ("name", "inbound_nodes")}
            made[name] = deserialize_keras_object(layer, custom_objects), {}
        waiting += [(name, call, node) for call, node in enumerate(entry["inbound_nodes"])]
    results = {(name, 0): [layer.output] for name, (layer, _) in made.items() if isinstance(layer, InputLayer)}
    # In rounds: what a call needs may stand further down.
    while waiting:
        later = []
        for name, call, node in waiting:
            if (call == 0 or (name, call - 1) in results) and _is_ready(node, results):
                operation, settings = made[name]
                args = [_restored(part, results) for part in node["args"]]
                kwargs = {key: _restored(part, results) for key, part in node["kwargs"].items()}
                kwargs = {key: part for key, part in kwargs.items()
                          if part is not None or key not in ("mask", "training")}
                if isinstance(operation, Operation) and operation.call.__name__ == "get_item":
                    args = [tuple(part) if isinstance(part, list) else part for part in args]  # JSON has no tuples
                first = _settings_first(operation, settings)
                others = {key: value for key, value in settings.items() if key not in first}
                results[name, call] = flatten(operation(*first.values(), *args, **others, **kwargs))
            else:
                later.append((name, call, node))
        if len(later) == len(waiting):
            raise ValueError("the model's configuration is broken: these layers are called on tensors that nothing "
                             f"makes: {sorted({name for name, _, _ in later})}")
        waiting = later
    model = cls(inputs=_tensors(config["input_layers"], results), outputs=_tensors(config["output_layers"], results),
                name=config.get("name"))
    model._trainable = bool(config.get("trainable", True))  # each layer has its own
    return model


def _settings_first(operation, settings):
    """The settings that stand before any number of tensors, such as the formula of `einsum`: by position."""
    if not isinstance(operation, Operation):
        return {}
    parameters = inspect.signature(operation.call).parameters
    if all(one.kind is not inspect.Parameter.VAR_POSITIONAL for one in parameters.values()):
        return {}
    return {name: settings[name] for name, one in parameters.items()
            if name in settings and one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD}


def _history(part):
    """(layer, call, output) that a written tensor comes from; None for anything else."""
    if isinstance(part, dict) and part.get("class_name") == "__keras_tensor__":
        name, call, index = part["config"]["keras_history"]
        return name, call, index
    return None


def _is_ready(part, results):
    history = _history(part)
    if history is not None:
        return history[:2] in results
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ()
    return all(_is_ready(one, results) for one in parts)


def _restored(part, results):
    history = _history(part)
    if history is not None:
        return results[history[:2]][history[2]]
    if isinstance(part, list | tuple):
        return [_restored(one, results) for one in part]
    if isinstance(part, dict) and "class_name" not in part:
        return {key: _restored(one, results) for key, one in part.items()}
    return deserialize_keras_object(part)


def _tensors(written, results):
    """The structure of inputs or outputs: [layer, call, output] or lists and dicts of such."""
    if isinstance(written, dict):
        return {key: _tensors(part, results) for key, part in written.items()}
    if len(written) == 3 and isinstance(written[0], str):
        name, call, index = written
        if (name, call) not in results:
            raise ValueError(f"the model's configuration is broken: there is no layer {name!r} with a call {call}")
        return results[name, call][index]
    return [_tensors(part, results) for part in written]


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None,
                    max_bytes: int | None = None) -> Any:
    """The model that `to_json` described, with new weights.

    Args:
        json_string: What `to_json` returned, of tinynet or of Keras 3.
        custom_objects: Dict of classes and functions of your own by name.
        max_bytes: The most that the weights together, and any tensor that is made to find shapes, may take; 1 GiB (or
            10 times the text) if None.

    Returns:
        A new model.

    Raises:
        ModelFileError: a ValueError. A name is not known, this is no model's configuration, it would take more memory
            than allowed, or it names a file to be opened; the message has the path in the configuration.

    >>> model = Sequential([tn.Input((2,)), Dense(1)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 1)
    """
    with translated("model_from_json", ModelFileError):
        config = json.loads(json_string)
    return build_model(config, "model_from_json", custom_objects, max_bytes=allowed_bytes(len(json_string), max_bytes),
                       new_weights=True)


def clone_model(model: Any, input_tensors: Any = None, clone_function: Callable[[Layer], Layer] | None = None,
                call_function: Callable[..., Any] | None = None, recursive: bool = False) -> Any:
    """A model of the same layers with new weights, frozen where the old one is, and compiled as it is.

    Args:
        model: A Sequential model, or one made of inputs and outputs.
        input_tensors: KerasTensors to start from instead of new inputs, one or a list.
        clone_function: Called with each layer, returns the layer to put in its place; by default one with the same
            configuration.
        call_function: Called with (new layer, *arguments) instead of the layer itself; only for graphs.
        recursive: Clone the layers of models inside with `clone_function` too.

    Returns:
        A new model.

    Raises:
        ValueError: a subclass of Model: what its call() does is not known.

    >>> model = Sequential([tn.Input((2,)), Dense(1)])
    >>> copy = clone_model(model)
    >>> copy.output_shape, copy.layers[0] is model.layers[0]
    ((None, 1), False)
    """
    copy = clone_function or _from_same_config
    if recursive:
        outer = copy

        def copy(layer):
            inside = isinstance(layer, Sequential) or _is_functional(layer)
            return clone_model(layer, clone_function=clone_function, recursive=True) if inside else outer(layer)

    starts = None if input_tensors is None else flatten(input_tensors)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model: call_function is for models made of inputs and outputs, not for Sequential")
        copies: dict[int, Layer] = {}  # a layer may be in the model several times
        for layer in model._chain:
            if id(layer) not in copies:
                copies[id(layer)] = _from_same_config(layer) if isinstance(layer, InputLayer) else copy(layer)
        layers = [copies[id(layer)] for layer in model._chain]
        if starts is not None:
            layers = [starts[0], *(layer for layer in layers if not isinstance(layer, InputLayer))]
        clone = Sequential(layers, name=model.name)
        if not clone.built and model._built_input_shape is not None:
            clone.build(model._built_input_shape)
    elif _is_functional(model):
        clone = _clone_graph(model, starts, copy, call_function)
    else:
        raise ValueError(f"clone_model: {model.name!r} is a subclass of Model, whose layers its own call() uses; "
                         "make another object of the class, or define get_config() and use from_config")
    clone._trainable = model._trainable
    if model.compiled:
        with objects_kept():
            clone.compile_from_config(model.get_compile_config())
    return clone


def _from_same_config(layer):
    with objects_kept():
        copy = type(layer).from_config(layer.get_config())
    frozen = layer._frozen_inside()
    if frozen:
        if layer._built_input_shape is not None and not copy.built:  # some layers inside are made when it is built
            copy.build_from_config(layer.get_build_config())
        copy._freeze_inside(frozen)
    return copy


def _is_functional(layer):
    return hasattr(layer, "_defining_graph") and layer._defining_graph() is not None


def _clone_graph(model, starts, copy, call_function):
    graph = model._defining_graph()
    if starts is None:
        starts = [_from_same_config(layer).output for layer in graph.input_layers]
    new = {id(old): tensor for old, tensor in zip(graph.inputs, starts, strict=True)}
    clones = {}

    def renewed(leaf):
        return new[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    for node in graph.nodes:
        old = node.operation
        if id(old) not in clones:
            clones[id(old)] = copy(old) if isinstance(old, Layer) else Operation(old.call, old.name)
        args, kwargs = map_structure(renewed, node.args), map_structure(renewed, node.kwargs)
        layer = clones[id(old)]
        outputs = layer(*args, **kwargs) if call_function is None else call_function(layer, *args, **kwargs)
        new.update(zip(map(id, flatten(node.outputs)), flatten(outputs), strict=True))
    return type(model)(inputs=map_structure(renewed, graph.input_struct),
                       outputs=map_structure(renewed, graph.output_struct), name=model.name)


def _find_operation(class_name, name=None):
    """The Operation of `tinynet.ops` that Keras calls by this class name: 'GetItem' is `ops.get_item`.

    Raises:
        ValueError: there is none.
    """
    known = {key.replace("_", ""): key for key in ops.__all__}
    found = known.get(class_name.lower())
    if found is None:
        raise ValueError(unknown_name("operation", class_name, ops.__all__))
    function = getattr(ops, found)
    return Operation(getattr(function, "__wrapped__", function), name)
