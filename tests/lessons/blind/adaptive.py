"""AdaGrad, RMSProp and Adam, written without seeing the detectors."""

import math

import numpy as np

import tinynet as tn

from . import right, wrong

# -- adagrad


@right("adagrad")
def adagrad_as_on_the_slide(w, dw, grad_squared, learning_rate, epsilon):
    grad_squared = grad_squared + dw * dw
    w = w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon)
    return w, grad_squared


@right("adagrad")
def adagrad_row_by_row(w, dw, grad_squared, learning_rate, epsilon):
    new_w, total = w.copy(), grad_squared.copy()
    for i in range(len(w)):
        total[i] = total[i] + dw[i] ** 2
        new_w[i] = new_w[i] - learning_rate * dw[i] / (total[i] ** 0.5 + epsilon)
    return new_w, total


@right("adagrad")
def adagrad_with_a_rate_of_its_own(w, dw, grad_squared, learning_rate, epsilon):
    # The literature: each weight has a learning rate of its own.
    G = np.add(grad_squared, np.square(dw))
    rates = np.divide(learning_rate, np.add(np.sqrt(G), epsilon))
    return np.subtract(w, np.multiply(rates, dw)), G


@right("adagrad")
def adagrad_with_math(w, dw, grad_squared, learning_rate, epsilon):
    flat = zip(w.flat, dw.flat, grad_squared.flat, strict=True)
    results = [(a - learning_rate * g / (math.sqrt(s + g * g) + epsilon), s + g * g) for a, g, s in flat]
    return tuple(np.array([r[k] for r in results]).reshape(w.shape) for k in range(2))


@right("adagrad")
def adagrad_with_tensors(w, dw, grad_squared, learning_rate, epsilon):
    g = tn.constant(dw)
    total = tn.constant(grad_squared) + g * g
    return tn.constant(w) - learning_rate * g / (tn.sqrt(total) + epsilon), total


@wrong("adagrad", "no_root")
def adagrad_without_a_root(w, dw, grad_squared, learning_rate, epsilon):
    # The step is divided by the sum of squares, not by its root.
    grad_squared = grad_squared + dw * dw
    w = w - learning_rate * dw / (grad_squared + epsilon)
    return w, grad_squared


@wrong("adagrad", "sum_not_carried_on")
def adagrad_forgets_the_sum(w, dw, grad_squared, learning_rate, epsilon):
    # grad_squared is replaced, not accumulated.
    grad_squared = dw**2
    return w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon), grad_squared


@wrong("adagrad", "denominator_returned")
def adagrad_returns_the_root(w, dw, grad_squared, learning_rate, epsilon):
    # The variable is reused: the returned sum of squares is its root plus epsilon.
    grad_squared = grad_squared + dw * dw
    grad_squared = np.sqrt(grad_squared) + epsilon
    w = w - learning_rate * dw / grad_squared
    return w, grad_squared


# -- rmsprop


@right("rmsprop")
def rmsprop_as_on_the_slide(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw * dw
    w = w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon)
    return w, grad_squared


@right("rmsprop")
def rmsprop_as_an_interpolation(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    mean = grad_squared + (1.0 - decay_rate) * (dw**2 - grad_squared)
    return w - learning_rate / (mean**0.5 + epsilon) * dw, mean


@right("rmsprop")
def rmsprop_like_pytorch(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    square_avg = np.array(grad_squared)
    square_avg *= decay_rate
    square_avg += (1 - decay_rate) * dw * dw
    avg = np.sqrt(square_avg)
    avg += epsilon
    return np.array(w) + (-learning_rate) * (dw / avg), square_avg


@right("rmsprop")
def rmsprop_with_a_loop_over_everything(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    shape = w.shape
    w, dw, grad_squared = list(w.reshape(-1)), list(dw.reshape(-1)), list(grad_squared.reshape(-1))
    for i in range(len(w)):
        grad_squared[i] = decay_rate * grad_squared[i] + (1 - decay_rate) * dw[i] * dw[i]
        w[i] = w[i] - learning_rate * dw[i] / (np.sqrt(grad_squared[i]) + epsilon)
    return np.array(w).reshape(shape), np.array(grad_squared).reshape(shape)


@right("rmsprop")
def rmsprop_with_an_average(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    mean = np.average([grad_squared, dw * dw], axis=0, weights=[decay_rate, 1 - decay_rate])
    return np.asfortranarray(w - learning_rate * dw / (np.sqrt(mean) + epsilon)), np.asfortranarray(mean)


@wrong("rmsprop", "new_square_whole")
def rmsprop_without_the_complement(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    # (1 - decay_rate) is missing before the square.
    grad_squared = decay_rate * grad_squared + dw * dw
    return w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon), grad_squared


@wrong("rmsprop", "epsilon_inside")
def rmsprop_with_epsilon_under_the_root(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    # epsilon is added under the root.
    grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw**2
    return w - learning_rate * dw / np.sqrt(grad_squared + epsilon), grad_squared


@wrong("rmsprop", "absolute_value")
def rmsprop_with_a_missing_square(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    # The gradient's absolute value is averaged, not its square.
    grad_squared = decay_rate * grad_squared + (1 - decay_rate) * np.abs(dw)
    return w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon), grad_squared


# -- adam


@right("adam")
def adam_as_in_the_paper(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w, m, v


@right("adam")
def adam_with_one_correction(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    # The end of the paper's section 2: the order of computation is changed; epsilon is scaled, so that it is the same.
    m = m + (1 - beta_1) * (dw - m)
    v = v + (1 - beta_2) * (np.square(dw) - v)
    root = math.sqrt(1 - math.pow(beta_2, t))
    rate = learning_rate * root / (1 - math.pow(beta_1, t))
    return w - rate * m / (np.sqrt(v) + epsilon * root), m, v


@right("adam")
def adam_like_pytorch(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    param, exp_avg, exp_avg_sq = w.copy(), m.copy(), v.copy()
    exp_avg *= beta_1
    exp_avg += (1 - beta_1) * dw
    exp_avg_sq *= beta_2
    exp_avg_sq += (1 - beta_2) * dw * dw
    bias_correction1 = 1 - beta_1**t
    bias_correction2 = 1 - beta_2**t
    step_size = learning_rate / bias_correction1
    denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + epsilon
    param -= step_size * exp_avg / denom
    return param, exp_avg, exp_avg_sq


@right("adam")
def adam_number_by_number(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    new_w, new_m, new_v = np.empty(w.shape), np.empty(w.shape), np.empty(w.shape)
    for k in np.ndindex(w.shape):
        new_m[k] = beta_1 * m[k] + (1 - beta_1) * dw[k]
        new_v[k] = beta_2 * v[k] + (1 - beta_2) * dw[k] * dw[k]
        m_hat = new_m[k] / (1 - beta_1**t)
        v_hat = new_v[k] / (1 - beta_2**t)
        new_w[k] = w[k] - learning_rate * m_hat / (math.sqrt(v_hat) + epsilon)
    return new_w, new_m, new_v


@right("adam")
def adam_with_tensors(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    w, dw, m, v = map(tn.constant, (w, dw, m, v))
    moments = [beta * moment + (1 - beta) * g for beta, moment, g in ((beta_1, m, dw), (beta_2, v, dw * dw))]
    m_hat, v_hat = (moment / (1 - beta**t) for moment, beta in zip(moments, (beta_1, beta_2), strict=True))
    return [w - learning_rate * m_hat / (v_hat**0.5 + epsilon), *moments]


@wrong("adam", "corrected_moments_returned")
def adam_returns_the_corrected_moments(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    # m and v are overwritten by m_hat and v_hat.
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw**2
    m = m / (1 - beta_1**t)
    v = v / (1 - beta_2**t)
    w = w - learning_rate * m / (np.sqrt(v) + epsilon)
    return w, m, v


@wrong("adam", "beta_times_t")
def adam_multiplies_beta_by_t(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    # beta * t in place of beta ** t.
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw**2
    m_hat = m / (1 - beta_1 * t)
    v_hat = v / (1 - beta_2 * t)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


@wrong("adam", "v_corrected_with_beta_1")
def adam_with_one_beta_for_both(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    # Copied line: v_hat is corrected with beta_1.
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_1**t)
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w, m, v
