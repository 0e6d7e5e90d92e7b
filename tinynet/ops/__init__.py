"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu

__all__ = ["relu"]
