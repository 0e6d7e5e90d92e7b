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
from .arguments import refuse
from .structures import Module

__all__ = ["Checkpoint", "CheckpointManager", "CheckpointState", "get_checkpoint_state", "latest_checkpoint"]
_SUFFIX, _STATE, _COUNTER = ".safetensors", "checkpoint.json", "save_counter"


class Checkpoint:
    """Objects that are saved and restored together.

    Args:
        root: A model; or name the parts.
        **kwargs: Models, layers, modules, optimizers and variables:
            Checkpoint(model=model, optimizer=optimizer, step=step).

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
            if not isinstance(part, Layer | Module | Optimizer | Variable):
                raise TypeError(f"Checkpoint: {name} must be a model, a layer, a tf.Module, an optimizer or a "
                                f"tf.Variable, got {type(part).__name__}")
            setattr(self, name, part)
        self.save_counter = 0

    def write(self, file_prefix: str | os.PathLike[str], options: Any = None) -> str:
        """Save to `file_prefix`.safetensors, without counting it; returns `file_prefix`.

        Args:
            file_prefix: The path without its ending.
            options: Must be None: TensorFlow's are about its own format.

        Raises:
            ValueError: a layer has no weights yet.
            NotImplementedError: there are options.
        """
        refuse("train.Checkpoint.write", "leave it out", options=(options, None))
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
            elif isinstance(part, Module):
                store = {str(i): variable.numpy() for i, variable in enumerate(part.variables)}
            else:
                store = gather(part)
            arrays |= {f"{name}/{key}": np.asarray(value) for key, value in store.items()}
        safetensors.save_file(arrays, f"{os.fspath(file_prefix)}{_SUFFIX}")
        return os.fspath(file_prefix)

    def save(self, file_prefix: str | os.PathLike[str], options: Any = None) -> str:
        """Save under the next number: `file_prefix`-1.safetensors, ...; returns the path without its ending.

        Arguments and errors as for `write`.
        """
        refuse("train.Checkpoint.save", "leave it out", options=(options, None))
        path = Path(f"{os.fspath(file_prefix)}-{self.save_counter + 1}")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.save_counter += 1
        self.write(path)
        state = get_checkpoint_state(path.parent)
        older = [] if state is None else [Path(old).name for old in state.all_model_checkpoint_paths]
        _write_state(path.parent, [old for old in older if old != path.name] + [path.name])
        return str(path)

    def read(self, save_path: str | os.PathLike[str] | None, options: Any = None) -> RestoreStatus:
        """Call `restore`."""
        return self.restore(save_path, options)

    def restore(self, save_path: str | os.PathLike[str] | None, options: Any = None) -> RestoreStatus:
        """Restore what was saved under a path that `save` or `latest_checkpoint` returned; nothing if it is None.

        The state of an optimizer that has not made a step yet is left out, with a warning: it has no variables for it.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            ModelFileError: it does not fit, or lacks one of the parts.
            NotImplementedError: there are options, which are about TensorFlow's own format.
        """
        refuse("train.Checkpoint.restore", "leave it out", options=(options, None))
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
        elif isinstance(part, Module):
            if set(given) != {str(i) for i in range(len(part.variables))}:
                raise ModelFileError(f"{where}: {name} has {len(given)} variables, the tf.Module {len(part.variables)}")
            for i, variable in enumerate(part.variables):
                value = given[str(i)].read()
                if value.shape != tuple(variable.shape):
                    raise ModelFileError(f"{where}: variable {i} of {name} has shape {value.shape}, in the tf.Module "
                                         f"{tuple(variable.shape)} ({variable.name})")
                variable.assign(value)
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
    """The checkpoints in a folder: `model_checkpoint_path`, the newest, and `all_model_checkpoint_paths`.

    Args:
        paths: Of the checkpoints, the newest last.

    >>> CheckpointState(["run/ckpt-1", "run/ckpt-2"]).model_checkpoint_path
    'run/ckpt-2'
    """

    def __init__(self, paths: list[str]) -> None:
        self.model_checkpoint_path = paths[-1]
        self.all_model_checkpoint_paths = paths


def get_checkpoint_state(checkpoint_dir: str | os.PathLike[str],
                         latest_filename: str | None = None) -> CheckpointState | None:
    """Return the `CheckpointState` of a folder, or None if `Checkpoint.save` has never written to it.

    Args:
        checkpoint_dir: The folder.
        latest_filename: The file that lists the checkpoints; checkpoint.json if None.

    Raises:
        TypeError: `checkpoint_dir` is no path.
        ModelFileError: the file is damaged.

    >>> path = Checkpoint(step=Variable(1)).save("run/ckpt")
    >>> os.path.basename(get_checkpoint_state("run").model_checkpoint_path)
    'ckpt-1'
    """
    if not isinstance(checkpoint_dir, str | os.PathLike):
        raise TypeError(f"train.get_checkpoint_state: checkpoint_dir must be the path of one folder, got "
                        f"{checkpoint_dir!r:.80} ({type(checkpoint_dir).__name__})")
    path = Path(os.fspath(checkpoint_dir)) / (latest_filename or _STATE)
    if not path.is_file():
        return None
    state = loads(path.read_bytes(), str(path))
    if not isinstance(state, dict):
        raise ModelFileError(f"{path}: expected an object with the list 'checkpoints', got a JSON "
                             f"{type(state).__name__}")
    names = state.get("checkpoints")
    if not isinstance(names, list) or not names or not all(
            isinstance(name, str) and name and os.path.basename(name) == name for name in names):
        raise ModelFileError(f"{path}: checkpoints must be a list of names, got {names!r:.80}")
    return CheckpointState([str(path.parent / name) for name in names])


def latest_checkpoint(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> str | None:
    """Return the path of the newest checkpoint, for `restore`; None if there is none. Arguments and errors: see
    `get_checkpoint_state`.

    Args:
        checkpoint_dir, latest_filename: As for `get_checkpoint_state`.

    >>> path = Checkpoint(step=Variable(1)).save("run/ckpt")
    >>> latest_checkpoint("run") == path, latest_checkpoint("elsewhere")
    (True, None)
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
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
        keep_checkpoint_every_n_hours: Must be None: which are kept does not depend on the time.
        checkpoint_name: The files are called `checkpoint_name`-1, ...
        step_counter: Variable with the number of the step, for `checkpoint_interval`.
        checkpoint_interval: `save` does nothing until so many steps after the last checkpoint.
        init_fn: Function without arguments that `restore_or_initialize` calls if there is no checkpoint.
        last_checkpoint_step: The step of the last checkpoint before this manager was made, for the interval.

    Raises:
        ValueError: `max_to_keep` is not above 0, or there is an interval without a counter.
        NotImplementedError: `keep_checkpoint_every_n_hours` is given.

    >>> step = Variable(1)
    >>> manager = CheckpointManager(Checkpoint(step=step), "run", max_to_keep=2)
    >>> for _ in range(3):
    ...     path = manager.save()
    >>> [os.path.basename(path) for path in manager.checkpoints]
    ['ckpt-2', 'ckpt-3']
    """

    def __init__(self, checkpoint: Checkpoint, directory: str | os.PathLike[str], max_to_keep: int | None,
                 keep_checkpoint_every_n_hours: float | None = None, checkpoint_name: str = "ckpt",
                 step_counter: Variable | None = None, checkpoint_interval: int | None = None,
                 init_fn: Any = None, last_checkpoint_step: int | None = None) -> None:
        refuse("train.CheckpointManager", "leave it out; max_to_keep is the number of those that are kept",
               keep_checkpoint_every_n_hours=(keep_checkpoint_every_n_hours, None))
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"train.CheckpointManager: max_to_keep must be above 0 or None, got {max_to_keep}")
        if checkpoint_interval is not None and step_counter is None:
            raise ValueError("train.CheckpointManager: checkpoint_interval needs a step_counter")
        self.checkpoint = checkpoint
        self.directory = os.fspath(directory)
        self.checkpoint_interval = checkpoint_interval
        self._most, self._prefix = max_to_keep, os.path.join(self.directory, checkpoint_name)
        self._steps, self._initialize = step_counter, init_fn
        self._last_step = last_checkpoint_step

    @property
    def checkpoints(self) -> list[str]:
        """The paths, the newest last."""
        state = get_checkpoint_state(self.directory)
        return [] if state is None else state.all_model_checkpoint_paths

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest path, or None."""
        return latest_checkpoint(self.directory)

    def save(self, checkpoint_number: int | None = None, check_interval: bool = True,
             options: Any = None) -> str | None:
        """Save, under this number or the next.

        Args:
            checkpoint_number: The number.
            check_interval: Whether to save only if `checkpoint_interval` steps have passed.
            options: Must be None, as for `Checkpoint.write`.

        Returns:
            The path; None if the interval has not passed.
        """
        refuse("train.CheckpointManager.save", "leave it out", options=(options, None))
        if self._steps is not None:
            step = int(self._steps.numpy())
            if (check_interval and self.checkpoint_interval is not None and self._last_step is not None
                    and step - self._last_step < self.checkpoint_interval):
                return None
            self._last_step = step
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
        """Restore the newest checkpoint if there is one, else call `init_fn`; returns its path or None."""
        path = self.latest_checkpoint
        self.checkpoint.restore(path)
        if path is None and self._initialize is not None:
            self._initialize()
        if path is not None and self._steps is not None:
            self._last_step = int(self._steps.numpy())
        return path


__getattr__ = explainer(__name__)
