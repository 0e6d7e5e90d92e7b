"""Whole models in one HDF5 file: the old format of Keras (`model.save("m.h5")`), from Keras 2 and tf.keras on.

    /                       attributes model_config, training_config: JSON
    model_weights           attribute layer_names; a group a layer with attribute weight_names and the datasets
    optimizer_weights       the same for the optimizer's state

Files of weights alone have the content of model_weights at their root.
"""

from __future__ import annotations

import io
import json
import os
from typing import Any

import numpy as np

from .. import losses
from ..core.errors import ModelFileError, warn_user
from ..core.nest import map_structure
from ..core.reading import allowed_bytes
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..utils.files import atomic_write
from . import h5
from .building import build_model
from .foreign import from_old_keras, optimizer_from_old_keras, to_old_keras, without_foreign_arguments
from .keras_limits import faults_for_keras
from .strict_json import loads

MAX_CONFIG = 10 << 20


def save(model: Any, path: Any) -> None:
    """Write a model in the old format, which Keras 3 reads; for the state of training prefer `.keras`.

    Args:
        model: A built model.
        path: Of the file.
    """
    h5py = h5.import_h5py()
    config = serialize_keras_object(model)
    faults = faults_for_keras(config, old=True)
    if faults:
        warn_user(f"{path}: tinynet reads this file, but Keras will not: {'; '.join(faults)}. For Keras use "
                  "save('name.keras', format='keras'), or only layers that Keras has", UserWarning)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["keras_version"] = "3.15.1"
        file.attrs["backend"] = "numpy"
        file.attrs["model_config"] = json.dumps(to_old_keras(config), allow_nan=False)
        compiled = config.get("compile_config")
        if compiled:
            optimizer = compiled.pop("optimizer")
            compiled = {key: map_structure(_long_name, value) if key == "loss" else value
                        for key, value in to_old_keras(_functions_by_name(compiled)).items()}
            file.attrs["training_config"] = json.dumps({
                **compiled,
                "optimizer_config": {"class_name": optimizer["class_name"], "config": optimizer["config"]},
            }, allow_nan=False)
            if model.optimizer.built:
                _write(file.create_group("optimizer_weights"), model.optimizer.variables)
        weights = file.create_group("model_weights")
        weights.attrs["keras_version"] = "3.15.1"
        weights.attrs["backend"] = "numpy"
        layers = list({id(layer): layer for layer in model.layers}.values())  # one may be there several times
        weights.attrs["layer_names"] = _names([layer.name for layer in layers])
        for layer in layers:
            _write(weights.create_group(layer.name), _variables(layer))
        _write(weights.create_group("top_level_model_weights"), model._own_trainable + model._own_non_trainable)
    with atomic_write(path) as file:
        file.write(content.getbuffer())


def _functions_by_name(tree):
    """{'class_name': 'function', 'config': name} as the name alone, which is what Keras's reader knows of the two."""
    if isinstance(tree, list):
        return [_functions_by_name(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("class_name") == "function" and isinstance(tree.get("config"), str):
        return tree["config"]
    return {key: _functions_by_name(value) for key, value in tree.items()}


def _long_name(loss):
    """The long name of a loss: Keras's reader of `.h5` files knows 'mean_squared_error', not 'mse'."""
    if not isinstance(loss, str) or loss in ("crossentropy", "ce", "accuracy", "acc"):
        return loss
    try:
        return getattr(losses.get(loss), "__name__", loss)
    except ValueError:  # a function of the user's own
        return loss


def _write(group, variables):
    names = []
    for variable in variables:
        name = variable.path
        while name in names:
            name += "_1"
        names.append(name)
        group[name] = variable.numpy()
    group.attrs["weight_names"] = _names(names)


def _names(names):
    return np.array(names, dtype=h5.import_h5py().string_dtype())


def load(path: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True,
         max_bytes: int | None = None) -> Any:
    """Return the model of an old file.

    Args:
        path: Of the file.
        custom_objects: {name: class or function} of the user's own.
        compile: Whether to compile it as it was, with the optimizer's state.
        max_bytes: The most that the arrays may take together; the larger of 1 GiB and 10 times the file if None.

    Raises:
        ModelFileError: the file is damaged or hostile, or holds weights alone.
    """
    with open(path, "rb") as file, h5.open_h5(file, str(path)) as root:
        if "model_config" not in root.attrs:
            raise ModelFileError(f"{path}: holds weights alone, no model; build the model and use "
                                 "model.load_weights(...)")
        config = from_old_keras(_json_attribute(root, "model_config", path))
        group = _group(root, "model_weights", path)
        file_bytes = os.fstat(file.fileno()).st_size
        size = h5.total_bytes(h5.datasets(group, str(path)), str(path), file_bytes, max_bytes)
        model = build_model(config, f"{path}: model_config", custom_objects, False, size,
                            allowed_bytes(file_bytes, max_bytes))
        _fill(model, group, str(path))
        if compile and "training_config" in root.attrs:
            _compile(model, _json_attribute(root, "training_config", path), custom_objects, path)
            if "optimizer_weights" in root and model.compiled:
                _fill_optimizer(model, _group(root, "optimizer_weights", path), path)
    return model


def load_weights(model: Any, path: Any, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Assign the weights of an old file to a model; see `weights.load_weights`."""
    with open(path, "rb") as file, h5.open_h5(file, str(path)) as root:
        if "layer_names" not in root.attrs and "model_weights" in root:
            root = _group(root, "model_weights", path)
        if "layer_names" not in root.attrs:
            raise ModelFileError(f"{path}: not a weights file of Keras: it has no layer_names; a file in Keras 3's "
                                 "layout is named .weights.h5")
        _fill(model, root, str(path), skip_mismatch, by_name)


def _fill(model, group, where, skip_mismatch=False, by_name=False):
    """Assign the arrays of a weights group, layer by layer in their order (or by name); all of them or none."""
    in_file = {name: _arrays(group, name, where) for name in _listed(group, "layer_names", where)}
    given = {name: arrays for name, arrays in in_file.items() if arrays}
    layers = [layer for layer in {id(layer): layer for layer in model.layers}.values() if _variables(layer)]
    if by_name:
        pairs = [(layer, layer.name) for layer in layers if layer.name in given]
    elif len(layers) == len(given):
        pairs = list(zip(layers, given, strict=True))
    else:
        hint = "" if model.built else "; the model is not built yet: call it once, or give it an Input"
        raise ModelFileError(f"{where}: holds {len(given)} layers with weights, the model has {len(layers)}{hint}")
    chosen = []
    for layer, name in pairs:
        fault = _mismatch(layer, name, given[name])
        if fault is None:
            chosen += zip(_variables(layer), given[name], strict=True)
        elif skip_mismatch:
            warn_user(f"{where}: {fault}; skipped", UserWarning)
        else:
            raise ModelFileError(f"{where}: {fault}")
    own = model._own_trainable + model._own_non_trainable
    if own and not by_name:
        arrays = _arrays(group, "top_level_model_weights", where) if "top_level_model_weights" in group else []
        if [one.shape for one in arrays] != [variable.shape for variable in own]:
            raise ModelFileError(f"{where}: the model's own weights have other shapes, or are not there")
        chosen += zip(own, arrays, strict=True)
    values = [one.read() for _, one in chosen]
    for (variable, _), value in zip(chosen, values, strict=True):
        variable.assign(value)


def _mismatch(layer, name, arrays):
    """A text about the fault of the arrays for one layer, or None."""
    variables = _variables(layer)
    if len(variables) != len(arrays):
        return f"layer {layer.name!r} has {len(variables)} weights, {name!r} in the file has {len(arrays)}"
    for variable, one in zip(variables, arrays, strict=True):
        if one.shape != variable.shape:
            return (f"layer {layer.name!r}: weight {variable.path!r} has shape {one.shape} in the file, "
                    f"{variable.shape} in the model")
    return None


def _variables(layer):
    """A layer's variables in the order of the old files: all trainable ones first, also those of layers inside."""
    weights = layer.weights
    return [v for v in weights if v.trainable] + [v for v in weights if not v.trainable]


def _arrays(group, name, where):
    """The datasets that a layer's group lists, as Stored, in their order."""
    layer = _group(group, name, where)
    found = h5.datasets(layer, where)
    names = _listed(layer, "weight_names", where)
    missing = [one for one in names if one not in found]
    if missing:
        raise ModelFileError(f"{where}: {name!r} lists {missing[0]!r}, which is not there")
    return [found[one] for one in names]


def _group(group, name, where):
    h5py = h5.import_h5py()
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink) or not isinstance(group[name], h5py.Group):
        raise ModelFileError(f"{where}: {name!r} is not a group of this file")
    return group[name]


def _listed(group, attribute, where):
    """A list of names, which Keras cuts into attributes with numbers when it is too long for one."""
    attributes = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(attributes)}" in group.attrs:
        attributes.append(f"{attribute}{len(attributes)}")
    names = [name for one in attributes for name in np.asarray(h5.attribute(group, one, where)).ravel().tolist()]
    names = [name.decode() if isinstance(name, bytes) else name for name in names]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ModelFileError(f"{where}: {attribute} is not a list of different names")
    return names


def _json_attribute(root, name, path):
    text = h5.attribute(root, name, str(path))
    data = text.encode() if isinstance(text, str) else bytes(text)
    if len(data) > MAX_CONFIG:
        raise ModelFileError(f"{path}: {name} has {len(data)} bytes, more than the {MAX_CONFIG} allowed")
    return loads(data, f"{path}: {name}")


def _compile(model, config, custom_objects, path):
    """Compile as the file describes; a model that cannot be compiled again is still returned."""
    try:
        arguments = {key: deserialize_keras_object(without_foreign_arguments(from_old_keras(value)), custom_objects)
                     for key, value in config.items() if key in ("loss", "loss_weights", "metrics", "weighted_metrics")}
        optimizer = optimizer_from_old_keras(config["optimizer_config"])
        model.compile(optimizer=deserialize_keras_object(optimizer, custom_objects), **arguments)
    except Exception as error:
        warn_user(f"{path}: the model is not compiled, since the file's training_config cannot be used: {error}. "
                  "Call compile(...) before training.", UserWarning)


def _fill_optimizer(model, group, path):
    arrays = [h5.datasets(group, str(path))[name] for name in _listed(group, "weight_names", str(path))]
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    if [one.shape for one in arrays] != [variable.shape for variable in optimizer.variables]:
        warn_user(f"{path}: the optimizer's state is not loaded: it has another form than tinynet's", UserWarning)
        return
    for variable, one in zip(optimizer.variables, arrays, strict=True):
        variable.assign(one.read())

