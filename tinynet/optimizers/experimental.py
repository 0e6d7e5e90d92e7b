"""`tf.keras.optimizers.experimental.AdamW` and the like: `tinynet.optimizers` has them all."""

from __future__ import annotations

from typing import Any

from .. import optimizers


def __getattr__(name: str) -> Any:
    return getattr(optimizers, name)


def __dir__() -> list[str]:
    return dir(optimizers)
