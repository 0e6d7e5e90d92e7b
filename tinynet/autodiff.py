"""Forward-mode differentiation, under TensorFlow's name: the derivative of a computation along one direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.nest import flatten, pack_like
from .core.types import Structure
from .tape import GradientTape
from .tensor import Tensor, convert_to_tensor

__all__ = ["ForwardAccumulator", "GradientTape"]


class ForwardAccumulator:
    """Compute Jacobian-vector products: how results change when `primals` move in the direction of `tangents`.

    y = f(x):  jvp(y) = J v = sum over j of (dy / dx_j) v_j, with x the primals and v the tangents

    Where a `GradientTape` needs one backward pass for each element of y, this needs two in all. (They are a trick: the
    gradient g(u) = J' u is linear in u, and the gradient of v g(u) with respect to u is J v.) Around a tape it computes
    products with a Hessian, without the Hessian.

    Args:
        primals: Tensor or Variable, or a list, tuple or dict of them.
        tangents: The direction: as many tensors, of the same shapes.

    Raises:
        TypeError: a primal is no Tensor, or not of a floating-point type.
        ValueError: the tangents are not as many as the primals, or have other shapes.

    >>> x = Variable([1.0, 2.0, 3.0])
    >>> with ForwardAccumulator(x, Tensor([1.0, 0.0, 2.0])) as acc:
    ...     y = x * x
    >>> acc.jvp(y).tolist()
    [2.0, 0.0, 12.0]

    A product of a Hessian and a vector:

    >>> with ForwardAccumulator(x, Tensor([1.0, 0.0, 2.0])) as acc:
    ...     with GradientTape() as tape:
    ...         y = x[0] * x[1] * x[2]
    ...     gradient = tape.gradient(y, x)
    >>> acc.jvp(gradient).tolist()
    [4.0, 5.0, 2.0]
    """

    def __init__(self, primals: Structure, tangents: Structure) -> None:
        self._primals = flatten(primals)
        self._tape = GradientTape(persistent=True, watch_accessed_variables=False)
        self._tape.watch(self._primals)
        directions = flatten(tangents)
        if len(directions) != len(self._primals):
            raise ValueError(
                f"ForwardAccumulator: {len(self._primals)} primals but {len(directions)} tangents"
            )
        self._tangents = [convert_to_tensor(tangent, primal.data.dtype)
                          for tangent, primal in zip(directions, self._primals, strict=True)]
        for tangent, primal in zip(self._tangents, self._primals, strict=True):
            if tangent.data.shape != primal.data.shape:
                raise ValueError(
                    f"ForwardAccumulator: a tangent has shape {tangent.data.shape}, its primal {primal.data.shape}"
                )

    def __enter__(self) -> ForwardAccumulator:
        self._tape.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._tape.__exit__(*exception)

    def jvp(self, primals: Structure, unconnected_gradients: str = "none") -> Any:
        """Return the derivatives of results along the tangents.

        Args:
            primals: Tensor that was computed in the `with` block, or a list, tuple or dict of them.
            unconnected_gradients: For a tensor that does not depend on the accumulator's primals, 'none' returns None,
                'zero' returns zeros.

        Returns:
            Tensors, shaped as the results and in their structure.

        Raises:
            ValueError: `unconnected_gradients` is not 'none' or 'zero'.
            RuntimeError: an operation has no gradient that can be differentiated; its name stands in the message.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"ForwardAccumulator.jvp: unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}"
            )
        with self._tape.stop_recording():
            results = [self._along_tangents(leaf, unconnected_gradients == "zero") for leaf in flatten(primals)]
        return results[0] if isinstance(primals, Tensor) else pack_like(primals, results)

    def _along_tangents(self, result: Tensor, zero_unconnected: bool) -> Tensor | None:
        upstream = Tensor.wrap(np.ones_like(result.data))
        with GradientTape(watch_accessed_variables=False) as outer:
            gradients: list = []
            if result.data.dtype.kind == "f":
                outer.watch(upstream)
                gradients = self._tape.gradient(result, self._primals, output_gradients=upstream)
        pairs = [(g, v) for g, v in zip(gradients, self._tangents, strict=False) if g is not None]
        if pairs:
            targets, tangents = zip(*pairs, strict=True)
            return outer.gradient(list(targets), upstream, output_gradients=list(tangents))
        return Tensor.wrap(np.zeros_like(result.data)) if zero_unconnected else None
