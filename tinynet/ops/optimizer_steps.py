"""Optimizer steps: what each rule does to weights and states, in place, given the gradients.

Every function takes lists of arrays, one array a variable, all of one dtype. w is a weight, g its gradient. Before the
step comes the decoupled weight decay, w -= decay w (Loshchilov and Hutter, arXiv:1711.05101), with decay = learning
rate times weight_decay. The rules are Keras's; where a textbook has epsilon elsewhere, `tinynet.textbook` has its form.

The compiled steps read and write the memory of all variables once, with the arithmetic of one element in registers.
They treat numbers too small for a full mantissa (below 1.2e-38 in float32) as zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array


def sgd_step(
    weights: Sequence[Array], gradients: Sequence[Array], velocities: Sequence[Array] | None, learning_rate: float,
    momentum: float = 0.0, nesterov: bool = False, decay: float = 0.0,
) -> None:
    """Gradient descent, with momentum: v = momentum v - learning_rate g;  w += v.

    With Nesterov's form w += momentum v - learning_rate g.

    Args:
        weights, gradients: Arrays w and g.
        velocities: Arrays v; None for plain gradient descent, w -= learning_rate g.
        learning_rate: Step size.
        momentum: The part of v that stays.
        nesterov: Whether to use Nesterov's form.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, v in _each(weights, gradients, velocities):
        w -= decay * w
        if v is None:
            w -= learning_rate * g
            continue
        v[...] = momentum * v - learning_rate * g
        w += momentum * v - learning_rate * g if nesterov else v


def adam_step(
    weights: Sequence[Array], gradients: Sequence[Array], means: Sequence[Array], variances: Sequence[Array],
    max_variances: Sequence[Array] | None, step_size: float, beta_1: float, beta_2: float, epsilon: float,
    decay: float = 0.0,
) -> None:
    """m += (1 - beta_1)(g - m);  v += (1 - beta_2)(g^2 - v);  w -= step_size m / (sqrt(v) + epsilon).

    The bias corrections are in the step size, learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t): the second form of
    Kingma and Ba, arXiv:1412.6980, section 2. With `max_variances` (AMSGrad) the largest v so far divides.

    Args:
        weights, gradients: Arrays w and g.
        means, variances: Arrays m and v.
        max_variances: Arrays of the largest v so far, or None.
        step_size: Learning rate with the bias corrections.
        beta_1, beta_2: The parts of m and v that stay.
        epsilon: Added to the root.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, m, v, v_max in _each(weights, gradients, means, variances, max_variances):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        if v_max is not None:
            v = np.maximum(v_max, v, out=v_max)
        w -= step_size * m / (np.sqrt(v) + epsilon)


def adamax_step(
    weights: Sequence[Array], gradients: Sequence[Array], means: Sequence[Array], norms: Sequence[Array],
    step_size: float, beta_1: float, beta_2: float, epsilon: float, decay: float = 0.0,
) -> None:
    """m += (1 - beta_1)(g - m);  u = max(beta_2 u, |g|);  w -= step_size m / (u + epsilon).

    The step size is learning_rate / (1 - beta_1^t); arXiv:1412.6980, section 7.

    Args:
        weights, gradients: Arrays w and g.
        means, norms: Arrays m and u.
        step_size: Learning rate with the bias correction.
        beta_1, beta_2: The parts of m and u that stay.
        epsilon: Added to u.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, m, u in _each(weights, gradients, means, norms):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        np.maximum(beta_2 * u, abs(g), out=u)
        w -= step_size * m / (u + epsilon)


def nadam_step(
    weights: Sequence[Array], gradients: Sequence[Array], means: Sequence[Array], variances: Sequence[Array],
    learning_rate: float, mean_factor: float, gradient_factor: float, variance_factor: float, beta_1: float,
    beta_2: float, epsilon: float, decay: float = 0.0,
) -> None:
    """Adam with Nesterov's momentum (Dozat 2016): the mean and the gradient are corrected separately.

    w -= learning_rate (mean_factor m + gradient_factor g) / (sqrt(variance_factor v) + epsilon)

    Args:
        weights, gradients: Arrays w and g.
        means, variances: Arrays m and v, updated as in `adam_step`.
        learning_rate: Step size.
        mean_factor, gradient_factor, variance_factor: Bias corrections of m, g and v.
        beta_1, beta_2: The parts of m and v that stay.
        epsilon: Added to the root.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, m, v in _each(weights, gradients, means, variances):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        ahead = learning_rate * mean_factor * m + learning_rate * gradient_factor * g
        w -= ahead / (np.sqrt(v * variance_factor) + epsilon)


def rmsprop_step(
    weights: Sequence[Array], gradients: Sequence[Array], mean_squares: Sequence[Array],
    velocities: Sequence[Array] | None, means: Sequence[Array] | None, learning_rate: float, rho: float,
    momentum: float, epsilon: float, decay: float = 0.0,
) -> None:
    """s = rho s + (1 - rho) g^2;  step = learning_rate g / sqrt(s + epsilon);  w -= step.

    Hinton's lecture 6e, 2012. With `velocities`, v = momentum v + step and w -= v. With `means` (centered), the mean
    of g is kept too, and s - mean^2, the variance of g, stands under the root.

    Args:
        weights, gradients: Arrays w and g.
        mean_squares: Arrays s.
        velocities: Arrays v, or None.
        means: Arrays of the mean of g, or None.
        learning_rate: Step size.
        rho: The part of s and of the mean that stays.
        momentum: The part of v that stays.
        epsilon: Added under the root.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, s, v, mean in _each(weights, gradients, mean_squares, velocities, means):
        w -= decay * w
        s[...] = rho * s + (1 - rho) * (g * g)
        variance = s
        if mean is not None:
            mean[...] = rho * mean + (1 - rho) * g
            variance = s - mean * mean
        step = learning_rate * g / np.sqrt(variance + epsilon)
        if v is not None:
            v[...] = step = momentum * v + step
        w -= step


def adagrad_step(
    weights: Sequence[Array], gradients: Sequence[Array], accumulators: Sequence[Array], learning_rate: float,
    epsilon: float, decay: float = 0.0,
) -> None:
    """a += g^2;  w -= learning_rate g / sqrt(a + epsilon)  (Duchi, Hazan and Singer 2011).

    Args:
        weights, gradients: Arrays w and g.
        accumulators: Arrays a.
        learning_rate: Step size.
        epsilon: Added under the root.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, a in _each(weights, gradients, accumulators):
        w -= decay * w
        a += g * g
        w -= learning_rate * g / np.sqrt(a + epsilon)


def adadelta_step(
    weights: Sequence[Array], gradients: Sequence[Array], mean_squares: Sequence[Array],
    mean_square_updates: Sequence[Array], learning_rate: float, rho: float, epsilon: float, decay: float = 0.0,
) -> None:
    """Steps in units of earlier steps (Zeiler, arXiv:1212.5701).

    s = rho s + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(s + epsilon) g;  u = rho u + (1 - rho) d^2;
    w -= learning_rate d

    Args:
        weights, gradients: Arrays w and g.
        mean_squares: Arrays s.
        mean_square_updates: Arrays u.
        learning_rate: Step size.
        rho: The part of s and u that stays.
        epsilon: Added under both roots.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, s, u in _each(weights, gradients, mean_squares, mean_square_updates):
        w -= decay * w
        s[...] = rho * s + (1 - rho) * (g * g)
        d = np.sqrt(u + epsilon) * g / np.sqrt(s + epsilon)
        u[...] = rho * u + (1 - rho) * (d * d)
        w -= learning_rate * d


def lion_step(
    weights: Sequence[Array], gradients: Sequence[Array], means: Sequence[Array], learning_rate: float, beta_1: float,
    beta_2: float, decay: float = 0.0,
) -> None:
    """w -= learning_rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g  (arXiv:2302.06675).

    Args:
        weights, gradients: Arrays w and g.
        means: Arrays m.
        learning_rate: Step size.
        beta_1: The part of m in the step.
        beta_2: The part of m that stays.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, m in _each(weights, gradients, means):
        w -= decay * w
        w -= learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
        m[...] = beta_2 * m + (1 - beta_2) * g


def ftrl_step(
    weights: Sequence[Array], gradients: Sequence[Array], accumulators: Sequence[Array], linears: Sequence[Array],
    learning_rate: float, learning_rate_power: float, l1: float, l2: float, shrinkage: float, decay: float = 0.0,
) -> None:
    """Follow the regularized leader (McMahan et al. 2013).

    a' = a + g^2;  z += g + 2 shrinkage w - (a'^p - a^p) / learning_rate w,  p = -learning_rate_power
    w = (clip(z, -l1, l1) - z) / (a'^p / learning_rate + 2 l2)

    Args:
        weights, gradients: Arrays w and g.
        accumulators: Arrays a.
        linears: Arrays z.
        learning_rate: Step size.
        learning_rate_power: -p, at most 0.
        l1, l2: Strengths of the two penalties.
        shrinkage: Strength of an L2 penalty that acts on the gradient only.
        decay: Decoupled weight decay, w -= decay w.

    Raises:
        ValueError: the lists differ in length or shapes.
    """
    for w, g, a, z in _each(weights, gradients, accumulators, linears):
        w -= decay * w
        before, after = a**-learning_rate_power, (a + g * g) ** -learning_rate_power
        z += g + 2 * shrinkage * w - (after - before) / learning_rate * w
        a += g * g
        w[...] = (np.clip(z, -l1, l1) - z) / (after / learning_rate + 2 * l2)


def _each(weights, *lists):
    """The arrays of each variable together; None where a list is None."""
    rows = [lists_of if lists_of is not None else [None] * len(weights) for lists_of in lists]
    for arrays in zip(weights, *rows, strict=True):
        for array in arrays[1:]:
            if array is not None and array.shape != arrays[0].shape:
                raise ValueError(
                    f"optimizer step: an array of shape {array.shape} beside weights of shape {arrays[0].shape}. "
                    "All lists must name the variables in the same order."
                )
        yield arrays
