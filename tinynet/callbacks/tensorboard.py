"""TensorBoard: scalars, histograms and images of the weights for the viewer of that name.

The files are written by tensorboardX (the extra "tensorboard"); `tensorboard --logdir logs` shows them.
"""

import os
import time

import numpy as np

from ..core.extras import import_extra
from .base import Callback


def summary_writer(folder):
    """tensorboardX's writer of a folder; an ImportError names the extra if it is not installed."""
    return import_extra("tensorboardX", "tensorboard", "TensorBoard").SummaryWriter(folder, write_to_disk=True)


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
    """

    def __init__(self, log_dir="logs", histogram_freq=0, write_graph=True, write_images=False,
                 write_steps_per_second=False, update_freq="epoch", profile_batch=0, embeddings_freq=0,
                 embeddings_metadata=None):
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
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers = {}
        self._step = 0
        self._test_step = 0
        self._in_fit = False

    # -- writing -------------------------------------------------------------------------------------------------------

    def _writer(self, kind):
        """The writer of log_dir/train or log_dir/validation."""
        if kind not in self._writers:
            self._writers[kind] = summary_writer(os.path.join(os.path.expanduser(self.log_dir), kind))
        return self._writers[kind]

    def _scalars(self, kind, values, step):
        writer = self._writer(kind)
        for name, value in values.items():
            writer.add_scalar(name, np.mean(value), step)  # a metric may have a number for each class

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs=None):
        self._in_fit = True
        self._step = int(np.asarray(self.model.optimizer.iterations)) if self.model.optimizer is not None else 0
        self._writer("train")  # so that a missing extra is noticed before the first epoch

    def on_train_end(self, logs=None):
        self._in_fit = False
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_began, self._first_step = time.perf_counter(), self._step

    def on_train_batch_begin(self, batch, logs=None):
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self.update_freq == "epoch" or (self._step - 1) % self.update_freq:
            return
        values = {f"batch_{name}": value for name, value in logs.items()}
        if self.write_steps_per_second:
            values["batch_steps_per_second"] = 1 / (time.perf_counter() - self._batch_began)
        self._scalars("train", values, self._step)

    def on_epoch_end(self, epoch, logs=None):
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
        for writer in self._writers.values():
            writer.flush()

    def on_test_begin(self, logs=None):
        self._test_step = self._step

    def on_test_end(self, logs=None):
        if self._in_fit and logs:
            self._scalars("validation", {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()},
                          self._test_step)

    def _weights(self, epoch):
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


def as_image(values):
    """A weight as grey images in [0, 1], shape (images, height, width, 1): a matrix is one, a bias a line of one, the
    kernel of a convolution one for each pair of channels. None for what has no such form.
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
