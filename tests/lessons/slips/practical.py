"""Wrong solutions of the exercises of the practicals: a split, the cross-entropy, a confusion matrix, Grad-CAM.

How to read it: optimizers.py.
"""

TEXTS = {
    "train_validation_split": """
def my_train_validation_split(x, y, order, count):
    validation = order[:count]
    training = order[count:]
    train_x, train_y = x[training], y[training]
    val_x, val_y = x[validation], y[validation]
    return train_x, train_y, val_x, val_y
""",
    "cross_entropy": """
def my_cross_entropy(logits, labels):
    total = 0
    for i in range(len(labels)):
        z = logits[i] - np.max(logits[i])
        p = np.exp(z) / np.sum(np.exp(z))
        total += -np.log(p[labels[i]])
    return total / len(labels)
""",
    "confusion_matrix": """
def my_confusion_matrix(true, predicted, classes):
    counts = np.zeros((classes, classes))
    for t, p in zip(true, predicted):
        counts[t, p] += 1
    return counts
""",
    "grad_cam": """
def my_grad_cam(maps, gradients):
    height, width, K = maps.shape
    heat = np.zeros((height, width))
    for k in range(K):
        alpha = np.mean(gradients[:, :, k])
        heat += alpha * maps[:, :, k]
    heat = np.maximum(heat, 0)
    if heat.max() > 0:
        heat = heat / heat.max()
    return heat
""",
}

_VECTORS = """
def my_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    HERE
"""

SLIPS = {
    "train_validation_split": {
        "not_shuffled": """
def my_train_validation_split(x, y, order, count):
    return x[count:], y[count:], x[:count], y[:count]
""",
        "labels_not_shuffled": [("y[training]", "y[count:]"), ("y[validation]", "y[:count]")],
        "samples_not_shuffled": [("x[training]", "x[count:]"), ("x[validation]", "x[:count]")],
        "leak": [("training = order[count:]", "training = order")],
        "overlap_of_one": [("order[count:]", "order[count - 1:]")],
        "one_lost": [("order[count:]", "order[count + 1:]")],
        "last_ones": [("order[:count]", "order[-count:]"), ("order[count:]", "order[:-count]")],
        "sizes_exchanged": [("validation = order[:count]", "validation = order[count:]"),
                            ("training = order[count:]", "training = order[:count]")],
        "order_inverted": """
def my_train_validation_split(x, y, order, count):
    new_x, new_y = np.zeros(x.shape), np.zeros(y.shape)
    for i in range(len(order)):
        new_x[order[i]] = x[i]
        new_y[order[i]] = y[i]
    return new_x[count:], new_y[count:], new_x[:count], new_y[:count]
""",
        "outputs_swapped": [("return train_x, train_y, val_x, val_y", "return train_x, val_x, train_y, val_y")],
    },
    "cross_entropy": {
        "overflow_to_nan": [(" - np.max(logits[i])", "")],
        "overflow_to_infinity": """
def my_cross_entropy(logits, labels):
    loss = 0
    for i in range(len(labels)):
        loss += np.log(np.sum(np.exp(logits[i]))) - logits[i, labels[i]]
    return loss / len(labels)
""",
        "summed": [("return total / len(labels)", "return total")],
        "not_averaged": _VECTORS.replace("HERE", "return -np.log(p[np.arange(len(labels)), labels])"),
        "divided_by_classes": _VECTORS.replace(
            "HERE", "return -np.mean(np.eye(logits.shape[1])[labels] * (z - np.log(np.exp(z).sum(axis=1, keepdims=True))))"),
        "every_label_for_every_sample": """
def my_cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -np.mean(log_p[:, labels])
""",
        "all_classes": """
def my_cross_entropy(logits, labels):
    total = 0
    for row in logits:
        z = row - row.max()
        total -= np.sum(z - np.log(np.sum(np.exp(z))))
    return total / len(labels)
""",
        "softmax_over_samples": """
def my_cross_entropy(logits, labels):
    z = logits - logits.max(axis=0)
    log_p = z - np.log(np.exp(z).sum(axis=0))
    return -log_p[np.arange(len(labels)), labels].mean()
""",
        "softmax_twice": [("        total +=", "        p = np.exp(p) / np.sum(np.exp(p))\n        total +=")],
        "no_logarithm": [("-np.log(p[labels[i]])", "-p[labels[i]]")],
        "base_two": [("np.log(p", "np.log2(p")],
        "no_softmax": [("p = np.exp(z) / np.sum(np.exp(z))", "p = logits[i]")],
        "negated": [("-np.log", "np.log")],
    },
    "confusion_matrix": {
        "rows_predicted": [("counts[t, p]", "counts[p, t]")],
        "counted_once": [("    for t, p in zip(true, predicted):\n        counts[t, p] += 1", "    counts[true, predicted] += 1")],
        "shares_of_rows": [("    return counts", "    for row in counts:\n        row /= max(row.sum(), 1)\n    return counts")],
        "shares_of_all": [("return counts", "return counts / counts.sum()")],
        "only_classes_that_occur": [("np.zeros((classes, classes))",
                                     "np.zeros((max(true.max(), predicted.max()) + 1,) * 2)")],
        "mistakes_only": [("        counts[t, p]", "        if t != p:\n            counts[t, p]")],
        "right_only": [("        counts[t, p]", "        if t == p:\n            counts[t, p]")],
        "both_ways": [("        counts[t, p] += 1", "        counts[t, p] += 1\n        counts[p, t] += 1")],
        "classes_from_one": [("counts[t, p]", "counts[t - 1, p - 1]")],
    },
    "grad_cam": {
        "no_relu": [("    heat = np.maximum(heat, 0)\n", "")],
        "no_relu_and_any_maximum": [("    heat = np.maximum(heat, 0)\n    if heat.max() > 0:\n    ", "")],
        "relu_before_sum": [("alpha * maps[:, :, k]", "np.maximum(alpha * maps[:, :, k], 0)")],
        "relu_of_weights": [("alpha = np.mean(gradients[:, :, k])", "alpha = max(np.mean(gradients[:, :, k]), 0)")],
        "absolute_value": [("np.maximum(heat, 0)", "np.abs(heat)")],
        "not_averaged": [("alpha = np.mean(gradients[:, :, k])", "alpha = gradients[:, :, k]")],
        "averaged_over_maps": [("np.mean(gradients[:, :, k])", "np.mean(gradients, axis=2)")],
        "weights_of_maps": [("np.mean(gradients", "np.mean(maps")],
        "largest_gradient": [("np.mean(gradients", "np.max(gradients")],
        "no_weights": [("alpha * maps", "maps")],
        "not_scaled": [("        heat = heat / heat.max()", "        pass")],
        "sum_to_one": [("heat / heat.max()", "heat / heat.sum()")],
        "smallest_to_zero": [("    if heat.max()", "    heat = heat - heat.min()\n    if heat.max()")],
        "divided_by_zero": [("    if heat.max() > 0:\n        heat", "    heat")],
    },
}
