"""BackupAndRestore: go on after a crash as if nothing had happened.

The backup is one safetensors file, `latest.safetensors`, that appears whole or not at all. Besides the weights and the
optimizer's state it holds what else decides how training goes on: the state of all random generators (shuffling,
dropout, the session's), the place in the data, the metrics of the epoch under way, and what the other callbacks
remember (`Callback.resumed_attributes`).
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import random
from ..core.errors import ModelFileError, warn_user
from ..core.nest import map_arrays
from ..core.reading import translated
from ..data import make_batches, unpack_x_y_sample_weight
from ..shares import process
from ..utils.files import atomic_write, copy_or_link, sweep_leftovers
from .base import Callback, Logs

LATEST, PREVIOUS = "latest.safetensors", "previous.safetensors"


class BackupAndRestore(Callback):
    """Keep a backup of the training; a `fit` that finds one goes on from there.

    Start the same program again after a crash: what it computes is, bit for bit, what it would have computed without
    the crash. (As long as the data comes in the same order: arrays and data sets do; a generator is asked for the
    batches that were used already, and must give the same ones.)

    Args:
        backup_dir: Folder of the backup; not to be shared between trainings.
        save_freq: 'epoch', or a number of batches (counted on across epochs).
        double_checkpoint: Keep the backup before the last, too, for the case that the last cannot be read.
        delete_checkpoint: Remove the backup when training has ended regularly.

    Raises:
        ValueError: an empty folder name, or another save_freq.
        ModelFileError: in training, when the backup is damaged or of another model.
        TypeError: in training, when a callback's `resumed_attributes` are no plain values.

    >>> def build():
    ...     model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> x = np.array([[1.0], [2.0]])
    >>> backup = BackupAndRestore("backup", delete_checkpoint=False)
    >>> history = build().fit(x, 3 * x, epochs=2, verbose=0, callbacks=[backup])
    >>> build().fit(x, 3 * x, epochs=5, verbose=0, callbacks=[backup]).epoch   # two are from the backup
    [0, 1, 2, 3, 4]
    """

    comes_last = True

    def __init__(self, backup_dir: str | os.PathLike, save_freq: int | str = "epoch", double_checkpoint: bool = False,
                 delete_checkpoint: bool = True) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty; give a folder")
        if save_freq != "epoch" and (isinstance(save_freq, bool) or not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"BackupAndRestore: save_freq must be 'epoch' or a number of batches, got {save_freq!r}")
        self.backup_dir = Path(os.fspath(backup_dir)).expanduser()
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._epoch = 0
        self._batches = 0  # since the last backup
        self._metrics: Any = None  # of the epoch that was interrupted, until it goes on

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go on from the backup, if there is one."""
        self._batches, self._metrics = 0, None
        if self._exists(self.backup_dir / LATEST):
            self._restore()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """In the epoch that was interrupted, put back the metrics of its first part."""
        self._epoch = epoch
        if self._metrics is not None:
            for variable, values in zip(self._metric_variables(), self._metrics, strict=True):
                # Where several processes train, the states of the whole are the sum of theirs.
                variable.assign(values if process.writes else np.zeros_like(values))
            self._metrics = None

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """With a number as `save_freq`, save after every so many batches."""
        if isinstance(self.save_freq, str):
            return
        self._batches += 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """With save_freq='epoch', save."""
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the backup: the training has ended regularly."""
        if not self.delete_checkpoint or not process.writes:
            return
        for name in (LATEST, PREVIOUS):
            (self.backup_dir / name).unlink(missing_ok=True)
        sweep_leftovers(self.backup_dir / LATEST)  # of processes that were killed while they wrote
        with contextlib.suppress(OSError):  # what else is in the folder is not ours
            self.backup_dir.rmdir()

    # -- saving --------------------------------------------------------------------------------------------------------

    def _save(self, epoch: int, step: int) -> None:
        from ..saving import safetensors
        from ..saving.state import gather, optimizer_metadata

        model = self.model
        arrays: dict[str, Any] = {}
        progress = {
            "epoch": epoch, "step": step, "stop": bool(model.stop_training), "data": self.training_run.position,
            "session": random.global_seed_generator().state,
            "metrics": self._metric_states() if step else None,
            "callbacks": {key: {name: getattr(callback, name) for name in callback.resumed_attributes}
                          for key, callback in self._others()},
            "batches": self._batches,
        }
        tree = _pack(progress, arrays)
        arrays |= gather(model, random_state=True)
        if not process.writes:
            return
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        latest = self.backup_dir / LATEST
        if self.double_checkpoint and latest.exists():
            copy_or_link(latest, self.backup_dir / PREVIOUS)
        with atomic_write(latest) as file:
            safetensors.write(file, arrays, {"training": json.dumps(tree), **optimizer_metadata(model)})

    def _others(self) -> Iterator[tuple[str, Callback]]:
        """The callbacks that have something to remember, by class and number."""
        counts: dict[str, int] = {}
        for callback in self.training_run.callbacks.callbacks:
            if callback is self or not callback.resumed_attributes:
                continue
            name = type(callback).__name__
            counts[name] = counts.get(name, -1) + 1
            yield f"{name}_{counts[name]}", callback

    def _metric_variables(self) -> list[Any]:
        return [variable for metric in self.model.metrics for variable in metric.variables]

    def _metric_states(self) -> list[Any]:
        group = self.training_run.training.group
        return [variable.numpy() for variable in self._metric_variables()] if group is None else group.whole_states()

    # -- restoring -----------------------------------------------------------------------------------------------------

    def _exists(self, path: Path) -> bool:
        group = self.training_run.training.group
        return path.exists() if group is None else group.exists(path)

    def _open(self, path: Path) -> Any:
        """The file, open to read. Of several processes the first reads it for all."""
        group = self.training_run.training.group
        return open(path, "rb") if group is None else io.BytesIO(group.read(path))

    def _restore(self) -> None:
        try:
            self._restore_from(self.backup_dir / LATEST)
        except ModelFileError as error:
            previous = self.backup_dir / PREVIOUS
            if not (self.double_checkpoint and self._exists(previous)):
                raise
            warn_user(f"BackupAndRestore: {error}; going on from the backup before it", UserWarning)
            self._restore_from(previous)

    def _restore_from(self, path: Path) -> None:
        from ..saving.state import build_optimizer, restore
        from ..saving.strict_json import loads
        from ..saving.weights import safetensors_stored

        where = str(path)
        with self._open(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            stored, metadata = safetensors_stored(file, size, where)
            tree = loads(metadata.get("training", "null").encode(), f"{where}: training")
            with _translated(where):
                progress = _unpack(tree, lambda name: stored.pop(name).read())
                epoch, step, data, others = progress["epoch"], progress["step"], progress["data"], progress["callbacks"]
                session, metrics, batches = progress["session"], progress["metrics"], progress["batches"]
                _check_numbers(epoch, step, batches, data["taken"], data["orders"], session)
                if not isinstance(others, dict) or not all(isinstance(held, dict) for held in others.values()):
                    raise ModelFileError(f"{where}: not a backup of a training: callbacks must be dicts")
                if metrics is not None and not all(isinstance(one, np.ndarray) for one in metrics):
                    raise ModelFileError(f"{where}: not a backup of a training: metrics must be arrays")
            self._make_ready(metrics is not None)
            if "_shuffle_seeds/vars/0" in stored:
                self.model._orders()
            build_optimizer(self.model, stored, metadata, where)
            restore(self.model, stored, where, random_state=True)
        own = dict(self._others())
        if not set(own) <= set(others) or process.writes and set(own) != set(others):
            raise ModelFileError(f"{where}: the backup was made with the callbacks {sorted(others)}, this training has "
                                 f"{sorted(own)}; remove the backup to begin anew")
        lacking = [f"{key}.{name}" for key, callback in own.items() for name in callback.resumed_attributes
                   if name not in others[key]]
        if lacking:
            raise ModelFileError(f"{where}: not a backup of a training: it lacks {lacking[0]}")
        for key, callback in own.items():
            for name in callback.resumed_attributes:
                setattr(callback, name, others[key][name])
        self._batches = batches
        if metrics is not None and [one.shape for one in metrics] != [v.shape for v in self._metric_variables()]:
            raise ModelFileError(f"{where}: the backup was made with other metrics; remove it to begin anew")
        self._metrics = metrics
        run = self.training_run
        with _translated(where):
            random.global_seed_generator().state = session
            # A training that had decided to stop has only its end before it.
            run.resume(run.epochs if progress.get("stop") else epoch, step, data)

    def _make_ready(self, with_metrics: bool) -> None:
        """Create the weights, and the metrics, that otherwise the first batch would create."""
        model = self.model
        metrics = model._compiled_metrics
        if model.built and not (with_metrics and metrics is not None):
            return
        batch = _some_rows(self.training_run.training.batches)
        x, y, sample_weight = unpack_x_y_sample_weight(batch)
        y_pred = model(x, training=False)
        if with_metrics and metrics is not None:
            metrics.update_state(y, y_pred, sample_weight)
            model.reset_metrics()


def _translated(where: str) -> Any:
    return translated(where, ModelFileError, lambda: "not a backup of a training")


def _check_numbers(epoch: Any, step: Any, batches: Any, taken: Any, *seeds: Any) -> None:
    """Refuse what cannot be the position in a training."""
    for number in (epoch, step, batches, taken):
        if type(number) is not int or number < 0:
            raise ValueError(f"expected a whole number from 0 on, got {number!r:.80}")
    for state in seeds:
        is_state = isinstance(state, np.ndarray) and state.shape == (2,) and state.dtype.kind in "iu"
        if state is not None and not is_state:
            raise ValueError(f"expected the state of a random generator, got {state!r:.80}")


def _some_rows(batches: Any) -> Any:
    """A batch for building the model; training gets its samples as well."""
    if hasattr(batches, "num_samples") and batches.num_samples:
        x, y, sample_weight = (map_arrays(lambda leaf, _: leaf[:1], part)
                               for part in (batches.x, batches.y, batches.sample_weight))
        return next(iter(make_batches(x, y, sample_weight, batch_size=1)))
    batch = next(iter(batches))
    if getattr(batches, "is_one_shot", False):  # a generator: put it back
        batches.source = itertools.chain([batch], batches.source)
    return batch


# -- a tree of values as JSON and arrays -------------------------------------------------------------------------------


def _pack(value: Any, arrays: dict[str, Any]) -> Any:
    """JSON's values as they are; floats in hexadecimal, since JSON has no NaN; arrays by a name in `arrays`."""
    if isinstance(value, dict):
        return {"dict": [[key, _pack(part, arrays)] for key, part in value.items()]}
    if isinstance(value, list | tuple):
        return [_pack(part, arrays) for part in value]
    if isinstance(value, float | np.floating):
        return {"float": float(value).hex()}
    if isinstance(value, np.ndarray):
        name = f"training/{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.integer):
        return int(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError("BackupAndRestore: a callback's resumed_attributes must be numbers, strings, arrays, and lists and "
                    f"dicts of them, got {value!r}")


def _unpack(tree: Any, array: Callable[[str], Any]) -> Any:
    if isinstance(tree, list):
        return [_unpack(part, array) for part in tree]
    if isinstance(tree, dict):
        (kind, value), = tree.items()
        if kind == "dict":
            return {key: _unpack(part, array) for key, part in value}
        return float.fromhex(value) if kind == "float" else array(value)
    return tree
