"""Operations on tensors, under Keras's names: `from tinynet import ops`."""

from .activation import relu
from .dropout import dropout

__all__ = ["dropout", "relu"]
