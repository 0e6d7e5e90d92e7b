"""Optimizer steps."""

import numpy as np
from ops.test_optimizer_steps import RULES

from kernel_calls.base import Kernel, argument_names


def step_arguments(numbers, rule, *shapes):
    """Gradients and means have the same sign, so that no rule cancels (tests/ops/test_optimizer_steps.py)."""
    kernel, kinds, settings = RULES[rule]
    names = list(argument_names(kernel))
    sign = [np.where(numbers.rng.random(shape) < 0.5, -1, 1) for shape in shapes]
    made = {"weights": [numbers.normal(*shape) for shape in shapes],
            "gradients": [numbers.cast(s * numbers.rng.uniform(0.1, 0.5, s.shape))[0] for s in sign]}
    for name, kind in zip(names[2:], kinds, strict=False):
        if kind is None:
            made[name] = None
        elif kind == "square":
            made[name] = [numbers.between(0.5, 1.5, *shape) for shape in shapes]
        else:  # a velocity points down the gradient
            direction = 1 if kind == "mean" else -1
            made[name] = [numbers.cast(direction * s * numbers.rng.uniform(0.1, 0.5, s.shape))[0] for s in sign]
    return {**made, **dict(zip(names[2 + len(kinds):], settings, strict=False)), "decay": 0.01}


def step_bound(a, results, g):
    """3u (|old| + |new|) + 16u |new - old|: the roundings of the element and of its change. For ftrl see there."""
    before = [array for name in vars(a) for array in changed_lists(a, name)]
    bounds = [3 * g(1) * (np.abs(old) + np.abs(new)) + 16 * g(1) * np.abs(new - old)
              for old, new in zip(before, results, strict=True)]
    if hasattr(a, "linears"):  # weights anew from sums that cancel: their terms, at their largest for these values
        count = len(a.weights)
        for i, w in enumerate(a.weights):
            bounds[i] = 16 * g(1) * (np.abs(results[i]) + 3 * np.abs(w) + 0.15)
            bounds[2 * count + i] = 16 * g(1) * (np.abs(a.linears[i]) + 0.5 + 28 * np.abs(w))
    return bounds


def changed_lists(a, name):
    value = getattr(a, name)
    return value if isinstance(value, list) and name != "gradients" else []


def steps_of(kernel):
    rules = [rule for rule, (name, _, _) in RULES.items() if name == kernel]
    return Kernel(
        step_arguments, step_bound,
        small=[(rule, *shapes) for rule in rules for shapes in [((1,),), ((33,), (3, 5), (8,))]],
        large=[(rule, (300, 101), (7,), (0,), (20_000,)) for rule in rules] + [(rules[0], (600_001,))],
        empty=[(rules[0],), (rules[0], (0,)), (rules[-1], (0, 3), (2,))],
    )


KERNELS = {
    **{kernel: steps_of(kernel) for kernel in sorted({kernel for kernel, _, _ in RULES.values()})},
}
