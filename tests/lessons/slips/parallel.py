"""Wrong solutions of the exercises on data-parallel training.

How to read it: optimizers.py.
"""

TEXTS = {
    "batch_gradient": """
def my_batch_gradient(gradients, rows):
    total = np.zeros(gradients.shape[1])
    for r in range(len(rows)):
        if rows[r] > 0:
            total = total + rows[r] * gradients[r]
    return total / np.sum(rows)
""",
    "ring_step": """
def my_ring_step(pieces, step):
    n = len(pieces)
    new = pieces.copy()
    for r in range(n):
        c = (r - step) % n
        receiver = (r + 1) % n
        new[receiver, c] += pieces[r, c]
    return new
""",
    "warm_up": """
def my_warm_up(step, rate, factor, steps):
    done = min(step / steps, 1)
    return rate + (factor * rate - rate) * done
""",
}

_ADDED = "total + rows[r] * gradients[r]"
_RISES = "rate + (factor * rate - rate) * done"

SLIPS = {
    "batch_gradient": {
        "plain_mean": """
def my_batch_gradient(gradients, rows):
    return np.mean(gradients, axis=0)
""",
        "plain_mean_of_busy": [(_ADDED, "total + gradients[r]"), ("np.sum(rows)", "np.sum(rows > 0)")],
        "nan": [("        if rows[r] > 0:\n    ", "")],
        "not_divided": [("total / np.sum(rows)", "total")],
        "divided_by_ranks": [("np.sum(rows)", "len(rows)")],
        "summed": [(_ADDED, "total + gradients[r]"), ("total / np.sum(rows)", "total")],
        "divided_by_rows": [(_ADDED, "total + gradients[r] / rows[r]"), ("total / np.sum(rows)", "total")],
    },
    "ring_step": {
        "replaced": [("+=", "=")],
        "moved": [("        new[receiver", "        new[r, c] -= pieces[r, c]\n        new[receiver")],
        "same_piece_each_step": [("(r - step) % n", "r")],
        "piece_plus_step": [("r - step", "r + step")],
        "one_step_late": [("r - step", "r - step - 1")],
        "other_way": [("r + 1", "r - 1")],
        "into_the_next_piece": [("new[receiver, c]", "new[receiver, (c + 1) % n]")],
        "whole_arrays": [("new[receiver, c] += pieces[r, c]", "new[receiver] += pieces[r]")],
    },
    "warm_up": {
        "from_zero": [(_RISES, "factor * rate * done")],
        "never_ends": [("min(step / steps, 1)", "step / steps")],
        "no_warm_up": [(_RISES, "factor * rate")],
        "not_scaled": [(_RISES, "rate")],
        "up_to_rate": [(_RISES, "rate * done")],
        "square_root": [("factor * rate", "np.sqrt(factor) * rate")],
        "factor_added": [("(factor * rate - rate)", "factor * rate")],
        "one_step_early": [("step / steps", "(step + 1) / steps")],
        "small_after": [("    return", "    if step >= steps:\n        return rate\n    return")],
        "jumps": [("min(step / steps, 1)", "float(step >= steps)")],
        "exponential": [(_RISES, "rate * factor ** done")],
    },
}
