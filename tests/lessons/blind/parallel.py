"""The gradient of a batch from its parts, a step of the ring, warm-up, written before their detectors."""

import math

import numpy as np

import tinynet as tn

from . import right, wrong

# -- batch_gradient


@right("batch_gradient")
def batch_gradient_with_matmul(gradients, rows):
    busy = rows > 0
    return rows[busy] @ gradients[busy] / rows.sum()


@right("batch_gradient")
def batch_gradient_with_loops(gradients, rows):
    total = [0.0] * gradients.shape[1]
    for gradient, count in zip(gradients, rows, strict=True):
        if count == 0:
            continue
        for i in range(len(gradient)):
            total[i] += count * gradient[i]
    return [number / sum(rows) for number in total]


@right("batch_gradient")
def batch_gradient_with_average(gradients, rows):
    return np.average(np.nan_to_num(gradients), axis=0, weights=rows)


@right("batch_gradient")
def batch_gradient_with_where(gradients, rows):
    parts = np.where(rows[:, None] > 0, gradients * rows[:, None], 0)
    return parts.sum(axis=0) / np.sum(rows)


@right("batch_gradient")
def batch_gradient_with_nansum(gradients, rows):
    weights = (rows / rows.sum()).reshape(-1, 1)
    return np.nansum(weights * gradients, axis=0)


@right("batch_gradient")
def batch_gradient_with_tensors(gradients, rows):
    kept = [r for r in range(len(rows)) if rows[r]]
    weight = tn.constant(rows[kept] / rows.sum(), dtype="float32")
    return tn.reduce_sum(weight[:, None] * tn.constant(gradients[kept], dtype="float32"), axis=0)


@wrong("batch_gradient", "plain_mean_of_busy")
def batch_gradient_plain_mean_where_there_are_samples(gradients, rows):
    # The number of samples is used only to leave out ranks without any.
    return gradients[rows > 0].mean(axis=0)


@wrong("batch_gradient", "nan")
def batch_gradient_times_zero(gradients, rows):
    # 0 * NaN is NaN.
    return (gradients * rows[:, None]).sum(axis=0) / rows.sum()


@wrong("batch_gradient", "not_divided")
def batch_gradient_not_divided(gradients, rows):
    # The sum over the samples, not the mean.
    busy = rows > 0
    return (gradients[busy] * rows[busy, None]).sum(axis=0)


@wrong("batch_gradient", "divided_by_ranks")
def batch_gradient_divided_by_the_ranks(gradients, rows):
    # Divides by the number of ranks.
    total = 0
    for r in range(len(rows)):
        if rows[r] > 0:
            total = total + rows[r] * gradients[r]
    return total / len(rows)


# -- ring_step


@right("ring_step")
def ring_step_with_a_copy(pieces, step):
    n = len(pieces)
    new = pieces.copy()
    for r in range(n):
        c = (r - step) % n
        new[(r + 1) % n, c] += pieces[r, c]
    return new


@right("ring_step")
def ring_step_from_the_receiver(pieces, step):
    n = pieces.shape[0]
    after = np.array(pieces)
    for receiver in range(n):
        sender = (receiver - 1) % n
        piece = (sender - step) % n
        after[receiver, piece] = pieces[receiver, piece] + pieces[sender, piece]
    return after


@right("ring_step")
def ring_step_with_fancy_indexing(pieces, step):
    r = np.arange(len(pieces))
    c = (r - step) % len(pieces)
    out = pieces.copy()
    out[np.roll(r, -1), c] += pieces[r, c]
    return out


@right("ring_step")
def ring_step_with_lists(pieces, step):
    n = len(pieces)
    out = [[list(pieces[r][c]) for c in range(n)] for r in range(n)]
    sent = [((r + 1) % n, (r - step) % n, list(pieces[r][(r - step) % n])) for r in range(n)]
    for receiver, c, numbers in sent:
        out[receiver][c] = [a + b for a, b in zip(out[receiver][c], numbers, strict=True)]
    return out


@right("ring_step")
def ring_step_with_a_mask(pieces, step):
    n = len(pieces)
    rank, piece = np.indices((n, n))
    arrives = piece == (rank - 1 - step) % n
    return pieces + arrives[..., None] * np.roll(pieces, 1, axis=0)


@wrong("ring_step", "replaced")
def ring_step_overwrites(pieces, step):
    # The receiver's own numbers are lost.
    n = len(pieces)
    new = pieces.copy()
    for r in range(n):
        new[(r + 1) % n, (r - step) % n] = pieces[r, (r - step) % n]
    return new


@wrong("ring_step", "same_piece_each_step")
def ring_step_that_forgets_the_step(pieces, step):
    # Always sends piece r.
    n = len(pieces)
    new = pieces.copy()
    for r in range(n):
        new[(r + 1) % n, r] += pieces[r, r]
    return new


@wrong("ring_step", "whole_arrays")
def ring_step_of_all_pieces(pieces, step):
    # Every rank sends its whole array.
    return pieces + np.roll(pieces, 1, axis=0)


@wrong("ring_step", "other_way")
def ring_step_to_the_left(pieces, step):
    # The receiver is the rank before.
    n = len(pieces)
    new = pieces.copy()
    for r in range(n):
        new[r - 1, (r - step) % n] += pieces[r, (r - step) % n]
    return new


# -- warm_up


@right("warm_up")
def warm_up_with_min(step, rate, factor, steps):
    return rate * (1 + (factor - 1) * min(step / steps, 1))


@right("warm_up")
def warm_up_with_if(step, rate, factor, steps):
    if step >= steps:
        return rate * factor
    return rate + step * (rate * factor - rate) / steps


@right("warm_up")
def warm_up_with_interp(step, rate, factor, steps):
    return np.interp(step, [0, steps], [rate, factor * rate])


@right("warm_up")
def warm_up_by_adding(step, rate, factor, steps):
    now = rate
    for _ in range(min(step, steps)):
        now += rate * (factor - 1) / steps
    return now


@right("warm_up")
def warm_up_with_clip(step, rate, factor, steps):
    return tn.constant(rate + (factor * rate - rate) * np.clip(step / steps, 0, 1))


@wrong("warm_up", "from_zero")
def warm_up_from_zero(step, rate, factor, steps):
    # Begins with 0.
    return factor * rate * min(1.0, step / steps)


@wrong("warm_up", "never_ends")
def warm_up_that_goes_on(step, rate, factor, steps):
    # Rises for ever.
    return rate + (factor - 1) * rate * step / steps


@wrong("warm_up", "square_root")
def warm_up_to_the_square_root(step, rate, factor, steps):
    # The square root of the factor.
    return rate * (1 + (math.sqrt(factor) - 1) * min(step / steps, 1))


@wrong("warm_up", "no_warm_up")
def warm_up_without_warming_up(step, rate, factor, steps):
    # The large rate at once.
    return factor * rate
