"""Optimizer steps: what each rule does to weights and states, in place, given the gradients.

Every function takes lists of arrays, one array a variable, all of one dtype. w is a weight, g its gradient. The step
comes after the decoupled weight decay, w -= decay w (Loshchilov and Hutter, arXiv:1711.05101), with decay = learning
rate times weight_decay. The rules are Keras's; where a textbook has epsilon elsewhere, `tinynet.textbook` has its form.

The compiled steps go once over the memory of all variables, with the arithmetic of one element in registers; they take
numbers too small for a full mantissa (below 1.2e-38 in float32) for zero.
"""

import numpy as np


def sgd_step(weights, gradients, velocities, learning_rate, momentum=0.0, nesterov=False, decay=0.0):
    """v = momentum v - learning_rate g;  w += v, or with Nesterov's look ahead w += momentum v - learning_rate g.

    `velocities` is None for plain gradient descent, w -= learning_rate g.
    """
    for w, g, v in _each(weights, gradients, velocities):
        w -= decay * w
        if v is None:
            w -= learning_rate * g
            continue
        v[...] = momentum * v - learning_rate * g
        w += momentum * v - learning_rate * g if nesterov else v


def adam_step(weights, gradients, means, variances, max_variances, step_size, beta_1, beta_2, epsilon, decay=0.0):
    """m += (1 - beta_1)(g - m);  v += (1 - beta_2)(g^2 - v);  w -= step_size m / (sqrt(v) + epsilon).

    The bias corrections are in the step size, learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t): the second form of
    Kingma and Ba, arXiv:1412.6980, section 2. With `max_variances` (AMSGrad) the largest v so far divides.
    """
    for w, g, m, v, v_max in _each(weights, gradients, means, variances, max_variances):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        if v_max is not None:
            v = np.maximum(v_max, v, out=v_max)
        w -= step_size * m / (np.sqrt(v) + epsilon)


def adamax_step(weights, gradients, means, norms, step_size, beta_1, beta_2, epsilon, decay=0.0):
    """m += (1 - beta_1)(g - m);  u = max(beta_2 u, |g|);  w -= step_size m / (u + epsilon).

    The step size is learning_rate / (1 - beta_1^t); arXiv:1412.6980, section 7.
    """
    for w, g, m, u in _each(weights, gradients, means, norms):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        np.maximum(beta_2 * u, abs(g), out=u)
        w -= step_size * m / (u + epsilon)


def nadam_step(
    weights,
    gradients,
    means,
    variances,
    learning_rate,
    mean_factor,
    gradient_factor,
    variance_factor,
    beta_1,
    beta_2,
    epsilon,
    decay=0.0,
):
    """Adam looking one step ahead (Dozat 2016): the mean and the gradient are corrected apart.

    w -= learning_rate (mean_factor m + gradient_factor g) / (sqrt(variance_factor v) + epsilon)
    """
    for w, g, m, v in _each(weights, gradients, means, variances):
        w -= decay * w
        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        ahead = learning_rate * mean_factor * m + learning_rate * gradient_factor * g
        w -= ahead / (np.sqrt(v * variance_factor) + epsilon)


def rmsprop_step(weights, gradients, mean_squares, velocities, means, learning_rate, rho, momentum, epsilon, decay=0.0):
    """s = rho s + (1 - rho) g^2;  step = learning_rate g / sqrt(s + epsilon);  w -= step.

    With `velocities`, v = momentum v + step and w -= v. With `means` (centered) the mean of g is kept too and
    s - mean^2, the variance of g, stands under the root.
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


def adagrad_step(weights, gradients, accumulators, learning_rate, epsilon, decay=0.0):
    """a += g^2;  w -= learning_rate g / sqrt(a + epsilon)  (Duchi, Hazan and Singer 2011)."""
    for w, g, a in _each(weights, gradients, accumulators):
        w -= decay * w
        a += g * g
        w -= learning_rate * g / np.sqrt(a + epsilon)


def adadelta_step(weights, gradients, mean_squares, mean_square_updates, learning_rate, rho, epsilon, decay=0.0):
    """s = rho s + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(s + epsilon) g;  u = rho u + (1 - rho) d^2;
    w -= learning_rate d  (Zeiler, arXiv:1212.5701)."""
    for w, g, s, u in _each(weights, gradients, mean_squares, mean_square_updates):
        w -= decay * w
        s[...] = rho * s + (1 - rho) * (g * g)
        d = np.sqrt(u + epsilon) * g / np.sqrt(s + epsilon)
        u[...] = rho * u + (1 - rho) * (d * d)
        w -= learning_rate * d


def lion_step(weights, gradients, means, learning_rate, beta_1, beta_2, decay=0.0):
    """w -= learning_rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g  (arXiv:2302.06675)."""
    for w, g, m in _each(weights, gradients, means):
        w -= decay * w
        w -= learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
        m[...] = beta_2 * m + (1 - beta_2) * g


def ftrl_step(
    weights, gradients, accumulators, linears, learning_rate, learning_rate_power, l1, l2, shrinkage, decay=0.0
):
    """Follow the regularized leader (McMahan et al. 2013).

    a' = a + g^2;  z += g + 2 shrinkage w - (a'^p - a^p) / learning_rate w,  p = -learning_rate_power
    w = (clip(z, -l1, l1) - z) / (a'^p / learning_rate + 2 l2)
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
