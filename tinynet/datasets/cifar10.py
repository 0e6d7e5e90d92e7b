"""CIFAR-10: 60,000 colour pictures of 32 x 32 pixels in ten classes.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import pickle
import tarfile

import numpy as np

from ..config import image_data_format
from ..core.errors import DataError
from ..core.types import Array
from .forms import Split
from .published import PublishedFile

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FILE = PublishedFile(
    "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    200_000_000,
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
)
FOLDER = "cifar-10-batches-py"


def load_data() -> Split:
    """Return the 50,000 training and 10,000 test images.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8, shapes (50000, 32, 32, 3), (50000, 1), (10000, 32, 32, 3),
        (10000, 1); (..., 3, 32, 32) where `image_data_format()` is "channels_first".

    Raises:
        DatasetNotFoundError: the file (170 MB) is not on this computer and cannot be downloaded.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> CLASS_NAMES[y_train[0, 0]]
    'frog'
    """
    with tarfile.open(FILE.fetch()) as archive:
        train = [read_batch(archive, f"{FOLDER}/data_batch_{i}") for i in range(1, 6)]
        test = read_batch(archive, f"{FOLDER}/test_batch")
    images, labels = zip(*train, strict=True)
    return (np.concatenate(images), np.concatenate(labels)), test


def read_batch(archive: tarfile.TarFile, member: str, label_key: bytes = b"labels") -> tuple[Array, Array]:
    """Return the images and labels of one file of the archive, whose checksum has been verified.

    Args:
        archive: Open for reading.
        member: The file's name.
        label_key: Which labels.

    Raises:
        DataError: the archive's member is no file.

    >>> import io, pickle
    >>> content = pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [3, 8]})
    >>> with tarfile.open("small.tar", "w") as archive:
    ...     member = tarfile.TarInfo("batch")
    ...     member.size = len(content)
    ...     archive.addfile(member, io.BytesIO(content))
    >>> with tarfile.open("small.tar") as archive:
    ...     images, labels = read_batch(archive, "batch")
    >>> images.shape, labels.ravel().tolist()
    ((2, 32, 32, 3), [3, 8])
    """
    file = archive.extractfile(member)
    if file is None:
        raise DataError(f"{FILE.name}: member {member!r} is not a file")
    batch = pickle.load(file, encoding="bytes")
    images = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32)
    if image_data_format() == "channels_last":
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    return images, np.array(batch[label_key], np.uint8)[:, None]
