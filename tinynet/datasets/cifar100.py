"""CIFAR-100: 60,000 colour pictures of 32 x 32 pixels in 100 fine classes, which form 20 coarse ones.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009,
    https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import tarfile

from .cifar10 import read_batch
from .forms import Split
from .published import PublishedFile

FILE = PublishedFile(
    "cifar-100-python.tar.gz",
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    200_000_000,
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
)
FOLDER = "cifar-100-python"


def load_data(label_mode: str = "fine") -> Split:
    """Return the 50,000 training and 10,000 test images.

    Args:
        label_mode: "fine" (100 classes) or "coarse" (20).

    Returns:
        As `cifar10.load_data`.

    Raises:
        ValueError: another label_mode.
        DatasetNotFoundError: the file (169 MB) is not on this computer and cannot be downloaded.

    >>> (x_train, y_train), (x_test, y_test) = load_data("coarse")
    >>> x_train.shape, len(np.unique(y_train))
    ((50000, 32, 32, 3), 20)
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"cifar100: label_mode must be 'fine' or 'coarse', got {label_mode!r}")
    key = f"{label_mode}_labels".encode()
    with tarfile.open(FILE.fetch()) as archive:
        return read_batch(archive, f"{FOLDER}/train", key), read_batch(archive, f"{FOLDER}/test", key)
