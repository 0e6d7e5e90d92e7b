"""Right solutions of the exercises, each in several styles: {exercise: {style: function}}.

They stand in the repository, and not in the wheel.
"""

import math

import numpy as np

import tinynet as tn


def momentum(w, dw, v, learning_rate, rho):
    v = rho * v + dw
    w = w - learning_rate * v
    return w, v


def momentum_in_place_on_copies(w, dw, v, learning_rate, rho):
    w, v = w.copy(), v.copy()
    v *= rho
    v += dw
    w -= learning_rate * v
    return [w, v]


def momentum_loops(w, dw, v, learning_rate, rho):
    new_w, new_v = np.zeros(w.shape), np.zeros(w.shape)
    for k in np.ndindex(w.shape):
        new_v[k] = rho * v[k] + dw[k]
        new_w[k] = w[k] - learning_rate * new_v[k]
    return new_w, new_v


def momentum_lists(w, dw, v, learning_rate, rho):
    v = (rho * v + dw).tolist()
    return (w - learning_rate * np.array(v)).tolist(), v


def momentum_float32(w, dw, v, learning_rate, rho):
    w, dw, v = (a.astype(np.float32) for a in (w, dw, v))
    v = np.float32(rho) * v + dw
    return np.stack([w - np.float32(learning_rate) * v, v])


def nesterov(w, dw, v, learning_rate, rho):
    old_v = v
    v = rho * v - learning_rate * dw
    w = w - (rho * old_v - (1 + rho) * v)
    return w, v


def nesterov_last_line_of_the_slide(w, dw, v, learning_rate, rho):
    new = rho * v - learning_rate * dw
    return w + new + rho * (new - v), new


def nesterov_keras(w, dw, v, learning_rate, rho):
    v = rho * v - learning_rate * dw
    return w + rho * v - learning_rate * dw, v


def nesterov_in_place_on_copies(w, dw, v, learning_rate, rho):
    w, old_v, v = w.copy(), v.copy(), v.copy()
    v *= rho
    v -= learning_rate * dw
    w -= rho * old_v - (1 + rho) * v
    return w, v


def adagrad(w, dw, grad_squared, learning_rate, epsilon):
    grad_squared = grad_squared + dw**2
    return w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon), grad_squared


def adagrad_in_place_on_copies(w, dw, grad_squared, learning_rate, epsilon):
    w, h = np.copy(w), np.copy(grad_squared)
    h += dw * dw
    w -= learning_rate * dw / (h**0.5 + epsilon)
    return w, h


def adagrad_loops(w, dw, grad_squared, learning_rate, epsilon):
    h = [old + g * g for old, g in zip(grad_squared.ravel(), dw.ravel(), strict=True)]
    new = [a - learning_rate * g / (math.sqrt(s) + epsilon)
           for a, g, s in zip(w.ravel(), dw.ravel(), h, strict=True)]
    return np.reshape(new, w.shape), np.reshape(h, w.shape)


def adagrad_rates(w, dw, grad_squared, learning_rate, epsilon):
    total = np.add(grad_squared, np.square(dw))
    rates = learning_rate / (np.sqrt(total) + epsilon)
    return np.subtract(w, rates * dw), total


def rmsprop(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    grad_squared = decay_rate * grad_squared + (1 - decay_rate) * dw * dw
    return w - learning_rate * dw / (np.sqrt(grad_squared) + epsilon), grad_squared


def rmsprop_in_place_on_copies(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    w, s = w.copy(), grad_squared.copy()
    s *= decay_rate
    s += (1 - decay_rate) * dw**2
    w -= learning_rate * dw / (np.sqrt(s) + epsilon)
    return w, s


def rmsprop_difference(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    s = grad_squared + (1 - decay_rate) * (dw * dw - grad_squared)
    return w - dw * (learning_rate / (s**0.5 + epsilon)), s


def rmsprop_loops(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    new_w, s = np.empty_like(w), np.empty_like(w)
    for k in np.ndindex(w.shape):
        s[k] = decay_rate * grad_squared[k] + (1 - decay_rate) * dw[k] ** 2
        new_w[k] = w[k] - learning_rate * dw[k] / (s[k] ** 0.5 + epsilon)
    return new_w, s


def adam(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m = beta_1 * m + (1 - beta_1) * dw
    v = beta_2 * v + (1 - beta_2) * dw * dw
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def adam_in_place_on_copies(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    w, m, v = w.copy(), m.copy(), v.copy()
    m *= beta_1
    m += (1 - beta_1) * dw
    v *= beta_2
    v += (1 - beta_2) * np.square(dw)
    w -= learning_rate * (m / (1 - beta_1**t)) / ((v / (1 - beta_2**t)) ** 0.5 + epsilon)
    return w, m, v


def adam_efficient_order(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    """The paper's order, with the epsilon that makes it equal to Algorithm 1."""
    root = math.sqrt(1 - beta_2**t)
    m = m + (dw - m) * (1 - beta_1)
    v = v + (dw**2 - v) * (1 - beta_2)
    return w - learning_rate * root / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon * root), m, v


def adam_loops(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    out = [np.zeros(w.shape) for _ in range(3)]
    for k in np.ndindex(w.shape):
        a = beta_1 * m[k] + (1 - beta_1) * dw[k]
        b = beta_2 * v[k] + (1 - beta_2) * dw[k] ** 2
        step = a / (1 - pow(beta_1, t)) / (math.sqrt(b / (1 - pow(beta_2, t))) + epsilon)
        out[0][k], out[1][k], out[2][k] = w[k] - learning_rate * step, a, b
    return out


def adam_float32_numbers(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    """1 - beta_2 loses digits: 0.999 in float32 is 0.99900001."""
    w, dw, m, v, rate, beta_1, beta_2, epsilon = (
        np.asarray(a, np.float32) for a in (w, dw, m, v, learning_rate, beta_1, beta_2, epsilon))
    return adam(w, dw, m, v, t, rate, beta_1, beta_2, epsilon)


def xavier(z):
    return z / np.sqrt(np.prod(z.shape[:-1]))


def xavier_cases(z):
    if len(z.shape) == 2:
        return z / math.sqrt(z.shape[0])
    height, width, channels, _ = z.shape
    return z * (1 / math.sqrt(height * width * channels))


def xavier_from_the_last_axis(z):
    return z * (z.shape[-1] / z.size) ** 0.5


def xavier_lists(z):
    flat = z.reshape(-1, z.shape[-1])
    return [value / len(flat) ** 0.5 for value in z]


def l1_gradient(theta, lam):
    gradient = lam / 2 * np.sign(theta)
    gradient[0] = 0
    return gradient


def l1_gradient_loop(theta, lam):
    result = [0.0]
    for t in theta[1:]:
        result.append(lam / 2 if t > 0 else -lam / 2 if t < 0 else 0.0)
    return result


def l1_gradient_where(theta, lam):
    return np.concatenate([[0], np.where(theta[1:] > 0, lam / 2, np.where(theta[1:] < 0, -lam / 2, 0))])


def l1_gradient_comparisons(theta, lam):
    counted = np.arange(len(theta)) > 0
    return counted * 0.5 * lam * ((theta > 0) * 1 - (theta < 0) * 1)


def l2_gradient(theta, lam):
    gradient = lam * theta
    gradient[0] = 0
    return gradient


def l2_gradient_copy(theta, lam):
    theta = theta.copy()
    theta[0] = 0
    return 2 * theta * lam / 2


def l2_gradient_loop(theta, lam):
    return [0] + [lam * t for t in theta[1:]]


def l2_gradient_mask(theta, lam):
    mask = np.ones_like(theta)
    mask[0] = 0
    return lam * theta * mask


def early_stopping(losses, patience):
    best, wait = math.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best:
            best, wait = loss, 0
        else:
            wait += 1
        if wait >= patience:
            return epoch
    return len(losses)


def early_stopping_while(losses, patience):
    epoch, best, best_epoch = 0, float("inf"), 0
    while epoch < len(losses) and epoch - best_epoch < patience:
        epoch += 1
        if losses[epoch - 1] < best:
            best, best_epoch = losses[epoch - 1], epoch
    return epoch


def early_stopping_numpy(losses, patience):
    a = np.nan_to_num(losses, nan=np.inf, posinf=np.inf)
    for n in range(patience + 1, len(a) + 1):
        if not min(a[n - patience : n]) < min(a[: n - patience]):
            return np.int64(n)
    return len(a)


def early_stopping_counted(losses, patience):
    epochs, best, left = 0, None, patience
    for loss in losses:
        epochs += 1
        if best is None or loss < best:
            best, left = loss, patience
        else:
            left -= 1
            if left == 0:
                break
    return epochs


def inverted_dropout(h, u, p):
    mask = (u < p) / p
    return h * mask


def inverted_dropout_in_place_on_a_copy(h, u, p):
    h = h.copy()
    h[u >= p] = 0
    h /= p
    return h


def inverted_dropout_where(h, u, p):
    return np.where(u < p, h / p, 0)


def inverted_dropout_loop(h, u, p):
    flat = [a / p if b < p else 0.0 for a, b in zip(h.ravel(), u.ravel(), strict=True)]
    return np.array(flat).reshape(h.shape)


def inverted_dropout_rate(h, u, p):
    rate = 1 - p
    return h * (u < p).astype(int) * (1 / (1 - rate))


def batch_norm_forward(x, gamma, beta, epsilon):
    mean, var = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(var + epsilon) + beta


def batch_norm_forward_in_place_on_a_copy(x, gamma, beta, epsilon):
    y = x.copy()
    y -= y.mean(0)
    y /= ((y**2).mean(0) + epsilon) ** 0.5
    y *= gamma
    y += beta
    return y


def batch_norm_forward_loops(x, gamma, beta, epsilon):
    y = np.zeros(x.shape)
    m, features = x.shape
    for k in range(features):
        mu = sum(x[i, k] for i in range(m)) / m
        var = sum((x[i, k] - mu) ** 2 for i in range(m)) / m
        for i in range(m):
            y[i, k] = gamma[k] * (x[i, k] - mu) / math.sqrt(var + epsilon) + beta[k]
    return y


def batch_norm_forward_affine(x, gamma, beta, epsilon):
    var = (x**2).mean(0) - x.mean(0) ** 2
    scale = gamma / np.sqrt(var + epsilon)
    return (scale * x + (beta - scale * x.mean(0))).tolist()


def batch_norm_backward(dy, x, gamma, epsilon):
    m, std = len(x), np.sqrt(x.var(0) + epsilon)
    x_hat = (x - x.mean(0)) / std
    dgamma, dbeta = (dy * x_hat).sum(0), dy.sum(0)
    return gamma / std * (dy - dbeta / m - x_hat * dgamma / m), dgamma, dbeta


def batch_norm_backward_line_by_line(dy, x, gamma, epsilon):
    m = x.shape[0]
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + epsilon)
    dx_hat = dy * gamma
    dvar = np.sum(dx_hat * (x - mu), axis=0) * -0.5 * (var + epsilon) ** -1.5
    dmu = np.sum(-dx_hat / np.sqrt(var + epsilon), axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
    dx = dx_hat / np.sqrt(var + epsilon) + dvar * 2 * (x - mu) / m + dmu / m
    return dx, np.sum(dy * x_hat, axis=0), np.sum(dy, axis=0)


def batch_norm_backward_projection(dy, x, gamma, epsilon):
    """The matrix of d x^ / d x of each feature."""
    m = len(x)
    dx = np.zeros(x.shape)
    for k in range(x.shape[1]):
        centred = x[:, k] - x[:, k].mean()
        std = math.sqrt(centred @ centred / m + epsilon)
        jacobian = (np.eye(m) - 1 / m - np.outer(centred, centred) / (m * std**2)) / std
        dx[:, k] = jacobian.T @ (dy[:, k] * gamma[k])
    x_hat = (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon)
    return [dx, np.einsum("ik,ik->k", dy, x_hat), np.einsum("ik->k", dy)]


def batch_norm_backward_lists(dy, x, gamma, epsilon):
    return tuple(a.tolist() for a in batch_norm_backward(dy, x, gamma, epsilon))


def output_size(W, K, P, S):
    return (W - K + 2 * P) // S + 1


def output_size_int(W, K, P, S):
    return int((W - K + 2 * P) / S + 1)


def output_size_counted(W, K, P, S):
    return len(range(0, W + 2 * P - K + 1, S))


def output_size_floor(W, K, P, S):
    return math.floor((W + 2 * P - K) / S) + 1


def output_size_numpy(W, K, P, S):
    return np.array(W + 2 * P - K) // S + 1


def output_size_tensor(W, K, P, S):
    return tn.constant((W - K + 2 * P) // S + 1)


def convolution(x, kernel, stride, padding):
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    kh, kw = kernel.shape[:2]
    rows, columns = ((size - k) // stride + 1 for size, k in zip(x.shape, (kh, kw), strict=False))
    return np.array([[np.tensordot(x[i * stride : i * stride + kh, j * stride : j * stride + kw], kernel, 3)
                      for j in range(columns)] for i in range(rows)])


def convolution_six_loops(x, kernel, stride, padding):
    height, width, channels = x.shape
    kh, kw, _, filters = kernel.shape
    y = np.zeros(((height - kh + 2 * padding) // stride + 1, (width - kw + 2 * padding) // stride + 1, filters))
    for i, j, f in np.ndindex(y.shape):
        for p, q, c in np.ndindex(kh, kw, channels):
            row, column = i * stride + p - padding, j * stride + q - padding
            if 0 <= row < height and 0 <= column < width:
                y[i, j, f] += x[row, column, c] * kernel[p, q, c, f]
    return y


def convolution_taps(x, kernel, stride, padding):
    x = np.pad(x, ((padding,) * 2, (padding,) * 2, (0, 0)))
    rows, columns = x.shape[0] - kernel.shape[0] + 1, x.shape[1] - kernel.shape[1] + 1
    y = 0
    for p in range(kernel.shape[0]):
        for q in range(kernel.shape[1]):
            y = y + x[p : p + rows, q : q + columns] @ kernel[p, q]
    return y[::stride, ::stride]


def convolution_im2col(x, kernel, stride, padding):
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))[::stride, ::stride]
    return np.einsum("ijcpq,pqcf->ijf", views, kernel)


def max_pooling(x, size, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))
    return views[::stride, ::stride].max(axis=(3, 4))


def max_pooling_loops(x, size, stride):
    height, width, channels = x.shape
    y = np.zeros(((height - size) // stride + 1, (width - size) // stride + 1, channels))
    for i, j, c in np.ndindex(y.shape):
        best = x[i * stride, j * stride, c]
        for p in range(size):
            for q in range(size):
                best = max(best, x[i * stride + p, j * stride + q, c])
        y[i, j, c] = best
    return y


def max_pooling_lists(x, size, stride):
    return [[x[i : i + size, j : j + size].max(axis=(0, 1)).tolist()
             for j in range(0, x.shape[1] - size + 1, stride)] for i in range(0, x.shape[0] - size + 1, stride)]


def max_pooling_taps(x, size, stride):
    rows, columns = x.shape[0] - size + 1, x.shape[1] - size + 1
    y = np.full((rows, columns, x.shape[2]), -np.inf)
    for p in range(size):
        for q in range(size):
            y = np.maximum(y, x[p : p + rows, q : q + columns])
    return y[::stride, ::stride]


def max_pooling_gradient(dy, x, size, stride):
    dx = np.zeros(x.shape)
    for i, j, c in np.ndindex(dy.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
        p, q = divmod(window.argmax(), size)
        dx[i * stride + p, j * stride + q, c] += dy[i, j, c]
    return dx


def max_pooling_gradient_search(dy, x, size, stride):
    dx = np.zeros_like(x)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            for c in range(dy.shape[2]):
                top, left = i * stride, j * stride
                row, column = top, left
                for p in range(top, top + size):
                    for q in range(left, left + size):
                        if x[p, q, c] > x[row, column, c]:
                            row, column = p, q
                dx[row, column, c] = dx[row, column, c] + dy[i, j, c]
    return dx


def max_pooling_gradient_add_at(dy, x, size, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))[::stride, ::stride]
    p, q = np.divmod(views.reshape(*dy.shape, -1).argmax(-1), size)
    i, j, c = np.indices(dy.shape)
    dx = np.zeros(x.shape)
    np.add.at(dx, (i * stride + p, j * stride + q, c), dy)
    return dx


def max_pooling_gradient_first_of_mask(dy, x, size, stride):
    dx = np.zeros(x.shape)
    for i in range(len(dy)):
        for j in range(len(dy[0])):
            for c in range(x.shape[2]):
                window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
                p, q = np.argwhere(window == window.max())[0]
                dx[i * stride + p, j * stride + q, c] += dy[i, j, c]
    return dx


def train_validation_split(x, y, order, count):
    validation, training = order[:count], order[count:]
    return x[training], y[training], x[validation], y[validation]


def train_validation_split_shuffled(x, y, order, count):
    x, y = x[order], y[order]
    return x[count:], y[count:], x[:count], y[:count]


def train_validation_split_lists(x, y, order, count):
    parts = [], [], [], []
    for position, i in enumerate(order):
        first = 2 if position < count else 0
        parts[first].append(x[i].tolist())
        parts[first + 1].append(int(y[i]))
    return parts


def train_validation_split_split(x, y, order, count):
    val_x, train_x = np.split(np.take(x, order, axis=0), [count])
    val_y, train_y = np.split(np.take(y, order), [count])
    return train_x, train_y, val_x, val_y


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def cross_entropy_one_hot(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    z = logits - np.max(logits, axis=-1)[:, None]
    return np.mean(np.log(np.sum(np.exp(z), axis=-1)) - np.sum(one_hot * z, axis=-1))


def cross_entropy_loop(logits, labels):
    total = 0.0
    for row, label in zip(logits.tolist(), labels, strict=True):
        largest = max(row)
        total += math.log(sum(math.exp(z - largest) for z in row)) + largest - row[label]
    return total / len(labels)


def cross_entropy_logaddexp(logits, labels):
    right = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(logits, axis=1) - right)


def confusion_matrix(true, predicted, classes):
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (true, predicted), 1)
    return counts


def confusion_matrix_loop(true, predicted, classes):
    counts = [[0] * classes for _ in range(classes)]
    for t, p in zip(true, predicted, strict=True):
        counts[t][p] += 1
    return counts


def confusion_matrix_bincount(true, predicted, classes):
    return np.bincount(classes * true + predicted, minlength=classes * classes).reshape(classes, classes)


def confusion_matrix_one_hot(true, predicted, classes):
    one_hot = np.eye(classes)
    return one_hot[true].T @ one_hot[predicted]


def grad_cam(maps, gradients):
    heat = np.maximum(maps @ gradients.mean(axis=(0, 1)), 0)
    return heat / heat.max() if heat.max() > 0 else heat


def grad_cam_einsum(maps, gradients):
    heat = np.einsum("ijk,pqk->ij", maps, gradients) / maps[..., 0].size
    return heat.clip(0) / (heat.max() if heat.max() > 0 else 1)


def grad_cam_loops(maps, gradients):
    height, width, count = maps.shape
    heat = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            heat[i, j] = max(0.0, sum(maps[i, j, k] * gradients[:, :, k].mean() for k in range(count)))
    return heat / max(heat.max(), 1e-12)


def grad_cam_lists(maps, gradients):
    alphas = gradients.reshape(-1, gradients.shape[2]).mean(axis=0)
    total = sum(alpha * maps[:, :, k] for k, alpha in enumerate(alphas))
    heat = np.where(total > 0, total, 0)
    return (heat / heat.max() if heat.any() else heat).tolist()


def mixup(x, y, lam, partners):
    return lam * x + (1 - lam) * x[partners], lam * y + (1 - lam) * y[partners]


def mixup_loop(x, y, lam, partners):
    new_x, new_y = np.zeros(x.shape), np.zeros(y.shape)
    for i, j in enumerate(partners):
        new_x[i] = lam * x[i] + (1 - lam) * x[j]
        new_y[i] = lam * y[i] + (1 - lam) * y[j]
    return new_x, new_y


def mixup_in_place_on_copies(x, y, lam, partners):
    x, y = x.astype("float64"), y.copy()
    other_x, other_y = x[partners], y[partners]
    x *= lam
    y *= lam
    x += (1 - lam) * other_x
    y += (1 - lam) * other_y
    return x, y


def mixup_float32(x, y, lam, partners):
    x, y = x.astype("float32"), y.astype("float32")
    return x[partners] + lam * (x - x[partners]), y[partners] + lam * (y - y[partners])


def cutout(image, row, column, size):
    image = image.copy()
    top, left = row - size // 2, column - size // 2
    image[max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return image


def cutout_loops(image, row, column, size):
    new = np.array(image)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if 0 <= i - (row - size // 2) < size and 0 <= j - (column - size // 2) < size:
                new[i, j, :] = 0
    return new


def cutout_mask(image, row, column, size):
    i, j = np.indices(image.shape[:2])
    top, left = row - size // 2, column - size // 2
    inside = (i >= top) & (i < top + size) & (j >= left) & (j < left + size)
    return image * ~inside[..., None]


def cutout_clip(image, row, column, size):
    height, width, _ = image.shape
    y1, y2 = np.clip([row - size // 2, row - size // 2 + size], 0, height)
    x1, x2 = np.clip([column - size // 2, column - size // 2 + size], 0, width)
    mask = np.ones((height, width, 1))
    mask[y1:y2, x1:x2] = 0.0
    return image * mask


def eda(words, synonyms, i, j, draws, p):
    synonym = synonyms[words[i]]
    replaced = [synonym if word == words[i] else word for word in words]
    inserted = words[:j] + [synonym] + words[j:]
    swapped = list(words)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    deleted = [word for word, draw in zip(words, draws, strict=True) if not draw < p]
    return replaced, inserted, swapped, deleted or [words[i]]


def eda_copies(words, synonyms, i, j, draws, p):
    replaced, inserted, swapped, deleted = (words.copy() for _ in range(4))
    for k in range(len(replaced)):
        if replaced[k] == words[i]:
            replaced[k] = synonyms[words[i]]
    inserted.insert(j, synonyms[words[i]])
    first = swapped[i]
    swapped[i] = swapped[j]
    swapped[j] = first
    for k in reversed(range(len(words))):
        if draws[k] < p:
            del deleted[k]
    if not deleted:
        deleted.append(words[i])
    return [replaced, inserted, swapped, deleted]


def eda_tuples(words, synonyms, i, j, draws, p):
    return tuple(map(tuple, eda(words, synonyms, i, j, draws, p)))


def eda_numpy(words, synonyms, i, j, draws, p):
    array = np.array(words, dtype=object)
    kept = array[np.array(draws) >= p].tolist()
    order = np.arange(len(words))
    order[[i, j]] = order[[j, i]]
    return (np.where(array == words[i], synonyms[words[i]], array).tolist(),
            np.insert(array, j, synonyms[words[i]]).tolist(), array[order].tolist(), kept if kept else [words[i]])


def batch_gradient(gradients, rows):
    busy = rows > 0
    return rows[busy] @ gradients[busy] / rows.sum()


def batch_gradient_loop(gradients, rows):
    total = np.zeros(gradients.shape[1])
    for gradient, count in zip(gradients, rows, strict=True):
        if count:
            total += gradient * (count / rows.sum())
    return total


def batch_gradient_lists(gradients, rows):
    return [sum(count * g for count, g in zip(rows, column, strict=True) if count) / sum(rows)
            for column in gradients.T]


def batch_gradient_average(gradients, rows):
    kept = np.flatnonzero(rows)
    return np.average(gradients[kept], axis=0, weights=rows[kept])


def ring_step(pieces, step):
    n = len(pieces)
    after = pieces.copy()
    for r in range(n):
        c = (r - step) % n
        after[(r + 1) % n, c] += pieces[r, c]
    return after


def ring_step_indices(pieces, step):
    n = len(pieces)
    r = np.arange(n)
    after, c = pieces.copy(), (r - step) % n
    after[(r + 1) % n, c] += pieces[r, c]
    return after


def ring_step_lists(pieces, step):
    n = len(pieces)
    return [[(pieces[r][c] + (pieces[r - 1][c] if c == (r - 1 - step) % n else 0)).tolist() for c in range(n)]
            for r in range(n)]


def ring_step_mask(pieces, step):
    n = len(pieces)
    sent = np.zeros_like(pieces)
    for r in range(n):
        sent[(r + 1) % n, (r - step) % n] = pieces[r, (r - step) % n]
    return pieces + sent


def warm_up(step, rate, factor, steps):
    return rate * (1 + (factor - 1) * min(step / steps, 1))


def warm_up_if(step, rate, factor, steps):
    return factor * rate if step >= steps else (1 - step / steps) * rate + step / steps * factor * rate


def warm_up_interp(step, rate, factor, steps):
    return np.interp(step, (0, steps), (rate, rate * factor))

def warm_up_clip(step, rate, factor, steps):
    return np.clip(rate + (factor - 1) * rate / steps * step, rate, factor * rate)


# {exercise: {style: function}}: the name of a style is what follows the exercise's in the function's name.
STYLES: dict = {}
for _name in ("momentum", "nesterov", "adagrad", "rmsprop", "adam", "xavier", "l1_gradient", "l2_gradient",
              "early_stopping", "inverted_dropout", "batch_norm_forward", "batch_norm_backward", "output_size",
              "convolution", "max_pooling_gradient", "max_pooling", "mixup", "cutout", "eda", "train_validation_split",
              "cross_entropy", "confusion_matrix", "grad_cam", "batch_gradient", "ring_step", "warm_up"):
    STYLES[_name] = {
        key.removeprefix(_name).lstrip("_") or "short": function for key, function in list(globals().items())
        if key.startswith(_name) and not (_name == "max_pooling" and key.startswith("max_pooling_gradient"))}
