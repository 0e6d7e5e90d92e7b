"""Layers that mix: examples with each other, or several augmentations of one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..augment import mixing
from ..augment.erasing import paste
from ..core.checks import number, whole
from ..core.naming import to_snake_case
from ..tensor import to_array
from .augmentation import ImageAugmentation, factor_range
from .augmentation_color import RandomBrightness, RandomColorDegeneration, RandomContrast, Valued
from .augmentation_filters import RandomSharpness
from .augmentation_geometry import RandomRotation, RandomShear, RandomTranslation
from .augmentation_tones import AutoContrast, Equalization, RandomPosterization, Solarization

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike
    from .augmentation import Factor, Range


class _Mixing(ImageAugmentation):
    """Called on {'images', 'labels'} with one-hot labels, or on images alone."""

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Array:
        labels = to_array(labels)
        if not training or transformation is None:
            return labels
        count = len(transformation["permutation_order"])
        if labels.ndim != 2 or len(labels) != count:
            raise ValueError(
                f"{type(self).__name__}: labels must be one-hot, shape ({count}, classes), got {labels.shape}; see "
                "tinynet.utils.to_categorical"
            )
        labels = labels if labels.dtype.kind == "f" else labels.astype(self._dtype)
        weight = np.asarray(transformation["mix_weight"], labels.dtype).reshape(-1, 1)
        return mixing.blend(labels, labels[np.asarray(transformation["permutation_order"])], weight)


class MixUp(_Mixing):
    """x~ = lambda x_i + (1 - lambda) x_j, and the same for the labels, with lambda ~ Beta(alpha, alpha) for each image.

    Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.

    Args:
        alpha: From 0 to 1; small numbers change most images little.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> MixUp(0.2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.alpha = number(alpha, "MixUp", "alpha", 0, 1)
        if alpha == 0:
            raise ValueError("MixUp: alpha must be above 0, got 0")

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"mix_weight": rng.beta(self.alpha, self.alpha, len(images)),
                "permutation_order": rng.permutation(len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        weight = np.asarray(transformation["mix_weight"], images.dtype).reshape(-1, 1, 1, 1)
        return mixing.blend(images, images[np.asarray(transformation["permutation_order"])], weight)

    def get_config(self) -> Config:
        return {**super().get_config(), "alpha": self.alpha}


class CutMix(_Mixing):
    """Paste a rectangle of another image of the batch; labels are mixed by lambda, the share that is aimed at.

    With lambda ~ Beta(a, a) the rectangle has sqrt(1 - lambda) of the image's height and width, to the nearest pixel,
    and lies inside. Yun et al., "CutMix", ICCV 2019. `augment.cutmix` counts the pixels instead.

    Args:
        factor: a is drawn, once a batch, from [0, factor], or from a pair (lower, upper) within [0, 1].
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> CutMix(seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, factor: Factor = 1.0, seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        self.factor = factor_range(factor, "CutMix", low=0.0, symmetric=False)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        a = max(rng.uniform(*self.factor), 1e-3)  # Beta(0, 0) is not defined
        weight = rng.beta(a, a, len(images))
        share = np.sqrt(1 - weight)
        return {"permutation_order": rng.permutation(len(images)), "mix_weight": weight.reshape(-1, 1, 1, 1),
                "boxes": mixing.random_boxes(images.shape, share, share, rng)}

    def transform(self, images: Array, transformation: Any) -> Array:
        return paste(images, images, transformation["boxes"], transformation["permutation_order"])

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class Mixing(_Mixing):
    """Mix images of a batch, and their labels, by any method of `tinynet.augment.MASKS`.

    Args:
        method: 'mixup', 'cutmix', 'vertical_concat', 'random_rows', ...
        alpha: Shares are drawn from Beta(alpha, alpha).
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> Mixing("mixup", seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, method: str = "mixup", alpha: float = 1.0, data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        if method not in mixing.MASKS:
            raise ValueError(f"Mixing: unknown method {method!r}; known: {', '.join(mixing.MASKS)}")
        if not alpha > 0:
            raise ValueError(f"Mixing: alpha must be above 0, got {alpha!r}")
        self.method, self.alpha = method, alpha

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        weights = rng.beta(self.alpha, self.alpha, len(images))
        mask = mixing.mixing_mask(self.method, images.shape, weights, rng)
        return {"mask": mask, "mix_weight": mask.mean(axis=(1, 2, 3)),
                "permutation_order": rng.permutation(len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        order = np.asarray(transformation["permutation_order"])
        return mixing.blend(images, images[order], np.asarray(transformation["mask"], images.dtype))

    def get_config(self) -> Config:
        return {**super().get_config(), "method": self.method, "alpha": self.alpha}


class _Composed(Valued):
    """Layers of other names inside: they draw and transform, in channels_last, with this layer's generator."""

    def make(self, cls: type[Any], **arguments: Any) -> Any:
        """A layer of this class for use inside."""
        return cls(**arguments, data_format="channels_last", dtype=self.dtype, name=to_snake_case(cls.__name__))


class RandAugment(_Composed):
    """`num_ops` random operations, the same for all images of a batch, with amounts drawn for each.

    Cubuk et al., "RandAugment", 2019. The operations: shear, translation, rotation, brightness, color degeneration,
    contrast, sharpness, posterization, solarization, auto contrast, equalization. (Keras 3.15 draws the bits that
    posterization keeps from 1 to 8 factor, so that a small factor changes most; here a greater factor keeps fewer.)

    Args:
        value_range: What black and white are.
        num_ops: How many, of the eleven, without repetition.
        factor: How strong: the factor of each layer is drawn from [0, factor], or from a pair within [0, 1].
        interpolation: 'bilinear' or 'nearest'.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> RandAugment(num_ops=2, seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(self, value_range: Range = (0, 255), num_ops: int = 2, factor: Factor = 0.5,
                 interpolation: str = "bilinear", seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(factor, type(self).__name__, low=0.0, symmetric=False)
        self.interpolation = interpolation
        lower, upper = self.factor
        colors = {"factor": self.factor, "value_range": self.value_range}
        bits = max(1, round(8 * (1 - upper))), min(8, round(8 * (1 - lower)) + 1)
        self._operations = {
            "random_shear": self.make(RandomShear, x_factor=self.factor, y_factor=self.factor,
                                      interpolation=interpolation),
            "random_translation": self.make(RandomTranslation, height_factor=self.factor, width_factor=self.factor,
                                            interpolation=interpolation),
            "random_rotation": self.make(RandomRotation, factor=self.factor, interpolation=interpolation),
            "random_brightness": self.make(RandomBrightness, **colors),
            "random_color_degeneration": self.make(RandomColorDegeneration, **colors),
            "random_contrast": self.make(RandomContrast, **colors),
            "random_sharpness": self.make(RandomSharpness, **colors),
            "random_posterization": self.make(RandomPosterization, factor=bits, value_range=self.value_range),
            "solarization": self.make(Solarization, addition_factor=self.factor, threshold_factor=self.factor,
                                      value_range=self.value_range),
            "auto_contrast": self.make(AutoContrast, value_range=self.value_range),
            "equalization": self.make(Equalization, value_range=self.value_range),
        }
        self.num_ops = whole(num_ops, "RandAugment", "num_ops", 0, len(self._operations))

    def usable(self, images: Any) -> list[str]:
        """The operations that exist for this number of channels."""
        return [name for name in self._operations if images.shape[-1] == 3 or name != "random_color_degeneration"]

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        names = rng.choice(self.usable(images), self.num_ops, replace=False)
        return {"transforms": {str(name): self._operations[str(name)].draw(images, rng) for name in names}}

    def transform(self, images: Array, transformation: Any) -> Array:
        for name, parameters in transformation["transforms"].items():
            images = self._operations[name].transform(images, parameters)
        return images

    def get_config(self) -> Config:
        return {**super().get_config(), "num_ops": self.num_ops, "factor": self.factor,
                "interpolation": self.interpolation}


class AugMix(_Composed):
    """Blend several chains of random operations with each other, and with the image itself.

    x~ = m x + (1 - m) sum_k w_k chain_k(x), w ~ Dirichlet(alpha, ..., alpha), m ~ Beta(alpha, alpha); one draw a batch.
    Hendrycks et al., "AugMix", ICLR 2020.

    Args:
        value_range: What black and white are.
        num_chains: How many chains.
        chain_depth: Operations in a chain: drawn from 1 to chain_depth; -1 counts as 3.
        factor: How strong the operations are, as for `RandAugment`.
        alpha: Of the Dirichlet and the Beta distribution.
        all_ops: Whether brightness, color degeneration, contrast and sharpness are used too; the paper leaves them out,
            since they overlap with the corruptions it tests on.
        interpolation: 'bilinear' or 'nearest'.
        data_format, seed: As for `ImageAugmentation`.

    Shapes: images (batch, height, width, channels), or a single one; the same out.

    Raises:
        ValueError: an argument is outside its range.

    >>> AugMix(seed=1)(np.full((2, 8, 8, 3), 100.0), training=True).shape
    (2, 8, 8, 3)
    """

    EXTRA = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")

    def __init__(self, value_range: Range = (0, 255), num_chains: int = 3, chain_depth: int = 3, factor: Factor = 0.3,
                 alpha: float = 1.0, all_ops: bool = True, interpolation: str = "bilinear", seed: SeedLike = None,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.num_chains = whole(num_chains, "AugMix", "num_chains", 1)
        self.chain_depth = -1 if chain_depth == -1 else whole(chain_depth, "AugMix", "chain_depth", 1)
        if not alpha > 0:
            raise ValueError(f"AugMix: alpha must be above 0, got {alpha!r}")
        self.alpha, self.all_ops = alpha, bool(all_ops)
        self.interpolation = interpolation
        self._operations = RandAugment(value_range, 1, factor, interpolation, data_format="channels_last",
                                       dtype=self.dtype, name="rand_augment")
        self.factor = self._operations.factor

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        names = [name for name in self._operations.usable(images) if self.all_ops or name not in self.EXTRA]
        layers, deepest = self._operations._operations, 3 if self.chain_depth == -1 else self.chain_depth
        chains = [[{"layer_name": str(name), "transformation": layers[str(name)].draw(images, rng)}
                   for name in rng.choice(names, rng.integers(1, deepest + 1))] for _ in range(self.num_chains)]
        return {"chain_mixing_weights": rng.dirichlet([self.alpha] * self.num_chains),
                "weight_sample": rng.beta(self.alpha, self.alpha), "chain_transforms": chains}

    def transform(self, images: Array, transformation: Any) -> Array:
        mixed = np.zeros_like(images)
        weights = np.asarray(transformation["chain_mixing_weights"], images.dtype)
        for weight, chain in zip(weights, transformation["chain_transforms"], strict=True):
            changed = images
            for step in chain:
                changed = self._operations._operations[step["layer_name"]].transform(changed, step["transformation"])
            mixed += weight * changed
        return mixing.blend(images, mixed, images.dtype.type(transformation["weight_sample"]))

    def get_config(self) -> Config:
        return {**super().get_config(), "num_chains": self.num_chains, "chain_depth": self.chain_depth,
                "factor": self.factor, "alpha": self.alpha, "all_ops": self.all_ops,
                "interpolation": self.interpolation}
