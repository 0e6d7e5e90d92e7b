"""`tf.train.Checkpoint` and its helpers, for custom training loops: models, optimizers and variables in one file.

A checkpoint is a safetensors file `<prefix>-<number>.safetensors`; the file `checkpoint.json` beside it lists them, the
newest last. TensorFlow's own checkpoints are not read.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...core.absence import explainer
from ...core.errors import ModelFileError, warn_user
from ...layers.base import Layer
from ...optimizers import Optimizer
from ...saving import safetensors
from ...saving.state import OPTIMIZER, gather, restore
from ...saving.strict_json import loads
from ...saving.weights import safetensors_stored
from ...utils.files import atomic_write
from ...variable import Variable

__all__ = ["Checkpoint", "CheckpointManager", "CheckpointState", "get_checkpoint_state", "latest_checkpoint"]
_SUFFIX, _STATE, _COUNTER = ".safetensors", "checkpoint.json", "save_counter"


class Checkpoint:
    """Objects that are saved and restored together.

    Args:
        root: A model; or name the parts.
        **kwargs: Models, layers, optimizers and variables: Checkpoint(model=model, optimizer=optimizer, step=step).

    Raises:
        TypeError: a part is something else.

    >>> import tempfile
    >>> step = Variable(1)
    >>> path = Checkpoint(step=step).save(tempfile.mkdtemp() + "/run")
    >>> _ = step.assign(5)
    >>> _ = Checkpoint(step=step).restore(path)
    >>> int(step.numpy()), path.rpartition("/")[2]
    (1, 'run-1')
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self._parts = ({} if root is None else {"root": root}) | kwargs
        for name, part in self._parts.items():
            if not isinstance(part, Layer | Optimizer | Variable):
                raise TypeError(f"Checkpoint: {name} must be a model, a layer, an optimizer or a tf.Variable, "
                                f"got {type(part).__name__}")
            setattr(self, name, part)
        self.save_counter = 0

    def write(self, file_prefix: str | os.PathLike[str]) -> str:
        """Save to `file_prefix`.safetensors, without counting it; returns `file_prefix`.

        Raises:
            ValueError: a layer has no weights yet.
        """
        arrays = {_COUNTER: np.array(self.save_counter)}
        for name, part in self._parts.items():
            if isinstance(part, Variable):
                arrays[name] = part.numpy()
                continue
            if isinstance(part, Layer) and not part.built:
                raise ValueError(f"Checkpoint: {name} ({part.name}) has no weights yet; call it on a batch first")
            store: dict[str, Any] = {}
            if isinstance(part, Optimizer):
                part.save_own_variables(store)
            else:
                store = gather(part)
            arrays |= {f"{name}/{key}": np.asarray(value) for key, value in store.items()}
        safetensors.save_file(arrays, f"{os.fspath(file_prefix)}{_SUFFIX}")
        return os.fspath(file_prefix)

    def save(self, file_prefix: str | os.PathLike[str]) -> str:
        """Save under the next number: `file_prefix`-1.safetensors, ...; returns the path without its ending."""
        path = Path(f"{os.fspath(file_prefix)}-{self.save_counter + 1}")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.save_counter += 1
        self.write(path)
        state = get_checkpoint_state(path.parent)
        older = [] if state is None else [Path(old).name for old in state.all_model_checkpoint_paths]
        _write_state(path.parent, [old for old in older if old != path.name] + [path.name])
        return str(path)

    def read(self, save_path: str | os.PathLike[str] | None) -> RestoreStatus:
        """Call `restore`."""
        return self.restore(save_path)

    def restore(self, save_path: str | os.PathLike[str] | None) -> RestoreStatus:
        """Restore what was saved under a path that `save` or `latest_checkpoint` returned; nothing if it is None.

        The state of an optimizer that has not made a step yet is left out, with a warning: it has no variables for it.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            ModelFileError: it does not fit, or lacks one of the parts.
        """
        if save_path is None:
            return RestoreStatus()
        path = Path(f"{os.fspath(save_path)}{_SUFFIX}")
        if not path.is_file():
            raise FileNotFoundError(f"Checkpoint.restore: there is no {path}; TensorFlow's own checkpoints "
                                    "are not read")
        with open(path, "rb") as file:
            stored, _ = safetensors_stored(file, os.fstat(file.fileno()).st_size, str(path))
            for name, part in self._parts.items():
                self._restore_part(name, part, stored, str(path))
            if _COUNTER in stored:
                self.save_counter = int(stored[_COUNTER].read())
        return RestoreStatus()

    @staticmethod
    def _restore_part(name, part, stored, where):
        given = {key.removeprefix(f"{name}/"): one for key, one in stored.items() if key.startswith(f"{name}/")}
        if name not in stored and not given:
            held = sorted({key.split("/")[0] for key in stored} - {_COUNTER})
            raise ModelFileError(f"{where}: has nothing for {name!r}; it has {', '.join(held) or 'nothing'}")
        if isinstance(part, Variable):
            part.assign(stored[name].read())
        elif isinstance(part, Optimizer):
            if len(given) != len(part.variables):
                warn_user(f"{where}: the state of {name} is not restored: it has {len(part.variables)} variables, the "
                          f"saved one {len(given)}; call {name}.build(model.trainable_variables) first", UserWarning)
                return
            part.load_own_variables({key: one.read() for key, one in given.items()})
        else:
            optimizer = getattr(part, "optimizer", None)
            if optimizer is None or not optimizer.built:
                given = {key: one for key, one in given.items() if not key.startswith(f"{OPTIMIZER}/")}
            restore(part, given, f"{where}: {name}")


class RestoreStatus:
    """The result of `restore`; everything has been restored by then."""

    def assert_consumed(self) -> RestoreStatus:
        """Return self: everything in the checkpoint has been restored."""
        return self

    assert_existing_objects_matched = assert_nontrivial_match = expect_partial = assert_consumed


class CheckpointState:
    """The checkpoints in a folder: `model_checkpoint_path`, the newest, and `all_model_checkpoint_paths`."""

    def __init__(self, paths: list[str]) -> None:
        self.model_checkpoint_path = paths[-1]
        self.all_model_checkpoint_paths = paths


def get_checkpoint_state(checkpoint_dir: str | os.PathLike[str]) -> CheckpointState | None:
    """Return the `CheckpointState` of a folder, or None if `Checkpoint.save` has never written to it.

    Raises:
        ModelFileError: checkpoint.json is damaged.
    """
    path = Path(os.fspath(checkpoint_dir)) / _STATE
    if not path.is_file():
        return None
    names = loads(path.read_bytes(), str(path)).get("checkpoints")
    if not isinstance(names, list) or not names or not all(
            isinstance(name, str) and name and os.path.basename(name) == name for name in names):
        raise ModelFileError(f"{path}: checkpoints must be a list of names, got {names!r:.80}")
    return CheckpointState([str(path.parent / name) for name in names])


def latest_checkpoint(checkpoint_dir: str | os.PathLike[str]) -> str | None:
    """Return the path of the newest checkpoint, for `restore`; None if there is none."""
    state = get_checkpoint_state(checkpoint_dir)
    return None if state is None else state.model_checkpoint_path


def _write_state(folder, names):
    with atomic_write(folder / _STATE) as file:
        file.write(json.dumps({"checkpoints": names}).encode())


class CheckpointManager:
    """The last few checkpoints in a folder.

    Args:
        checkpoint: The `Checkpoint`.
        directory: The folder; made if it does not exist.
        max_to_keep: Older ones are removed; None keeps all.
        checkpoint_name: The files are called `checkpoint_name`-1, ...
    """

    def __init__(self, checkpoint: Checkpoint, directory: str | os.PathLike[str], max_to_keep: int | None,
                 checkpoint_name: str = "ckpt") -> None:
        self.checkpoint = checkpoint
        self.directory = os.fspath(directory)
        self._most, self._prefix = max_to_keep, os.path.join(self.directory, checkpoint_name)

    @property
    def checkpoints(self) -> list[str]:
        """The paths, the newest last."""
        state = get_checkpoint_state(self.directory)
        return [] if state is None else state.all_model_checkpoint_paths

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest path, or None."""
        return latest_checkpoint(self.directory)

    def save(self, checkpoint_number: int | None = None) -> str:
        """Save, under this number or the next; returns the path."""
        if checkpoint_number is not None:
            self.checkpoint.save_counter = int(checkpoint_number) - 1
        path = self.checkpoint.save(self._prefix)
        paths = self.checkpoints
        if self._most is not None and len(paths) > self._most:
            _write_state(Path(self.directory), [Path(kept).name for kept in paths[-self._most:]])
            for old in paths[:-self._most]:
                Path(f"{old}{_SUFFIX}").unlink(missing_ok=True)
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the newest checkpoint if there is one; returns its path or None."""
        path = self.latest_checkpoint
        self.checkpoint.restore(path)
        return path


__getattr__ = explainer(__name__)
