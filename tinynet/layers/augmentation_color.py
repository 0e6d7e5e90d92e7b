"""Keras's layers that change values: light, contrast, colours, sharpness, numbers of levels, erased parts."""

from __future__ import annotations

import numpy as np

from .. import augment
from ..augment import pixel
from ..augment.batches import check_range
from ..augment.filters import smooth
from .augmentation import ImageAugmentation, factor_range


class Valued(ImageAugmentation):
    """What the layers share that need to know black and white."""

    def __init__(self, value_range, data_format, seed, **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        check_range(value_range, type(self).__name__)
        self.value_range = tuple(value_range)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {}

    def get_config(self) -> Config:
        return {**super().get_config(), "value_range": self.value_range}


class _Factored(Valued):
    """With one `factor`, as a range."""

    bounds = (-1.0, 1.0)
    symmetric = True

    def __init__(self, factor, value_range, data_format, seed, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.factor = factor_range(factor, type(self).__name__, "factor", *self.bounds, self.symmetric)

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class RandomBrightness(_Factored):
    """Add a random share of the range to all values of an image.

    Args:
        factor: f: between -f and f; or a pair (lower, upper); within [-1, 1].
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        share = rng.uniform(*self.factor, (len(images), 1, 1, 1))
        return {"rgb_delta": share * (self.value_range[1] - self.value_range[0])}

    def transform(self, images: Array, transformation: Any) -> Array:
        share = np.asarray(transformation["rgb_delta"]) / (self.value_range[1] - self.value_range[0])
        return augment.brightness(images, share.ravel(), self.value_range)


class RandomContrast(_Factored):
    """Move values away from the mean of their channel, or towards it.

    Args:
        factor: A pair (lower, upper): by a factor from [1 - lower, 1 + upper]. As in Keras 3.15, a number f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"contrast_factor": rng.uniform(1 - self.factor[0], 1 + self.factor[1], (len(images), 1, 1, 1))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.contrast(images, np.asarray(transformation["contrast_factor"]).ravel(), self.value_range)


class RandomHue(_Factored):
    """Turn the colours on the colour circle.

    Args:
        factor: By up to half a turn times a number drawn from (lower, upper), in a random direction; f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        amount = 0.5 * rng.uniform(*self.factor, len(images))
        return {"factor": amount * rng.choice([-1.0, 1.0], len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.hue_saturation(images, np.asarray(transformation["factor"]), 1.0, self.value_range)


class RandomSaturation(_Factored):
    """Make colours stronger or weaker: with f drawn from `factor`, saturation is multiplied by f / (1 - f).

    Args:
        factor: A pair (lower, upper) in [0, 1]: 0.5 changes nothing, 0 takes all colour away, 1 makes it as strong as
            it can be. As in Keras 3.15, a number f is (-f, f), and below 0 counts as 0.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        share = rng.uniform(*self.factor, len(images))
        return {"factor": share / (1 - share + 1e-7)}

    def transform(self, images: Array, transformation: Any) -> Array:
        factor = np.maximum(np.asarray(transformation["factor"]), 0)
        return augment.hue_saturation(images, 0.0, factor, self.value_range)


class RandomColorDegeneration(_Factored):
    """Blend with the grey image: x + factor (gray - x); 0 changes nothing, 1 is grey, below 0 makes colours stronger.

    Args:
        factor: f: between -f and f; or a pair (lower, upper); within [-1, 1].
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"factor": rng.uniform(*self.factor, (len(images), 1, 1, 1))}

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.color(images, 1 - np.asarray(transformation["factor"]).ravel(), self.value_range)


class RandomGrayscale(ImageAugmentation):
    """Take the colours away from an image with probability `factor`; three channels stay.

    Args:
        factor: Probability.
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, factor=0.5, data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(data_format, seed, **kwargs)
        if not 0 <= factor <= 1:
            raise ValueError(f"RandomGrayscale: factor is a probability from 0 to 1, got {factor!r}")
        self.factor = factor

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return rng.random((len(images), 1, 1, 1)) < self.factor

    def transform(self, images: Array, transformation: Any) -> Array:
        if images.shape[-1] != 3:
            raise ValueError(f"RandomGrayscale: needs 3 channels (red, green, blue), got shape {images.shape}")
        return np.where(np.asarray(transformation), pixel.luma(images), images)

    def get_config(self) -> Config:
        return {**super().get_config(), "factor": self.factor}


class RandomInvert(_Factored):
    """Turn an image into its negative, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor=1.0, value_range: tuple[float, float] = (0, 255), seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"apply_inversion": rng.random(len(images)) < rng.uniform(*self.factor, len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        chosen = np.asarray(transformation["apply_inversion"]).reshape(-1, 1, 1, 1)
        return np.where(chosen, augment.invert(images, self.value_range), images)


class RandomSharpness(_Factored):
    """Blur or sharpen: smooth + 2 factor (x - smooth); 0 blurs, 0.5 changes nothing, 1 sharpens.

    Args:
        factor: A pair (lower, upper) in [0, 1]; a number f is (0, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"factor": rng.uniform(*self.factor, len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        amount = 2 * np.asarray(transformation["factor"], images.dtype).reshape(-1, 1, 1, 1) - 1
        return np.clip(images + amount * (images - smooth(images)), *self.value_range)


class RandomPosterization(_Factored):
    """Keep a random number of the eight bits of each value.

    Args:
        factor: A pair (lower, upper) of bits from 1 to 8; draws are from lower to upper - 1. As in Keras, a number f is
            (1, f).
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (1.0, 8.0), False

    def __init__(self, factor, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.factor = tuple(map(int, self.factor))

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        lower, upper = self.factor
        return {"shift_factor": 8 - rng.integers(lower, max(upper, lower + 1), len(images))}

    def transform(self, images: Array, transformation: Any) -> Array:
        bits = 8 - np.asarray(transformation["shift_factor"]).astype(int)
        return augment.posterize(images, bits, self.value_range)


class Solarization(Valued):
    """Add a random amount, then turn values from a random threshold on into their negatives.

    Args:
        addition_factor: What is added is a share of the range drawn from [0, addition_factor], or from a pair.
        threshold_factor: The threshold, likewise. (For a pair, Keras 3.15 forgets to scale the lower end; here both are
            shares of the range.)
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    def __init__(self, addition_factor=0.0, threshold_factor=0.0, value_range: tuple[float, float] = (0, 255), seed: SeedLike = None, data_format: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.addition_factor = factor_range(addition_factor, "Solarization", "addition_factor", 0.0, 1.0, False)
        self.threshold_factor = factor_range(threshold_factor, "Solarization", "threshold_factor", 0.0, 1.0, False)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        shape = (len(images), 1, 1, 1)
        return {"additions": 255 * rng.uniform(*self.addition_factor, shape),
                "thresholds": 255 * rng.uniform(*self.threshold_factor, shape)}

    def transform(self, images: Array, transformation: Any) -> Array:
        addition, threshold = (np.asarray(transformation[key]).ravel() / 255 for key in ("additions", "thresholds"))
        return augment.solarize(images, threshold, addition, self.value_range)

    def get_config(self) -> Config:
        return {**super().get_config(), "addition_factor": self.addition_factor,
                "threshold_factor": self.threshold_factor}


class Equalization(Valued):
    """Make all levels of each channel of each image equally frequent. See `augment.equalize`.

    (Keras 3.15 counts the levels of the whole batch together, so that an image's result depends on its neighbours.)

    Args:
        value_range: What black and white are.
        bins: How many levels are told apart.
        data_format: As for `ImageAugmentation`.
    """

    def __init__(self, value_range: tuple[float, float] = (0, 255), bins=256, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, None, **kwargs)
        self.bins = bins

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.equalize(images, self.bins, self.value_range)

    def get_config(self) -> Config:
        configuration = {**super().get_config(), "bins": self.bins}
        del configuration["seed"]
        return configuration


class AutoContrast(Valued):
    """Stretch each channel to the whole range, in training or not. See `augment.auto_contrast`.

    Args:
        value_range: What black and white are.
        data_format: As for `ImageAugmentation`.
    """

    def __init__(self, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, None, **kwargs)

    def call(self, data, training=True):
        return super().call(data, True)  # as in Keras: nothing about it is random

    def transform(self, images: Array, transformation: Any) -> Array:
        return augment.auto_contrast(images, self.value_range)

    def get_config(self) -> Config:
        configuration = super().get_config()
        del configuration["seed"]
        return configuration


class RandomColorJitter(Valued):
    """Brightness, contrast, saturation and hue, each by a random amount, in this order.

    Args:
        value_range: What black and white are.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: As for the layer of that name; None leaves it
            out.
        data_format, seed: As for `ImageAugmentation`.
    """

    LAYERS = {"brightness_factor": RandomBrightness, "contrast_factor": RandomContrast,
              "saturation_factor": RandomSaturation, "hue_factor": RandomHue}

    def __init__(self, value_range: tuple[float, float] = (0, 255), brightness_factor=None, contrast_factor=None, saturation_factor=None,
                 hue_factor=None, seed: SeedLike = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, data_format, seed, **kwargs)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        inner = {"value_range": self.value_range, "data_format": "channels_last", "dtype": self.dtype}
        self._steps = [(name, make(getattr(self, name), name=name, **inner))
                       for name, make in self.LAYERS.items() if getattr(self, name) is not None]

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {name: layer.draw(images, rng) for name, layer in self._steps}

    def transform(self, images: Array, transformation: Any) -> Array:
        for name, layer in self._steps:
            images = layer.transform(images, transformation[name])
        return images

    def get_config(self) -> Config:
        return {**super().get_config(), **{name: getattr(self, name) for name in self.LAYERS}}


class RandomGaussianBlur(_Factored):
    """Blur an image, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        kernel_size: Side of the window, odd, or (width, height).
        sigma: Standard deviation in pixels, drawn from [0, sigma] or a pair within [0, 1], once a batch for each axis.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor=1.0, kernel_size=3, sigma=1.0, value_range: tuple[float, float] = (0, 255), data_format: str | None = None, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        pair = tuple(kernel_size) if isinstance(kernel_size, tuple | list) else (kernel_size, kernel_size)
        if len(pair) != 2 or not all(isinstance(n, int) and n > 0 and n % 2 for n in pair):
            raise ValueError(
                f"RandomGaussianBlur: kernel_size must be an odd int, or a pair (width, height), got {kernel_size!r}"
            )
        self.kernel_size = pair
        self.sigma = factor_range(sigma, "RandomGaussianBlur", "sigma", 0.0, 1.0, False)

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        return {"should_apply_blur": rng.random(len(images)) < rng.uniform(*self.factor, len(images)),
                "blur_factor": rng.uniform(*self.sigma, 2)}

    def transform(self, images: Array, transformation: Any) -> Array:
        result = images.copy()
        chosen = np.flatnonzero(transformation["should_apply_blur"])
        if chosen.size:
            across, down = map(float, transformation["blur_factor"])
            part = images[chosen]
            for sigma, size in (((0.0, across), self.kernel_size[0]), ((down, 0.0), self.kernel_size[1])):
                part = augment.gaussian_blur(part, sigma, size, "constant", self.value_range)
            result[chosen] = part
        return result

    def get_config(self) -> Config:
        return {**super().get_config(), "kernel_size": self.kernel_size, "sigma": self.sigma}


class RandomErasing(_Factored):
    """Erase a rectangle inside the image, with a probability drawn from `factor`.

    Args:
        factor: f: the probability is drawn from [0, f]; or a pair (lower, upper).
        scale: Height and width are shares sqrt(u) of the image's, with u drawn for each from this pair; s is (0, s).
        fill_value: A number; None for normal noise of mean 0 and standard deviation value_range[1], kept in the range.
        value_range: What black and white are.
        data_format, seed: As for `ImageAugmentation`.
    """

    bounds, symmetric = (0.0, 1.0), False

    def __init__(self, factor=1.0, scale=(0.02, 0.33), fill_value=None, value_range: tuple[float, float] = (0, 255), seed: SeedLike = None,
                 data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, data_format, seed, **kwargs)
        self.scale = factor_range(scale, "RandomErasing", "scale", 0.0, 1.0, False)
        self.fill_value = fill_value

    def draw(self, images: Array, rng: np.random.Generator) -> Any:
        from ..augment.mixing import random_boxes

        count = len(images)
        apply = rng.random(count) < rng.uniform(*self.factor, count)
        shares = np.sqrt(rng.uniform(*self.scale, (2, count)))
        fill = self.fill_value
        if fill is None:
            fill = np.clip(rng.standard_normal(images.shape, np.float32) * self.value_range[1], *self.value_range)
        return {"apply_erasing": apply, "boxes": random_boxes(images.shape, *shares, rng), "fill_value": fill}

    def transform(self, images: Array, transformation: Any) -> Array:
        boxes = np.where(np.asarray(transformation["apply_erasing"])[:, None, None], transformation["boxes"], 0)
        fill = transformation["fill_value"]
        if np.ndim(fill) == 0:
            return augment.erase(images, boxes, fill)
        return augment.paste(images, np.asarray(fill, images.dtype), boxes)

    def get_config(self) -> Config:
        return {**super().get_config(), "scale": self.scale, "fill_value": self.fill_value}
