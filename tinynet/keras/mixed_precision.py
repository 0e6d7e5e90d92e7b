"""`keras.mixed_precision`: the policies 'float32' and 'float64' are accepted, those of GPUs are explained.

A policy is the element type that layers compute in. tinynet's kernels have float32 and float64; arithmetic in 16 bits
is slower than that on a CPU.
"""

from __future__ import annotations

from typing import Any

from .. import config

__all__ = ["DTypePolicy", "LossScaleOptimizer", "Policy", "dtype_policy", "global_policy", "set_dtype_policy",
           "set_global_policy"]


class DTypePolicy:
    """The element type that layers compute in and keep their weights in.

    Args:
        name: 'float32' or 'float64'; `floatx()` if None.

    Raises:
        ValueError: a policy of 16 or 8 bits, or no policy at all.

    >>> DTypePolicy("float32").compute_dtype
    'float32'
    """

    def __init__(self, name: str | None = None) -> None:
        name = config.floatx() if name is None else name
        if name not in ("float32", "float64"):
            known = isinstance(name, str) and name.startswith(("mixed_", "float16", "bfloat16", "int8", "int4"))
            why = ("is for GPUs and TPUs: on a CPU it is slower than float32, and tinynet has no kernels for it. Leave "
                   "the policy out" if known else "is no policy")
            raise ValueError(f"mixed_precision: the policy {name!r} {why}; 'float32' and 'float64' are")
        self.name = name

    @property
    def compute_dtype(self) -> str:
        """The element type of computations."""
        return self.name

    @property
    def variable_dtype(self) -> str:
        """The element type of weights."""
        return self.name

    def get_config(self) -> dict[str, Any]:
        """The arguments, as plain values."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Let layers that are made from now on compute in another element type, as `config.set_floatx` does.

    Args:
        policy: 'float32' or 'float64', or a DTypePolicy.

    Raises:
        ValueError: another policy; the message has the reason.

    >>> set_dtype_policy("float32")
    """
    config.set_floatx(policy.name if isinstance(policy, DTypePolicy) else DTypePolicy(policy).name)


def dtype_policy() -> DTypePolicy:
    """Return the policy of layers that are made now.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    return DTypePolicy()


class LossScaleOptimizer:
    """Keras's wrapper that keeps gradients of 16 bits from becoming 0; in float32 they do not.

    Args:
        inner_optimizer: An optimizer, or its name.

    Raises:
        NotImplementedError: always; use the optimizer itself.

    >>> LossScaleOptimizer("adam")
    Traceback (most recent call last):
    NotImplementedError: mixed_precision.LossScaleOptimizer is for 16-bit gradients; use the optimizer itself, 'adam'
    """

    def __init__(self, inner_optimizer: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("mixed_precision.LossScaleOptimizer is for 16-bit gradients; use the optimizer "
                                  f"itself, {inner_optimizer!r}")


Policy, global_policy, set_global_policy = DTypePolicy, dtype_policy, set_dtype_policy
