"""Data sets. `load_data()` gives `(x_train, y_train), (x_test, y_test)`; `toy` has points in the plane."""

from . import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    fashion_mnist_sample,
    imdb,
    mnist,
    toy,
)
from .idx import read_idx, write_idx

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "fashion_mnist_sample",
    "imdb",
    "mnist",
    "read_idx",
    "toy",
    "write_idx",
]

# Keras has this too. Asking for it says what to do instead of "no such attribute".
_ELSEWHERE = {"reuters": "11,228 news wires in 46 topics, https://martin-thoma.com/nlp-reuters/"}


def __getattr__(name):
    if name in _ELSEWHERE:
        raise ImportError(
            f"tinynet.datasets has no {name} ({_ELSEWHERE[name]}). Download it from there, read it into arrays, and "
            "give these to fit; or use imdb for text"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
