"""Under- and over-fitting: polynomials of growing degree through a few noisy points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.polynomial import Chebyshev

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.types import Array


@dataclass(frozen=True, eq=False)
class PolynomialFits:
    """One polynomial a degree, fitted to the same points.

    Attributes:
        degrees: Array.
        polynomials: Functions of x, one a degree.
        train_loss, validation_loss: Mean squared errors, one a degree: the two curves of the slide. The training loss
            only falls; the validation loss falls (under-fitting) and rises again (over-fitting).
        train, validation: The points, (x, y).
    """

    degrees: np.ndarray
    polynomials: list[Any]
    train_loss: np.ndarray
    validation_loss: np.ndarray
    train: tuple[Array, Array]
    validation: tuple[Array, Array]

    @property
    def best_degree(self) -> int:
        """The degree with the least validation loss."""
        return int(self.degrees[self.validation_loss.argmin()])


def truth(x: Array) -> Array:
    """The noiseless curve of the points, sin(pi x)."""
    return np.sin(np.pi * x)


def fit_polynomials(
    degrees: Iterable[int] = range(15), samples: int = 20, validation_samples: int = 200, noise: float = 0.2,
    seed: int = 0,
) -> PolynomialFits:
    """Fit y = sin(pi x) + noise on [-1, 1] by least squares.

    Args:
        degrees: Of the polynomials.
        samples: Points to fit; more of them than the largest degree.
        validation_samples: Points to validate on.
        noise: Standard deviation.
        seed: Of the points.

    Returns:
        `PolynomialFits`.

    Raises:
        ValueError: a degree is negative, or not below `samples`.

    Source: row 38 of the course.

    >>> fits = fit_polynomials()
    >>> bool(fits.train_loss[-1] < fits.train_loss[1]), bool(fits.validation_loss[-1] > fits.validation_loss.min())
    (True, True)
    """
    chosen = np.array(list(degrees))
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= samples:
        raise ValueError(
            f"fit_polynomials: degrees must be from 0 to below samples ({samples}), got {chosen.tolist()}"
        )
    rng = np.random.default_rng(seed)

    def points(count):
        x = rng.uniform(-1, 1, count)
        return x, truth(x) + noise * rng.standard_normal(count)

    train, validation = points(samples), points(validation_samples)
    # Chebyshev's polynomials, since powers of x are so alike that a sum of 15 of them loses all digits.
    polynomials = [Chebyshev.fit(train[0], train[1], deg=int(degree), domain=[-1, 1]) for degree in chosen]

    def losses(x, y):
        return np.array([np.mean((polynomial(x) - y) ** 2) for polynomial in polynomials])

    return PolynomialFits(chosen, polynomials, losses(*train), losses(*validation), train, validation)
