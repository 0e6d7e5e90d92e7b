"""Solutions written from the exercises' texts alone, by authors who had not seen the detectors.

The checks' own tests are made from the mistakes the detectors know. These are not: each function was written from what
`exercise(name)` prints, as one of many students would, before `check` was run on it.

Right ones differ in style: loops, NumPy, habits from PyTorch, a paper's formula, plain lists, own copies changed in
place, einsum and strides, other types of numbers. Wrong ones begin with a comment that names the mistake.
"""

from importlib import import_module

RIGHT, WRONG = {}, {}  # {exercise: [function]} and {exercise: [(function, expected)]}


def right(exercise):
    """The decorated function solves the exercise."""
    return lambda function: RIGHT.setdefault(exercise, []).append(function) or function


def wrong(exercise, *expected):
    """The decorated function has a mistake. `expected`: the keys it may be named by; None for the general message.

    They were added after the functions had been written and checked.
    """
    return lambda function: WRONG.setdefault(exercise, []).append((function, expected)) or function


for topic in ("momentum", "adaptive", "weights", "stopping", "normalization", "convolution", "pooling", "augmentation",
              "practical", "parallel"):
    import_module(f"{__name__}.{topic}")
