"""Wrong solutions of the exercises on initialization, regularization, dropout and batch normalization.

How to read it: optimizers.py.
"""

TEXTS = {
    "xavier": """
def my_xavier(z):
    if z.ndim == 2:
        din, dout = z.shape
    else:
        height, width, channels, filters = z.shape
        din, dout = height * width * channels, filters
    return z / din ** 0.5
""",
    "l1_gradient": """
def my_l1_gradient(theta, lam):
    gradient = np.zeros(len(theta))
    for j in range(1, len(theta)):
        if theta[j] > 0:
            gradient[j] = lam / 2
        elif theta[j] < 0:
            gradient[j] = -lam / 2
    return gradient
""",
    "l2_gradient": """
def my_l2_gradient(theta, lam):
    gradient = np.zeros(len(theta))
    for j in range(1, len(theta)):
        gradient[j] = lam * theta[j]
    return gradient
""",
    "early_stopping": """
def my_early_stopping(losses, patience):
    best = float("inf")
    wait = 0
    for epoch in range(len(losses)):
        if losses[epoch] < best:
            best = losses[epoch]
            wait = 0
        else:
            wait += 1
            if wait >= patience:
                return epoch + 1
    return len(losses)
""",
    "inverted_dropout": """
def my_inverted_dropout(h, u, p):
    mask = np.where(u < p, 1.0, 0.0)
    scale = 1 / p
    return h * mask * scale
""",
    "batch_norm_forward": """
def my_batch_norm_forward(x, gamma, beta, epsilon):
    m = x.shape[0]
    mean = np.sum(x, axis=0) / m
    diff = x - mean
    var = np.sum(diff ** 2, axis=0) / m
    x_hat = diff / np.sqrt(var + epsilon)
    return gamma * x_hat + beta
""",
    "batch_norm_backward": """
def my_batch_norm_backward(dy, x, gamma, epsilon):
    m = len(x)
    diff = x - np.mean(x, axis=0)
    var = np.mean(diff * diff, axis=0)
    std = np.sqrt(var + epsilon)
    x_hat = diff / std
    dbeta = np.sum(dy, axis=0)
    dgamma = np.sum(dy * x_hat, axis=0)
    dx_hat = dy * gamma
    dvar = np.sum(dx_hat * diff * -0.5 * std ** -3, axis=0)
    dmean = np.sum(-dx_hat / std, axis=0)
    dx = dx_hat / std + dvar * 2 * diff / m + dmean / m
    return dx, dgamma, dbeta
""",
}

SLIPS = {
    "xavier": {
        "no_root": [("din ** 0.5", "din")],
        "multiplied": [("z / din ** 0.5", "z * din ** 0.5")],
        "outputs_counted": [("z / din", "z / dout")],
        "first_axis": [("z / din ** 0.5", "z / len(z) ** 0.5")],
        "channels_only": [("height * width * channels", "channels")],
        "channels_forgotten": [("height * width * channels", "height * width")],
        "all_counted": [("z / din ** 0.5", "z / np.sqrt(din * dout)")],
        "glorot": [("dout = height * width * channels, filters", "dout = height * width * channels, height * width * filters"),
                   ("z / din ** 0.5", "z * (2 / (din + dout)) ** 0.5")],
        "glorot_of_filters": [("z / din ** 0.5", "z * np.sqrt(2 / (din + dout))")],
        "second_axis": [("z / din", "z / z.shape[1]")],
        "he": [("z / din ** 0.5", "z / (din / 2) ** 0.5")],
        "sample_normalized": [("z / din ** 0.5", "z / np.std(z) / din ** 0.5")],
        "unchanged": [("z / din ** 0.5", "z")],
        "transposed": [("z / din ** 0.5", "(z / din ** 0.5).T")],
    },
    "l1_gradient": {
        "half_missing": [("gradient[j] = lam / 2", "gradient[j] = lam"), ("-lam / 2", "-lam")],
        "bias_penalized": [("range(1, len", "range(0, len")],
        "l2_gradient": [("gradient[j] = lam / 2", "gradient[j] = lam / 2 * theta[j]"), ("-lam / 2", "lam / 2 * theta[j]")],
        "half_missing_and_bias": [("range(1, len", "range(0, len"), ("gradient[j] = lam / 2", "gradient[j] = lam"),
                                  ("-lam / 2", "-lam")],
        "bias_copied": [("np.zeros(len(theta))", "theta.copy()"), ("        elif", "        elif theta[j] == 0:\n            "
                        "gradient[j] = 0\n        elif")],
        "absolute_value": [("gradient[j] = lam / 2", "gradient[j] = lam / 2 * theta[j]"),
                           ("-lam / 2", "-lam / 2 * theta[j]")],
        "penalty": """
def my_l1_gradient(theta, lam):
    total = 0
    for t in theta[1:]:
        total += abs(t)
    return lam * total / 2
""",
        "negated": [("theta[j] > 0", "theta[j] < 0"), ("elif theta[j] < 0", "elif theta[j] > 0")],
        "no_sign": """
def my_l1_gradient(theta, lam):
    g = np.full(len(theta), lam / 2)
    g[0] = 0
    return g
""",
        "positive_at_0": [("theta[j] > 0", "theta[j] >= 0")],
        "negative_at_0": [("elif theta[j] < 0", "else")],
        "divided_by_theta": """
def my_l1_gradient(theta, lam):
    g = lam * theta / (2 * abs(theta))
    g[0] = 0
    return g
""",
        "mean": [("return gradient", "return gradient / len(theta)")],
        "no_lambda": [("gradient[j] = lam / 2", "gradient[j] = 1"), ("-lam / 2", "-1")],
        "bias_cut_off": [("return gradient", "return gradient[1:]")],
        "whole_numbers": [("np.zeros(len(theta))", "np.zeros(len(theta), dtype=int)")],
        "kept_axis": [("return gradient", "return gradient.reshape(-1, 1)")],
    },
    "l2_gradient": {
        "half_kept": [("lam * theta[j]", "lam / 2 * theta[j]")],
        "half_kept_and_bias": [("lam * theta[j]", "lam / 2 * theta[j]"), ("range(1, len", "range(0, len")],
        "half_missing_and_bias": [("lam * theta[j]", "2 * lam * theta[j]"), ("range(1, len", "range(0, len")],
        "bias_copied": [("np.zeros(len(theta))", "theta.copy()")],
        "half_missing": [("lam * theta[j]", "lam * 2 * theta[j]")],
        "bias_penalized": [("range(1, len", "range(len")],
        "l1_gradient": [("lam * theta[j]", "lam * np.sign(theta[j])")],
        "squared": [("lam * theta[j]", "lam * theta[j] ** 2")],
        "half_squared": [("lam * theta[j]", "lam / 2 * theta[j] ** 2")],
        "penalty": """
def my_l2_gradient(theta, lam):
    return lam / 2 * np.dot(theta[1:], theta[1:])
""",
        "negated": [("lam * theta[j]", "-lam * theta[j]")],
        "mean": [("lam * theta[j]", "lam / len(theta) * theta[j]")],
        "no_lambda": [("lam * theta[j]", "theta[j]")],
        "norm": [("lam * theta[j]", "lam * theta[j] / np.linalg.norm(theta[1:])")],
        "absolute_value": [("lam * theta[j]", "lam * abs(theta[j])")],
        "bias_cut_off": [("return gradient", "return gradient[1:]")],
    },
    "early_stopping": {
        "one_too_many": [("wait >= patience", "wait > patience")],
        "one_too_few": [("wait >= patience", "wait + 1 >= patience")],
        "no_reset": [("            best = losses[epoch]\n            wait = 0", "            best = losses[epoch]")],
        "previous_epoch": """
def my_early_stopping(losses, patience):
    wait = 0
    for n in range(1, len(losses)):
        if losses[n] < losses[n - 1]:
            wait = 0
        else:
            wait = wait + 1
        if wait == patience:
            return n + 1
    return len(losses)
""",
        "equal_is_better": [("losses[epoch] < best", "losses[epoch] <= best")],
        "nan_is_better": """
def my_early_stopping(losses, patience):
    best, wait, epochs = float("inf"), 0, 0
    for loss in losses:
        epochs += 1
        if loss >= best:
            wait += 1
        else:
            best, wait = loss, 0
        if wait == patience:
            break
    return epochs
""",
        "higher_is_better": [('float("inf")', 'float("-inf")'), ("losses[epoch] < best", "losses[epoch] > best")],
        "index_of_epoch": [("return epoch + 1", "return epoch")],
        "index_at_the_end": [("return len(losses)", "return epoch")],
        "best_epoch": [("wait = 0\n        else", "wait = 0\n            best_epoch = epoch + 1\n        else"),
                       ("return epoch + 1", "return best_epoch"), ("return len(losses)", "return best_epoch")],
        "lowest_of_all": """
def my_early_stopping(losses, patience):
    lowest = losses.index(min(losses))
    return min(lowest + 1 + patience, len(losses))
""",
        "never_stops": [("return epoch + 1", "pass")],
        "best_starts_at_0": [('float("inf")', "0")],
        "first_epoch_counted": [('float("inf")', "losses[0]")],
        "best_not_kept": [("            best = losses[epoch]\n", "")],
        "rising_in_a_row": """
def my_early_stopping(losses, patience):
    rising = 0
    for n in range(1, len(losses)):
        rising = rising + 1 if losses[n] > losses[n - 1] else 0
        if rising == patience:
            return n + 1
    return len(losses)
""",
        "patience_epochs_ago": """
def my_early_stopping(losses, patience):
    for n in range(patience, len(losses)):
        if losses[n] >= losses[n - patience]:
            return n + 1
    return len(losses)
""",
        "not_higher_not_counted": [("        else:", "        elif losses[epoch] > best:")],
        "float_number": [("return epoch + 1", "return epoch + 1.0")],
    },
    "inverted_dropout": {
        "no_scaling": [("* mask * scale", "* mask")],
        "p_is_dropped": [("u < p, 1.0, 0.0", "u < p, 0.0, 1.0"), ("1 / p", "1 / (1 - p)")],
        "p_is_dropped_below": [("u < p", "u < 1 - p"), ("1 / p", "1 / (1 - p)")],
        "dropped_without_scaling": [("u < p, 1.0, 0.0", "u < p, 0.0, 1.0"), ("* mask * scale", "* mask")],
        "mask_inverted": [("u < p", "u > p")],
        "scaled_by_dropped": [("1 / p", "1 / (1 - p)")],
        "multiplied_by_p": [("1 / p", "p")],
        "prediction": [("h * mask * scale", "h * p")],
        "mask_only": [("h * mask * scale", "mask * scale")],
        "other_side": [("u < p", "1 - u < p")],
        "counted_share": [("1 / p", "mask.size / mask.sum()")],
        "one_mask_for_all": [("scale = 1 / p", "scale = 1 / p\n    if h.ndim > 1:\n        mask = mask[0]")],
        "unchanged": [("h * mask * scale", "h")],
        "all_scaled": [("h * mask * scale", "h * scale")],
        "negated": [("1 / p", "-1 / p")],
    },
    "batch_norm_forward": {
        "unbiased_variance": [("axis=0) / m\n    x_hat", "axis=0) / (m - 1)\n    x_hat")],
        "epsilon_outside": [("np.sqrt(var + epsilon)", "(np.sqrt(var) + epsilon)")],
        "no_epsilon": [("var + epsilon", "var")],
        "axis_of_features": """
def my_batch_norm_forward(x, gamma, beta, epsilon):
    mean = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    return (x - mean) / np.sqrt(var + epsilon) * gamma + beta
""",
        "axis_without_keepdims": """
def my_batch_norm_forward(x, gamma, beta, epsilon):
    mean = np.mean(x, axis=1)
    var = np.var(x, axis=1)
    return (x - mean) / np.sqrt(var + epsilon) * gamma + beta
""",
        "over_everything": """
def my_batch_norm_forward(x, gamma, beta, epsilon):
    x_hat = (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon)
    return gamma * x_hat + beta
""",
        "no_gamma": [("gamma * x_hat", "x_hat")],
        "no_beta": [("x_hat + beta", "x_hat")],
        "no_scale_and_shift": [("gamma * x_hat + beta", "x_hat")],
        "gamma_and_beta_exchanged": [("gamma * x_hat + beta", "beta * x_hat + gamma")],
        "beta_inside": [("gamma * x_hat + beta", "gamma * (x_hat + beta)")],
        "mean_missing": [("x_hat = diff", "x_hat = x")],
        "mean_of_squares": [("diff ** 2", "x ** 2")],
        "divided_by_variance": [("np.sqrt(var + epsilon)", "(var + epsilon)")],
        "sum_of_squares": [("axis=0) / m\n    x_hat", "axis=0)\n    x_hat")],
        "difference_without_brackets": [("x_hat = diff", "x_hat = x - mean")],
        "epsilon_added": [("diff / np.sqrt(var + epsilon)", "diff / np.sqrt(var) + epsilon")],
        "standard_deviation_in_root": [("np.sqrt(var + epsilon)", "np.sqrt(x.std(axis=0) + epsilon)")],
    },
    "batch_norm_backward": {
        "mean_missing": [(" + dmean / m", "")],
        "variance_missing": [(" + dvar * 2 * diff / m", "")],
        "statistics_constant": [(" + dvar * 2 * diff / m + dmean / m", "")],
        "m_missing": [("dvar * 2 * diff / m + dmean / m", "dvar * 2 * diff + dmean")],
        "sign_of_paths": [("+ dvar * 2 * diff / m + dmean / m", "- dvar * 2 * diff / m - dmean / m")],
        "sign_of_variance": [("-0.5", "0.5")],
        "half_of_variance": [("dvar * 2 * diff", "dvar * diff")],
        "twice_the_variance": [("* -0.5", "* -1")],
        "gamma_missing": [("dx_hat = dy * gamma", "dx_hat = dy")],
        "dgamma_with_x": [("np.sum(dy * x_hat", "np.sum(dy * x")],
        "dgamma_with_centred": [("np.sum(dy * x_hat", "np.sum(dy * diff")],
        "parameters_averaged": [("np.sum(dy, axis=0)", "np.mean(dy, axis=0)"),
                                ("np.sum(dy * x_hat, axis=0)", "np.mean(dy * x_hat, axis=0)")],
        "parameters_not_summed": [("np.sum(dy, axis=0)", "dy"), ("np.sum(dy * x_hat, axis=0)", "dy * x_hat")],
        "parameters_over_features": [("np.sum(dy, axis=0)", "np.sum(dy, axis=1)"),
                                     ("np.sum(dy * x_hat, axis=0)", "np.sum(dy * x_hat, axis=1)")],
        "outputs_swapped": [("return dx, dgamma, dbeta", "return dx, dbeta, dgamma")],
        "parameters_keep_axis": [("np.sum(dy, axis=0)", "np.sum(dy, axis=0, keepdims=True)"),
                                 ("np.sum(dy * x_hat, axis=0)", "np.sum(dy * x_hat, axis=0, keepdims=True)")],
        "parameters_with_gamma": [("np.sum(dy, axis=0)", "np.sum(dy * gamma, axis=0)"),
                                  ("np.sum(dy * x_hat,", "np.sum(dy * gamma * x_hat,")],
        "m_times": """
def my_batch_norm_backward(dy, x, gamma, epsilon):
    std = np.sqrt(np.var(x, axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) / std
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx = gamma / std * (len(x) * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
""",
        "std_missing": """
def my_batch_norm_backward(dy, x, gamma, epsilon):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(np.var(x, axis=0) + epsilon)
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx = gamma * (dy - dbeta / len(x) - x_hat * dgamma / len(x))
    return dx, dgamma, dbeta
""",
        "unbiased_variance": """
def my_batch_norm_backward(dy, x, gamma, epsilon):
    std = np.sqrt(np.var(x, axis=0, ddof=1) + epsilon)
    x_hat = (x - x.mean(axis=0)) / std
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx = gamma / len(x) / std * (len(x) * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
""",
        "epsilon_outside": """
def my_batch_norm_backward(dy, x, gamma, epsilon):
    std = np.std(x, axis=0) + epsilon
    x_hat = (x - x.mean(axis=0)) / std
    dgamma, dbeta = (dy * x_hat).sum(axis=0), dy.sum(axis=0)
    dx = gamma / len(x) / std * (len(x) * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
""",
        "no_epsilon": [("var + epsilon", "var")],
    },
}
