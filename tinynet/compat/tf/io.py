"""`tf.io`: files and pictures as tensors. Decoding pictures needs the extra "image".

`name` arguments are TensorFlow's and have no effect.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...core.absence import explainer
from ...core.extras import import_pillow
from ...core.types import DTypeLike, TensorLike
from ...string_tensor import StringTensor, to_string_array
from ...tensor import Tensor, to_array
from ...utils.pictures import decode_image


def _path(filename):
    return Path(to_string_array(filename).item().decode())


def read_file(filename: Any, name: str | None = None) -> StringTensor:
    """Return the content of a file as one string Tensor.

    Raises:
        OSError: it cannot be read.
    """
    return StringTensor(_path(filename).read_bytes())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write one string Tensor to a file."""
    _path(filename).write_bytes(to_string_array(contents).item())


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, name: str | None = None, **kwargs: Any) -> Tensor:
    """Decode a picture as `decode_image` does; `channels` as there, other arguments are ignored."""
    return decode_image(contents, channels)


def decode_png(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None) -> Tensor:
    """Decode a picture as `decode_image` does; `channels` as there, other arguments are ignored."""
    return decode_image(contents, channels)


decode_bmp = decode_png


def encode_png(image: TensorLike, compression: int = -1, name: str | None = None) -> StringTensor:
    """Encode a uint8 picture (height, width, channels) as the bytes of a PNG file.

    Raises:
        ValueError: another element type.
    """
    return _encode(image, "PNG")


def encode_jpeg(image: TensorLike, quality: int = 95, name: str | None = None, **kwargs: Any) -> StringTensor:
    """Encode a uint8 picture (height, width, channels) as the bytes of a JPEG file.

    Args:
        image: The picture.
        quality: From 1 to 95.

    Raises:
        ValueError: another element type.
    """
    return _encode(image, "JPEG", quality=quality)


def _encode(image, file_format, **options):
    array = to_array(image)
    if array.dtype != np.uint8:
        raise ValueError(f"io.encode_{file_format.lower()}: the picture must be uint8, got {array.dtype}")
    buffer = io.BytesIO()
    picture = import_pillow(f"io.encode_{file_format.lower()}").fromarray(array[:, :, 0] if array.shape[2] == 1
                                                                          else array)
    picture.save(buffer, file_format, **options)
    return StringTensor(buffer.getvalue())


class gfile:  # noqa: N801, it represents the module tf.io.gfile
    """`tf.io.gfile` for local files."""

    GFile = staticmethod(open)

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Report whether there is a file or folder of this name."""
        return Path(path).exists()

    @staticmethod
    def glob(pattern: str | os.PathLike[str]) -> list[str]:
        """Return the paths that match, in order."""
        import glob

        return sorted(glob.glob(str(pattern)))

    @staticmethod
    def listdir(path: str | os.PathLike[str]) -> list[str]:
        """Return the names in a folder, in order."""
        return sorted(part.name for part in Path(path).iterdir())

    @staticmethod
    def makedirs(path: str | os.PathLike[str]) -> None:
        """Make a folder, and those above it."""
        Path(path).mkdir(parents=True, exist_ok=True)


__getattr__ = explainer(__name__)
