"""Seeds and names of a session."""

from __future__ import annotations

import numpy as np

from .. import random
from ..core.naming import reset_names
from ..data.memory import forget_idle_memory


def set_random_seed(seed: int) -> None:
    """Make everything random repeat: weights, shuffling, dropout; also Python's and NumPy's own generators.

    Two runs of the same program with the same seed produce the same bits, on any number of threads.

    Args:
        seed: An int from 0 to 2**32 - 1.

    Raises:
        ValueError: another seed.

    >>> set_random_seed(1)
    >>> first = tn.random.normal((2,))
    >>> set_random_seed(1)
    >>> bool((first.numpy() == tn.random.normal((2,)).numpy()).all())
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: seed must be an int from 0 to 2**32 - 1, got {seed!r}")
    import random as python_random  # late

    python_random.seed(int(seed))
    np.random.seed(int(seed))
    random.set_global_seed(int(seed))


def clear_session(free_memory: bool = True) -> None:
    """Restart the automatic layer names, and return memory kept for future arrays to the system.

    Args:
        free_memory: Whether to return memory.

    >>> first, second = Dense(1), Dense(1)
    >>> clear_session()
    >>> first.name, second.name, Dense(1).name
    ('dense', 'dense_1', 'dense')
    """
    reset_names()
    if free_memory:
        from .. import runtime

        runtime.free_memory()
        forget_idle_memory()
