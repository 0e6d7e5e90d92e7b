"""Data sets. `load_data()` gives `(x_train, y_train), (x_test, y_test)`; `toy` has points in the plane."""

from . import fashion_mnist, fashion_mnist_sample, mnist, toy
from .idx import read_idx, write_idx

__all__ = ["fashion_mnist", "fashion_mnist_sample", "mnist", "read_idx", "toy", "write_idx"]

# Keras has these too. Asking for one says what to do instead of "no such attribute".
_ELSEWHERE = {
    "cifar10": "60,000 colour images in 10 classes, https://www.cs.toronto.edu/~kriz/cifar.html",
    "cifar100": "60,000 colour images in 100 classes, https://www.cs.toronto.edu/~kriz/cifar.html",
    "imdb": "50,000 film reviews, https://ai.stanford.edu/~amaas/data/sentiment/",
    "reuters": "11,228 news wires in 46 topics, https://martin-thoma.com/nlp-reuters/",
    "boston_housing": "506 house prices, http://lib.stat.cmu.edu/datasets/boston",
    "california_housing": "20,640 house prices, https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.html",
}


def __getattr__(name):
    if name in _ELSEWHERE:
        raise ImportError(f"tinynet.datasets has no {name} ({_ELSEWHERE[name]}). Download it from there, read it into arrays, and "
                          "give these to fit; or use fashion_mnist, fashion_mnist_sample, mnist or toy")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
