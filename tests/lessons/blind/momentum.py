"""SGD with momentum and Nesterov's momentum, written without seeing the detectors."""

import numpy as np

import tinynet as tn

from . import right, wrong

# -- momentum


@right("momentum")
def momentum_in_one_line(w, dw, v, learning_rate, rho):
    return w - learning_rate * (rho * v + dw), rho * v + dw


@right("momentum")
def momentum_with_loops(w, dw, v, learning_rate, rho):
    new_w = np.zeros(w.shape)
    new_v = np.zeros(w.shape)
    for index in np.ndindex(*w.shape):
        new_v[index] = rho * v[index] + dw[index]
        new_w[index] = w[index] - learning_rate * new_v[index]
    return new_w, new_v


@right("momentum")
def momentum_like_pytorch(w, dw, v, learning_rate, rho):
    param, buf = w.copy(), v.copy()
    buf *= rho
    buf += dw
    param += -learning_rate * buf
    return [param, buf]


@right("momentum")
def momentum_with_out_arguments(w, dw, v, learning_rate, rho):
    v = np.multiply(v, rho)
    np.add(v, dw, out=v)
    step = np.empty_like(w)
    np.multiply(v, learning_rate, out=step)
    return np.subtract(w, step), v


@right("momentum")
def momentum_in_float32_tensors(w, dw, v, learning_rate, rho):
    w, dw, v = (tn.constant(np.asarray(a, dtype=np.float32)) for a in (w, dw, v))
    v = rho * v + dw
    return w - learning_rate * v, v


@wrong("momentum", "step_with_old_velocity")
def momentum_steps_with_the_old_velocity(w, dw, v, learning_rate, rho):
    # The weights move before the velocity is updated.
    w = w - learning_rate * v
    v = rho * v + dw
    return w, v


@wrong("momentum", "running_mean")
def momentum_as_a_moving_average(w, dw, v, learning_rate, rho):
    # The gradient is weighted with 1 - rho, as in Adam's first moment.
    v = rho * v + (1 - rho) * dw
    return w - learning_rate * v, v


@wrong("momentum", "rate_twice")
def momentum_with_the_learning_rate_twice(w, dw, v, learning_rate, rho):
    # The learning rate scales the gradient within the velocity, and the step again.
    v = rho * v + learning_rate * dw
    w = w - learning_rate * v
    return w, v


# -- nesterov


@right("nesterov")
def nesterov_as_on_the_slide(w, dw, v, learning_rate, rho):
    old_v = v
    v = rho * v - learning_rate * dw
    w = w - (rho * old_v - (1 + rho) * v)
    return w, v


@right("nesterov")
def nesterov_simplified(w, dw, v, learning_rate, rho):
    # w + v + rho (v - old v)
    new_v = rho * v - learning_rate * dw
    return w + new_v + rho * (new_v - v), new_v


@right("nesterov")
def nesterov_like_keras(w, dw, v, learning_rate, rho):
    # -rho v + (1 + rho)(rho v - lr dw) = rho^2 v - (1 + rho) lr dw
    momentum = np.float64(rho)
    return (w + momentum**2 * v - (1 + momentum) * learning_rate * dw, momentum * v - learning_rate * dw)


@right("nesterov")
def nesterov_with_lists(w, dw, v, learning_rate, rho):
    def one(w, dw, v):
        new = rho * v - learning_rate * dw
        return w - (rho * v - (1 + rho) * new), new

    pairs = [one(*numbers) for numbers in zip(w.ravel().tolist(), dw.ravel().tolist(), v.ravel().tolist(), strict=True)]
    ws, vs = zip(*pairs, strict=True)
    return np.reshape(ws, w.shape), np.reshape(vs, v.shape)


@right("nesterov")
def nesterov_stacked(w, dw, v, learning_rate, rho):
    # Both results are linear in (w, dw, v): one matrix.
    matrix = np.array([[1, -(1 + rho) * learning_rate, rho**2], [0, -learning_rate, rho]])
    return np.einsum("ij,j...->i...", matrix, np.stack([w, dw, v]))


@wrong("nesterov", "old_velocity_lost")
def nesterov_forgets_the_old_velocity(w, dw, v, learning_rate, rho):
    # v is overwritten first: old_v is the new one.
    v = rho * v - learning_rate * dw
    w = w - (rho * v - (1 + rho) * v)
    return w, v


@wrong("nesterov", "sign_of_step")
def nesterov_adds_the_bracket(w, dw, v, learning_rate, rho):
    # w + (...) in place of w - (...).
    old_v = v
    v = rho * v - learning_rate * dw
    return w + (rho * old_v - (1 + rho) * v), v


@wrong("nesterov", "pytorch_form")
def nesterov_like_pytorch(w, dw, v, learning_rate, rho):
    # Another convention: the velocity is a sum of gradients without the learning rate, and has the other sign.
    v = rho * v + dw
    w = w - learning_rate * (dw + rho * v)
    return w, v
