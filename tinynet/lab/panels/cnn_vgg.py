"""The scene of the CNN panel that walks through VGG-16, layer by layer."""

from __future__ import annotations

from functools import cache
from typing import Any

from ... import applications
from ..code import program


@cache
def vgg_layers() -> tuple[dict[str, Any], ...]:
    """Of each layer of VGG-16: its name, kind, output shape, how its parameters are counted, and their sum so far.

    The model is made without weights, so nothing is allocated.
    """
    rows: list[dict[str, Any]] = []
    total = 0
    inputs: tuple[int, ...] = (0,)
    for layer in applications.VGG16(weights=None).layers:
        shape = tuple(int(one) for one in layer.output.shape[1:])
        parameters, kind = layer.count_params(), type(layer).__name__
        total += parameters
        outputs, deep = shape[-1], inputs[-1]
        count = {"Conv2D": f"3·3·{deep}·{outputs} + {outputs}", "Dense": f"{deep:,}·{outputs:,} + {outputs:,}"}.get(kind, "")
        rows.append({"name": layer.name, "kind": kind, "shape": list(shape), "count": count, "parameters": parameters,
                     "total": total, "block": layer.name.split("_")[0] if layer.name.startswith("block") else "top"})
        inputs = shape
    return tuple(rows)


class Vgg:
    """A walk through VGG-16; each step goes on by one layer.

    Args:
        settings: Of the panel.
        seed: Not used here.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.layers = vgg_layers()
        self.at = 0
        self.finished = False

    def view(self, settings: dict[str, Any]) -> None:
        """Nothing here depends on views."""

    def step(self) -> None:
        self.at += 1
        self.finished = self.at == len(self.layers) - 1

    def state(self) -> dict[str, Any]:
        now = self.layers[self.at]
        return {"numbers": {"layer_name": now["name"], "output_shape": " × ".join(f"{one:,}" for one in now["shape"]),
                            "layer_parameters": now["parameters"], "total": now["total"],
                            "whole": self.layers[-1]["total"]},
                "layers": list(self.layers), "at": self.at}

    def code(self, steps: int) -> str:
        return program("""
            import tinynet as tn

            model = tn.applications.VGG16(weights=None)  # its weights take memory when they are used, not before

            total = 0
            for layer in model.layers[:$count]:
                total += layer.count_params()
                print(f"{layer.name:14} {str(layer.output.shape):24} {layer.count_params():12,} {total:12,}")
            print(f"{model.count_params():,} parameters in the whole network")
        """, count=min(steps + 1, len(self.layers)))

    def proof(self) -> dict[str, Any]:
        return {"total": self.layers[self.at]["total"]}

    def snapshot(self) -> None:
        return None
