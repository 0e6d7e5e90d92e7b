"""MNIST: 70,000 handwritten digits, 28 x 28 grey pixels.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86(11), 1998.
"""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

import numpy as np

from ..core.errors import DataError, DatasetNotFoundError
from ..utils.downloads import check_hash, download
from .forms import Split
from .sources import Found, IdxDataset, IdxFile

CLASS_NAMES = tuple("0123456789")

# Tried in this order; a file's name and .gz is appended.
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
# All four arrays in one file, as Keras publishes them; tried last.
NPZ_MIRRORS = ("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",)
NPZ_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
NPZ_MAX_BYTES = 20_000_000  # it has 11.5 million

DATASET = IdxDataset(
    "mnist",
    files=(
        IdxFile(
            "train-images-idx3-ubyte",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            (60000, 28, 28),
        ),
        IdxFile(
            "train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", (60000,)
        ),
        IdxFile(
            "t10k-images-idx3-ubyte",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            (10000, 28, 28),
        ),
        IdxFile("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", (10000,)),
    ),
    folders=(),
    remedies=(
        "Copy the four files {{train,t10k}}-{{images-idx3,labels-idx1}}-ubyte.gz, or Keras's mnist.npz, into {cache}",
        "On Debian or Ubuntu: apt install dataset-fashion-mnist, and use tinynet.datasets.fashion_mnist, of the same "
        "shape",
        "Work with the 7,000 images that come with tinynet: tinynet.datasets.fashion_mnist_sample.load_data()",
    ),
)


def _npz_files():
    """(name of the program, path) where Keras's file may be."""
    return (
        ("cache", DATASET.cache() / "mnist.npz"),
        ("Keras's cache", Path("~/.keras/datasets/mnist.npz").expanduser()),
    )


def find() -> Found | None:
    """Return where the data set is on this computer, as `Found`; None if `load_data` would have to download it.

    >>> found = find()
    >>> found is None or found.folder.is_dir()
    True
    """
    found = DATASET.find()
    if found is None:
        found = next((Found(place, path.parent) for place, path in _npz_files() if path.is_file()), None)
    return found


def load_data(path: str = "mnist.npz", progress: bool = True) -> Split:
    """Return the 60,000 training and 10,000 test digits, found on this computer or downloaded once (11 MB).

    Searches the cache folder (see `tinynet.datasets.fashion_mnist.load_data`; there datasets/mnist) for the four
    IDX files or Keras's mnist.npz, and Keras's cache. Checksums are verified.

    Args:
        path: Accepted so that Keras code runs; the name in the cache is fixed.
        progress: Whether to show the download.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8, shapes (60000, 28, 28), (60000,), (10000, 28, 28), (10000,).

    Raises:
        DatasetNotFoundError: no source has them; the message lists what was tried and what helps.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, y_train[:5].tolist()
    ((60000, 28, 28), [5, 0, 4, 1, 9])
    """
    if DATASET.find() is None:
        for _, local in _npz_files():
            with contextlib.suppress(DataError, OSError):
                return _read_npz(local)
    try:
        return DATASET.load(MIRRORS, progress)
    except DatasetNotFoundError as error:
        failure = error
    target = DATASET.cache() / "mnist.npz"
    reasons = []
    for url in NPZ_MIRRORS:
        try:
            download(url, target, max_bytes=NPZ_MAX_BYTES, progress=progress,
                           check=functools.partial(check_hash, expected=NPZ_SHA256, name=url))
            return _read_npz(target)
        except (DataError, OSError) as error:
            reasons.append(f"  - {error}\n")
    raise DatasetNotFoundError(str(failure).replace("What helps", "".join(reasons) + "What helps"))


def _read_npz(path):
    """The arrays of Keras's file; its checksum is verified before it is parsed."""
    check_hash(path, NPZ_SHA256)
    with np.load(path, allow_pickle=False) as archive:
        return (archive["x_train"], archive["y_train"]), (archive["x_test"], archive["y_test"])
