"""Pictures in files and as arrays. Needs the image extra (pillow)."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from .. import config
from ..core.errors import PictureError
from ..core.extras import import_pillow
from ..core.reading import allowed_bytes, translated
from ..core.types import Array, DTypeLike, TensorLike
from ..tensor import to_array
from .files import atomic_write

_COLOR_MODES = {"rgb": "RGB", "rgba": "RGBA", "grayscale": "L"}
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def open_picture(file: Any, size: int, where: Any, max_bytes: int | None = None) -> Any:
    """Return a PIL picture whose pixels are not decoded yet, after a look at what it declares.

    Args:
        file: Open for reading, or a path.
        size: Bytes of the file.
        where: What messages call it.
        max_bytes: The most that the decoded pixels may take; the larger of 1 GiB and 10 times the file if None.

    Raises:
        PictureError: it is larger, or of a format that another program would have to decode.
        Exception: Pillow's own; call this inside `translated`.
    """
    if size == 0:
        raise PictureError(f"{where}: the file is empty; it is not a picture that can be read")
    picture = import_pillow("load_img").open(file)
    if picture.format == "EPS":
        raise PictureError(f"{where}: PostScript is a program, which is not run")
    width, height = picture.size
    needed = width * height * max(4, len(picture.getbands()) * (4 if picture.mode in ("I", "F") else 1))
    check_pixels(needed, size, f"{where}: {width} x {height}", max_bytes)
    return picture


def check_pixels(needed: int, size: int, where: Any, max_bytes: int | None = None) -> None:
    """Refuse a picture whose pixels would take more memory than its file may make tinynet allocate.

    Args:
        needed: Bytes of the decoded pixels.
        size: Bytes of the file.
        where: The picture, for the message.
        max_bytes: As for `open_picture`.

    Raises:
        PictureError: it is larger.
    """
    allowed = allowed_bytes(size, max_bytes)
    if needed > allowed:
        raise PictureError(f"{where} pixels take {needed} bytes, more than the {allowed} allowed; pass max_bytes=... "
                           "if it is meant")


def is_deep(picture: Any) -> bool:
    """Report whether a PIL picture has 16 bits a channel: grey, or colours of which Pillow decodes the first 8 bits.

    Args:
        picture: Its pixels not decoded yet: afterwards Pillow has forgotten what the file has.
    """
    return picture.mode.startswith("I;16") or any("16" in str(tile[3]) for tile in picture.tile)


def with_bytes(picture: Any, where: Any) -> Any:
    """Return a PIL picture with a byte for each channel of a pixel: of 16 bits the first 8, which keeps the greys.

    Pillow's own `convert` makes white of all but the darkest 256 of 65536 greys, and warns of palettes with opacity,
    which become colours here.

    Args:
        picture: The picture.
        where: What messages call it.

    Raises:
        PictureError: its pixels are 32-bit numbers, of which no byte is known to be the one that counts.
    """
    if picture.mode == "P" and "transparency" in picture.info:
        return picture.convert("RGBA")
    if picture.mode in ("I", "F"):
        if picture.format != "PNG":
            raise PictureError(f"{where}: the pixels are 32-bit numbers (mode {picture.mode}); 8 and 16 bits are "
                               "supported. np.asarray(PIL.Image.open(path)) has the numbers")
    elif not picture.mode.startswith("I;16"):
        return picture
    return import_pillow("load_img").fromarray((np.asarray(picture) >> 8).astype(np.uint8))


def load_img(path: Any, color_mode: str = "rgb", target_size: tuple[int, int] | None = None,
             interpolation: str = "nearest", keep_aspect_ratio: bool = False, max_bytes: int | None = None) -> Any:
    """Read a picture from a file.

    Args:
        path: Path, or an open binary file.
        color_mode: "rgb", "rgba" or "grayscale". With "grayscale", greys of 16 and 32 bits keep their numbers, as in
            Keras; the others have the first 8 of 16 bits.
        target_size: (height, width) to resize to.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: Whether to crop the middle to the target's proportions first.
        max_bytes: The most that the decoded pixels may take; the larger of 1 GiB and 10 times the file if None.

    Returns:
        A PIL picture; `img_to_array` makes an array of it.

    Raises:
        ValueError: an unknown color_mode or interpolation.
        OSError: the file cannot be read; a `PictureError`, which is a ValueError too, if it is no picture, a damaged
            one, one that is too large, or one of 32-bit numbers that is to be coloured.

    >>> save_img("grey.png", np.zeros((4, 6, 1)))
    >>> load_img("grey.png", color_mode="grayscale", target_size=(2, 3)).size  # (width, height)
    (3, 2)
    """
    import_pillow("load_img")
    if color_mode not in _COLOR_MODES:
        raise ValueError(f"load_img: color_mode must be 'rgb', 'rgba' or 'grayscale', got {color_mode!r}")
    where = getattr(path, "name", "a picture") if hasattr(path, "read") else os.fspath(path)
    with (translated(where, PictureError, lambda: "not a picture that can be read"),
          open_picture(path, _size(path), where, max_bytes) as file):
        file.load()
        picture = file.copy() if color_mode == "grayscale" and file.mode in ("I;16", "I") else with_bytes(
            file, where).convert(_COLOR_MODES[color_mode])
    return picture if target_size is None else resize_picture(picture, target_size, interpolation, keep_aspect_ratio)


def _size(path):
    """Bytes of a file that is open, or has this path."""
    if not hasattr(path, "read"):
        return os.stat(path).st_size
    place = path.tell()
    size = path.seek(0, os.SEEK_END)
    path.seek(place)
    return size


def resize_picture(picture: Any, size: tuple[int, int], interpolation: str, keep_aspect_ratio: bool = False) -> Any:
    """Return a PIL picture in another size.

    Args:
        picture: The picture.
        size: (height, width).
        interpolation, keep_aspect_ratio: As for `load_img`.

    Raises:
        ValueError: an unknown interpolation.
    """
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(f"interpolation must be one of {', '.join(_INTERPOLATIONS)}, got {interpolation!r}")
    height, width = size
    method = getattr(import_pillow("resize_picture").Resampling, interpolation.upper())
    if picture.size == (width, height):
        return picture
    box = None
    if keep_aspect_ratio:
        have_width, have_height = picture.size
        crop_height = max(min(have_height, have_width * height // width), 1)
        crop_width = max(min(have_width, have_height * width // height), 1)
        left, top = (have_width - crop_width) // 2, (have_height - crop_height) // 2
        box = [left, top, left + crop_width, top + crop_height]
    return picture.resize((width, height), method, box)


def img_to_array(img: Any, data_format: str | None = None, dtype: DTypeLike = None) -> Array:
    """Return a PIL picture as an array.

    Args:
        img: The picture.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        dtype: Element type; `floatx()` if None.

    Returns:
        Array, shape (height, width, channels), from 0 to 255.

    Raises:
        ValueError: the picture has another number of axes.

    >>> img_to_array(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 1)
    """
    data_format = data_format or config.image_data_format()
    array = np.asarray(img, dtype=dtype or config.floatx())
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3:
        raise ValueError(f"img_to_array: expected a picture of two or three axes, got shape {array.shape}")
    return array if data_format == "channels_last" else np.ascontiguousarray(array.transpose(2, 0, 1))


def array_to_img(x: TensorLike, data_format: str | None = None, scale: bool = True, dtype: DTypeLike = None) -> Any:
    """Return an array as a PIL picture.

    Args:
        x: Shape (height, width, channels), with 1, 3 or 4 channels. With `scale=False`, greys above 255 make a picture
            of 16 bits, and above 65535 of 32.
        data_format: "channels_last" or "channels_first"; `image_data_format()` if None.
        scale: Whether to stretch the values to 0..255.
        dtype: Element type of the computation; `floatx()` if None.

    Raises:
        ValueError: another shape.

    >>> picture = array_to_img(np.array([[[0.0], [1.0]]]))
    >>> picture.size, picture.mode, np.asarray(picture).tolist()
    ((2, 1), 'L', [[0, 255]])
    """
    image_module = import_pillow("array_to_img")
    array = np.asarray(to_array(x), dtype=dtype or config.floatx())
    if array.ndim != 3:
        raise ValueError(f"array_to_img: expected shape (height, width, channels), got {array.shape}")
    if (data_format or config.image_data_format()) == "channels_first":
        array = array.transpose(1, 2, 0)
    if scale:
        array = array - array.min()
        largest = array.max()
        array = array / largest * 255 if largest else array
    channels = array.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(f"array_to_img: expected 1, 3 or 4 channels, got {channels}")
    if channels == 1 and array.size and array.max() > 255:
        is_deep_grey = array.min() >= 0 and array.max() <= 65535  # PNG files have greys of 16 bits, but not of 32
        return image_module.fromarray(array[:, :, 0].astype(np.uint16 if is_deep_grey else np.int32))
    array = array.astype(np.uint8)
    return image_module.fromarray(array[:, :, 0] if channels == 1 else array)


def save_img(path: Any, x: TensorLike, data_format: str | None = None, file_format: str | None = None,
             scale: bool = True, **kwargs: Any) -> None:
    """Write an array as a picture file.

    Args:
        path: Its ending determines the format, unless `file_format` is given.
        x, data_format, scale: As for `array_to_img`.
        file_format: "png", "jpeg", ...
        kwargs: Of PIL's `save`.

    Raises:
        ValueError: the path's ending is that of no picture format.
        OSError: the file cannot be written; it has the path, and an old file is left as it was.

    >>> save_img("red.png", np.full((4, 6, 3), [255.0, 0.0, 0.0]), scale=False)
    >>> load_img("red.png").getpixel((0, 0))
    (255, 0, 0)
    """
    image_module = import_pillow("save_img")
    picture = array_to_img(x, data_format, scale)
    ending = (file_format or Path(str(path)).suffix.removeprefix(".")).lower()
    if ending in ("jpg", "jpeg") and picture.mode == "RGBA":
        picture = picture.convert("RGB")
    if hasattr(path, "write"):
        picture.save(path, format=file_format, **kwargs)
        return
    if file_format is None:
        file_format = image_module.registered_extensions().get(f".{ending}")
        if file_format is None:
            raise ValueError(f"save_img: the ending of {os.fspath(path)!r} is that of no picture format; give one, "
                             "such as .png, or file_format='png'")
    content = io.BytesIO()
    picture.save(content, format="jpeg" if file_format.lower() == "jpg" else file_format, **kwargs)
    with atomic_write(path) as file:
        file.write(content.getbuffer())
