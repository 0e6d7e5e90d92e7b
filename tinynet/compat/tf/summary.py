"""`tf.summary`: what a loop of one's own shows in TensorBoard. tensorboardX writes the files, as for the callback."""

import contextlib
import os

import numpy as np

from ...callbacks.tensorboard import summary_writer
from ...core.absence import explainer
from ...string_tensor import is_text, to_string_array
from ...tensor import to_array

__all__ = ["SummaryWriter", "create_file_writer", "histogram", "image", "scalar", "text"]
_open: list = []  # writers, the innermost last


class SummaryWriter:
    """A folder that `scalar`, `histogram`, `image` and `text` write to, inside `with writer.as_default():`."""

    def __init__(self, logdir):
        self._writer = summary_writer(os.path.expanduser(os.fspath(logdir)))

    @contextlib.contextmanager
    def as_default(self, step=None):
        """The block in which it is written to.

        Args:
            step: For the calls that give none.
        """
        _open.append((self._writer, step))
        try:
            yield self
        finally:
            _open.pop()
            self.flush()

    def set_as_default(self, step=None):
        """Write to it from now on."""
        _open[:] = [(self._writer, step)]

    def flush(self):
        """Put what is waiting into the file."""
        self._writer.flush()

    def close(self):
        """The end."""
        self._writer.close()


def create_file_writer(logdir, max_queue=None, flush_millis=None, filename_suffix=None, name=None):
    """A `SummaryWriter` for a folder.

    Raises:
        ImportError: tensorboardX is not installed; the message names the extra.
    """
    return SummaryWriter(logdir)


def _write(method, name, data, step, **options):
    """Whether there was a writer."""
    if not _open:
        return False
    writer, usual_step = _open[-1]
    step = usual_step if step is None else step
    if step is None:
        raise ValueError(f"summary: {name!r} needs a step: give step=, or writer.as_default(step=...)")
    getattr(writer, method)(name, data, int(to_array(step)), **options)
    return True


def scalar(name, data, step=None, description=None):
    """One number, in the curve of that name. Returns False outside of all writers."""
    return _write("add_scalar", name, float(to_array(data)), step)


def histogram(name, data, step=None, buckets=None, description=None):
    """How the elements of a tensor are distributed."""
    return _write("add_histogram", name, to_array(data), step)


def image(name, data, step=None, max_outputs=3, description=None):
    """Pictures, shape (batch, height, width, channels), uint8 or floats 0..1; the first `max_outputs` of them."""
    pictures = to_array(data)[:max_outputs]
    written = [_write("add_image", name if i == 0 else f"{name}/{i}", picture, step, dataformats="HWC")
               for i, picture in enumerate(pictures)]
    return all(written)


def text(name, data, step=None, description=None):
    """Text, one string or several."""
    lines = np.atleast_1d(to_string_array(data) if is_text(data) else np.asarray(data, object)).reshape(-1)
    return _write("add_text", name, "\n\n".join(line.decode() if isinstance(line, bytes) else str(line)
                                                for line in lines), step)


__getattr__ = explainer(__name__)
