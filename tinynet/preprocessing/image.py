"""`keras.preprocessing.image`: pictures from files, and `ImageDataGenerator`, which changes them at random."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config, random
from ..core.errors import warn_user
from ..core.types import Array, DTypeLike, SeedLike
from ..utils.images import array_to_img, img_to_array, load_img, save_img
from .affine import affine_matrix, transform
from .dataframe_batches import DataFrameBatches
from .image_batches import ArrayBatches, DirectoryBatches

__all__ = ["ImageDataGenerator", "array_to_img", "img_to_array", "load_img", "save_img"]


_DEPRECATED = {
    "has_ext": "names in the table must have their endings", "sort": "shuffle=False keeps the order of the table",
    "drop_duplicates": "use dataframe.drop_duplicates()",
}


class ImageDataGenerator:
    """Batches of pictures, each changed at random in its own way. New notebooks use the layers `RandomFlip`, ...

    Args:
        featurewise_center, featurewise_std_normalization, zca_whitening: Normalise by the mean, the standard deviation,
            the covariance of the data that `fit` was given. The last two need the first and set it. Whitened pixels
            have the standard deviation 1 already: the second is switched off, with a warning.
        samplewise_center, samplewise_std_normalization: Normalise each picture by its own. The second sets the first.
        zca_epsilon: Added to the singular values of the data.
        rotation_range: Turn by up to so many degrees either way.
        width_shift_range, height_shift_range: Move by up to this share of the size (below 1), so many pixels (from 1
            on), or by one of a list.
        brightness_range: (darkest, brightest) factor.
        shear_range: Shear by up to so many degrees.
        zoom_range: (smallest, largest) factor, or z for (1 - z, 1 + z).
        channel_shift_range: Add up to this number to each channel.
        fill_mode, cval: What is outside: "nearest", "reflect", "wrap", or "constant" `cval`.
        horizontal_flip, vertical_flip: Whether to mirror half of the pictures.
        rescale: Factor for all values.
        preprocessing_function: Applied to each picture after these changes.
        validation_split: Share of the data that `subset="validation"` has.
        interpolation_order: 1 linear, 0 nearest.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        dtype: Element type of the batches; `floatx()` if None.

    Raises:
        ValueError: `validation_split` is not between 0 and 1, or a range is no pair of factors.

    >>> generator = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    >>> x, y = next(generator.flow(np.zeros((5, 8, 8, 1)), np.arange(5), batch_size=2))
    >>> x.shape, y.shape
    ((2, 8, 8, 1), (2,))
    """

    def __init__(self, featurewise_center: bool = False, samplewise_center: bool = False,
                 featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
                 zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,
                 width_shift_range: Any = 0.0, height_shift_range: Any = 0.0,
                 brightness_range: tuple[float, float] | None = None, shear_range: float = 0.0,
                 zoom_range: float | tuple[float, float] = 0.0, channel_shift_range: float = 0.0,
                 fill_mode: str = "nearest", cval: float = 0.0, horizontal_flip: bool = False,
                 vertical_flip: bool = False, rescale: float | None = None,
                 preprocessing_function: Callable[[Array], Array] | None = None, data_format: str | None = None,
                 validation_split: float = 0.0, interpolation_order: int = 1, dtype: DTypeLike = None) -> None:
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.shear_range = brightness_range, shear_range
        self.zoom_range = (
            (1 - zoom_range, 1 + zoom_range) if isinstance(zoom_range, float | int) else tuple(zoom_range)
        )
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval = fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = data_format or config.image_data_format()
        self.validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = np.dtype(dtype or config.floatx())
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"ImageDataGenerator: validation_split must be between 0 and 1, got {validation_split}")
        for name, pair in (("zoom_range", self.zoom_range), ("brightness_range", brightness_range)):
            if pair is not None and (not isinstance(pair, list | tuple | np.ndarray) or len(pair) != 2):
                raise ValueError(f"ImageDataGenerator: {name} must be a pair of factors, got {pair!r}")
        if zca_whitening and featurewise_std_normalization:
            self.featurewise_std_normalization = False
            warn_user("ImageDataGenerator: zca_whitening=True makes all standard deviations 1; "
                      "featurewise_std_normalization=True is ignored", UserWarning)
        # A standard deviation, and a covariance, are those of centred data.
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.samplewise_center = samplewise_center or samplewise_std_normalization

    # -- batches -------------------------------------------------------------------------------------------------------

    def flow(self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
             seed: SeedLike = None, save_to_dir: str | None = None, save_prefix: str = "", save_format: str = "png",
             ignore_class_split: bool = False, subset: str | None = None) -> ArrayBatches:
        """Return batches of arrays, without end; `fit` takes them.

        Args:
            x: Pictures, shape (samples, height, width, channels), or a pair of them and other inputs.
            y: Targets.
            batch_size: Pictures in a batch.
            shuffle: Whether in a new order every epoch.
            sample_weight: Weights, shape (samples,).
            seed: int, for the order and the changes.
            save_to_dir: Folder for copies of the changed pictures; None writes none.
            save_prefix, save_format: Beginning and ending of their names.
            ignore_class_split: Taken for Keras's sake and ignored.
            subset: "training" or "validation", if there is a `validation_split`: the first part is for validation.

        Raises:
            ValueError: other shapes, unequal lengths, or a subset without `validation_split`.
        """
        return ArrayBatches(self, x, y, sample_weight, subset, batch_size=batch_size, shuffle=shuffle, seed=seed,
                            save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format)

    def flow_from_directory(self, directory: str | os.PathLike[str], target_size: tuple[int, int] = (256, 256),
                            color_mode: str = "rgb", classes: list[str] | None = None,
                            class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True,
                            seed: SeedLike = None, save_to_dir: str | None = None, save_prefix: str = "",
                            save_format: str = "png", follow_links: bool = False, subset: str | None = None,
                            interpolation: str = "nearest", keep_aspect_ratio: bool = False) -> DirectoryBatches:
        """Return batches of the pictures in a folder with a subfolder for each class. Needs the extra "image".

        Args:
            directory: The folder.
            target_size: (height, width) to which all pictures are resized.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: The subfolders in the order of their numbers; alphabetical if None.
            class_mode: What the targets are: "categorical" (one-hot), "sparse" (numbers), "binary" (0. or 1.),
                "input" (the pictures themselves), None.
            follow_links: Whether to search folders that are symbolic links.
            interpolation: How to resize; see `load_img`.
            keep_aspect_ratio: Whether to crop the middle to the target's proportions first.
            Others: As for `flow`.

        Raises:
            FileNotFoundError: no such folder.
            ValueError: an unknown color_mode or class_mode.
        """
        return DirectoryBatches(self, directory, target_size, color_mode, classes, class_mode, subset, interpolation,
                                keep_aspect_ratio, follow_links, batch_size=batch_size, shuffle=shuffle, seed=seed,
                                save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format)

    def flow_from_dataframe(self, dataframe: Any, directory: str | None = None, x_col: str = "filename",
                            y_col: Any = "class", weight_col: str | None = None,
                            target_size: tuple[int, int] = (256, 256), color_mode: str = "rgb",
                            classes: list[str] | None = None, class_mode: str | None = "categorical",
                            batch_size: int = 32, shuffle: bool = True, seed: SeedLike = None,
                            save_to_dir: str | None = None, save_prefix: str = "", save_format: str = "png",
                            subset: str | None = None, interpolation: str = "nearest", validate_filenames: bool = True,
                            **kwargs: Any) -> DataFrameBatches:
        """Return batches of the pictures that a pandas table names.

        Args:
            dataframe: The table, or a dict of its columns.
            directory: Folder to which the names are relative; the current one if None.
            x_col, y_col, weight_col: Columns of file names, targets (one, or a list) and sample weights.
            classes: Names of the classes in the order of their numbers; pictures of others are left out. All that
                occur, in alphabetical order, if None.
            class_mode: What the targets are. "categorical": one-hot; a picture whose entry in y_col is a list of names
                has several ones. "sparse": numbers of classes; "binary": 0. or 1. "raw": the numbers of y_col
                themselves. "multi_output": a list with the numbers of each column of y_col. "input": the pictures
                themselves. None: no targets; y_col is not read.
            validate_filenames: Whether to leave out files that are not there, or have no picture's ending, with a
                warning. Without, such a file is an error when its batch is made.
            kwargs: has_ext, sort and drop_duplicates of older versions, which have no effect, and warn.
            Others: As for `flow_from_directory`.

        Raises:
            KeyError: the table has no such column.
            TypeError: x_col, y_col or weight_col holds something else, or an unknown argument.
            ValueError: an unknown color_mode or class_mode, or "binary" with more or fewer than two classes.
        """
        for name in kwargs:
            if name not in _DEPRECATED:
                raise TypeError(f"flow_from_dataframe: unknown argument {name!r}")
            warn_user(f"flow_from_dataframe: {name} has no effect any more: {_DEPRECATED[name]}",
                      DeprecationWarning)
        if class_mode == "other":
            warn_user("flow_from_dataframe: class_mode='other' is now called 'raw'", DeprecationWarning)
            class_mode = "raw"
        return DataFrameBatches(self, dataframe, directory, x_col, y_col, weight_col, target_size, color_mode, classes,
                                class_mode, subset, interpolation, validate_filenames, batch_size=batch_size,
                                shuffle=shuffle, seed=seed, save_to_dir=save_to_dir, save_prefix=save_prefix,
                                save_format=save_format)

    # -- one picture ---------------------------------------------------------------------------------------------------

    def get_random_transform(self, img_shape: tuple[int, ...], seed: SeedLike = None) -> dict[str, Any]:
        """Draw the numbers of one random change, as `apply_transform` takes them.

        Args:
            img_shape: Shape of the picture.
            seed: int, or a NumPy Generator.
        """
        rng = seed if isinstance(seed, np.random.Generator) else random.generator(seed)
        height, width = img_shape[:2] if self.data_format == "channels_last" else img_shape[1:]
        zoom = self.zoom_range
        zx, zy = (1, 1) if zoom == (1, 1) else rng.uniform(zoom[0], zoom[1], 2)
        return {
            "theta": rng.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0,
            "tx": _shift(self.height_shift_range, height, rng),
            "ty": _shift(self.width_shift_range, width, rng),
            "shear": rng.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": bool(self.horizontal_flip and rng.random() < 0.5),
            "flip_vertical": bool(self.vertical_flip and rng.random() < 0.5),
            "channel_shift_intensity": rng.uniform(-self.channel_shift_range, self.channel_shift_range)
            if self.channel_shift_range else None,
            "brightness": rng.uniform(*self.brightness_range) if self.brightness_range is not None else None,
        }

    def apply_transform(self, x: Array, transform_parameters: dict[str, Any]) -> Array:
        """Return a picture changed by these numbers.

        Args:
            x: Array of three axes.
            transform_parameters: dict with any of theta, tx, ty, shear, zx, zy, flip_horizontal, flip_vertical,
                channel_shift_intensity, brightness.
        """
        get = transform_parameters.get
        first = self.data_format == "channels_first"
        x = x.transpose(1, 2, 0) if first else x
        moves = {"theta": get("theta", 0), "tx": get("tx", 0), "ty": get("ty", 0), "shear": get("shear", 0),
                 "zx": get("zx", 1), "zy": get("zy", 1)}
        if any(moves[name] for name in ("theta", "tx", "ty", "shear")) or (moves["zx"], moves["zy"]) != (1, 1):
            x = transform(x, affine_matrix(*x.shape[:2], **moves), self.fill_mode, self.cval, self.interpolation_order)
        if get("channel_shift_intensity") is not None:
            x = (x + get("channel_shift_intensity")).clip(x.min(), x.max())
        if get("flip_horizontal"):
            x = x[:, ::-1]
        if get("flip_vertical"):
            x = x[::-1]
        if get("brightness") is not None:
            x = (x * get("brightness")).clip(min(0, x.min()), 255 if x.max() > 1 else 1)
        return x.transpose(2, 0, 1) if first else x

    def random_transform(self, x: Array, seed: SeedLike = None) -> Array:
        """Return a picture changed at random.

        Args:
            x: Array of three axes.
            seed: int, or a NumPy Generator.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x: Array) -> Array:
        """Return a picture (or a batch) normalised by the generator's options."""
        x = self._before_statistics(x)
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x = x - self.mean
        if self.featurewise_std_normalization and self._fitted("featurewise_std_normalization", self.std):
            x = x / (self.std + 1e-6)
        if self.zca_whitening and self._fitted("zca_whitening", self.zca_whitening_matrix):
            flat = x.reshape(-1, self.zca_whitening_matrix.shape[0])
            x = (flat @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _before_statistics(self, x):
        """The steps whose results have the statistics that `fit` computes; each needs nothing but the picture."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        if self.rescale:
            x = x * self.rescale
        if self.samplewise_center:
            x = x - np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (np.std(x, keepdims=True) + 1e-6)
        return x

    @staticmethod
    def _fitted(option, value):
        if value is None:
            warn_user(f"ImageDataGenerator: {option}=True has no effect before fit(x) is called with the pictures",
                      UserWarning)
        return value is not None

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: SeedLike = None) -> None:
        """Compute mean, standard deviation and covariance of pictures, for the featurewise options.

        They are those of what `standardize` normalises by them: of pictures after `preprocessing_function`, `rescale`
        and the samplewise options. (Keras's are of rescaled pictures before the other two.)

        The whitening matrix is U diag(sqrt(n) / (s + zca_epsilon)) U^T, where the n centred pictures, as columns, are
        U diag(s) V^T. What no picture has, the directions with s = 0, it removes.

        Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, appendix A.

        Args:
            x: Pictures, shape (samples, height, width, channels).
            augment: Whether to use `rounds` randomly changed copies of each instead.
            rounds: How many copies.
            seed: int, for the changes.

        Raises:
            ValueError: another number of axes, or no pictures.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4 or len(x) == 0:
            raise ValueError(f"ImageDataGenerator.fit: expected pictures (samples, height, width, channels), got shape "
                             f"{x.shape}")
        if augment:
            rng = random.generator(seed)
            x = np.concatenate([[self.random_transform(picture, rng) for picture in x] for _ in range(rounds)])
        x = np.stack([self._before_statistics(picture) for picture in x]).astype(self.dtype, copy=False)
        axes = (0, 1, 2) if self.data_format == "channels_last" else (0, 2, 3)
        if self.featurewise_center:
            self.mean = x.mean(axes, keepdims=True)[0]
            x = x - self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axes, keepdims=True)[0]
            x = x / (self.std + 1e-6)
        if self.zca_whitening:
            self.zca_whitening_matrix = whitening_matrix(x.reshape(len(x), -1), self.zca_epsilon)


def whitening_matrix(x: Array, epsilon: float = 1e-6) -> Array:
    """Return the matrix W that makes the features of centred data uncorrelated: (x W)^T (x W) / n = identity.

    Of all such matrices it is the symmetric one, whose result is nearest to the data (ZCA).

    Args:
        x: Centred data, shape (samples, features).
        epsilon: Added to the singular values.

    Returns:
        Array, shape (features, features). Directions that the data does not have are removed.

    >>> whitening_matrix(np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])).round(3) + 0
    array([[0.707, 0.   ],
           [0.   , 1.414]])
    """
    triangle = np.linalg.qr(x, mode="r")  # x = Q R: R has x's singular values, and few rows
    _, values, directions = np.linalg.svd(triangle, full_matrices=False)
    in_span = values > values.max(initial=0) * max(x.shape) * np.finfo(x.dtype).eps
    values, directions = values[in_span], directions[in_span]
    scale = np.sqrt(len(x)) / (values + epsilon)
    return ((directions.T * scale) @ directions).astype(x.dtype)


def _shift(choices, length, rng):
    """Pixels to move: one of a list, or up to a share or a number of pixels."""
    if np.ndim(choices):
        shift = rng.choice(choices) * rng.choice([-1, 1])
        largest = np.max(np.abs(choices))
    elif choices:
        shift, largest = rng.uniform(-choices, choices), choices
    else:
        return 0
    return shift * length if largest < 1 else shift
