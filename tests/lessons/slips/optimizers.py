"""Wrong solutions of the optimizers' exercises: a student's own text, and slips in it.

`TEXTS` has a right solution for each exercise; a slip is pairs of (what stands there, what the student wrote instead),
or a whole text.
"""

TEXTS = {
    "momentum": """
def my_momentum(w, dw, v, learning_rate, rho):
    new_v = rho * v + dw
    new_w = w - learning_rate * new_v
    return new_w, new_v
""",
    "nesterov": """
def my_nesterov(w, dw, v, learning_rate, rho):
    old_v = v
    v = rho * v - learning_rate * dw
    w = w - (rho * old_v - (1 + rho) * v)
    return w, v
""",
    "adagrad": """
def my_adagrad(w, dw, grad_squared, learning_rate, epsilon):
    total = grad_squared + dw * dw
    scale = np.sqrt(total) + epsilon
    w = w - learning_rate * dw / scale
    return w, total
""",
    "rmsprop": """
def my_rmsprop(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    mean = decay_rate * grad_squared + (1 - decay_rate) * dw * dw
    scale = np.sqrt(mean) + epsilon
    w = w - learning_rate * dw / scale
    return w, mean
""",
    "adam": """
def my_adam(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw ** 2
    m_hat = m / (1 - beta_1 ** t)
    v_hat = v / (1 - beta_2 ** t)
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w, m, v
""",
}

SLIPS = {
    "momentum": {
        "rho_on_gradient": [("rho * v + dw", "v + rho * dw")],
        "rho_on_both": [("rho * v + dw", "rho * (v + dw)")],
        "rho_missing": [("rho * v + dw", "v + dw")],
        "one_minus_rho": [("rho * v + dw", "(1 - rho) * v + dw")],
        "running_mean": [("rho * v + dw", "rho * v + (1 - rho) * dw")],
        "velocity_not_carried_on": """
def my_momentum(w, dw, v, learning_rate, rho):
    v = np.zeros_like(w)
    v = rho * v + dw
    w = w - learning_rate * v
    return w, v
""",
        "step_with_old_velocity": """
def my_momentum(w, dw, v, learning_rate, rho):
    w = w - learning_rate * v
    v = rho * v + dw
    return w, v
""",
        "step_with_gradient": [("learning_rate * new_v", "learning_rate * dw")],
        "returns_old_velocity": [("return new_w, new_v", "return new_w, v")],
        "sign_of_step": [("w - learning_rate", "w + learning_rate")],
        "sign_of_gradient": [("rho * v + dw", "rho * v - dw")],
        "keras_form": """
def my_momentum(w, dw, v, learning_rate, rho):
    velocity = rho * v - learning_rate * dw
    return w + velocity, velocity
""",
        "rate_in_velocity": [("+ dw", "+ learning_rate * dw"), ("w - learning_rate * new_v", "w - new_v")],
        "rate_twice": [("+ dw", "+ learning_rate * dw")],
        "rate_missing": [("learning_rate * new_v", "new_v")],
        "outputs_swapped": [("return new_w, new_v", "return new_v, new_w")],
    },
    "nesterov": {
        "old_velocity_lost": [("rho * old_v - (1 + rho) * v", "rho * v - (1 + rho) * v")],
        "sign_of_step": [("w - (rho", "w + (rho")],
        "sign_of_gradient": [("rho * v - learning_rate", "rho * v + learning_rate")],
        "rate_missing": [("- learning_rate * dw", "- dw")],
        "rho_on_gradient": [("rho * v - learning_rate * dw", "v - rho * learning_rate * dw")],
        "rho_not_one_plus_rho": [("(1 + rho) * v)", "rho * v)")],
        "one_minus_rho": [("(1 + rho)", "(1 - rho)")],
        "velocities_exchanged": [("rho * old_v - (1 + rho) * v", "rho * v - (1 + rho) * old_v")],
        "no_correction": [("w - (rho * old_v - (1 + rho) * v)", "w + (1 + rho) * v")],
        "momentum_form": """
def my_nesterov(w, dw, v, learning_rate, rho):
    v = v * rho + dw
    return w - v * learning_rate, v
""",
        "pytorch_form": """
def my_nesterov(w, dw, v, learning_rate, rho):
    buf = rho * v + dw
    step = dw + rho * buf
    return w - learning_rate * step, buf
""",
        "velocity_not_carried_on": [("old_v = v", "v = 0 * w\n    old_v = v")],
        "returns_old_velocity": [("return w, v", "return w, old_v")],
        "outer_brackets": [("w - (rho * old_v - (1 + rho) * v)", "w - rho * old_v - (1 + rho) * v")],
        "inner_brackets": [("(1 + rho) * v", "1 + rho * v")],
    },
    "adagrad": {
        "epsilon_inside": [("np.sqrt(total) + epsilon", "np.sqrt(total + epsilon)")],
        "no_epsilon": [("np.sqrt(total) + epsilon", "np.sqrt(total)")],
        "no_root": [("np.sqrt(total)", "total")],
        "not_squared": [("dw * dw", "dw")],
        "sum_not_carried_on": [("grad_squared + dw * dw", "dw ** 2")],
        "old_squares": [("np.sqrt(total)", "np.sqrt(grad_squared)")],
        "sign_of_step": [("w - learning", "w + learning")],
        "multiplied": [("dw / scale", "dw * scale")],
        "returns_old_sum": [("return w, total", "return w, grad_squared")],
        "squared_step": [("learning_rate * dw /", "learning_rate * dw ** 2 /")],
        "plain_descent": [(" / scale", "")],
        "one_rate_for_all": [("dw * dw", "(dw ** 2).sum()")],
        "rate_missing": [("learning_rate * dw", "dw")],
        "epsilon_added": [("/ scale", "/ np.sqrt(total) + epsilon")],
        "root_returned": [("return w, total", "return w, np.sqrt(total)")],
        "denominator_returned": [("scale = ", "total = "), ("/ scale", "/ total")],
    },
    "rmsprop": {
        "epsilon_inside": [("np.sqrt(mean) + epsilon", "np.sqrt(mean + epsilon)")],
        "no_epsilon": [("np.sqrt(mean) + epsilon", "np.sqrt(mean)")],
        "no_root": [("np.sqrt(mean)", "mean")],
        "not_squared": [("* dw * dw", "* dw")],
        "decay_exchanged": [("decay_rate * grad_squared + (1 - decay_rate) * dw * dw",
                             "(1 - decay_rate) * grad_squared + decay_rate * dw * dw")],
        "new_square_whole": [("(1 - decay_rate) * dw", "dw")],
        "adagrad": [("decay_rate * grad_squared + (1 - decay_rate) * dw * dw", "grad_squared + dw * dw")],
        "mean_not_carried_on": [("decay_rate * grad_squared + ", "")],
        "old_squares": [("np.sqrt(mean)", "np.sqrt(grad_squared)")],
        "sign_of_step": [("w - learning", "w + learning")],
        "multiplied": [("dw / scale", "dw * scale")],
        "returns_old_mean": [("return w, mean", "return w, grad_squared")],
        "squared_step": [("learning_rate * dw /", "learning_rate * dw * dw /")],
        "weight_squared_whole": [("(1 - decay_rate) * dw * dw", "((1 - decay_rate) * dw) ** 2")],
        "rate_missing": [("learning_rate * dw", "dw")],
        "epsilon_added": [("/ scale", "/ np.sqrt(mean) + epsilon")],
        "root_returned": [("np.sqrt(mean) + epsilon", "np.sqrt(mean)\n    mean = scale\n    scale = scale + epsilon")],
        "denominator_returned": [("scale = ", "mean = "), ("/ scale", "/ mean")],
        "brackets_of_complement": [("(1 - decay_rate) * dw", "1 - decay_rate * dw")],
        "absolute_value": [("* dw * dw", "* abs(dw)")],
    },
    "adam": {
        "no_bias_correction": [("m_hat = m / (1 - beta_1 ** t)", "m_hat = m"),
                               ("v_hat = v / (1 - beta_2 ** t)", "v_hat = v")],
        "only_m_corrected": [("v_hat = v / (1 - beta_2 ** t)", "v_hat = v")],
        "only_v_corrected": [("m_hat = m / (1 - beta_1 ** t)", "m_hat = m")],
        "epsilon_inside": [("np.sqrt(v_hat) + epsilon", "np.sqrt(v_hat + epsilon)")],
        "keras_epsilon": """
def my_adam(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    alpha = learning_rate * np.sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
    m = m + (dw - m) * (1 - beta_1)
    v = v + (dw * dw - v) * (1 - beta_2)
    return w - alpha * m / (np.sqrt(v) + epsilon), m, v
""",
        "no_epsilon": [(" + epsilon", "")],
        "t_from_0": [("beta_1 ** t", "beta_1 ** (t - 1)"), ("beta_2 ** t", "beta_2 ** (t - 1)")],
        "t_counted_twice": [("m = beta_1 * m", "t = t + 1\n    m = beta_1 * m")],
        "beta_times_t": [("beta_1 ** t", "beta_1 * t"), ("beta_2 ** t", "beta_2 * t")],
        "beta_without_power": [("beta_1 ** t", "beta_1"), ("beta_2 ** t", "beta_2")],
        "multiplied_correction": [("m / (1", "m * (1"), ("v / (1", "v * (1")],
        "corrected_moments_returned": [("return w, m, v", "return w, m_hat, v_hat")],
        "betas_exchanged": [("m, v, t, learning_rate, beta_1, beta_2", "m, v, t, learning_rate, beta_2, beta_1")],
        "weights_exchanged": [("beta_1 * m + (1 - beta_1) * dw", "(1 - beta_1) * m + beta_1 * dw"),
                              ("beta_2 * v + (1 - beta_2) * dw", "(1 - beta_2) * v + beta_2 * dw")],
        "v_not_squared": [("dw ** 2", "dw")],
        "gradient_whole": [("(1 - beta_1) * dw", "dw"), ("(1 - beta_2) * dw", "dw")],
        "moments_not_carried_on": [("beta_1 * m + ", ""), ("beta_2 * v + ", "")],
        "no_root": [("np.sqrt(v_hat)", "v_hat")],
        "gradient_in_step": [("learning_rate * m_hat", "learning_rate * dw")],
        "sign_of_step": [("w - learning", "w + learning")],
        "variance": [("dw ** 2", "(dw - m) ** 2")],
        "v_with_beta_1": [("beta_2 * v + (1 - beta_2)", "beta_1 * v + (1 - beta_1)"), ("beta_2 ** t", "beta_1 ** t")],
        "v_updated_with_beta_1": [("beta_2 * v + (1 - beta_2)", "beta_1 * v + (1 - beta_1)")],
        "v_corrected_with_beta_1": [("beta_2 ** t", "beta_1 ** t")],
        "power_of_complement": [("(1 - beta_1 ** t)", "(1 - beta_1) ** t"), ("(1 - beta_2 ** t)", "(1 - beta_2) ** t")],
        "brackets_of_correction": [("(1 - beta_1 ** t)", "1 - beta_1 ** t"), ("(1 - beta_2 ** t)", "1 - beta_2 ** t")],
        "brackets_of_complement": [("(1 - beta_1) * dw", "1 - beta_1 * dw"), ("(1 - beta_2) * dw", "1 - beta_2 * dw")],
        "epsilon_added": [("(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat) + epsilon")],
        "rate_missing": [("learning_rate * m_hat", "m_hat")],
        "returns_old_moments": [("    m = beta_1", "    old = m, v\n    m = beta_1"), ("return w, m, v", "return w, *old")],
        "outputs_swapped": [("return w, m, v", "return m, v, w")],
    },
}
