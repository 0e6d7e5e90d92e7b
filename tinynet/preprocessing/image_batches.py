"""The batches that `ImageDataGenerator` makes of arrays and of picture files."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..core.types import Array, SeedLike
from ..data.py_dataset import PyDataset
from ..tensor import to_array
from ..utils.directories import PICTURES, files_below
from ..utils.images import array_to_img, img_to_array, load_img

if TYPE_CHECKING:
    from .image import ImageDataGenerator

ENDINGS = (*PICTURES, ".ppm", ".tif", ".tiff")
_COUNTS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class Batches(PyDataset):
    """Batches of changed pictures: by number, or one after the other without end.

    A subclass defines `picture(i)`, the i-th picture as an array, and `others(pictures, chosen)`, the batch that has
    them.

    Attributes:
        n: How many pictures there are.
        batch_size, shuffle: As given.
    """

    def __init__(self, generator: ImageDataGenerator, n: int, batch_size: int, shuffle: bool, seed: SeedLike,
                 save_to_dir: str | None, save_prefix: str, save_format: str) -> None:
        super().__init__()
        self.image_data_generator = generator
        self.n = self.samples = n
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self._rng = random.generator(seed)
        self.index_array: Array | None = None
        self._next = 0

    def __len__(self) -> int:
        return math.ceil(self.n / self.batch_size)

    def on_epoch_end(self) -> None:
        """Draw a new order."""
        self.index_array = self._new_order()

    def _new_order(self):
        return self._rng.permutation(self.n) if self.shuffle else np.arange(self.n)

    def picture(self, i: int) -> Array:
        """Return the i-th picture, unchanged."""
        raise NotImplementedError(f"{type(self).__name__} must define picture(self, i)")

    def others(self, pictures: Array, chosen: Array) -> Any:
        """Return the batch of the changed pictures: x, (x, y) or (x, y, sample_weight).

        Args:
            pictures: The changed pictures, shape (batch, height, width, channels).
            chosen: Their numbers, shape (batch,).
        """
        raise NotImplementedError(f"{type(self).__name__} must define others(self, pictures, chosen)")

    def reset(self) -> None:
        """Begin with the first batch again."""
        self._next = 0

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        if self.index_array is None:
            self.index_array = self._new_order()
        chosen = self.index_array[index * self.batch_size : (index + 1) * self.batch_size]
        pictures = np.stack([self._changed(self.picture(i)) for i in chosen])
        if self.save_to_dir is not None:
            for i, picture in zip(chosen, pictures, strict=True):
                name = f"{self.save_prefix}_{i}_{self._rng.integers(10**7)}.{self.save_format}"
                array_to_img(picture, self.image_data_generator.data_format).save(Path(self.save_to_dir) / name)
        return self.others(pictures, chosen)

    def _changed(self, picture):
        generator = self.image_data_generator
        picture = generator.random_transform(picture.astype(generator.dtype), self._rng)
        return generator.standardize(picture).astype(generator.dtype, copy=False)

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Any:
        if self.n == 0:
            raise ValueError(f"{type(self).__name__}: there are no pictures")
        if self._next >= len(self):
            self._next = 0
        if self._next == 0:
            self.on_epoch_end()
        self._next += 1
        return self[self._next - 1]

    next = __next__


class ArrayBatches(Batches):
    """Batches of arrays: see `ImageDataGenerator.flow`."""

    def __init__(self, generator: ImageDataGenerator, x: Any, y: Any, sample_weight: Any, subset: str | None,
                 **options: Any) -> None:
        x, *further = x if isinstance(x, tuple | list) and not np.isscalar(x[0]) and len(x) == 2 and isinstance(
            x[1], list | tuple) else [x]
        self.x = np.asarray(to_array(x))
        self.further = [np.asarray(part) for part in further[0]] if further else []
        self.y = None if y is None else np.asarray(to_array(y))
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        if self.x.ndim != 4:
            raise ValueError("ImageDataGenerator.flow: expected pictures (samples, height, width, channels), got shape "
                             f"{self.x.shape}; add the channels with x[..., None]")
        if self.y is not None and len(self.y) != len(self.x):
            raise ValueError(f"ImageDataGenerator.flow: {len(self.x)} pictures but {len(self.y)} targets")
        if subset is not None:
            cut = int(len(self.x) * split_share(generator, subset))
            part = slice(cut) if subset == "validation" else slice(cut, None)
            self.x, self.further = self.x[part], [array[part] for array in self.further]
            self.y = None if self.y is None else self.y[part]
            self.sample_weight = None if self.sample_weight is None else self.sample_weight[part]
        super().__init__(generator, len(self.x), **options)

    def picture(self, i: int) -> Array:
        return self.x[i]

    def others(self, pictures: Array, chosen: Array) -> Any:
        x = (pictures, *(array[chosen] for array in self.further)) if self.further else pictures
        if self.y is None:
            return x
        y = self.y[chosen]
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[chosen])


class FileBatches(Batches):
    """Batches of picture files.

    Attributes:
        filepaths, filenames: The files, and their names below the folder.
        classes, labels: The class number (or target) of each; for several classes, or outputs, a list of them.
        class_indices: {class name: number}.
        image_shape: Shape of a picture.
    """

    filepaths: list[str]
    labels: Any
    class_indices: dict[Any, int]

    def __init__(self, generator: ImageDataGenerator, target_size: tuple[int, int], color_mode: str,
                 class_mode: str | None, interpolation: str, keep_aspect_ratio: bool = False, **options: Any) -> None:
        if color_mode not in _COUNTS:
            raise ValueError(f"color_mode must be 'rgb', 'rgba' or 'grayscale', got {color_mode!r}")
        height, width = target_size
        self.target_size = (height, width)
        self.color_mode, self.class_mode = color_mode, class_mode
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        channels = _COUNTS[color_mode]
        last = generator.data_format == "channels_last"
        self.image_shape = (*self.target_size, channels) if last else (channels, *self.target_size)
        self.sample_weight: Array | None = None
        super().__init__(generator, len(self.filepaths), **options)

    def picture(self, i: int) -> Array:
        loaded = load_img(self.filepaths[i], self.color_mode, self.target_size, self.interpolation,
                          self.keep_aspect_ratio)
        return img_to_array(loaded, self.image_data_generator.data_format)

    def others(self, pictures: Array, chosen: Array) -> Any:
        if self.class_mode is None:
            return pictures
        if self.class_mode == "input":
            y: Any = pictures.copy()
        elif self.class_mode == "categorical":
            y = np.zeros((len(chosen), len(self.class_indices)), np.float32)
            for row, i in zip(y, chosen, strict=True):
                row[self.labels[i]] = 1  # one number, or the numbers of all classes of the picture
        elif self.class_mode == "multi_output":
            y = [targets[chosen] for targets in self.labels]
        else:
            y = self.labels[chosen] if self.class_mode == "raw" else self.labels[chosen].astype(np.float32)
        return (pictures, y) if self.sample_weight is None else (pictures, y, self.sample_weight[chosen])


class DirectoryBatches(FileBatches):
    """Batches of a folder: see `ImageDataGenerator.flow_from_directory`."""

    def __init__(self, generator: ImageDataGenerator, directory: str | os.PathLike[str], target_size: tuple[int, int],
                 color_mode: str, classes: list[str] | None, class_mode: str | None, subset: str | None,
                 interpolation: str, keep_aspect_ratio: bool, follow_links: bool, **options: Any) -> None:
        check_mode("flow_from_directory", class_mode, ("categorical", "sparse", "binary", "input", None))
        self.directory = directory
        root = Path(directory)
        if not root.is_dir():
            raise FileNotFoundError(f"flow_from_directory: {str(directory)!r} is not a folder")
        names = list(classes) if classes else sorted(entry.name for entry in root.iterdir() if entry.is_dir())
        self.num_classes = len(names)
        self.class_indices = {name: number for number, name in enumerate(names)}
        share = split_share(generator, subset) if subset is not None else 0.0
        self.filepaths, numbers = [], []
        for name in names:
            paths = files_below(root / name, ENDINGS, follow_links)
            if subset is not None:  # the first of each class are for validation
                cut = int(share * len(paths))
                paths = paths[:cut] if subset == "validation" else paths[cut:]
            self.filepaths += paths
            numbers += [self.class_indices[name]] * len(paths)
        self.filenames = [str(Path(path).relative_to(root)) for path in self.filepaths]
        self.classes = self.labels = np.array(numbers, np.int32)
        print(f"Found {len(self.filepaths)} images belonging to {self.num_classes} classes.")
        super().__init__(generator, target_size, color_mode, class_mode, interpolation, keep_aspect_ratio, **options)


def check_mode(where: str, class_mode: str | None, known: tuple[str | None, ...]) -> None:
    """Raise a ValueError if `class_mode` is not among the known ones."""
    if class_mode not in known:
        raise ValueError(f"{where}: class_mode must be one of {known}, got {class_mode!r}")


def split_share(generator: ImageDataGenerator, subset: str) -> float:
    """Return the share of the data that is for validation.

    Raises:
        ValueError: an unknown subset, or a generator without `validation_split`.
    """
    if subset not in ("training", "validation"):
        raise ValueError(f"subset must be 'training' or 'validation', got {subset!r}")
    if not generator.validation_split:
        raise ValueError("subset needs ImageDataGenerator(validation_split=...)")
    return generator.validation_split
