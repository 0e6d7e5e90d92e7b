"""California housing: 20,640 districts of the 1990 census, 8 properties each, and the median price in dollars.

Source: R. K. Pace, R. Barry, "Sparse spatial autoregressions", Statistics and Probability Letters 33, 1997.
"""

from __future__ import annotations

from .forms import Split
from .published import PublishedFile, read_table, shuffled_split

FILE = PublishedFile(
    "california_housing.npz", "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f", 10_000_000
)
ROWS = {"large": None, "small": 600}


def load_data(version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2,
              seed: int = 113) -> Split:
    """Return the districts, shuffled and split.

    Args:
        version: "large" (20,640 districts) or "small" (600).
        path: Accepted so that Keras code runs; the name in the cache is fixed.
        test_split: Fraction for testing, from 0 to below 1.
        seed: Of the shuffle.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: (samples, 8) and (samples,).

    Raises:
        ValueError: an unknown version.
        DatasetNotFoundError: the file is not on this computer and cannot be downloaded.

    >>> (x_train, y_train), (x_test, y_test) = load_data("small")
    >>> x_train.shape, x_test.shape
    ((480, 8), (120, 8))
    """
    if version not in ROWS:
        raise ValueError(f"california_housing: version must be 'large' or 'small', got {version!r}")
    return shuffled_split(*read_table(FILE, ROWS[version]), test_split, seed)
