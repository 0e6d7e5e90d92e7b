"""The slides' loss, E(W) = 1/2 sum (t - y)^2, and their regularizers with lambda / 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops
from ..losses.base import Loss
from ..losses.elements import squeeze_or_expand_to_same_rank
from ..optimizers.checks import finite
from ..regularizers import L1L2

if TYPE_CHECKING:
    from ..core.types import Config, TensorLike
    from ..tensor import Tensor


class HalfSquaredError(Loss):
    """1/2 (t - y)^2, summed over all elements, as in the slides' formula, or averaged, as in the steps under it.

    The slide about batch descent has the sum, E(W) = 1/2 sum over n of (t - y_n)^2, and then divides by the number of
    samples. The two differ by the factor N, and so do the learning rates that suit them.

    Keras's and PyTorch's mean squared error is the mean without the 1/2: twice this one with 'sum_over_batch_size', for
    one output. With several outputs Keras takes the mean over them too; the squared length of (t - y), which is meant
    here, is their sum.

    Args:
        reduction: 'sum' (the formula), 'sum_over_batch_size' (the steps), or 'none'.
        name: For logs and saved files.
        **kwargs: dtype, see `losses.Loss`.

    Shapes: targets and predictions (batch,) or (batch, outputs).

    Raises:
        ValueError: `reduction` is unknown; when called: the shapes differ.

    Source: row 4 of the course.

    >>> float(HalfSquaredError()([1.0, 2.0], [1.0, 4.0]))
    2.0
    >>> float(HalfSquaredError("sum_over_batch_size")([1.0, 2.0], [1.0, 4.0]))
    1.0
    """

    def __init__(self, reduction: str | None = "sum", name: str = "half_squared_error", **kwargs: Any) -> None:
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"HalfSquaredError: targets of shape {y_true.shape} for predictions of shape {y_pred.shape}; they must "
                "be of one shape, or (batch,) and (batch, 1)"
            )
        squares = ops.square(y_true - y_pred)
        if len(squares.shape) > 1:
            squares = ops.sum(squares, axis=tuple(range(1, len(squares.shape))))
        return 0.5 * squares


class L1Slide(L1L2):
    """lambda / 2 sum |theta|, the penalty of J (Lasso).

    The slide halves lambda along with the data term 1/(2m) sum (h - y)^2, `HalfSquaredError("sum_over_batch_size")`.
    Keras's L1(l1) has no 1/2: l1 = lambda / 2. Texts on the lasso mostly have lambda without the 1/2 as well. PyTorch
    has no such penalty.

    The sum starts at j = 1, which leaves the bias out: pass it as kernel_regularizer.

    Args:
        strength: lambda, at least 0.

    Raises:
        ValueError: `strength` is negative or not a finite number.

    >>> float(L1Slide(0.5)(np.array([1.0, -3.0])))
    1.0
    """

    def __init__(self, strength: float = 0.01) -> None:
        super().__init__(l1=finite(strength, self, "strength (lambda)", 0) / 2)
        self.strength = strength

    def get_config(self) -> Config:
        return {"strength": self.strength}


class L2Slide(L1L2):
    """lambda / 2 sum theta^2, the penalty of J (Ridge): its gradient is lambda theta.

    Keras's L2(l2) has no 1/2: l2 = lambda / 2. PyTorch's weight_decay adds lambda theta to the gradient: the same.

    Args:
        strength: lambda, at least 0.

    Raises:
        ValueError: `strength` is negative or not a finite number.

    >>> float(L2Slide(0.5)(np.array([1.0, -3.0])))
    2.5
    """

    def __init__(self, strength: float = 0.01) -> None:
        super().__init__(l2=finite(strength, self, "strength (lambda)", 0) / 2)
        self.strength = strength

    def get_config(self) -> Config:
        return {"strength": self.strength}
