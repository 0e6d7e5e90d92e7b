"""`keras.preprocessing.image`: pictures from files, and `ImageDataGenerator`, which changes them at random."""

import warnings

import numpy as np

from .. import config, random
from ..utils.images import array_to_img, img_to_array, load_img, save_img
from .affine import affine_matrix, transform
from .image_batches import ArrayBatches, DataFrameBatches, DirectoryBatches

__all__ = ["ImageDataGenerator", "array_to_img", "img_to_array", "load_img", "save_img"]


class ImageDataGenerator:
    """Batches of pictures, each changed at random in its own way. New notebooks use the layers `RandomFlip`, ...

    Args:
        featurewise_center, featurewise_std_normalization, zca_whitening: Normalise by the mean, the standard deviation,
            the covariance of the data that `fit` was given.
        samplewise_center, samplewise_std_normalization: Normalise each picture by its own.
        zca_epsilon: Added to the eigenvalues of the covariance.
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

    >>> generator = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True)
    >>> x, y = next(generator.flow(np.zeros((5, 8, 8, 1)), np.arange(5), batch_size=2))
    >>> x.shape, y.shape
    ((2, 8, 8, 1), (2,))
    """

    def __init__(self, featurewise_center=False, samplewise_center=False, featurewise_std_normalization=False,
                 samplewise_std_normalization=False, zca_whitening=False, zca_epsilon=1e-6, rotation_range=0,
                 width_shift_range=0.0, height_shift_range=0.0, brightness_range=None, shear_range=0.0, zoom_range=0.0,
                 channel_shift_range=0.0, fill_mode="nearest", cval=0.0, horizontal_flip=False, vertical_flip=False,
                 rescale=None, preprocessing_function=None, data_format=None, validation_split=0.0,
                 interpolation_order=1, dtype=None):
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.shear_range = brightness_range, shear_range
        self.zoom_range = (1 - zoom_range, 1 + zoom_range) if np.ndim(zoom_range) == 0 else tuple(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval = fill_mode, cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = data_format or config.image_data_format()
        self.validation_split = validation_split
        self.interpolation_order = interpolation_order
        self.dtype = np.dtype(dtype or config.floatx())
        self.mean = self.std = self.zca_whitening_matrix = None
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"ImageDataGenerator: validation_split must be between 0 and 1, got {validation_split}")
        for name, pair in (("zoom_range", self.zoom_range), ("brightness_range", brightness_range)):
            if pair is not None and len(pair) != 2:
                raise ValueError(f"ImageDataGenerator: {name} must be a pair of factors, got {pair!r}")

    # -- batches -------------------------------------------------------------------------------------------------------

    def flow(self, x, y=None, batch_size=32, shuffle=True, sample_weight=None, seed=None, save_to_dir=None,
             save_prefix="", save_format="png", ignore_class_split=False, subset=None):
        """Batches of arrays, without end; `fit` takes them.

        Args:
            x: Pictures, shape (samples, height, width, channels), or a pair of them and other inputs.
            y: Targets.
            seed: int, for the order and the changes.
            save_to_dir: Folder where what is made is written too.
            subset: "training" or "validation", if there is a `validation_split`: the first part is for validation.
        """
        return ArrayBatches(self, x, y, sample_weight, subset, batch_size=batch_size, shuffle=shuffle, seed=seed,
                            save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format)

    def flow_from_directory(self, directory, target_size=(256, 256), color_mode="rgb", classes=None,
                            class_mode="categorical", batch_size=32, shuffle=True, seed=None, save_to_dir=None,
                            save_prefix="", save_format="png", follow_links=False, subset=None,
                            interpolation="nearest", keep_aspect_ratio=False):
        """Batches of the pictures in a folder with a subfolder for each class. Needs the image extra.

        Args:
            directory: The folder.
            target_size: (height, width) that all pictures get.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: The subfolders in the order of their numbers; alphabetical if None.
            class_mode: What the targets are: "categorical" (one-hot), "sparse" (numbers), "binary" (0. or 1.),
                "input" (the pictures themselves), None.
            Others: As for `flow`, and `load_img`.
        """
        return DirectoryBatches(self, directory, target_size, color_mode, classes, class_mode, subset, interpolation,
                                keep_aspect_ratio, follow_links, batch_size=batch_size, shuffle=shuffle, seed=seed,
                                save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format)

    def flow_from_dataframe(self, dataframe, directory=None, x_col="filename", y_col="class", weight_col=None,
                            target_size=(256, 256), color_mode="rgb", classes=None, class_mode="categorical",
                            batch_size=32, shuffle=True, seed=None, save_to_dir=None, save_prefix="",
                            save_format="png", subset=None, interpolation="nearest", validate_filenames=True, **kwargs):
        """Batches of the pictures that a pandas table names.

        Args:
            dataframe: The table.
            directory: Folder to which the names are relative.
            x_col, y_col, weight_col: Columns of names, targets (one or a list) and sample weights.
            class_mode: Also "raw": the numbers of y_col themselves.
            Others: As for `flow_from_directory`.
        """
        return DataFrameBatches(self, dataframe, directory, x_col, y_col, weight_col, target_size, color_mode, classes,
                                class_mode, subset, interpolation, batch_size=batch_size, shuffle=shuffle, seed=seed,
                                save_to_dir=save_to_dir, save_prefix=save_prefix, save_format=save_format)

    # -- one picture ---------------------------------------------------------------------------------------------------

    def get_random_transform(self, img_shape, seed=None):
        """The numbers of one random change: what `apply_transform` takes."""
        rng = seed if isinstance(seed, np.random.Generator) else random.generator(seed)
        height, width = img_shape[:2] if self.data_format == "channels_last" else img_shape[1:]
        zoom = self.zoom_range
        zx, zy = (1, 1) if zoom == (1, 1) else rng.uniform(*zoom, 2)
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

    def apply_transform(self, x, transform_parameters):
        """A picture changed by these numbers.

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

    def random_transform(self, x, seed=None):
        """A picture changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def standardize(self, x):
        """A picture (or a batch) normalised as the generator was told; changes floating-point arrays in place."""
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        if self.rescale:
            x = x * self.rescale
        if self.samplewise_center:
            x = x - np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (np.std(x, keepdims=True) + 1e-6)
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x = x - self.mean
        if self.featurewise_std_normalization and self._fitted("featurewise_std_normalization", self.std):
            x = x / (self.std + 1e-6)
        if self.zca_whitening and self._fitted("zca_whitening", self.zca_whitening_matrix):
            flat = x.reshape(-1, self.zca_whitening_matrix.shape[0])
            x = (flat @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    @staticmethod
    def _fitted(option, value):
        if value is None:
            warnings.warn(f"ImageDataGenerator: {option}=True does nothing before fit(x) was called with the pictures",
                          stacklevel=4)
        return value is not None

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Find mean, standard deviation and covariance of pictures, for the featurewise options.

        Args:
            x: Pictures, shape (samples, height, width, channels).
            augment: Whether to look at `rounds` randomly changed copies of each instead.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"ImageDataGenerator.fit: expected pictures (samples, height, width, channels), got shape "
                             f"{x.shape}")
        if augment:
            rng = random.generator(seed)
            x = np.concatenate([[self.random_transform(picture, rng) for picture in x] for _ in range(rounds)])
        axes = (0, 1, 2) if self.data_format == "channels_last" else (0, 2, 3)
        if self.featurewise_center:
            self.mean = x.mean(axes, keepdims=True)[0]
            x = x - self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axes, keepdims=True)[0]
            x = x / (self.std + 1e-6)
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
            scale = 1 / np.sqrt(np.maximum(values, 0) + self.zca_epsilon)
            self.zca_whitening_matrix = ((vectors * scale) @ vectors.T).astype(self.dtype)


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
