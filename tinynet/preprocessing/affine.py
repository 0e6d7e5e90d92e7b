"""Turning, shifting, shearing and zooming one picture, in NumPy."""

from __future__ import annotations

import numpy as np

from ..core.types import Array

_EDGES = {
    "nearest": lambda i, n: i.clip(0, n - 1),
    "reflect": lambda i, n: np.minimum(i % (2 * n), 2 * n - 1 - i % (2 * n)),
    "wrap": lambda i, n: i % n,
}


def affine_matrix(height: int, width: int, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0,
                  zx: float = 1, zy: float = 1) -> Array:
    """Return the 3 x 3 matrix from each pixel (row, column, 1) of the result to its position in the picture.

    The picture is turned, moved, sheared and zoomed about its centre.

    Args:
        height, width: Of the picture, in pixels.
        theta: Angle of the turn, in degrees.
        tx, ty: Rows and columns to move by.
        shear: Angle of the shear, in degrees.
        zx, zy: Zoom of rows and columns.

    >>> affine_matrix(3, 3, tx=1).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    turn, slant = np.deg2rad(theta), np.deg2rad(shear)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    shearing = np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])
    zoom = np.diag([zx, zy, 1])
    to_centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    return to_centre @ rotation @ shift @ shearing @ zoom @ np.linalg.inv(to_centre)


def transform(picture: Array, matrix: Array, fill_mode: str = "nearest", cval: float = 0.0, order: int = 1) -> Array:
    """Return the picture as `matrix` moves it.

    Args:
        picture: Array, shape (height, width, channels).
        matrix: From `affine_matrix`.
        fill_mode: What is outside: "nearest" edge, "reflect", "wrap", or "constant" `cval`.
        cval: The value outside with "constant".
        order: 1 interpolates linearly, 0 takes the nearest pixel.

    Raises:
        ValueError: an unknown fill_mode or order.
    """
    if fill_mode not in (*_EDGES, "constant"):
        raise ValueError(f"fill_mode must be one of {', '.join([*_EDGES, 'constant'])}, got {fill_mode!r}")
    if order not in (0, 1):
        raise ValueError(f"interpolation_order must be 0 (nearest) or 1 (linear), got {order!r}")
    height, width = picture.shape[:2]
    rows, columns = np.indices((height, width))
    positions = np.tensordot(matrix[:2, :2], np.stack([rows, columns]), 1) + matrix[:2, 2, None, None]

    def pixel(row, column):
        if fill_mode != "constant":
            edge = _EDGES[fill_mode]
            return picture[edge(row, height), edge(column, width)]
        outside = (row < 0) | (row >= height) | (column < 0) | (column >= width)
        return np.where(outside[..., None], picture.dtype.type(cval),
                        picture[row.clip(0, height - 1), column.clip(0, width - 1)])

    if order == 0:
        return pixel(*np.floor(positions + 0.5).astype(int))
    if fill_mode == "nearest":  # the edge itself, however far outside
        positions = np.stack([positions[0].clip(0, height - 1), positions[1].clip(0, width - 1)])
    elif fill_mode == "constant":
        # Beyond the centre of the last pixel there is nothing to interpolate with.
        tolerance = 1e-9
        inside = ((positions[0] >= -tolerance) & (positions[0] <= height - 1 + tolerance)
                  & (positions[1] >= -tolerance) & (positions[1] <= width - 1 + tolerance))
    row, column = np.floor(positions).astype(int)
    down, right = (positions - np.stack([row, column])).astype(picture.dtype)[..., None]
    result = ((1 - down) * ((1 - right) * pixel(row, column) + right * pixel(row, column + 1))
              + down * ((1 - right) * pixel(row + 1, column) + right * pixel(row + 1, column + 1)))
    return np.where(inside[..., None], result, picture.dtype.type(cval)) if fill_mode == "constant" else result
