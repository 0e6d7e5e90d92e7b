"""Fashion-MNIST: 70,000 pictures of clothes in ten classes, 28 x 28 grey pixels.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv:1708.07747, 2017. Copyright (c) 2017 Zalando SE, MIT licence.
"""

from __future__ import annotations

from .forms import Split
from .sources import Found, IdxDataset, IdxFile

CLASS_NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")

# Tried in this order; a file's name and .gz is appended.
MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)

DATASET = IdxDataset(
    "fashion-mnist",
    files=(
        IdxFile(
            "train-images-idx3-ubyte",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            (60000, 28, 28),
        ),
        IdxFile(
            "train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", (60000,)
        ),
        IdxFile(
            "t10k-images-idx3-ubyte",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            (10000, 28, 28),
        ),
        IdxFile("t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", (10000,)),
    ),
    folders=(
        ("Debian package dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"),
        ("Keras's cache", "~/.keras/datasets/fashion-mnist"),
    ),
    remedies=(
        "On Debian or Ubuntu: apt install dataset-fashion-mnist",
        "Copy the four files {{train,t10k}}-{{images-idx3,labels-idx1}}-ubyte.gz into {cache}",
        "Work with the 7,000 images that come with tinynet: tinynet.datasets.fashion_mnist_sample.load_data()",
    ),
)


def find() -> Found | None:
    """Return where the data set is on this computer.

    Returns:
        `Found` with `.place` ("cache", "Debian package dataset-fashion-mnist", "Keras's cache") and `.folder`; None if
        `load_data` would have to download it.

    >>> found = find()
    >>> found is None or (found.folder / "train-labels-idx1-ubyte.gz").exists()
    True
    """
    return DATASET.find()


def load_data(progress: bool = True) -> Split:
    """Return the 60,000 training and 10,000 test images, found on this computer or downloaded once (30 MB).

    Searches the cache folder ($TINYNET_HOME, else $XDG_CACHE_HOME/tinynet, else ~/.cache/tinynet; there
    datasets/fashion-mnist), the folder of Debian's package, and Keras's cache. Each file's SHA-256 is checked.

    Args:
        progress: Whether to show the download.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8, shapes (60000, 28, 28), (60000,), (10000, 28, 28), (10000,).
        Pixels are 0 (background) to 255, labels count `CLASS_NAMES`.

    Raises:
        DatasetNotFoundError: no source has them; the message lists what was tried and what helps.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, CLASS_NAMES[y_train[0]]
    ((60000, 28, 28), 'Ankle boot')
    """
    return DATASET.load(MIRRORS, progress)
