"""The batches that `ImageDataGenerator` makes of a table of file names and targets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import warn_user
from .image_batches import ENDINGS, FileBatches, check_mode, split_share

if TYPE_CHECKING:
    from .image import ImageDataGenerator

_CLASSES = ("categorical", "sparse", "binary")  # targets that are names of classes


class DataFrameBatches(FileBatches):
    """Batches of a table: see `ImageDataGenerator.flow_from_dataframe`."""

    def __init__(self, generator: ImageDataGenerator, dataframe: Any, directory: str | None, x_col: str, y_col: Any,
                 weight_col: str | None, target_size: tuple[int, int], color_mode: str, classes: list[str] | None,
                 class_mode: str | None, subset: str | None, interpolation: str, validate_filenames: bool = True,
                 **options: Any) -> None:
        check_mode("flow_from_dataframe", class_mode, (*_CLASSES, "input", "multi_output", "raw", None))
        self.directory = directory
        names = _column(dataframe, x_col)
        if not all(isinstance(name, str) for name in names):
            odd = next(name for name in names if not isinstance(name, str))
            raise TypeError(f"flow_from_dataframe: x_col={x_col!r} must hold file names, got {odd!r}")
        paths = names if directory is None else [os.path.join(directory, name) for name in names]
        rows = list(range(len(names)))
        if validate_filenames:
            rows = _rows_of_pictures(paths, x_col)
        labels: list[Any] = []
        self.class_indices = {}
        if class_mode in _CLASSES:
            labels = _column(dataframe, y_col)
            _check_labels(labels, y_col, class_mode)
            rows, names_of_classes = _classes_of(labels, rows, classes, class_mode)
            self.class_indices = {name: number for number, name in enumerate(names_of_classes)}
        elif classes:
            warn_user(f"flow_from_dataframe: classes has no effect with class_mode={class_mode!r}", UserWarning)
        if subset is not None:
            cut = int(len(rows) * split_share(generator, subset))
            rows = rows[:cut] if subset == "validation" else rows[cut:]
        self.filenames = [names[i] for i in rows]
        self.filepaths = [paths[i] for i in rows]
        self.labels = None
        if class_mode in _CLASSES:
            numbers = [self._numbers(labels[i]) for i in rows]
            self.labels = numbers if any(isinstance(one, list) for one in numbers) else np.array(numbers, np.int32)
        elif class_mode == "multi_output":
            if not isinstance(y_col, list | tuple):
                raise TypeError("flow_from_dataframe: class_mode='multi_output' needs y_col as a list of columns, "
                                f"one an output, got {y_col!r}")
            self.labels = [np.array(_column(dataframe, column))[rows] for column in y_col]
        elif class_mode == "raw":
            several = isinstance(y_col, list | tuple)
            self.labels = np.array([_column(dataframe, column) for column in y_col]).T[rows] if several else np.array(
                _column(dataframe, y_col))[rows]
        self.classes = self.labels
        validated = "validated" if validate_filenames else "non-validated"
        belonging = f" belonging to {len(self.class_indices)} classes" if class_mode in _CLASSES else ""
        print(f"Found {len(rows)} {validated} image filenames{belonging}.")
        super().__init__(generator, target_size, color_mode, class_mode, interpolation, **options)
        if weight_col is not None:
            weights = np.array(_column(dataframe, weight_col))
            if weights.dtype.kind not in "fiu":
                raise TypeError(f"flow_from_dataframe: weight_col={weight_col!r} must hold numbers, got "
                                f"{weights.dtype}")
            self.sample_weight = weights[rows]

    def _numbers(self, label):
        """The number of a class, or the list of the numbers of several, those that have none left out."""
        if isinstance(label, str):
            return self.class_indices[label]
        return [self.class_indices[name] for name in label if name in self.class_indices]


def _column(table, name):
    """A column of a table as a list of Python's objects."""
    try:
        column = table[name]
    except KeyError:
        raise KeyError(f"flow_from_dataframe: the table has no column {name!r}; it has {list(table)}") from None
    return column.tolist() if hasattr(column, "tolist") else list(column)


def _rows_of_pictures(paths, x_col):
    """The rows whose file is there and has a picture's ending; a warning tells how many others there are."""
    rows = [i for i, path in enumerate(paths) if path.lower().endswith(ENDINGS) and os.path.isfile(path)]
    if len(rows) < len(paths):
        first = next(path for i, path in enumerate(paths) if i >= len(rows) or rows[i] != i)
        warn_user(f"flow_from_dataframe: {len(paths) - len(rows)} of {len(paths)} file names in x_col={x_col!r} "
                  f"are left out: there is no such file, or it has another ending than those of "
                  f"pictures ({', '.join(ENDINGS)}). The first is {first!r}", UserWarning)
    return rows


def _check_labels(labels, y_col, class_mode):
    """Refuse what is no name of a class: a number would become another number."""
    allowed = (str, list, tuple) if class_mode == "categorical" else (str,)
    for label in labels:
        several = [] if isinstance(label, str) or not isinstance(label, list | tuple) else label
        if not isinstance(label, allowed) or not all(isinstance(name, str) for name in several):
            raise TypeError(f"flow_from_dataframe: class_mode={class_mode!r} needs text in y_col={y_col!r}"
                            f"{', or lists of it' if class_mode == 'categorical' else ''}, got {label!r}; use "
                            "dataframe[y_col].astype(str), or class_mode='raw' for numbers as they are")


def _classes_of(labels, rows, classes, class_mode):
    """(rows that have one of the classes, names of the classes in the order of their numbers)."""
    def of(label):
        return [label] if isinstance(label, str) else label

    if classes:
        names = list(dict.fromkeys(classes))
        rows = [i for i in rows if any(name in names for name in of(labels[i]))]
    else:
        names = sorted({name for i in rows for name in of(labels[i])})
    if class_mode == "binary" and len(names) != 2:
        raise ValueError(f"flow_from_dataframe: class_mode='binary' needs two classes, got {len(names)}: {names}")
    return rows, names
