"""The networks that training is measured on, each once, as plain data: every peer builds them from here.

    ("flatten",)                ("dense", units, activation)     ("conv", filters, padding, activation)
    ("pool",)   2x2 maximum     ("batch_norm",)                  ("relu",)          ("dropout", rate)

Convolutions are 3x3. Input is (28, 28) for networks that start with flatten, (28, 28, 1) for the others.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    title: str
    layers: tuple
    samples: int
    batch_sizes: tuple
    # Training accuracy of the second epoch on Fashion-MNIST, dropout included, is above this, and of later ones too:
    # it tells a network that learns from one that does not, or does something else.
    accuracy_floor: float

    @property
    def channels(self):
        """Whether the network wants the images as (height, width, channels)."""
        return self.layers[0][0] != "flatten"


CASES = {
    "dense": Case(
        "Dense 784-128-10",
        (("flatten",), ("dense", 128, "relu"), ("dense", 10, None)),
        samples=60_000, batch_sizes=(32, 128), accuracy_floor=0.80,
    ),
    "cnn": Case(
        "Conv32-pool-Conv64-pool-drop-Dense10",
        (("conv", 32, "valid", "relu"), ("pool",), ("conv", 64, "valid", "relu"), ("pool",), ("flatten",),
         ("dropout", 0.5), ("dense", 10, None)),
        samples=60_000, batch_sizes=(128,), accuracy_floor=0.75,
    ),
    "cnn_batch_norm": Case(
        "2x[Conv32-BN-ReLU]-pool-drop-2x[Conv64-BN-ReLU]-pool-drop-Dense128-drop-Dense10",
        (("conv", 32, "same", None), ("batch_norm",), ("relu",), ("conv", 32, "same", None), ("batch_norm",), ("relu",),
         ("pool",), ("dropout", 0.25),
         ("conv", 64, "same", None), ("batch_norm",), ("relu",), ("conv", 64, "same", None), ("batch_norm",), ("relu",),
         ("pool",), ("dropout", 0.25), ("flatten",), ("dense", 128, "relu"), ("dropout", 0.5), ("dense", 10, None)),
        samples=12_800, batch_sizes=(128,), accuracy_floor=0.70,
    ),
}
