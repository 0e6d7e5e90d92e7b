"""`tf.keras.layers.experimental.preprocessing.Rescaling` and the like: `tinynet.layers` has them all."""

from __future__ import annotations

from typing import Any

from ... import layers


def __getattr__(name: str) -> Any:
    return getattr(layers, name)


def __dir__() -> list[str]:
    return dir(layers)
