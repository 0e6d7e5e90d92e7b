"""`tf.io`: files and pictures as tensors. Decoding pictures needs the image extra."""

import io
from pathlib import Path

import numpy as np

from ...core.absence import explainer
from ...core.extras import import_pillow
from ...string_tensor import StringTensor, to_string_array
from ...tensor import to_array
from ...utils.pictures import decode_image


def _path(filename):
    return Path(to_string_array(filename).item().decode())


def read_file(filename, name=None):
    """What the file holds, as one string Tensor."""
    return StringTensor(_path(filename).read_bytes())


def write_file(filename, contents, name=None):
    """Write one string Tensor to a file."""
    _path(filename).write_bytes(to_string_array(contents).item())


def decode_jpeg(contents, channels=0, ratio=1, name=None, **kwargs):
    """As `decode_image`."""
    return decode_image(contents, channels)


def decode_png(contents, channels=0, dtype="uint8", name=None):
    """As `decode_image`."""
    return decode_image(contents, channels)


decode_bmp = decode_png


def encode_png(image, compression=-1, name=None):
    """A uint8 picture (height, width, channels) as the bytes of a PNG file."""
    return _encode(image, "PNG")


def encode_jpeg(image, quality=95, name=None, **kwargs):
    """A uint8 picture (height, width, channels) as the bytes of a JPEG file."""
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


class gfile:  # noqa: N801, it stands for the module tf.io.gfile
    """`tf.io.gfile` for local files."""

    GFile = staticmethod(open)

    @staticmethod
    def exists(path):
        """Whether there is a file or folder of this name."""
        return Path(path).exists()

    @staticmethod
    def glob(pattern):
        """The paths that match."""
        import glob

        return sorted(glob.glob(str(pattern)))

    @staticmethod
    def listdir(path):
        """The names in a folder."""
        return sorted(part.name for part in Path(path).iterdir())

    @staticmethod
    def makedirs(path):
        """Make a folder, and those above it."""
        Path(path).mkdir(parents=True, exist_ok=True)


__getattr__ = explainer(__name__)
