"""The course in lessons, Korean and English; the exercises: `check`.

>>> exercise("l2_gradient", lang="en")  # doctest: +ELLIPSIS
def my_l2_gradient(theta, lam):
    ...
"""

from .checks import Result, check, exercise

__all__ = ["Result", "check", "exercise"]
