"""Make the sample's four files from the full data set: python -m tinynet.datasets.fashion_mnist_sample.choose FOLDER"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from ...core.types import Array
from .. import fashion_mnist
from ..idx import write_idx

PER_CLASS = {"train": 600, "t10k": 100}


def choose(labels: Array, per_class: int) -> Array:
    """Return the indices of the first `per_class` samples of each class, in the order of the data set."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in range(10)]))


def main(folder: Path) -> None:
    """Write the files, and print the SHA-256 of their decompressed content."""
    for part, (images, labels) in zip(PER_CLASS, fashion_mnist.load_data(), strict=True):
        rows = choose(labels, PER_CLASS[part])
        for name, array in ((f"{part}-images-idx3-ubyte", images[rows]), (f"{part}-labels-idx1-ubyte", labels[rows])):
            write_idx(folder / name, array)
            print(hashlib.sha256((folder / name).read_bytes()).hexdigest(), name)
            (folder / name).unlink()
            write_idx(folder / f"{name}.gz", array)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
