"""What `fit` and `evaluate` do in addition where several processes train one model: the hooks of `models/run.py`.

    before the first step   compare programs, data and models; take rank 0's weights and random states
    a step    begin         all ranks: which step is this, does one want to stop?   -> the share of this batch
              backward      gradients go out as they are completed                     (buckets.py)
              step          gradients of the whole batch, the optimizer on every rank the same
              end           start to gather the metrics' states; a reader waits
    end of an epoch         the metrics of the whole; do all stop?

Every rank calls the callbacks with the same numbers, so that all decide alike. Files are written by rank 0.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import shares
from ..callbacks import BackupAndRestore, History
from ..callbacks.base import Logs
from ..core.types import Array
from ..data import unpack_x_y_sample_weight
from ..layers.normalization import BatchNormalization
from ..metrics import Metric
from ..random import global_seed_generator
from ..saving import state
from ..variable import Variable
from .agreement import check_same, check_sum, facts_of_arrays, facts_of_data, facts_of_model, facts_of_program
from .batches import SharedBatches
from .buckets import Exchange
from .faults import Disagreement
from .sharding import ShardedOptimizer
from .statistics import EpochStatistics, Report

STEP, END = 1.0, 2.0  # what a rank is about to do


class Control(NamedTuple):
    """What ranks tell each other before each step."""

    kind: float
    step: float
    rows: float
    stop: float
    interrupted: float
    clock: float  # for the statistics: this rank's clock, and seconds that it has waited for others so far
    waited: float


class Session:
    """One `fit` or `evaluate` of a model on several ranks.

    Args:
        strategy: The `DataParallel`.
        model: The model.
    """

    def __init__(self, strategy: Any, model: Any) -> None:
        self.strategy, self.model = strategy, model
        self.communicator = strategy.communicator
        self.rank, self.size = self.communicator.rank, self.communicator.size
        self._exchange = Exchange(self.communicator, strategy.compression, strategy.bucket_bytes,
                                  gathers=not strategy.shard_optimizer, progress=strategy.progress_thread)
        self._sharded: ShardedOptimizer | None = None
        self._run: Any = None
        self._arrived: list[tuple[Any, Array]] = []  # before the first step has fixed the buckets
        self._variables: dict[int, Variable] = {}  # of the buckets, by id
        self._states: list[Variable] = []  # changed by the forward pass: moving averages
        self._before: list[tuple[Variable, Array]] = []
        self._put: set[int] = set()
        self._stepped: Any = None  # the list of variables that the optimizer stepped last
        self._sums: list[Array] = []  # of their gradients
        self._synchronized = False  # all ranks have rank 0's state
        self._interrupted = False
        self._told_end = False
        self._kept_metrics: list[tuple[Variable, Array]] = []
        self._results: Any = None  # (table, Pending) of the metrics' states after the last step
        self._measured: list[Variable] | None = None  # the metrics' variables, once a step of this pass has made them
        self._whole: list[Array] | None = None
        self._statistics: EpochStatistics | None = None

    # -- before and after ----------------------------------------------------------------------------------------------

    def train(self, run: Any) -> History:
        """`run.train()` with all ranks.

        Args:
            run: The TrainingRun.

        Returns:
            The model's History.

        Raises:
            Disagreement: the ranks differ in program, data or model.
            RankFailed: another rank has failed.
            KeyboardInterrupt: Ctrl-C; on all ranks, after the backup.
        """
        self._run, model = run, self.model
        facts = facts_of_program() | facts_of_model(model) | facts_of_data("the training data", run.training.batches)
        if run.validation is not None:
            facts |= facts_of_data("the validation data", run.validation.batches)
        facts["the epochs"] = f"{run.first_epoch} to {run.epochs}"
        check_same(self.communicator, facts)
        if not model.built:
            self._build_on(run.training.batches)
        if model.built:
            self._take_state_of_first()
        for epochs in (run.training, run.validation):
            if epochs is not None:
                self.share(epochs)
        if self.rank == 0 and run.callbacks.params.get("verbose"):
            run.callbacks.append(Report(self.strategy))
        optimizer = model.optimizer
        if self.strategy.shard_optimizer:
            self._sharded = ShardedOptimizer(optimizer, self._exchange)
        optimizer.exchange = self.exchange
        try:
            with self._signals(), self._quiet():
                before = len(self.strategy.epochs)
                history = run.train()
                history.speeds = self.strategy.epochs[before:]
                return history
        finally:
            optimizer.exchange = optimizer._plan = None  # the plan keeps the buckets' arrays
            self._exchange.close()
            shares.set_share(None)
            if self._sharded is not None:
                self._sharded.close(complete=sys.exc_info()[0] is None)

    def share(self, epochs: Any) -> None:
        """Let each iteration over `Epochs` yield this rank's parts."""
        epochs.batches = SharedBatches(epochs.batches, self.rank, self.size, self.communicator.sum)
        epochs.prepare = epochs.batches.prepared_by(epochs.prepare)
        epochs.group = self

    def _build_on(self, batches: Any) -> None:
        """Create the weights of a model that has none: on one row of arrays; else the first step does it."""
        if getattr(batches, "num_samples", None):
            first = np.zeros(1, np.int64) if batches.shuffle else slice(0, 1)
            x, _, _ = unpack_x_y_sample_weight(batches.choose(first))
            self.model(x, training=False)

    def _take_state_of_first(self) -> None:
        """Make weights, optimizer and random states those of rank 0."""
        from ..saving.state import Stored

        arrays = state.gather(self.model, random_state=True)
        arrays["session"] = global_seed_generator().state
        marks = np.array([float(check_sum(array)) for array in arrays.values()])
        lengths = self.communicator.gather_numbers(np.array([float(len(marks))]))
        if len(set(lengths[:, 0])) > 1:
            raise Disagreement("the processes differ in the state of the model: they have "
                               f"{', '.join(f'{n:.0f}' for n in lengths[:, 0])} arrays of weights, optimizer and seeds")
        table = self.communicator.gather_numbers(marks)
        for number, (name, array) in enumerate(arrays.items()):
            if (table[:, number] != table[0, number]).any():
                array = np.array(array)  # own memory, contiguous
                self.communicator.wait(self.communicator.broadcast(array.reshape(-1)))
                arrays[name] = array
        global_seed_generator().state = arrays.pop("session")
        if self.rank:
            stored = {name: Stored(array.shape, array.dtype, lambda array=array: array)  # type: ignore[misc]
                      for name, array in arrays.items()}
            state.restore(self.model, stored, "rank 0", random_state=True)
        self._synchronized = True

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """A block within which only rank 0 prints and warns."""
        if self.rank == 0:
            yield
            return
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """A block within which Ctrl-C, and what mpirun sends for it, ends the training after a step."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: Any) -> None:
            self._interrupted = True

        names = ("SIGINT", "SIGTERM", "SIGUSR1")  # Windows lacks the last one
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        before = [signal.signal(number, note) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    # -- a step --------------------------------------------------------------------------------------------------------

    def begin_pass(self, current: Any) -> None:
        """Called by a Pass before its first batch is asked for."""
        self._told_end, self._results, self._whole, self._measured = False, None, None, None
        if current.trains:
            # What one rank has drawn more than another, in a function of the data, must not change the orders.
            states = self.communicator.exchange(global_seed_generator().state)
            global_seed_generator().state = states[0]
            self._statistics = self.strategy._measuring = EpochStatistics(self.communicator)

    def begin(self, current: Any, step: int, data: Any) -> bool:
        """Called by a Pass before each batch.

        Args:
            current: The Pass.
            step: The number of the step in its epoch.
            data: The part of the batch.

        Returns:
            Whether to go on: False where a rank has set `stop_training`.

        Raises:
            Disagreement: the ranks are at different steps, or have batches of different sizes.
            KeyboardInterrupt: a rank was interrupted.
        """
        share = data.share
        if current.trains:
            if not self._tell(STEP, step, share.total):
                return False
            if not self._synchronized:
                if not self.model.built:
                    self._build_with(data)
                self._take_state_of_first()
            weights = [self._weight(share.total, rank) for rank in range(self.size)]
            self._exchange.weights = weights
            self._put.clear()
            self._arrived = []
            self._note_states()
            if self._statistics is not None:
                self._statistics.rows += share.total
        if share.is_spare:
            self._kept_metrics = [(variable, variable.data.copy()) for variable in self._metric_variables()]
        shares.set_share(share)
        return True

    def end(self, current: Any, make_logs: Callable[[], Logs]) -> Callable[[], Logs]:
        """Called by a Pass after each batch.

        Args:
            current: The Pass.
            make_logs: Function that makes this rank's logs.

        Returns:
            Function that makes those of the whole, if it is a step of training.
        """
        share = shares.share()
        shares.set_share(None)
        if share is not None and share.is_spare:
            self._forget_spare_metrics()
        if not current.trains:
            return make_logs
        if self._sharded is not None:
            self._sharded.gather_weights()
        if self._results is not None:
            self.communicator.wait(self._results[1])
        self._whole = None
        if self._measured is None:
            self._measured = self._metric_variables()
        self._results = self._start_results()
        return lambda: self._whole_logs(make_logs, True)

    def finish(self, current: Any, make_logs: Callable[[], Logs]) -> Logs:
        """Called by a Pass after its last batch.

        Args:
            current: The Pass.
            make_logs: Function that makes this rank's logs.

        Returns:
            The logs of the whole.
        """
        if current.trains:
            if not self._told_end:
                self._tell(END)
            if self._statistics is not None:
                self.strategy.epochs.append(self._statistics.result())
                self.strategy._measuring = None
        self._measured = None
        if not current.trains or self._results is None:
            self._whole, self._results = None, self._start_results()
        return self._whole_logs(make_logs, current.trains, at_end=True)

    def any(self, value: bool) -> bool:
        """Whether it is true on some rank."""
        return bool(self.communicator.gather_numbers(np.array([float(value)])).any())

    def exists(self, path: Any) -> bool:
        """Whether rank 0 has a file; the other hosts may not have the folder.

        Args:
            path: The file.
        """
        return bool(self.communicator.gather_numbers(np.array([float(os.path.exists(path))]))[0, 0])

    def read(self, path: Any) -> bytes:
        """A file's bytes as rank 0 reads them, on all ranks.

        Args:
            path: The file.

        Raises:
            OSError: rank 0 cannot read it.
        """
        content = np.zeros(0, np.uint8)
        if self.rank == 0:
            with open(path, "rb") as file:
                content = np.frombuffer(file.read(), np.uint8).copy()
        length = int(self.communicator.gather_numbers(np.array([float(content.size)]))[0, 0])
        content = content if self.rank == 0 else np.empty(length, np.uint8)
        self.communicator.wait(self.communicator.broadcast(content))
        return content.tobytes()

    def goes_on_waiting(self) -> bool:
        """Whether this rank may wait on for its user, as the lab does while a training is held.

        Returns:
            False once Ctrl-C was pressed.

        Raises:
            RankFailed: another rank has failed meanwhile.
        """
        self.communicator.check()
        return not self._interrupted

    def _tell(self, kind: float, step: int = 0, rows: int = 0) -> bool:
        """Tell the others what comes next; whether all go on."""
        control = Control(kind, step, rows, self.model.stop_training, self._interrupted, time.perf_counter(),
                          self.communicator.waited)
        table = self.communicator.gather_numbers(np.array(control, np.float64))
        if kind == STEP and self._statistics is not None:
            self._statistics.tell(table[:, -2:])
        rows_told = table.tolist()
        if all(row[:5] == [kind, step, rows, 0, 0] for row in rows_told):  # as in all steps but the last one
            return kind == STEP
        told = [Control(*row) for row in rows_told]
        if any(one.stop or one.interrupted for one in told):
            self._told_end = True
            if any(one.interrupted for one in told):
                self._interrupt(control)
            self.model.stop_training = True
            return False
        for rank, one in enumerate(told):
            if one.kind != told[0].kind:
                ended, going = (0, rank) if told[0].kind == END else (rank, 0)
                raise Disagreement(f"the data of rank {ended} has ended, rank {going} has a batch for step "
                                   f"{told[going].step + 1:.0f}: the processes have data of different lengths")
            if (one.step, one.rows) != (told[0].step, told[0].rows):
                raise Disagreement(
                    f"rank 0 is at step {told[0].step + 1:.0f} with a batch of {told[0].rows:.0f} samples, rank {rank} "
                    f"at step {one.step + 1:.0f} with {one.rows:.0f}: the processes have different data"
                )
        return control.kind == STEP

    def _interrupt(self, control: Control) -> None:
        """Keep a backup, if there is a BackupAndRestore, and raise KeyboardInterrupt."""
        run = self._run
        backups = [callback for callback in run.callbacks.callbacks if isinstance(callback, BackupAndRestore)]
        where = ""
        for backup in backups:
            if control.kind == STEP:
                run.training._taken -= 1  # this step's batch has been taken and is not used
                backup._save(run.epoch, int(control.step))
                run.training._taken += 1
            where = f"; the backup is in {backup.backup_dir}, and the same command goes on from it"
        steps = f"{control.step:.0f} steps of epoch" if control.kind == STEP else "epoch"
        raise KeyboardInterrupt(f"training was interrupted after {steps} {run.epoch + 1}{where}")

    def _weight(self, total: int, rank: int) -> float:
        first, end = shares.cut(total, self.size, rank)
        return (end - first) / total

    def _build_with(self, data: Any) -> None:
        x, _, _ = unpack_x_y_sample_weight(data)
        if hasattr(x, "layers"):
            self.model._call_on_augmented(x)
        else:
            self.model(x, training=False)

    # -- gradients -----------------------------------------------------------------------------------------------------

    @property
    def sends_early(self) -> bool:
        """Whether the tape is to call `gradient_is_final`: a single bucket is full at the backward pass's end alone."""
        return self.strategy.overlap and len(self._exchange.buckets) != 1

    def gradient_is_final(self, variable: Any, gradient: Any) -> None:
        """Called by the tape as soon as a variable's gradient is complete.

        Args:
            variable: The variable.
            gradient: Its gradient of this rank's share; None if it has none.
        """
        if not isinstance(gradient, np.ndarray):
            return
        key = id(variable)
        if not self._variables:
            self._arrived.append((variable, gradient))
        elif key in self._variables and key not in self._put:
            if not self._put:
                self._put_states()
            self._put.add(key)
            self._exchange.put(key, gradient)

    def exchange(self, gradients: list[Array], variables: Any) -> tuple[list[Array], Any]:
        """Called by the optimizer before each step.

        Args:
            gradients: Those of this rank's share.
            variables: Their variables.

        Returns:
            The gradients of the whole batch, and the variables to step.
        """
        if variables is not self._stepped or len(self._put) < len(self._variables):
            self._put_rest(dict(zip(map(id, variables), gradients, strict=True)), variables)
        self._exchange.complete()
        self._exchange.reset()
        self._put.clear()  # a step of the user's own may step the optimizer several times
        for variable in self._states:
            variable.data = self._exchange.array(id(variable)).copy()
        self._before = []
        if self._sharded is not None:
            return self._sharded.pieces()
        if variables is not self._stepped:  # else the sums are where they were in the step before
            self._stepped, self._sums = variables, [self._exchange.array(id(variable)) for variable in variables]
        return self._sums, variables

    def _put_rest(self, given: dict[int, Array], variables: Any) -> None:
        """Put the gradients that are not under way yet, after the buckets are fixed if they are not."""
        if self._variables and not set(given) <= set(self._variables):
            self._drain()
        if not self._variables:
            self._lay_out(variables, given)
        if not self._put:
            self._put_states()
        for key in self._variables:
            if key not in self._put:
                self._put.add(key)
                self._exchange.put(key, given.get(key))

    def _lay_out(self, variables: Any, given: dict[int, Array]) -> None:
        """Fix the buckets: in the order in which the backward pass completes gradients."""
        order = [variable for variable, _ in self._arrived if id(variable) in given]
        seen = set(map(id, order))
        order += [variable for variable in reversed(list(variables)) if id(variable) not in seen]
        self._states = [variable for variable, before in self._before
                        if variable.data.shape == before.shape and not np.array_equal(variable.data, before,
                                                                                      equal_nan=True)]
        arrays = [(variable, variable.data) for variable in self._states]
        arrays += [(variable, np.asarray(given[id(variable)])) for variable in order]
        check_same(self.communicator, facts_of_arrays([(variable.path, array) for variable, array in arrays]))
        self._exchange.lay_out([(id(variable), array) for variable, array in arrays])
        self._variables = {id(variable): variable for variable in order}
        if self._sharded is not None:
            self._sharded.lay_out(self._variables, variables)

    def _drain(self) -> None:
        """The variables have changed, as when a layer was frozen: end what has been started, and begin anew."""
        if self._put:
            for key in self._variables:
                if key not in self._put:
                    self._exchange.put(key, None)
            self._exchange.complete()
            self._exchange.reset()
        self._variables, self._arrived, self._stepped = {}, [], None
        self._put.clear()

    def _note_states(self) -> None:
        """Before the forward pass of the step that fixes the buckets: what may change in it."""
        if self._variables:
            return
        own = [variable for layer in self._layers() if not (isinstance(layer, BatchNormalization)
                                                            and layer.synchronized)
               for variable in layer._own_non_trainable]
        self._before = [(variable, variable.data.copy()) for variable in own if variable.data.dtype.kind == "f"]

    def _layers(self) -> list[Any]:
        return [owner for owner in state.owners(self.model).values() if hasattr(owner, "_own_non_trainable")]

    def _put_states(self) -> None:
        for variable in self._states:
            self._exchange.put(id(variable), variable.data)

    # -- metrics -------------------------------------------------------------------------------------------------------

    def _metric_variables(self) -> list[Variable]:
        if self._measured is not None:  # the model looks for its metrics in all its layers
            return self._measured
        return [variable for metric in self.model.metrics if isinstance(metric, Metric)
                for variable in metric.variables]

    def _forget_spare_metrics(self) -> None:
        """The row that this rank computed belongs to another one: put the metrics back."""
        kept = {id(variable): data for variable, data in self._kept_metrics}
        for variable in self._metric_variables():
            data = kept.get(id(variable))  # None: the metric has just been created
            variable.data = np.zeros_like(variable.data) if data is None else data
        self._kept_metrics = []

    def _start_results(self) -> Any:
        states = [np.asarray(variable.data, np.float64).ravel() for variable in self._metric_variables()]
        return self.communicator.start_gather_numbers(np.concatenate(states or [np.zeros(0)]), "results")

    def whole_states(self) -> list[Array]:
        """The metrics' states of all ranks together, after the last step."""
        if self._whole is None:
            table, pending = self._results
            self.communicator.wait(pending)
            total = table[0].copy()
            for row in table[1:]:
                total += row
            self._whole, start = [], 0
            for variable in self._metric_variables():
                size = variable.data.size
                self._whole.append(total[start:start + size].reshape(variable.data.shape).astype(variable.data.dtype))
                start += size
        return self._whole

    def _whole_logs(self, make_logs: Callable[[], Logs], trains: bool, at_end: bool = False) -> Logs:
        """The logs from the metrics of the whole.

        A step of the user's own may return other numbers. They are this rank's in a step, and at the end of an epoch
        the mean over the ranks. A number that is a metric's result on this rank is taken for that metric.
        """
        whole = self._results_of(self.whole_states())
        if not self.model._overrides("train_step" if trains else "test_step", "compute_metrics"):
            return whole
        logs, own = make_logs(), self._results_of(None)
        results = {name: whole[name] for name in logs if _is_same(logs[name], own.get(name))}
        if at_end:
            everywhere = self.communicator.exchange({name: np.asarray(value) for name, value in logs.items()})
            results = {name: _as_number(sum(one[name] for one in everywhere) / self.size) for name in logs} | results
        return {name: results.get(name, logs[name]) for name in logs}

    def _results_of(self, states: list[Array] | None) -> Logs:
        """The metrics' results from these states; from this rank's own if None."""
        if not all(isinstance(metric, Metric) for metric in self.model.metrics):
            return {}  # the user's own step has not used the compiled metrics
        variables = self._metric_variables() if states is not None else []
        own = [variable.data for variable in variables]
        try:
            for variable, data in zip(variables, states or (), strict=True):
                variable.data = data
            return {name: _as_number(value) for name, value in sorted(self.model.get_metrics_result().items())}
        finally:
            for variable, data in zip(variables, own, strict=True):
                variable.data = data


def _is_same(a: Any, b: Any) -> bool:
    return b is not None and np.array_equal(np.asarray(a, np.float64), np.asarray(b, np.float64), equal_nan=True)


def _as_number(value: Any) -> Any:
    array = np.asarray(value)
    return array.copy() if array.ndim else float(array)
