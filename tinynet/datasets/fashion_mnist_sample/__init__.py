"""A tenth of Fashion-MNIST that comes with tinynet: 6,000 training and 1,000 test images, for work without a network.

The choice: of each class the first 600 training and the first 100 test images, in the order of the full data set
(which is shuffled). choose.py beside this file makes the four files again from the full data set. Copyright (c) 2017
Zalando SE, MIT licence (LICENSE.txt beside this file).
"""

from __future__ import annotations

from ..forms import Split

from pathlib import Path

from ..fashion_mnist import CLASS_NAMES
from ..idx import read_idx
from ..sources import IdxFile

__all__ = ["CLASS_NAMES", "FILES", "load_data"]

FILES = (
    IdxFile(
        "train-images-idx3-ubyte", "cf313073c7eb485392848071d5c433571d7166043e971e3345b095cc30518084", (6000, 28, 28)
    ),
    IdxFile("train-labels-idx1-ubyte", "097b93fbcf9bd5bc648b1a457ddc55c9e4ab49afb33f9ecae8ce068399a75e3a", (6000,)),
    IdxFile(
        "t10k-images-idx3-ubyte", "7cee33c3c6414b1b86c25e665a6c4f41584269de3b7cc9768b1d351922845eef", (1000, 28, 28)
    ),
    IdxFile("t10k-labels-idx1-ubyte", "3128d790775889812b73c4f13923559c8b9e281d112c6ea7862acf60a206a909", (1000,)),
)


def load_data() -> Split:
    """The sample: real images, 600 and 100 of each class, in the form of `fashion_mnist.load_data`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8, shapes (6000, 28, 28), (6000,), (1000, 28, 28), (1000,).

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape, CLASS_NAMES[y_test[0]]
    ((6000, 28, 28), (1000, 28, 28), 'Ankle boot')
    """
    folder = Path(__file__).parent
    x_train, y_train, x_test, y_test = (read_idx(folder / f"{file.name}.gz", sha256=file.sha256) for file in FILES)
    return (x_train, y_train), (x_test, y_test)
