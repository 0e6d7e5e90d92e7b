"""Data sets from folders: one subfolder a class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.types import Array
from ..data.dataset import AUTOTUNE, Dataset
from ..ops.image import METHODS
from ..string_tensor import to_string_array
from .pictures import crop_to_aspect_ratio as cropped
from .pictures import decode_image, resize, resize_with_pad

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(directory: str | os.PathLike[str], labels: Any = "inferred",
                                 label_mode: str | None = "int", class_names: list[str] | None = None,
                                 color_mode: str = "rgb", batch_size: int | None = 32,
                                 image_size: tuple[int, int] = (256, 256), shuffle: bool = True,
                                 seed: int | None = None, validation_split: float | None = None,
                                 subset: str | None = None, interpolation: str = "bilinear", follow_links: bool = False,
                                 crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
                                 data_format: str | None = None, format: str = "tf", verbose: bool = True) -> Any:
    """Return a `Dataset` of the pictures in a folder, float32 from 0 to 255, with their labels.

    Needs the extra "image".

    Args:
        directory: Folder with a subfolder for each class (or with pictures, if labels is not 'inferred').
        labels: 'inferred' from the subfolders, None, or a list of labels in the order of the paths.
        label_mode: 'int', 'categorical' (one-hot), 'binary' (0. or 1., two classes) or None.
        class_names: The subfolders, or some of them, in the order of their labels; all, alphabetical, if None.
        color_mode: 'rgb', 'rgba' or 'grayscale'.
        batch_size: Pictures a batch; single pictures if None.
        image_size: (height, width) to resize to.
        shuffle: Whether in random order, a new one each epoch; with subset='both' the validation pictures keep the
            order of their `file_paths`.
        seed: int, for the order and for the split.
        validation_split: Share of the pictures, taken from the end of the (shuffled) list, for validation.
        subset: 'training', 'validation', or 'both' for a tuple of data sets.
        interpolation: 'bilinear', 'nearest', 'bicubic', 'lanczos3' or 'lanczos5'.
        follow_links: Whether to search folders that are symbolic links.
        crop_to_aspect_ratio: Whether to crop the middle to the proportions of `image_size` first.
        pad_to_aspect_ratio: Or to keep the whole picture and surround it with zeros.
        data_format: 'channels_first' for pictures (channels, height, width).
        format: 'tf'; taken for Keras's sake.
        verbose: Whether to print how many files were found.

    The pixels are taken as the file has them: as in Keras, an orientation in the EXIF data is not applied, and opacity
    is dropped unless color_mode is 'rgba'. Of 16 bits a channel the first 8 are kept.

    Returns:
        Dataset with attributes `class_names` and `file_paths`.

    Raises:
        NotADirectoryError: no such folder.
        ValueError: no pictures, labels that do not fit, or arguments that contradict each other.
        PictureError: (while iterating) a file is no picture that can be read; the message has its path. It is a
            ValueError and an OSError.

    >>> from tinynet.utils import save_img
    >>> for name in ("cat", "dog"):
    ...     os.makedirs(f"pictures/{name}")
    ...     save_img(f"pictures/{name}/1.png", np.zeros((8, 8, 3)))
    >>> dataset = image_dataset_from_directory("pictures", image_size=(4, 4))
    Found 2 files belonging to 2 classes.
    >>> dataset.class_names, [x.shape for x, y in dataset]
    (['cat', 'dog'], [(2, 4, 4, 3)])
    """
    where = "image_dataset_from_directory"
    if color_mode not in ("rgb", "rgba", "grayscale"):
        raise ValueError(f"{where}: color_mode must be 'rgb', 'rgba' or 'grayscale', got {color_mode!r}")
    if interpolation not in METHODS:
        raise ValueError(f"{where}: interpolation must be one of {', '.join(METHODS)}, got {interpolation!r}")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{where}: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True")
    channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[color_mode]
    height, width = image_size

    def load(path):
        picture = decode_image(_content(path), channels, expand_animations=False, where=path)
        if pad_to_aspect_ratio:
            picture = resize_with_pad(picture, height, width, interpolation)
        else:
            picture = cropped(picture, height, width) if crop_to_aspect_ratio else picture
            picture = resize(picture, image_size, interpolation)
        picture = picture.data.astype(np.float32)
        return picture.transpose(2, 0, 1) if data_format == "channels_first" else picture

    return _datasets(where, load, PICTURES, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
                     validation_split, subset, follow_links, verbose)


def text_dataset_from_directory(directory: str | os.PathLike[str], labels: Any = "inferred",
                                label_mode: str | None = "int", class_names: list[str] | None = None,
                                batch_size: int | None = 32, max_length: int | None = None, shuffle: bool = True,
                                seed: int | None = None, validation_split: float | None = None,
                                subset: str | None = None, follow_links: bool = False, format: str = "tf",
                                verbose: bool = True) -> Any:  # noqa: A002
    """Return a `Dataset` of the texts in a folder's .txt files, with their labels.

    Args:
        directory: Folder with a subfolder of .txt files for each class (or with .txt files, if labels is not
            'inferred').
        max_length: Longer texts are cut off after so many bytes.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links, format,
            verbose: As for `image_dataset_from_directory`.

    Raises:
        NotADirectoryError: no such folder.
        ValueError: no texts, labels that do not fit, or arguments that contradict each other.

    >>> for name, text in (("bad", "cold soup"), ("good", "warm bread")):
    ...     os.makedirs(f"reviews/{name}")
    ...     with open(f"reviews/{name}/1.txt", "w") as file:
    ...         print(text, end="", file=file)
    >>> dataset = text_dataset_from_directory("reviews", shuffle=False)
    Found 2 files belonging to 2 classes.
    >>> [(x.numpy().tolist(), y.numpy().tolist()) for x, y in dataset]
    [([b'cold soup', b'warm bread'], [0, 1])]
    """
    def load(path):
        return to_string_array(_content(path, max_length))

    return _datasets("text_dataset_from_directory", load, (".txt",), directory, labels, label_mode, class_names,
                     batch_size, shuffle, seed, validation_split, subset, follow_links, verbose)


def _content(path, max_length=None):
    """The bytes of a file, up to `max_length` of them; what is no regular file, such as a device, is refused."""
    if not os.path.isfile(path):
        raise DataError(f"{path}: not a regular file" if os.path.exists(path) else f"{path}: is no longer there")
    with open(path, "rb") as file:
        return file.read(-1 if max_length is None else max_length)


def _datasets(where, load, endings, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
              validation_split, subset, follow_links, verbose):
    """The data set, or both, of the files below a folder."""
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(f"{where}: label_mode must be 'int', 'categorical', 'binary' or None, got {label_mode!r}")
    _check_split(where, validation_split, subset, shuffle, seed)
    paths, numbers, names = find_files(where, directory, labels if label_mode else None, class_names, endings,
                                       follow_links)
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(f"{where}: label_mode='binary' needs two classes, found {len(names)}: {names}")
    if verbose:
        classes = f" belonging to {len(names)} classes" if names is not None else ""
        print(f"Found {len(paths)} files{classes}.")
    if shuffle and seed is None:
        seed = int(np.random.randint(1e6))
    if shuffle:
        for part in (paths, numbers):  # the split must be Keras's: each list with a generator of its own
            if part is not None:
                np.random.RandomState(seed).shuffle(part)
    parts = {"training": slice(None), None: slice(None)}
    if validation_split:
        kept = len(paths) - int(validation_split * len(paths))
        parts = {"training": slice(kept), "validation": slice(kept, None)}

    def dataset(which):
        chosen = paths[parts[which]]
        if not chosen:
            raise ValueError(f"{where}: no file is left for subset={which!r} of {len(paths)} files in {directory}")
        if verbose and which:
            print(f"Using {len(chosen)} files for {which}.")
        chosen_labels = None if numbers is None else encode_labels(numbers[parts[which]], label_mode, len(names or ()))
        in_order = subset == "both" and which == "validation"  # as Keras: the answers stand in the order of file_paths
        made = _load_all(chosen, chosen_labels, load, batch_size, shuffle and not in_order, seed)
        made.class_names, made.file_paths = names, chosen
        return made

    return (dataset("training"), dataset("validation")) if subset == "both" else dataset(subset)


def _load_all(paths, labels, load, batch_size, shuffle, seed):
    files = Dataset.from_tensor_slices(paths if labels is None else (paths, labels))
    if shuffle:  # paths, not pictures: all of them fit
        files = files.shuffle(len(paths), seed)
    loaded = files.map(lambda path, *label: (load(path.numpy().decode()), *label) if label else
                       load(path.numpy().decode()))
    return (loaded if batch_size is None else loaded.batch(batch_size)).prefetch(AUTOTUNE)


def _check_split(where, validation_split, subset, shuffle, seed):
    if (validation_split is None) != (subset is None):
        raise ValueError(f"{where}: validation_split and subset go together, got {validation_split!r} and {subset!r}")
    if validation_split is None:
        return
    if not 0 < validation_split < 1:
        raise ValueError(f"{where}: validation_split must be between 0 and 1, got {validation_split}")
    if subset not in ("training", "validation", "both"):
        raise ValueError(f"{where}: subset must be 'training', 'validation' or 'both', got {subset!r}")
    if shuffle and seed is None and subset != "both":
        raise ValueError(f"{where}: a shuffled split needs seed=..., or else training and validation may overlap")


def find_files(where: str, directory: str | os.PathLike[str], labels: Any, class_names: list[str] | None,
               endings: tuple[str, ...], follow_links: bool) -> tuple[list[str], list[Any] | None, list[str] | None]:
    """Return paths, their class numbers (or given labels), and the names of the classes.

    Args:
        where: The caller's name, for messages.
        directory: The folder.
        labels: 'inferred' from the subfolders, None, or a list of labels in the order of the paths.
        class_names: The subfolders, or some of them, in the order of their labels; all, alphabetical, if None.
        endings: Of the files, in small letters.
        follow_links: Whether to search folders that are symbolic links.

    Raises:
        NotADirectoryError: no such folder.
        ValueError: no files, or labels that do not fit.
    """
    root = Path(directory)
    if not root.is_dir():
        raise NotADirectoryError(f"{where}: {str(directory)!r} is not a folder")
    names: list[str] | None = None
    folders: list[tuple[Path, int | None]] = [(root, None)]
    if isinstance(labels, str) and labels != "inferred" or isinstance(labels, bool):
        raise ValueError(f"{where}: labels must be 'inferred', None or a list, got {labels!r}")
    if isinstance(labels, str):
        found = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        names = found if class_names is None else list(class_names)
        if not set(names) <= set(found):
            raise ValueError(f"{where}: class_names are {names}, the subfolders {found}; each name must be a subfolder")
        folders = [(root / name, number) for number, name in enumerate(names)]
    paths: list[str] = []
    found_numbers: list[Any] = []
    for folder, number in folders:
        inside = files_below(folder, endings, follow_links)
        paths += inside
        found_numbers += [number] * len(inside)
    if not paths:
        raise ValueError(f"{where}: no files {', '.join(endings)} in {str(directory)!r}")
    numbers = None if labels is None else found_numbers if isinstance(labels, str) else list(labels)
    if numbers is not None and not isinstance(labels, str):
        if len(numbers) != len(paths):
            raise ValueError(f"{where}: {len(numbers)} labels for {len(paths)} files in {str(directory)!r}")
        names = [str(label) for label in sorted(set(numbers))] if class_names is None else list(class_names)
    return paths, numbers, names


def files_below(folder: str | os.PathLike[str], endings: tuple[str, ...], follow_links: bool) -> list[str]:
    """Return the paths of the files with one of these endings in a folder and those below it, in order."""
    return [os.path.join(parent, name) for parent, _, files in sorted(os.walk(folder, followlinks=follow_links))
            for name in sorted(files) if name.lower().endswith(endings)]


def encode_labels(numbers: Any, label_mode: str | None, classes: int) -> Array:
    """Return class numbers in the form that a model takes.

    Args:
        numbers: List of class numbers.
        label_mode: 'binary': float32, shape (samples, 1). 'categorical': one-hot, shape (samples, classes). Others:
            int32, shape (samples,).
        classes: How many classes there are.
    """
    if label_mode == "binary":
        return np.array(numbers, np.float32)[:, None]
    if label_mode == "categorical":
        return np.eye(classes, dtype=np.float32)[numbers]
    return np.array(numbers, np.int32)
