"""`tf.summary`: values of a custom training loop for TensorBoard. tensorboardX writes the files, as for the callback.

All functions write to the writer of the innermost `with writer.as_default():` and return whether there was one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...callbacks.tensorboard import summary_writer
from ...core.absence import explainer
from ...core.types import TensorLike
from ...string_tensor import is_text, to_string_array
from ...tensor import to_array
from .arguments import refuse

__all__ = ["SummaryWriter", "create_file_writer", "histogram", "image", "scalar", "text"]
_NO_DESCRIPTION = "tensorboardX writes no description of it; put it into the name"
_open: list[Any] = []  # (writer, step), the innermost last


class SummaryWriter:
    """A folder that `scalar`, `histogram`, `image` and `text` write to, inside `with writer.as_default():`.

    Args:
        logdir: The folder.
        options: Of tensorboardX's writer.

    Raises:
        ImportError: tensorboardX is not installed; the message names the extra.

    >>> writer = SummaryWriter("logs")
    >>> with writer.as_default(step=0):
    ...     scalar("loss", 0.5)
    True
    """

    def __init__(self, logdir: str | os.PathLike[str], **options: Any) -> None:
        self._writer = summary_writer(os.path.expanduser(os.fspath(logdir)), **options)

    @contextlib.contextmanager
    def as_default(self, step: TensorLike | None = None) -> Iterator[SummaryWriter]:
        """Context manager: inside, this is the writer.

        Args:
            step: For the calls that have none.
        """
        _open.append((self._writer, step))
        try:
            yield self
        finally:
            _open.pop()
            self.flush()

    def set_as_default(self, step: TensorLike | None = None) -> None:
        """Make this the writer from now on, with `step` for the calls that have none."""
        _open[:] = [(self._writer, step)]

    def flush(self) -> None:
        """Write what is buffered to the file."""
        self._writer.flush()

    def close(self) -> None:
        """Flush and close the file."""
        self._writer.close()


def create_file_writer(logdir: str | os.PathLike[str], max_queue: int | None = None, flush_millis: int | None = None,
                       filename_suffix: str | None = None, name: str | None = None) -> SummaryWriter:
    """Return a `SummaryWriter` for a folder.

    Args:
        logdir: The folder.
        max_queue: How many values are kept before they are written.
        flush_millis: After how many milliseconds they are written at the latest.
        filename_suffix: The end of the file's name.
        name: TensorFlow's, without effect.

    Raises:
        ImportError: tensorboardX is not installed; the message names the extra.

    >>> with create_file_writer("logs").as_default():
    ...     for step, loss in enumerate([0.5, 0.25]):
    ...         written = scalar("loss", loss, step)
    >>> len(os.listdir("logs"))
    1
    """
    seconds = None if flush_millis is None else int(to_array(flush_millis)) / 1000
    options = {"max_queue": max_queue, "flush_secs": seconds, "filename_suffix": filename_suffix}
    return SummaryWriter(logdir, **{key: value for key, value in options.items() if value is not None})


def _write(method, name, data, step, **options):
    """Whether there was a writer."""
    if not _open:
        return False
    writer, usual_step = _open[-1]
    step = usual_step if step is None else step
    if step is None:
        raise ValueError(f"summary: {name!r} needs a step: pass step=, or writer.as_default(step=...)")
    getattr(writer, method)(name, data, int(to_array(step)), **options)
    return True


def scalar(name: str, data: TensorLike, step: TensorLike | None = None, description: str | None = None) -> bool:
    """Write one number, a point of the curve of that name.

    Args:
        name: Of the curve.
        data: The number.
        step: int; the writer's if None.
        description: What TensorBoard shows beside it.

    Returns:
        Whether there was a writer.

    Raises:
        ValueError: neither the call nor the writer has a step.

    >>> with create_file_writer("logs").as_default():
    ...     scalar("loss", 0.5, step=0)
    True
    """
    return _write("add_scalar", name, float(to_array(data)), step,
                  **({} if description is None else {"summary_description": description}))


def histogram(name: str, data: TensorLike, step: TensorLike | None = None, buckets: int | None = None,
              description: str | None = None) -> bool:
    """Write the distribution of a tensor's elements.

    Args:
        name: Of the distribution.
        data: The tensor.
        step: int; the writer's if None.
        buckets: How many; tensorboardX's choice if None.
        description: Must be None: tensorboardX writes none.

    Returns:
        Whether there was a writer.

    Raises:
        NotImplementedError: there is a description.

    >>> with create_file_writer("logs").as_default(step=0):
    ...     histogram("weights", np.arange(5.0))
    True
    """
    refuse("summary.histogram", _NO_DESCRIPTION, description=(description, None))
    return _write("add_histogram", name, to_array(data), step,
                  **({} if buckets is None else {"bins": int(to_array(buckets))}))


def image(name: str, data: TensorLike, step: TensorLike | None = None, max_outputs: int = 3,
          description: str | None = None) -> bool:
    """Write pictures.

    Args:
        name: Of the pictures.
        data: Shape (batch, height, width, channels), uint8 or floats 0..1.
        step: int; the writer's if None.
        max_outputs: How many of the batch to write.
        description: Must be None: tensorboardX writes none.

    Returns:
        Whether there was a writer.

    Raises:
        NotImplementedError: there is a description.

    >>> with create_file_writer("logs").as_default(step=0):
    ...     image("digits", np.zeros((2, 8, 8, 1), np.uint8))
    True
    """
    refuse("summary.image", _NO_DESCRIPTION, description=(description, None))
    pictures = to_array(data)[:max_outputs]
    written = [_write("add_image", name if i == 0 else f"{name}/{i}", picture, step, dataformats="HWC")
               for i, picture in enumerate(pictures)]
    return all(written)


def text(name: str, data: Any, step: TensorLike | None = None, description: str | None = None) -> bool:
    """Write text, one string or several.

    Args:
        name: Of the text.
        data: The strings.
        step: int; the writer's if None.
        description: Must be None: tensorboardX writes none.

    Returns:
        Whether there was a writer.

    Raises:
        NotImplementedError: there is a description.

    >>> with create_file_writer("logs").as_default(step=0):
    ...     text("plan", "learning rate 0.1")
    True
    """
    refuse("summary.text", _NO_DESCRIPTION, description=(description, None))
    lines = np.atleast_1d(to_string_array(data) if is_text(data) else np.asarray(data, object)).reshape(-1)
    return _write("add_text", name, "\n\n".join(line.decode() if isinstance(line, bytes) else str(line)
                                                for line in lines), step)


__getattr__ = explainer(__name__)
