"""The images of the panel `digits`: what is on this computer. Nothing is downloaded."""

from __future__ import annotations

from functools import cache

import numpy as np

from ...core.errors import DataError, DatasetNotFoundError
from ...core.types import Array
from ...datasets import fashion_mnist, fashion_mnist_sample, mnist
from ...utils.downloads import check_hash
from ..words import LabError, Words

# In the order in which they are preferred. The demo of the slides has the 10,000 test images of MNIST.
SETS = ("mnist", "fashion", "sample")
CODE = {
    "mnist": "_, (images, labels) = datasets.mnist.load_data()\n",
    "fashion": "_, (images, labels) = datasets.fashion_mnist.load_data()\n",
    "sample": "train, test = datasets.fashion_mnist_sample.load_data()\n"
              "images, labels = map(np.concatenate, zip(train, test))\n",
}


@cache
def load(name: str) -> tuple[Array, Array]:
    """Return the images, uint8 of shape (number, 28, 28), and the labels of a data set.

    Args:
        name: One of `SETS`.

    Raises:
        LabError: it is not on this computer, or its files are damaged.
    """
    try:
        if name == "mnist":
            images, labels = _mnist()
        elif name == "fashion":
            images, labels = fashion_mnist.DATASET.load(())[1]
        else:
            images, labels = map(np.concatenate, zip(*fashion_mnist_sample.load_data(), strict=True))
    except (DataError, DatasetNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise LabError(Words(f"this data set cannot be read on this computer ({reason}); choose another one",
                             f"이 컴퓨터에서 이 데이터셋을 읽을 수 없습니다 ({reason}). 다른 데이터셋을 고르세요")) from None
    images.flags.writeable = labels.flags.writeable = False  # all sessions share them
    return images, labels


def _mnist():
    """The test digits of the four files, or of Keras's one."""
    found = mnist.find()
    if found is None or mnist.DATASET.find() is not None:
        return mnist.DATASET.load(())[1]
    path = found.folder / "mnist.npz"
    check_hash(path, mnist.NPZ_SHA256)
    with np.load(path, allow_pickle=False) as archive:
        return archive["x_test"], archive["y_test"]


@cache
def available() -> tuple[str, ...]:
    """Return the names of the data sets that can be read here, the preferred one first; 'sample' is always one."""
    names = []
    for name in SETS:
        try:
            load(name)
        except LabError:
            continue
        names.append(name)
    return tuple(names)


def choose(name: str) -> str:
    """Return the name itself, or for 'found' that of the preferred data set on this computer."""
    return available()[0] if name == "found" else name


@cache
def inputs(name: str) -> Array:
    """Return the images as the network takes them: float32 from 0 to 1, shape (number, 784)."""
    values = load(name)[0].reshape(-1, 784).astype("float32") / 255
    values.flags.writeable = False
    return values
