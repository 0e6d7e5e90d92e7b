"""AdaGrad in the slides' three forms and with its full matrix, RMSProp, Adam by Algorithm 1 and "almost".

How to read a class: descent.py. The forms differ from each other, and from Keras and PyTorch, mostly in the position of
epsilon. At a gradient near 0 it matters: 1 / (0 + 1e-7) is ten million, 1 / sqrt(0 + 1e-7) is 3162.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import number
from ..optimizers.checks import decay_rate, finite
from .descent import SlideOptimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array
    from ..optimizers.schedules import Rate
    from ..variable import Variable


class AdaGradForm1(SlideOptimizer):
    """h += dw dw; w -= lr dw / sqrt(h), the first slide about AdaGrad.

    There is no epsilon, and h starts at 0: where a gradient has always been 0 the slide divides 0 by 0. Such a weight
    stays as it is.

    Keras starts h at 0.1 and adds 1e-7 inside the root; PyTorch adds 1e-10 outside it.

    Args:
        learning_rate: Number, schedule or function, as for all optimizers.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Source: row 16 of the course; Duchi, Hazan and Singer 2011, JMLR 12.

    >>> w = Variable([1.0])
    >>> AdaGradForm1(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    label = "AdaGrad"
    tracks_second_moments = True
    slot_names = ("accumulator",)

    def __init__(self, learning_rate: Rate = 0.01, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)

    def step(self, w, dw, learning_rate, h):
        h += dw * dw
        w -= learning_rate * np.divide(dw, np.sqrt(h), out=np.zeros_like(dw), where=h > 0)


class AdaGradForm2(SlideOptimizer):
    """theta -= eta / sqrt(epsilon I + diag(G)) g, with G = sum of g g^T: equations (1) to (6).

    Only the diagonal of the outer products is used, the sum of g g, so that nothing else is kept (equation 6). Equation
    (7), one rate for all, is `GradientDescent`. `AdaGradFullMatrix` uses all of G.

    epsilon stands inside the root, as in Keras, but G starts at 0, in Keras at 0.1. PyTorch: outside.

    Args:
        learning_rate: eta.
        epsilon: Above 0. The slide has no number; 1e-7 is Keras's.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Raises:
        ValueError: `epsilon` is not a number above 0.

    Source: row 17 of the course.

    >>> w = Variable([1.0])
    >>> AdaGradForm2(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.75], dtype=float32)
    """

    label = "AdaGrad"
    tracks_second_moments = True
    slot_names = ("accumulator",)
    hyperparameters: tuple[str, ...] = ("epsilon",)

    def __init__(self, learning_rate: Rate = 0.01, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.epsilon = float(finite(epsilon, self, "epsilon", 0, above=True))

    def step(self, theta, g, eta, G):
        G += g * g
        theta -= eta / np.sqrt(self.epsilon + G) * g


class AdaGradForm3(AdaGradForm2):
    """grad_squared += dw dw; w -= lr dw / (sqrt(grad_squared) + 1e-7), the code beside RMSProp.

    epsilon stands outside the root, as in PyTorch (there 1e-10). Keras: inside, and the sum starts at 0.1.

    Args:
        learning_rate, epsilon, **kwargs: As for `AdaGradForm2`.

    Source: row 18 of the course.

    >>> w = Variable([1.0])
    >>> AdaGradForm3(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.75], dtype=float32)
    """

    def step(self, w, dw, learning_rate, grad_squared):
        grad_squared += dw * dw
        w -= learning_rate * dw / (np.sqrt(grad_squared) + self.epsilon)


class AdaGradFullMatrix(SlideOptimizer):
    """theta -= eta (epsilon I + G)^(-1/2) g, with the full G = sum of g g^T: equation (1) without "diag".

    theta is all weights in one vector. G then also holds which directions between the axes were steep, and the path
    does not change when the axes are rotated. But it has a row and a column for each weight, and every step needs its
    eigenvalues.

    Neither Keras nor PyTorch has it.

    Args:
        learning_rate: eta.
        epsilon: Above 0. The slide has no number.
        limit: Largest number of weights; G takes 8 limit^2 bytes.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Raises:
        ValueError: `epsilon` is not a number above 0; in a step: the model is too large, or the step has gradients for
            some of the weights only.

    Source: row 19 of the course.

    >>> w = Variable([1.0, 1.0])
    >>> AdaGradFullMatrix(learning_rate=0.25).apply([np.array([3.0, 4.0])], [w])
    >>> w.numpy().round(4)  # the step has the length 0.25 in the direction of the gradient
    array([0.85, 0.8 ], dtype=float32)
    """

    label = "AdaGrad"
    tracks_second_moments = True
    hyperparameters = ("epsilon", "limit")

    def __init__(self, learning_rate: Rate = 0.01, epsilon: float = 1e-7, limit: int = 1000, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.epsilon = float(finite(epsilon, self, "epsilon", 0, above=True))
        self.limit = limit

    def add_slots(self, variables: Sequence[Variable]) -> None:
        size = sum(variable.data.size for variable in variables)
        if size > self.limit:
            raise ValueError(
                f"AdaGradFullMatrix: {size} weights need a matrix of {size} x {size} numbers and its eigenvalues in "
                f"every step, the limit is {self.limit}. Take a smaller model, AdaGradForm2, or a larger limit=..."
            )
        self._matrix = self.add_variable((size, size), dtype="float64", name="outer_products")

    def update_all(
        self, weights: list[Array], gradients: list[Array], slots: list[list[Array]], learning_rate: float,
        decay: float,
    ) -> None:
        g = np.concatenate([np.ravel(gradient) for gradient in gradients]).astype(np.float64)
        G = self._matrix.data
        if len(g) != len(G):
            raise ValueError(
                f"AdaGradFullMatrix: gradients of {len(g)} weights for a matrix of {len(G)}: every step needs all "
                "weights, of one dtype, and with weight_decay none excluded"
            )
        G += np.outer(g, g)
        values, vectors = np.linalg.eigh(self.epsilon * np.eye(len(G)) + G)
        values = np.maximum(values, self.epsilon)  # G has no negative ones, but rounding may make some
        change = learning_rate * vectors @ ((vectors.T @ g) / np.sqrt(values))
        parts = np.split(change, np.cumsum([w.size for w in weights])[:-1])
        for w, part in zip(weights, parts, strict=True):
            w -= decay * w + part.reshape(w.shape).astype(w.dtype)


class RMSPropSlide(AdaGradForm3):
    """RMSProp, the "leaky AdaGrad": old gradients are forgotten.

    grad_squared = decay_rate grad_squared + (1 - decay_rate) dw dw
    w -= lr dw / (sqrt(grad_squared) + 1e-7)

    Keras has epsilon inside the root: at a gradient near 0 the slide divides by 1e-7, Keras by 3.2e-4. PyTorch: outside
    as here, 1e-8, and a decay of 0.99.

    Args:
        learning_rate: Number, schedule or function.
        decay_rate: Fraction of the old squares that stays, from 0 to 1. The slide has no number; 0.9 is Keras's.
        epsilon: Above 0; 1e-7 on the slide.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Raises:
        ValueError: `decay_rate` or `epsilon` is outside its range.

    Source: row 20 of the course; Tieleman and Hinton 2012.

    >>> w = Variable([1.0])
    >>> RMSPropSlide(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.2094], dtype=float32)
    """

    label = "RMSProp"
    leaky_second_moments = True
    hyperparameters = ("decay_rate", "epsilon")

    def __init__(
        self, learning_rate: Rate = 0.001, decay_rate: float = 0.9, epsilon: float = 1e-7, **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, epsilon, **kwargs)
        self.decay_rate = float(number(decay_rate, type(self).__name__, "decay_rate", 0, 1))

    def step(self, w, dw, learning_rate, grad_squared):
        grad_squared[...] = self.decay_rate * grad_squared + (1 - self.decay_rate) * dw * dw
        w -= learning_rate * dw / (np.sqrt(grad_squared) + self.epsilon)


class AdamAlgorithm1(SlideOptimizer):
    """Adam, as Algorithm 1 of Kingma and Ba (ICLR 2015) has it.

    PyTorch's is the same. Keras's is the paper's "slightly more efficient order of computation", with epsilon added to
    the root of the uncorrected v: the same as Algorithm 1 with epsilon / sqrt(1 - beta_2^t), in the first step 31.6
    times as large; and its default is 1e-7.

    Args:
        learning_rate: alpha.
        beta_1, beta_2: Decay rates of the moments, from 0 to below 1.
        epsilon: Added to the root of the corrected second moment; above 0.
        **kwargs: The other arguments of `optimizers.Optimizer`.

    Raises:
        ValueError: an argument is outside its range.

    Source: row 21 of the course; arXiv:1412.6980.

    >>> w = Variable([1.0])
    >>> AdamAlgorithm1(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.75], dtype=float32)
    """

    label = "Adam"
    tracks_first_moments = True
    tracks_second_moments = True
    leaky_second_moments = True
    bias_correction = True
    slot_names = ("moment1", "moment2")
    hyperparameters = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = float(decay_rate(beta_1, self, "beta_1"))  # with 1 a moment would stay 0 for ever
        self.beta_2 = float(decay_rate(beta_2, self, "beta_2"))
        self.epsilon = float(finite(epsilon, self, "epsilon", 0, above=True))

    def step(self, theta, g, alpha, m, v):
        t = self._count()
        m[...] = self.beta_1 * m + (1 - self.beta_1) * g  # Momentum
        v[...] = self.beta_2 * v + (1 - self.beta_2) * g * g  # AdaGrad / RMSProp
        m_hat = m / (1 - self.beta_1**t)  # bias correction
        v_hat = v / (1 - self.beta_2**t)  # bias correction
        theta -= alpha * m_hat / (np.sqrt(v_hat) + self.epsilon)  # Momentum's step, in RMSProp's scale


class AdamAlmost(AdamAlgorithm1):
    """Adam (almost): RMSProp + Momentum, without bias correction.

    The moments start at 0 and take 1 / (1 - beta) steps to fill, the second one much longer than the first: the first
    step is (1 - beta_1) / sqrt(1 - beta_2) = 3.2 times the learning rate, and the next ones are larger still.

    Neither Keras nor PyTorch leaves the correction out.

    Args:
        learning_rate, beta_1, beta_2, **kwargs: As for `AdamAlgorithm1`.
        epsilon: Above 0; 1e-7 on the slide.

    Raises:
        ValueError: an argument is outside its range.

    Source: row 23 of the course.

    >>> w = Variable([1.0])
    >>> AdamAlmost(learning_rate=0.25).apply([np.array([2.0])], [w])
    >>> w.numpy().round(4)
    array([0.2094], dtype=float32)
    """

    label = "Adam (almost)"
    bias_correction = False

    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)

    def step(self, w, dw, learning_rate, moment1, moment2):
        moment1[...] = self.beta_1 * moment1 + (1 - self.beta_1) * dw  # Momentum
        moment2[...] = self.beta_2 * moment2 + (1 - self.beta_2) * dw * dw  # AdaGrad / RMSProp
        w -= learning_rate * moment1 / (np.sqrt(moment2) + self.epsilon)  # Momentum's step, in RMSProp's scale
