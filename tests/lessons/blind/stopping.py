"""Early stopping and inverted dropout, written without seeing the detectors."""

import math
from itertools import accumulate

import numpy as np

import tinynet as tn

from . import right, wrong

# -- early_stopping


@right("early_stopping")
def early_stopping_like_keras(losses, patience):
    best = np.inf
    wait = 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best = loss
            wait = 0
        else:
            wait += 1
            if wait >= patience:
                return epoch + 1
    return len(losses)


@right("early_stopping")
def early_stopping_with_the_best_epoch(losses, patience):
    best, best_epoch, epochs = math.inf, -1, 0
    while epochs < len(losses):
        if losses[epochs] < best:
            best, best_epoch = losses[epochs], epochs
        epochs += 1
        if epochs - 1 - best_epoch == patience:
            break
    return epochs


@right("early_stopping")
def early_stopping_with_numpy(losses, patience):
    losses = np.where(np.isnan(losses), np.inf, losses)
    lowest = np.minimum.accumulate(np.concatenate([[np.inf], losses]))
    improved = losses < lowest[:-1]
    epochs = np.arange(len(losses))
    last = np.maximum.accumulate(np.where(improved, epochs, -1))
    stopped = np.flatnonzero(epochs - last >= patience)
    return stopped[0] + 1 if stopped.size else len(losses)


@right("early_stopping")
def early_stopping_with_a_window(losses, patience):
    clean = [math.inf if math.isnan(loss) else loss for loss in losses]
    for end in range(patience, len(clean) + 1):
        before, window = clean[: end - patience], clean[end - patience : end]
        if min(window) >= min(before, default=math.inf):
            return end
    return len(clean)


@right("early_stopping")
def early_stopping_with_accumulate(losses, patience):
    def step(state, loss):
        best, wait = state
        return (loss, 0) if loss < best else (best, wait + 1)

    waits = [wait for _, wait in accumulate(losses, step, initial=(float("inf"), 0))][1:]
    return next((epoch for epoch, wait in enumerate(waits, start=1) if wait == patience), len(losses))


@wrong("early_stopping", "index_of_epoch")
def early_stopping_counts_from_zero(losses, patience):
    # The index of the last epoch, not the number of epochs.
    best, wait = float("inf"), 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best, wait = loss, 0
        else:
            wait += 1
            if wait == patience:
                return epoch
    return len(losses)


@wrong("early_stopping", "previous_epoch")
def early_stopping_compares_with_the_epoch_before(losses, patience):
    # Each loss is compared with the one before, not with the lowest.
    wait = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            wait = 0
        else:
            wait += 1
        if wait == patience:
            return epoch + 1
    return len(losses)


@wrong("early_stopping", "no_reset")
def early_stopping_never_forgets(losses, patience):
    # The counter isn't set back after an improvement.
    best, bad = float("inf"), 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best = loss
        else:
            bad += 1
        if bad >= patience:
            return epoch
    return len(losses)


# -- inverted_dropout


@right("inverted_dropout")
def inverted_dropout_as_on_the_slide(h, u, p):
    U = (u < p) / p
    return h * U


@right("inverted_dropout")
def inverted_dropout_with_where(h, u, p):
    return np.where(u < p, h / p, 0)


@right("inverted_dropout")
def inverted_dropout_on_a_copy(h, u, p):
    out = h.copy()
    out[u >= p] = 0
    out /= p
    return out


@right("inverted_dropout")
def inverted_dropout_with_loops(h, u, p):
    dropped = np.zeros_like(h)
    for index, activation in np.ndenumerate(h):
        if u[index] < p:
            dropped[index] = activation / p
    return dropped


@right("inverted_dropout")
def inverted_dropout_with_tensors(h, u, p):
    h, u = tn.constant(h, dtype="float32"), tn.constant(u, dtype="float32")
    return h * tn.cast(u < p, "float32") * (1.0 / p)


@wrong("inverted_dropout", "no_scaling")
def inverted_dropout_without_the_scale(h, u, p):
    # Not divided by p: plain dropout.
    mask = u < p
    return h * mask


@wrong("inverted_dropout", "p_is_dropped_below")
def inverted_dropout_with_a_rate(h, u, p):
    # p is taken as Keras's rate, the probability of being dropped.
    keep = 1 - p
    return h * (u < keep) / keep


@wrong("inverted_dropout", None)
def inverted_dropout_with_new_numbers(h, u, p):
    # Numbers of its own are drawn; u is not used.
    U = (np.random.default_rng(1).random(h.shape) < p) / p
    return h * U
