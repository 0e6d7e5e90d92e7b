"""Data sets. `load_data()` returns `(x_train, y_train), (x_test, y_test)`; `toy` has points in the plane."""

from __future__ import annotations

from typing import Any

from ..core.absence import explainer
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

# Keras has this too. The error for it has a remedy instead of "no such attribute".
_ELSEWHERE = {"reuters": "11,228 news wires in 46 topics, https://martin-thoma.com/nlp-reuters/"}


_explain = explainer(__name__)


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise ImportError(
            f"tinynet.datasets has no {name} ({_ELSEWHERE[name]}). Download it from there, read it into arrays, "
            "and pass these to fit; or use imdb for text"
        )
    return _explain(name)
