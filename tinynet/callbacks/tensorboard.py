"""TensorBoard: scalars, histograms and images of the weights for the viewer of that name.

The files are written by tensorboardX (the extra "tensorboard"); `tensorboard --logdir logs` shows them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.extras import import_extra
from .base import Callback, Logs


def summary_writer(folder: str, **options: Any) -> Any:
    """tensorboardX's writer of a folder.

    Args:
        folder: Where its files are; it is made.
        options: Of tensorboardX's writer.

    Raises:
        ImportError: tensorboardX is not installed; the message names the extra.
    """
    return import_extra("tensorboardX", "tensorboard", "TensorBoard").SummaryWriter(
        folder, write_to_disk=True, **options)


class TensorBoard(Callback):
    """Write what TensorBoard shows, under Keras's names: `log_dir`/train and `log_dir`/validation.

    Args:
        log_dir: Folder, one a run: "logs/run1".
        histogram_freq: Write histograms of all weights every so many epochs; 0: never.
        write_graph: Accepted; no graph is written, since a model is not one here. `model.summary()` prints the layers.
        write_images: Also write the weights as images, at every histogram.
        write_steps_per_second: Also write the speed.
        update_freq: "epoch", "batch", or every so many batches: how often the training results are written. The
            epochs' results are always written.
        profile_batch: 0. There is no profiler.
        embeddings_freq: 0. The projector is not supported.
        embeddings_metadata: None.

    Raises:
        ImportError: in training, when tensorboardX is not installed; the message names the extra.
        NotImplementedError: `profile_batch` or an argument of the projector.
        ValueError: another update_freq.

    >>> model = Sequential([tn.Input((1,)), Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = np.array([[1.0], [2.0]])
    >>> history = model.fit(x, x, verbose=0, callbacks=[TensorBoard("logs/run1")])
    >>> os.listdir("logs/run1")
    ['train']
    """

    first_process_only = True

    def __init__(self, log_dir: str | os.PathLike = "logs", histogram_freq: int = 0, write_graph: bool = True,
                 write_images: bool = False, write_steps_per_second: bool = False, update_freq: int | str = "epoch",
                 profile_batch: Any = 0, embeddings_freq: int = 0, embeddings_metadata: Any = None) -> None:
        super().__init__()
        if profile_batch:
            raise NotImplementedError(
                f"TensorBoard: there is no profiler, so profile_batch must be 0, got {profile_batch!r}; "
                "write_steps_per_second=True writes the speed"
            )
        if embeddings_freq or embeddings_metadata is not None:
            raise NotImplementedError(
                "TensorBoard: the projector of embeddings is not supported; leave embeddings_freq at 0 and "
                "embeddings_metadata at None"
            )
        if update_freq not in ("batch", "epoch") and not (isinstance(update_freq, int) and update_freq > 0):
            raise ValueError(f"TensorBoard: update_freq must be 'batch', 'epoch' or a number of batches, "
                             f"got {update_freq!r}")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._step = 0
        self._test_step = 0
        self._in_fit = False

    # -- writing -------------------------------------------------------------------------------------------------------

    def _writer(self, kind: str) -> Any:
        """The writer of log_dir/train or log_dir/validation."""
        if kind not in self._writers:
            self._writers[kind] = summary_writer(os.path.join(os.path.expanduser(self.log_dir), kind))
        return self._writers[kind]

    def _scalars(self, kind: str, values: Logs, step: int) -> None:
        writer = self._writer(kind)
        with self._named(kind):
            for name, value in values.items():
                _check_alive(writer)
                writer.add_scalar(name, np.mean(value), step)  # a metric may have a number for each class

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the files; steps are counted on from the optimizer's."""
        self._in_fit = True
        self._step = int(np.asarray(self.model.optimizer.iterations)) if self.model.optimizer is not None else 0
        self._writer("train")  # so that a missing extra is noticed before the first epoch

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        self._in_fit = False
        self._close()

    def set_training_run(self, training_run: Any) -> None:
        """Take the run under way; None when it has ended, regularly or not: the files are closed then."""
        super().set_training_run(training_run)
        if training_run is None:
            self._in_fit = False
            with contextlib.suppress(OSError):  # the error that ended the run is the one to see
                self._close()

    def _close(self) -> None:
        writers, self._writers = self._writers, {}
        with contextlib.ExitStack() as stack:  # each of them, even if one raises
            for kind, writer in writers.items():
                stack.enter_context(self._named(kind))
                stack.callback(_close, writer)

    @contextlib.contextmanager
    def _named(self, kind: str) -> Iterator[None]:
        """What cannot be written is an error with the folder's name."""
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = os.path.join(os.path.expanduser(self.log_dir), kind)
            raise

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch_began, self._first_step = time.perf_counter(), self._step

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Start the step's clock."""
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the results so far, if `update_freq` wants this batch's."""
        self._step += 1
        if self.update_freq == "epoch" or (self._step - 1) % self.update_freq:
            return
        values = {f"batch_{name}": value for name, value in (logs or {}).items()}
        if self.write_steps_per_second:
            values["batch_steps_per_second"] = 1 / (time.perf_counter() - self._batch_began)
        self._scalars("train", values, self._step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's results, and histograms if it is their turn."""
        logs = logs or {}
        trained = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        validated = {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
        trained["epoch_learning_rate"] = float(np.asarray(self.model.optimizer.learning_rate))
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_began
            trained["epoch_steps_per_second"] = (self._step - self._first_step) / seconds
        self._scalars("train", trained, epoch)
        if validated:
            self._scalars("validation", validated, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._weights(epoch)
        for kind, writer in self._writers.items():
            with self._named(kind):
                _check_alive(writer)
                writer.flush()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Remember the step at which the evaluation starts."""
        self._test_step = self._step

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write a validation's results at that step."""
        if self._in_fit and logs:
            self._scalars("validation", {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()},
                          self._test_step)

    def _weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for variable in self.model.weights:
            values = variable.numpy()
            if not np.isfinite(values).all():  # there is no histogram of NaN
                continue
            writer.add_histogram(f"{variable.path}/histogram", values, epoch)
            if self.write_images:
                image = as_image(values)
                if image is not None:
                    writer.add_images(f"{variable.path}/image", image, epoch, dataformats="NHWC")


def _event_writer(writer: Any) -> Any:
    """tensorboardX's writer of events, which has a thread and a file; None if this version has another."""
    return getattr(getattr(writer, "file_writer", None), "event_writer", None)


def _check_alive(writer: Any) -> None:
    """Raise an error if the writer's thread has ended: its queue would fill, and the training wait for ever."""
    thread = getattr(_event_writer(writer), "_worker", None)
    if thread is not None and not thread.is_alive():
        raise OSError(errno.EIO, "TensorBoard: the events cannot be written any more; the disk may be full")


def _close(writer: Any) -> None:
    """Close a writer. If what waits cannot be written, its thread and its file are closed all the same."""
    try:
        writer.close()
    except OSError:
        events = _event_writer(writer)
        thread, file = getattr(events, "_worker", None), getattr(events, "_ev_writer", None)
        if thread is not None and thread.is_alive():
            thread.stop()
        with contextlib.suppress(OSError):
            getattr(getattr(file, "_py_recordio_writer", None), "close", lambda: None)()
        raise


def as_image(values: np.ndarray) -> np.ndarray | None:
    """A weight as grey images: a matrix is one, a bias one of a single line, the kernel of a convolution one for each
    pair of channels.

    Args:
        values: The weight's values.

    Returns:
        Array of numbers in [0, 1], shape (images, height, width, 1); None for what has no such form.

    >>> as_image(np.array([0.0, 1.0, 4.0])).ravel()
    array([0.  , 0.25, 1.  ])
    """
    values = np.squeeze(values)
    if values.ndim == 1:
        images = values[None, None, :, None]
    elif values.ndim == 2:
        images = (values.T if values.shape[0] > values.shape[1] else values)[None, :, :, None]
    elif values.ndim == 3:
        images = np.moveaxis(values, -1, 0)[..., None]
    elif values.ndim == 4:
        height, width = values.shape[:2]
        images = np.moveaxis(values.reshape(height, width, -1), -1, 0)[..., None]
    else:
        return None
    low, high = images.min(), images.max()
    return (images - low) / (high - low if high > low else 1)
