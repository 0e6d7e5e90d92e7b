"""Image files as arrays, all in one size: those of a folder to train on, and those that a model is asked about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..augment.command import LARGEST, SUFFIXES
from ..core.errors import DataError
from ..core.extras import import_pillow
from ..core.reading import translated
from ..core.types import Array
from ..utils.progbar import Progbar

MOST_BYTES = 2 << 30  # of all images of a folder together
TEST_NAMES, TRAIN_NAMES = ("test", "validation", "val"), ("train", "training")


def read_image(path: Path, size: tuple[int, int], channels: int) -> Array:
    """Return an image file as a model takes it: turned as viewers show it, on white where it is transparent.

    Args:
        path: An image of any size and kind; of an animation the first picture.
        size: (height, width) to resize to; proportions are not kept.
        channels: 1 for grey, 3 for colours.

    Returns:
        uint8, shape (height, width, channels).

    Raises:
        DataError: it is no image, or too large; the message has the path.
    """
    pillow = import_pillow("reading image files")
    from PIL import ImageOps

    with translated(str(path), DataError, lambda: "cannot be read as an image"), pillow.open(path) as file:
        if file.width * file.height > LARGEST:
            raise DataError(f"{path} has {file.width} x {file.height} pixels; the limit is {LARGEST:,}")
        if file.format == "JPEG":  # decodes a large photo at a fraction of its size, 3 to 10 times as fast
            file.draft(None, (2 * size[1], 2 * size[0]))
        image = ImageOps.exif_transpose(file)
        if image.mode.startswith(("I", "F")):  # 16 or 32 bits; Pillow's convert would make white of all but 256 greys
            image = pillow.fromarray(_as_bytes(np.asarray(image, np.float64), path))
        if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
            image = image.convert("RGBA")
            image = pillow.alpha_composite(pillow.new("RGBA", image.size, "white"), image)
        image = image.convert("L" if channels == 1 else "RGB")
        array = np.asarray(image.resize((size[1], size[0]), pillow.Resampling.BILINEAR))
    return array.reshape(*size, channels)


def _as_bytes(array, path):
    """Greys of more than 8 bits as bytes."""
    if not np.isfinite(array).all():
        raise DataError(f"{path} has pixels that are not numbers")
    top = 255 if array.max() <= 255 else 65535 if array.max() <= 65535 else float(array.max())
    return np.clip(array * (255 / top), 0, 255).astype(np.uint8)


def find_images(folder: Path) -> list[Path]:
    """Return the image files in a folder and those below it, in the order of their names; hidden ones are left out."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
                  and not any(part.startswith(".") for part in path.relative_to(folder).parts))


def class_folders(folder: Path) -> list[Path]:
    """Return the subfolders with images in them, in the order of their names: one is one class."""
    return sorted(entry for entry in folder.iterdir()
                  if entry.is_dir() and not entry.name.startswith(".") and find_images(entry))


@dataclass
class ImageFolder:
    """The files of a folder of images, in random order.

    Attributes:
        train, test: Lists of (path, class number).
        classes: The classes' names.
        sentence: What it is, and how it was split.
    """

    train: list[tuple[Path, int]]
    test: list[tuple[Path, int]]
    classes: list[str]
    sentence: str


def list_folder(folder: Path, test_share: float, seed: int) -> ImageFolder:
    """Return the images of a folder with a subfolder for each class, in random order.

    Args:
        folder: With class folders; or with folders `train` and `test` (or `val`, `validation`) of class folders.
        test_share: Of each class, where there is no test folder.
        seed: Of the order and the split.

    Raises:
        DataError: fewer than two classes, or a class with a single image.
    """
    names = {entry.name.lower(): entry for entry in folder.iterdir() if entry.is_dir()}
    train = next((names[name] for name in TRAIN_NAMES if name in names), None)
    test = next((names[name] for name in TEST_NAMES if name in names), None)
    if train is None or test is None:
        train, test = folder, None
    classes = [entry.name for entry in class_folders(train)]
    if len(classes) < 2:
        raise DataError(f"{train}: expected a subfolder for each of at least two classes, with images in it; found "
                        f"{len(classes)}: {', '.join(classes) or 'none'}. Image files end in {', '.join(SUFFIXES)}")
    rng = np.random.default_rng(seed)
    labelled = [_shuffled([(path, label) for path in find_images(train / name)], rng)
                for label, name in enumerate(classes)]
    alone = [name for name, images in zip(classes, labelled, strict=True) if len(images) < 2 and test is None]
    if alone:
        raise DataError(f"{train}: {', '.join(alone)} has a single image; a class needs one to train and one to test")
    if test is not None:
        train_files = [one for images in labelled for one in images]
        test_files = [(path, label) for label, name in enumerate(classes) for path in find_images(test / name)]
        if not test_files:
            raise DataError(f"{test}: no images in folders that are called as those in {train}: {', '.join(classes)}")
        how = f"{len(test_files):,} images in {test.name} to test on"
    else:
        kept = [max(1, math.ceil(test_share * len(images))) for images in labelled]
        test_files = [one for images, count in zip(labelled, kept, strict=True) for one in images[:count]]
        train_files = [one for images, count in zip(labelled, kept, strict=True) for one in images[count:]]
        how = f"{len(test_files):,} of them, drawn at random from each class, kept apart to test on"
    return ImageFolder(_shuffled(train_files, rng), test_files, classes,
                       f"{folder}: {len(train_files) + len(test_files):,} images of {len(classes)} classes; {how}")


def read_folder(found: ImageFolder, size: tuple[int, int]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the images of a folder, with a progress bar.

    Args:
        found: Its files.
        size: (height, width) to resize to.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8, shape (images, height, width, 3), and class numbers.

    Raises:
        DataError: an image that cannot be read, or too many for the memory.
    """
    count = len(found.train) + len(found.test)
    needed = count * size[0] * size[1] * 3
    if needed > MOST_BYTES:
        raise DataError(f"{count:,} images of {size[0]} x {size[1]} pixels take {needed / 1e9:.1f} GB of memory, more "
                        f"than {MOST_BYTES / 1e9:.1f}; choose a smaller --image-size, or train in Python with "
                        "image_dataset_from_directory")
    bar = Progbar(count, unit_name="image")
    done = 0

    def read(files):
        nonlocal done
        x = np.empty((len(files), *size, 3), np.uint8)
        for row, (path, _) in enumerate(files):
            x[row] = read_image(path, size, 3)
            done += 1
            if bar.is_due():
                bar.update(done, finalize=False)
        return x, np.array([label for _, label in files], np.int64)

    parts = read(found.train), read(found.test)
    bar.update(done)
    return parts


def _shuffled(items, rng):
    return [items[index] for index in rng.permutation(len(items))]
