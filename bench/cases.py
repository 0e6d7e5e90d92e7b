"""The networks that bench_training.py trains, as plain data: every peer builds them from this description.

    ("flatten",)                ("dense", units, activation)     ("conv", filters, padding, activation)
    ("pool",)   2x2 maximum     ("batch_norm",)                  ("relu",)          ("dropout", rate)

Convolutions are 3x3. Input is (28, 28) for networks that start with flatten, `image` for the others.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    title: str
    layers: tuple
    samples: int
    batch_sizes: tuple
    # Training accuracy on Fashion-MNIST, dropout included, is above this from the second epoch on. A network below it
    # does not learn, or computes something else. Other images are random: there the loss must fall.
    accuracy_floor: float = 0.0
    image: tuple = (28, 28, 1)
    classes: int = 10
    optimizer: str = "adam"  # Adam(1e-3), or "adamw" for AdamW(1e-3, weight_decay=0.05), or "sgd" for SGD(1e-2)
    # "recipe": mirror every image, shift it by whole pixels, cut a square out, as tinynet/textbook/practicals.py does.
    # "turned": rotate it too; whatever moves pixels then interpolates.
    augment: str = ""

    @property
    def random_images(self) -> bool:
        """Whether the network's input has another shape than the images of Fashion-MNIST: it then gets random ones."""
        return self.image != (28, 28, 1)

    @property
    def channels(self) -> bool:
        """Whether the network's input has an axis of channels: (height, width, channels)."""
        return self.layers[0][0] != "flatten"


def _vgg_block(filters, convolutions):
    return (("conv", filters, "same", "relu"),) * convolutions + (("pool",),)


def _normalized_block(filters, rate=0.25):
    return (("conv", filters, "same", None), ("batch_norm",), ("relu",)) * 2 + (("pool",), ("dropout", rate))


def _head(rate=0.5):
    return (("flatten",), ("dense", 128, "relu"), ("dropout", rate), ("dense", 10, None))


_CNN = (("conv", 32, "valid", "relu"), ("pool",), ("conv", 64, "valid", "relu"), ("pool",), ("flatten",),
        ("dropout", 0.5), ("dense", 10, None))
_VGG = (*_normalized_block(32), *_normalized_block(64), *_normalized_block(128), *_head())
_VGG_AUGMENTED = (*_normalized_block(32, 0.1), *_normalized_block(64, 0.1), *_normalized_block(128, 0.1), *_head(0.3))

CASES = {
    "dense": Case(
        "Dense 784-128-10",
        (("flatten",), ("dense", 128, "relu"), ("dense", 10, None)),
        samples=60_000, batch_sizes=(32, 128), accuracy_floor=0.80,
    ),
    "cnn": Case("Conv32-pool-Conv64-pool-drop-Dense10", _CNN,
                samples=60_000, batch_sizes=(128,), accuracy_floor=0.75),
    "cnn_augmented": Case("the same on augmented images: tinynet train --model cnn --augment", _CNN,
                          samples=60_000, batch_sizes=(128,), accuracy_floor=0.60, augment="recipe"),
    "cnn_turned": Case("the same on images that are turned too", _CNN,
                       samples=60_000, batch_sizes=(128,), accuracy_floor=0.60, augment="turned"),
    "cnn_batch_norm": Case(
        "2x[Conv32-BN-ReLU]-pool-drop-2x[Conv64-BN-ReLU]-pool-drop-Dense128-drop-Dense10",
        (*_normalized_block(32), *_normalized_block(64), *_head()),
        samples=12_800, batch_sizes=(128,), accuracy_floor=0.70,
    ),
    "vgg": Case("tinynet train --model vgg: the one above with a third block of 128 filters", _VGG,
                samples=60_000, batch_sizes=(64,), accuracy_floor=0.75),
    "vgg_augmented": Case("the same on augmented images: tinynet train --model vgg --augment", _VGG_AUGMENTED,
                          samples=60_000, batch_sizes=(64,), accuracy_floor=0.60, optimizer="adamw", augment="recipe"),
    "vgg16": Case(
        "VGG-16, one step of SGD on 4 random images of 224x224, 1000 classes; an epoch is that step",
        (*_vgg_block(64, 2), *_vgg_block(128, 2), *_vgg_block(256, 3), *_vgg_block(512, 3), *_vgg_block(512, 3),
         ("flatten",), ("dense", 4096, "relu"), ("dense", 4096, "relu"), ("dense", 1000, None)),
        samples=4, batch_sizes=(4,), image=(224, 224, 3), classes=1000, optimizer="sgd",
    ),
}
