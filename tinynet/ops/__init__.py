"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu
from .dense import dense
from .matmul import matmul

__all__ = ["dense", "matmul", "relu"]
