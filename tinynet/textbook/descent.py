"""Gradient descent and momentum, as the slides write them: w(t+1) = w(t) - lr grad E(W), and v = rho v + g.

Each class here and in adaptive.py has one method to compare with the slide, `step`: the body of the slide's loop, with
NumPy arrays. (It has no annotations, since `explain` prints it.) The frame around it (learning rates, clipping, saving)
is that of `tinynet.optimizers`, so that each of them can be passed to `compile`. They are written to be read; to train
quickly use `tinynet.optimizers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.checks import number
from ..optimizers.base import Optimizer
from ..tape import GradientTape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.types import Array, TensorLike
    from ..optimizers.schedules import Rate
    from ..variable import Variable


class SlideOptimizer(Optimizer):
    """Base of the slides' optimizers: `step` is the body of the slide's loop.

    Attributes:
        label: The name on the slides.
        tracks_first_moments, tracks_second_moments, leaky_second_moments, bias_correction: The columns of the slides'
            comparison table (`comparison_table`).

    Args:
        learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, **kwargs: As for
            `optimizers.Optimizer`.

    >>> class SignDescent(SlideOptimizer):
    ...     def step(self, w, dw, learning_rate):
    ...         w -= learning_rate * np.sign(dw)
    >>> w = Variable([1.0, -1.0])
    >>> SignDescent(0.25).apply([np.array([3.0, -0.5])], [w])
    >>> w.numpy()
    array([ 0.75, -0.75], dtype=float32)
    """

    label = ""
    tracks_first_moments = False
    tracks_second_moments = False
    leaky_second_moments = False
    bias_correction = False

    def step(self, w: Array, dw: Array, learning_rate: float, *state: Array) -> None:
        """Change w and the state in place.

        Args:
            w: Array.
            dw: Its gradient.
            learning_rate: A float.
            *state: One array, shaped as w and at first 0, for each name in `slot_names`.
        """
        raise NotImplementedError(f"{type(self).__name__} must override step(w, dw, learning_rate, *state)")

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        for i, (w, dw) in enumerate(zip(weights, gradients, strict=True)):
            if decay:
                w -= decay * w
            self.step(w, dw, learning_rate, *(slot[i] for slot in slots))


class GradientDescent(SlideOptimizer):
    """w -= lr dw, the weight update of the second slide.

    Batch, stochastic and mini-batch descent are this rule with another batch size: see `Descent`.

    Keras's SGD with momentum=0 and PyTorch's are the same.

    Args:
        learning_rate: Number, schedule or function, as for all optimizers.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Source: row 2 of the course.

    >>> w = Variable([1.0])
    >>> GradientDescent(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy()
    array([0.5], dtype=float32)
    """

    label = "SGD"

    def __init__(self, learning_rate: Rate = 0.01, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)

    def step(self, w, dw, learning_rate):
        w -= learning_rate * dw


class Momentum(SlideOptimizer):
    """v = rho v + dw; w -= lr v. v is a running sum of gradients, 1 - rho the friction; rho is 0.9 or 0.99.

    PyTorch's SGD is the same (with dampening=0). Keras has the learning rate inside: m = rho m - lr dw, w += m. While
    the rate stays the same, m is -lr v and the weights are the same; when it changes, Keras's m keeps the steps of the
    old rate, the slide's v takes the new rate at once.

    Args:
        learning_rate: Number, schedule or function, as for all optimizers.
        rho: Fraction of the velocity that stays, from 0 to 1.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Raises:
        ValueError: `rho` is not from 0 to 1.

    Source: row 11 of the course; Sutskever et al., ICML 2013.

    >>> w = Variable([1.0])
    >>> optimizer = Momentum(learning_rate=0.25, rho=0.5)
    >>> for _ in range(2):
    ...     optimizer.apply([np.array([1.0])], [w])  # v is 1, then 1.5
    >>> w.numpy()
    array([0.375], dtype=float32)
    """

    label = "SGD+Momentum"
    tracks_first_moments = True
    slot_names = ("v",)
    hyperparameters = ("rho",)

    def __init__(self, learning_rate: Rate = 0.01, rho: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = float(number(rho, type(self).__name__, "rho", 0, 1))

    def step(self, w, dw, learning_rate, v):
        v[...] = self.rho * v + dw
        w -= learning_rate * v


class NesterovChangeOfVariables(Momentum):
    """old_v = v; v = rho v - lr dw; w -= rho old_v - (1 + rho) v.

    The weights it holds are not Nesterov's x but the point looked ahead to, x~ = x + rho v, at which the gradient is
    taken.

    Keras's SGD(nesterov=True) is the same: w += rho m - lr dw, which is w + v + rho (v - old_v). PyTorch's has the
    learning rate outside, as in `Momentum`, and differs when the rate changes.

    Args:
        learning_rate, rho, **kwargs: As for `Momentum`.

    Raises:
        ValueError: `rho` is not from 0 to 1.

    Source: rows 13 and 14 of the course.

    >>> w = Variable([1.0])
    >>> NesterovChangeOfVariables(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.05], dtype=float32)
    """

    label = "Nesterov"

    def step(self, w, dw, learning_rate, v):
        old_v = v.copy()
        v[...] = self.rho * v - learning_rate * dw
        w -= self.rho * old_v - (1 + self.rho) * v


class NesterovLookahead(Momentum):
    """v = rho v - lr grad f(x + rho v); x += v: the gradient is that of the point to which the velocity leads.

    It therefore computes gradients itself: call `minimize(loss, variables)` with a function. Where the gradient is
    computed elsewhere, as in `fit`, use `NesterovChangeOfVariables`.

    Neither Keras nor PyTorch has this form; their nesterov=True is the change of variables.

    Args:
        learning_rate, rho, **kwargs: As for `Momentum`.

    Raises:
        ValueError: `rho` is not from 0 to 1.

    Source: row 12 of the course.

    >>> from tinynet.textbook import surfaces
    >>> x = Variable([1.0, 1.0])
    >>> optimizer = NesterovLookahead(learning_rate=0.1)
    >>> for _ in range(100):
    ...     _ = optimizer.minimize(lambda: surfaces.bowl(x), [x])
    >>> bool(abs(x.numpy()).max() < 0.01)
    True
    """

    label = "Nesterov"

    def step(self, w, dw, learning_rate, v):
        v[...] = self.rho * v - learning_rate * dw
        w += v

    def minimize(
        self, loss: TensorLike | Callable[[], TensorLike],
        var_list: Sequence[Variable] | Callable[[], Sequence[Variable]], tape: GradientTape | None = None,
    ) -> Variable:
        """Make one step down `loss`, a function without arguments, with the gradient of the point ahead.

        Args:
            loss: Function without arguments that returns the loss.
            var_list: The variables, or a function that returns them.
            tape: A tape to compute the loss under; a new one if None.

        Returns:
            The step count, a Variable.

        Raises:
            ValueError: `loss` is not a function: it must be computed at x + rho v, which only this method knows.
        """
        variables = list(var_list() if callable(var_list) else var_list)
        if not callable(loss):
            raise ValueError(
                f"NesterovLookahead.minimize: loss must be a function without arguments, got {type(loss).__name__}: it "
                "is computed at another point than the present one. Write minimize(lambda: ..., variables)"
            )
        self.build(variables)
        positions = [variable.data for variable in variables]
        try:
            for variable, x in zip(variables, positions, strict=True):
                v = self._slots[0][self._get_variable_index(variable)].data
                variable.data = x + self.rho * v
            with tape or GradientTape() as tape:
                value = loss()
            gradients = tape.gradient(value, variables)
        finally:
            for variable, x in zip(variables, positions, strict=True):
                variable.data = x
        super().apply(gradients, variables)
        return self._iterations

    def apply(self, grads: Sequence[TensorLike], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Refused: the gradients would be those of the present point.

        Raises:
            ValueError: always.
        """
        raise ValueError(
            "NesterovLookahead: the gradient must be taken at x + rho v, but apply() is given one of the present "
            "weights. Call minimize(loss, variables) with a function, in train_step for example; or use "
            "NesterovChangeOfVariables, which walks the same path and can be given to compile()"
        )
