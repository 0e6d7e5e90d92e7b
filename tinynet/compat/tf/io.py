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
from ...utils import pictures
from .arguments import check_choice, refuse


def _path(filename):
    return Path(to_string_array(filename).item().decode())


def read_file(filename: Any, name: str | None = None) -> StringTensor:
    """Return the content of a file as one string Tensor.

    Args:
        filename: A path.

    Raises:
        OSError: it cannot be read.

    >>> write_file("word.txt", "hello")
    >>> read_file("word.txt").numpy()
    b'hello'
    """
    return StringTensor(_path(filename).read_bytes())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write one string Tensor to a file.

    Args:
        filename: A path; folders are made.
        contents: Text, or bytes.

    >>> write_file("word.txt", "hello")
    >>> os.path.getsize("word.txt")
    5
    """
    _path(filename).write_bytes(to_string_array(contents).item())


def decode_image(contents: Any, channels: int | None = None, dtype: DTypeLike = "uint8", name: str | None = None,
                 expand_animations: bool = True, max_bytes: int | None = None) -> Tensor:
    """Decode a picture file: `tinynet.utils.pictures.decode_image` has the arguments and errors.

    Args:
        contents, channels, dtype, expand_animations, max_bytes: As there.

    Returns:
        Tensor, shape (height, width, channels); of a GIF file (pictures, height, width, channels).

    >>> decode_image(encode_png(np.zeros((2, 3, 1), np.uint8))).shape
    (2, 3, 1)
    """
    return pictures.decode_image(contents, channels or 0, dtype, name, expand_animations, max_bytes)


def decode_jpeg(contents: Any, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
                try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
                name: str | None = None) -> Tensor:
    """Decode a picture as `decode_image` does, the first of an animation.

    Args:
        contents, channels: As there.
        ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction: Must be as they are: Pillow decodes.
        dct_method: A hint about speed: '', 'INTEGER_FAST' or 'INTEGER_ACCURATE', without effect.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape (height, width, channels).

    Raises:
        NotImplementedError: one of the arguments that must be as they are.

    >>> decode_jpeg(encode_jpeg(np.zeros((2, 3, 1), np.uint8))).shape
    (2, 3, 1)
    """
    refuse("io.decode_jpeg", "Pillow decodes JPEG files here; use tf.image.resize for another size",
           ratio=(ratio, 1), fancy_upscaling=(fancy_upscaling, True),
           try_recover_truncated=(try_recover_truncated, False), acceptable_fraction=(acceptable_fraction, 1))
    check_choice("io.decode_jpeg", "dct_method", dct_method, ("", "INTEGER_FAST", "INTEGER_ACCURATE"))
    return pictures.decode_image(contents, channels, expand_animations=False, where="io.decode_jpeg")


def decode_png(contents: Any, channels: int = 0, dtype: DTypeLike = "uint8", name: str | None = None) -> Tensor:
    """Decode a picture as `decode_image` does, the first of an animation; `channels` and `dtype` as there.

    Args:
        contents, channels, dtype: As there.

    Returns:
        Tensor, shape (height, width, channels).

    >>> picture = np.array([[[0], [255]]], np.uint8)
    >>> decode_png(encode_png(picture)).numpy().ravel().tolist()
    [0, 255]
    """
    return pictures.decode_image(contents, channels, dtype, expand_animations=False, where="io.decode_png")


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """Decode a picture as `decode_image` does; `channels` as there.

    Args:
        contents, channels: As there.

    Returns:
        Tensor, shape (height, width, channels).

    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (3, 2)).save(file, "BMP")
    >>> decode_bmp(file.getvalue()).shape
    (2, 3, 3)
    """
    return pictures.decode_image(contents, channels, expand_animations=False, where="io.decode_bmp")


def encode_png(image: TensorLike, compression: int = -1, name: str | None = None) -> StringTensor:
    """Encode a uint8 picture (height, width, channels) as the bytes of a PNG file.

    Args:
        image: The picture.
        compression: From 0, fast, to 9, small; the usual compromise if -1.
        name: TensorFlow's, without effect.

    Returns:
        A StringTensor with the file's bytes.

    Raises:
        ValueError: another element type or compression.

    >>> encode_png(np.zeros((2, 3, 1), np.uint8)).numpy()[1:4]
    b'PNG'
    """
    if not -1 <= compression <= 9:
        raise ValueError(f"io.encode_png: compression must be from -1 to 9, got {compression}")
    return _encode(image, "PNG", **({} if compression == -1 else {"compress_level": compression}))


def encode_jpeg(image: TensorLike, format: str = "", quality: int = 95, progressive: bool = False,
                optimize_size: bool = False, chroma_downsampling: bool = True, density_unit: str = "in",
                x_density: int = 300, y_density: int = 300, xmp_metadata: str = "",
                name: str | None = None) -> StringTensor:  # noqa: A002
    """Encode a uint8 picture (height, width, channels) as the bytes of a JPEG file.

    Args:
        image: The picture.
        format: 'grayscale' for one channel, 'rgb' for three; '' for those that it has.
        quality: From 0 to 100.
        progressive: Whether a viewer can show it coarsely before all is read.
        optimize_size: Whether to spend time on a smaller file.
        chroma_downsampling: Whether colours have half of the resolution.
        density_unit: 'in' for points an inch; Pillow writes no other.
        x_density, y_density: Points an inch.
        xmp_metadata: Further information for the file's header.
        name: TensorFlow's, without effect.

    Returns:
        A StringTensor with the file's bytes.

    Raises:
        ValueError: another element type, quality or format, or a format that is not the picture's.
        NotImplementedError: another `density_unit`.

    >>> encode_jpeg(np.zeros((2, 3, 1), np.uint8)).numpy()[:2]  # how JPEG files begin
    b'\xff\xd8'
    """
    refuse("io.encode_jpeg", "give the densities in points an inch", density_unit=(density_unit, "in"))
    channels = to_array(image).shape[-1]
    check_choice("io.encode_jpeg", "format", format, ("", "grayscale", "rgb"))
    if format and channels != {"grayscale": 1, "rgb": 3}[format]:
        raise ValueError(f"io.encode_jpeg: format={format!r}, but the picture has {channels} channels")
    if not 0 <= quality <= 100:
        raise ValueError(f"io.encode_jpeg: quality must be from 0 to 100, got {quality}")
    options: dict[str, Any] = {"xmp": xmp_metadata.encode()} if xmp_metadata else {}
    return _encode(image, "JPEG", quality=quality, progressive=progressive, optimize=optimize_size,
                   subsampling=2 if chroma_downsampling else 0, dpi=(x_density, y_density), **options)


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
    """`tf.io.gfile` for local files.

    >>> write_file("word.txt", "hello")
    >>> gfile.exists("word.txt"), gfile.listdir(".")
    (True, ['word.txt'])
    """

    @staticmethod
    def GFile(name: str | os.PathLike[str], mode: str = "r") -> Any:  # noqa: N802
        """Open a file as Python's `open` does; a text is UTF-8 on every system, as in TensorFlow."""
        return open(name, mode, encoding=None if "b" in mode else "utf-8")  # noqa: SIM115, the caller closes it

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Report whether there is a file or folder of this name."""
        return Path(path).exists()

    @staticmethod
    def isdir(path: str | os.PathLike[str]) -> bool:
        """Report whether there is a folder of this name."""
        return Path(path).is_dir()

    @staticmethod
    def glob(pattern: str | os.PathLike[str] | list[str]) -> list[str]:
        """Return the paths that match a pattern, or one of several, in order."""
        import glob

        patterns = pattern if isinstance(pattern, list | tuple) else [pattern]
        return sorted(path for each in patterns for path in glob.glob(str(each)))

    @staticmethod
    def listdir(path: str | os.PathLike[str]) -> list[str]:
        """Return the names in a folder, in order."""
        return sorted(part.name for part in Path(path).iterdir())

    @staticmethod
    def makedirs(path: str | os.PathLike[str]) -> None:
        """Make a folder, and those above it."""
        Path(path).mkdir(parents=True, exist_ok=True)


__getattr__ = explainer(__name__)
