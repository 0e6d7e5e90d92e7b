"""Xavier initialization and the gradients of the L1 and L2 penalties, written without seeing the detectors."""

import math
from functools import reduce
from operator import mul

import numpy as np

import tinynet as tn

from . import right, wrong

# -- xavier


@right("xavier")
def xavier_with_the_last_axis_left_out(z):
    return z / np.sqrt(np.prod(z.shape[:-1]))


@right("xavier")
def xavier_case_by_case(z):
    if z.ndim == 2:
        din = z.shape[0]
    else:
        height, width, channels, _ = z.shape
        din = height * width * channels
    weights = z / math.sqrt(din)
    return weights


@right("xavier")
def xavier_with_sizes(z):
    return z * (z.size // z.shape[-1]) ** -0.5


@right("xavier")
def xavier_by_flattening(z):
    matrix = z.reshape(-1, z.shape[-1])
    out = matrix.astype(np.float32)
    out /= np.float32(len(matrix)) ** 0.5
    return out.reshape(z.shape)


@right("xavier")
def xavier_with_lists(z):
    din = reduce(mul, z.shape[:-1], 1)

    def scale(part):
        return [scale(p) for p in part] if isinstance(part, list) else part / din**0.5

    return scale(z.tolist())


@wrong("xavier", "outputs_counted")
def xavier_with_the_output_size(z):
    # Dout in place of Din.
    return z / np.sqrt(z.shape[-1])


@wrong("xavier", "first_axis")
def xavier_with_the_first_axis_only(z):
    # Right for a dense layer; of a convolution's kernel it takes the height alone.
    return z / np.sqrt(z.shape[0])


@wrong("xavier", "glorot_of_filters")
def xavier_of_glorot(z):
    # The paper's formula with both sizes, sqrt(2 / (Din + Dout)), which is not the slide's.
    din = np.prod(z.shape[:-1])
    dout = z.shape[-1]
    return z * np.sqrt(2 / (din + dout))


# -- l1_gradient


@right("l1_gradient")
def l1_gradient_with_sign(theta, lam):
    gradient = lam / 2 * np.sign(theta)
    gradient[0] = 0
    return gradient


@right("l1_gradient")
def l1_gradient_with_a_loop(theta, lam):
    gradient = [0]
    for number in theta[1:]:
        if number > 0:
            gradient.append(lam / 2)
        elif number < 0:
            gradient.append(-lam / 2)
        else:
            gradient.append(0)
    return gradient


@right("l1_gradient")
def l1_gradient_with_where(theta, lam):
    half = np.where(theta > 0, 0.5, np.where(theta < 0, -0.5, 0.0))
    return half * lam * (np.arange(len(theta)) >= 1)


@right("l1_gradient")
def l1_gradient_with_copysign(theta, lam):
    return tuple(math.copysign(lam / 2, x) if j and x else 0.0 for j, x in enumerate(theta))


@right("l1_gradient")
def l1_gradient_from_the_tape(theta, lam):
    theta = tn.constant(theta)
    with tn.GradientTape() as tape:
        tape.watch(theta)
        penalty = lam / 2 * tn.reduce_sum(tn.abs(theta[1:]))
    return tape.gradient(penalty, theta)


@wrong("l1_gradient", "bias_penalized")
def l1_gradient_penalizes_the_bias(theta, lam):
    # The bias is penalized as well.
    return lam / 2 * np.sign(theta)


@wrong("l1_gradient", "absolute_value")
def l1_gradient_is_the_penalty(theta, lam):
    # The absolute values: the terms of the penalty, not their gradient.
    gradient = lam / 2 * np.abs(theta)
    gradient[0] = 0
    return gradient


@wrong("l1_gradient", "negative_at_0")
def l1_gradient_with_two_signs(theta, lam):
    # Where theta_j is 0 the gradient is -lam/2.
    gradient = np.where(theta > 0, lam / 2, -lam / 2)
    gradient[0] = 0
    return gradient


# -- l2_gradient


@right("l2_gradient")
def l2_gradient_with_a_zero_in_front(theta, lam):
    return np.concatenate([[0.0], lam * theta[1:]])


@right("l2_gradient")
def l2_gradient_with_a_mask(theta, lam):
    mask = np.ones_like(theta)
    mask[0] = 0
    return lam * mask * theta


@right("l2_gradient")
def l2_gradient_with_a_list(theta, lam):
    return [0 if j == 0 else lam * theta[j] for j in range(len(theta))]


@right("l2_gradient")
def l2_gradient_with_a_matrix(theta, lam):
    identity = np.eye(len(theta))
    identity[0, 0] = 0
    return lam * identity @ theta


@right("l2_gradient")
def l2_gradient_as_in_the_formula(theta, lam):
    # The derivative of (lam / 2) theta^2 is (lam / 2) 2 theta.
    theta = np.array(theta, dtype=np.float32)
    theta[:1] *= 0
    return (lam / 2) * (2 * theta)


@wrong("l2_gradient", "half_kept")
def l2_gradient_with_a_half(theta, lam):
    # The 2 of the square's derivative is missing.
    gradient = lam / 2 * theta
    gradient[0] = 0
    return gradient


@wrong("l2_gradient", "bias_cut_off")
def l2_gradient_without_the_first_element(theta, lam):
    # The bias is left out: the gradient is shorter by one.
    return lam * theta[1:]


@wrong("l2_gradient", "penalty")
def l2_gradient_is_the_penalty(theta, lam):
    # The penalty itself, a number.
    return lam / 2 * np.sum(theta[1:] ** 2)
