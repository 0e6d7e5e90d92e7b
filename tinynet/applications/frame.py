"""What all networks of this package share: input, classifier, weights, and the checks of their arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import config
from ..core.errors import ModelFileError, warn_user
from ..layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input
from ..layers.core import InputLayer, KerasTensor
from ..models import Model
from ..saving import load_weights
from ..utils import load_weights_npz

if TYPE_CHECKING:
    from ..core.types import Shape

KERAS_FOLDER = "~/.keras/models"  # where Keras keeps the files that it downloads
_KERNELS = "weights_tf_dim_ordering_tf_kernels"


class Frame:
    """The arguments that all networks have, and the parts of a network that depend on them alone.

    A network calls `image`, applies its layers, then calls `classifier` and `model`.

    Args:
        network: Name of the function, for errors.
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation: As for `VGG16`.
        published: Name of the file with the weights that Keras publishes, for weights='imagenet'.

    Raises:
        TypeError: `input_tensor` is not a KerasTensor.
        ValueError: `pooling` is unknown, or there is no file for `weights`.
    """

    def __init__(self, network: str, include_top: bool, weights: str | os.PathLike[str] | None,
                 input_tensor: KerasTensor | None, input_shape: Shape | None, pooling: str | None, classes: int,
                 classifier_activation: Any, published: str) -> None:
        if pooling not in (None, "avg", "max"):
            raise ValueError(f"{network}: pooling must be None, 'avg' or 'max', got {pooling!r}")
        if input_tensor is not None and not isinstance(input_tensor, KerasTensor):
            raise TypeError(f"{network}: input_tensor must be an Input(...), or what layers return for one; got "
                            f"{type(input_tensor).__name__}")
        self.network, self.include_top, self.pooling = network, include_top, pooling
        self.input_tensor, self.input_shape = input_tensor, input_shape
        self.classes, self.classifier_activation = classes, classifier_activation
        self.from_imagenet = isinstance(weights, str) and weights == "imagenet"
        self.weights = self._weights_file(weights, published)

    def _weights_file(self, weights, published):
        """The file to load weights from, None for random ones."""
        if weights is None:
            return None
        if not self.from_imagenet:
            path = Path(os.fspath(weights)).expanduser()
            if not path.is_file():
                raise ValueError(f"{self.network}: there is no file {os.fspath(weights)!r}; weights must be None or "
                                 "the path of a file (.weights.h5, .h5, .safetensors, .keras or .npz)")
            return path
        if self.include_top and self.classes != 1000:
            raise ValueError(f"{self.network}: the published weights are for 1000 classes, got classes={self.classes}; "
                             "write include_top=False and add a Dense layer of your own")
        path = Path(KERAS_FOLDER).expanduser() / published
        if not path.is_file():
            raise ValueError(
                f"{self.network}: weights='imagenet' would need a download, and tinynet does not fetch trained "
                f"networks. Write weights=None for random weights, or weights='path' with a file of yours: the file "
                f"{published}, which Keras keeps in {KERAS_FOLDER} (there, 'imagenet' finds it), or one that "
                f"keras.applications.{self.network}(...).save_weights('name.weights.h5') has written in Keras"
            )
        return path

    def image(self, default_size: int, min_size: int) -> KerasTensor:
        """Return the tensor that the first layer is called on.

        Args:
            default_size: Height and width in pixels if none are given and the classifier is included.
            min_size: The smallest height and width for which all layers have an output.

        Raises:
            ValueError: the shape is not one of images, is too small, or is not known although the classifier is
                included.
        """
        last = config.image_data_format() == "channels_last"
        given = self.input_shape if self.input_tensor is None else self.input_tensor.shape[1:]
        if given is None:
            size = default_size if self.include_top else None
            given = (size, size, 3) if last else (3, size, size)
        shape = tuple(given)
        if len(shape) != 3:
            raise ValueError(f"{self.network}: input_shape must be (height, width, channels), got {shape}")
        sides, channels = (shape[:2], shape[2]) if last else (shape[1:], shape[0])
        if any(side is not None and side < min_size for side in sides):
            raise ValueError(f"{self.network}: images must be {min_size}x{min_size} or larger, since its layers shrink "
                             f"smaller ones to nothing; got {shape}")
        if self.include_top and None in sides:
            raise ValueError(f"{self.network}: the layers of the classifier (include_top=True) need images of a known "
                             f"size, got {shape}")
        if channels not in (1, 3):
            warn_user(f"{self.network} is made for images of 3 channels (or 1), got {channels}", UserWarning)
        return Input(shape) if self.input_tensor is None else self.input_tensor

    def classifier(self, x: KerasTensor, pools: tuple[str | None, str | None] = ("avg_pool", "max_pool"),
                   dropout: Any = None) -> KerasTensor:
        """Return the output of the classifier: the average of each map, then a dense layer. Without it, as `pooled`.

        Args:
            x: Output of the last block.
            pools: Names of the pooling layers without the classifier; None for automatic ones.
            dropout: Layer between the average and the dense layer.
        """
        if not self.include_top:
            return self.pooled(x, *pools)
        x = GlobalAveragePooling2D(name="avg_pool")(x)
        if dropout is not None:
            x = dropout(x)
        return Dense(self.classes, activation=self.classifier_activation, name="predictions")(x)

    def pooled(self, x: KerasTensor, average: str | None = None, maximum: str | None = None) -> KerasTensor:
        """Return what follows the last block without the classifier: global pooling, or `x` itself.

        Args:
            x: Output of the last block.
            average, maximum: Names of the two pooling layers; None for automatic ones.
        """
        if self.pooling is None:
            return x
        return GlobalAveragePooling2D(name=average)(x) if self.pooling == "avg" else GlobalMaxPooling2D(name=maximum)(x)

    def model(self, image: KerasTensor, outputs: KerasTensor, name: str | None) -> Model:
        """Return the model from the images to `outputs`, with the weights of the file if there is one.

        Args:
            image: What `image()` returned.
            outputs: Output of the last layer.
            name: Of the model.

        Raises:
            ModelFileError: the file is damaged, or has the weights of another network.
        """
        model = Model(_source_inputs(image), outputs, name=name)
        if self.weights is None:
            return model
        if self.weights.suffix == ".npz":
            load_weights_npz(model, self.weights)
            return model
        try:
            load_weights(model, self.weights)
        except ModelFileError as error:
            raise ModelFileError(
                f"{error}. The file must be of {self.network} with the same include_top, classes and channels. For the "
                "layers that fit, write weights=None and model.load_weights(path, by_name=True, skip_mismatch=True) "
                "with an old .h5 file"
            ) from error
        return model


def published(name: str, include_top: bool) -> str:
    """Return the name of the file of weights that Keras publishes for most networks."""
    return f"{name}_{_KERNELS}{'' if include_top else '_notop'}.h5"


def channel_axis() -> int:
    """Return the axis of the channels in a batch of images: 3 or 1, as `config.image_data_format()` is."""
    return 3 if config.image_data_format() == "channels_last" else 1


def pixels(x: KerasTensor) -> tuple[int | None, int | None]:
    """Return height and width of the images in a batch."""
    return (x.shape[1], x.shape[2]) if channel_axis() == 3 else (x.shape[2], x.shape[3])


def same_padding(x: KerasTensor, kernel_size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the zeros to add at each border so that a 'valid' window with stride 2 computes what a 'same' one does.

    Args:
        x: Batch of images. A height or width that is not known counts as even.
        kernel_size: Side of the window, odd.
    """
    half = kernel_size // 2
    height, width = ((half if size is not None and size % 2 else half - 1, half) for size in pixels(x))
    return height, width


def divisible(channels: float, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, but never below 90% of the number. Sandler et al. scale channels like this."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def _source_inputs(tensor):
    """The tensors of the `Input`s that a tensor depends on: one of them, or a list."""
    found, seen, stack = [], set(), [tensor]
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one._node.operation, InputLayer):
            found.append(one)
        else:
            stack += one._node.inputs
    return found[0] if len(found) == 1 else found
