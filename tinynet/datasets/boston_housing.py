"""Boston housing: 506 districts, 13 properties each, and the median price in 1000 dollars.

One property is a function of the share of Black residents, chosen by the authors of the 1978 study on the assumption
that segregation raises prices. Prefer `california_housing` for teaching.

Source: D. Harrison, D. L. Rubinfeld, "Hedonic prices and the demand for clean air", J. Environ. Economics and
    Management 5, 1978.
"""

from __future__ import annotations

from .forms import Split
from .published import PublishedFile, read_table, shuffled_split

FILE = PublishedFile(
    "boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5", 1_000_000
)


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """Return the districts, shuffled and split.

    Args:
        path: Accepted so that Keras code runs; the name in the cache is fixed.
        test_split: Fraction for testing, from 0 to below 1.
        seed: Of the shuffle.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, float64: (samples, 13) and (samples,).

    Raises:
        DatasetNotFoundError: the file is not on this computer and cannot be downloaded.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape
    ((404, 13), (102, 13))
    """
    return shuffled_split(*read_table(FILE), test_split, seed)
