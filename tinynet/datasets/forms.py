"""The forms that data sets are returned in."""

from typing import TypeAlias

from ..core.types import Array

Points: TypeAlias = tuple[Array, Array]  # x, y
Split: TypeAlias = tuple[Points, Points]  # (x_train, y_train), (x_test, y_test)
