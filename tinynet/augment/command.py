"""The command line's part: `tinynet augment FOLDER_OR_IMAGE --op rotate:angle=-20..20 --out FOLDER`."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.extras import import_pillow
from ..core.reading import translated
from ..core.types import Array, SeedLike
from .batches import as_generator
from .catalogue import TRANSFORMS, apply, check_parameters, look_up

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
LARGEST = 64_000_000  # pixels
GALLERY_SIDE = 256  # pixels, about the resolution of a panel; all transforms of a whole photo would take minutes


def parse_number(text: str) -> Any:
    """Return an int, a float, or a range 'low..high' of them.

    Raises:
        ValueError: the text is none of these, or not finite.

    >>> parse_number("3"), parse_number("-20..20"), parse_number("0.5")
    (3, (-20, 20), 0.5)
    """
    low, dots, high = text.partition("..")
    if dots:
        return parse_number(low), parse_number(high)
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a finite number")
    return number


def existing_path(text: str) -> Path:
    """An argparse type: the path of an existing file or folder."""
    path = Path(text).expanduser()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{path} does not exist")
    return path


def operation(text: str) -> tuple[str, dict[str, Any]]:
    """An argparse type: 'rotate', or 'rotate:angle=-20..20,fill_mode=wrap' -> (name, parameters)."""
    name, _, rest = text.partition(":")
    parameters, words = {}, []
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"{part!r} in {text!r} is not name=value")
        if key in ("seed", "value_range"):
            raise argparse.ArgumentTypeError(f"{key} is no parameter here: --seed is for all, pixels are 0 to 255")
        try:
            parameters[key] = parse_number(value)
        except ValueError:
            parameters[key] = value  # a word, such as a fill mode
            words.append(key)
    try:
        check_parameters(name, parameters)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    for key in words:
        if not isinstance(look_up(name).parameters[key], str):
            raise argparse.ArgumentTypeError(
                f"{name}: {key} must be a number, or a range low..high, got {parameters[key]!r}"
            )
    return name, parameters


def add_parser(commands: Any, number: Callable[..., Callable[[str], Any]]) -> argparse.ArgumentParser:
    """Add the `augment` command to the subparsers.

    Args:
        commands: argparse's subparsers.
        number: Function that makes argparse types of bounded numbers.
    """
    parser = commands.add_parser(
        "augment", help="change images at random, or draw a sheet of all transforms",
        description="Change images at random; in each copy of an image the operations follow each other. Folders below "
                    "the given one are made again below --out. Needs pillow.",
        epilog=f"Operations: {', '.join(TRANSFORMS)}. A parameter is a number, or a range low..high to draw from.")
    parser.add_argument("source", type=existing_path, metavar="FOLDER_OR_IMAGE",
                        help="an image, or a folder of images and of folders of them")
    parser.add_argument("--op", type=operation, action="append", default=[], metavar="NAME[:PARAMETER=VALUE,...]",
                        help="an operation, such as rotate:angle=-20..20; may be given several times")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the results go")
    parser.add_argument("--copies", type=number(int, 1), default=1, metavar="N",
                        help="how many of each image (default: %(default)s)")
    parser.add_argument("--seed", type=number(int, 0, 2**32 - 1), default=0, metavar="N",
                        help="repeats a run exactly (default: %(default)s)")
    parser.add_argument("--gallery", action="store_true",
                        help="draw every transform of the first image on one sheet, gallery.png (needs matplotlib)")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Read, change and write the images; returns the exit code.

    Raises:
        ValueError: neither operations nor a gallery.
        DataError: no images, or one that cannot be read.
    """
    if not arguments.op and not arguments.gallery:
        raise ValueError("augment: nothing to do; name operations with --op, or use --gallery")
    out = arguments.out.expanduser()
    paths = find_images(arguments.source, out)
    out.mkdir(parents=True, exist_ok=True)
    if arguments.gallery:
        write_gallery(paths, out / "gallery.png", arguments.seed)
    if not arguments.op:
        return 0
    rng, written = as_generator(arguments.seed), set()
    for path in paths:
        image = read_image(path)
        folder = out / path.parent.relative_to(arguments.source) if arguments.source.is_dir() else out
        folder.mkdir(parents=True, exist_ok=True)
        for copy in range(arguments.copies):
            result = image
            for name, parameters in arguments.op:
                result = apply(name, result, rng, **parameters)
            target = folder / f"{path.stem}-{copy}.png"
            if target in written or target.exists() and target.resolve() == path.resolve():
                target = folder / f"{path.stem}-{path.suffix[1:]}-{copy}.png"  # a.png and a.jpg in one folder
            written.add(target)
            write_image(target, result)
    print(f"{len(written)} images written to {out}")
    return 0


def find_images(source: Path, out: Path) -> list[Path]:
    """Return the image itself, or the images of a folder and those below it, in the order of their names.

    Args:
        source: An image or a folder.
        out: Where the results go: what stands there, from an earlier run, and hidden folders are left out.

    Raises:
        DataError: there is none.
    """
    if not source.is_dir():
        return [source]
    results = out.resolve()
    paths = []
    for parent, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name[0] != "." and Path(parent, name).resolve() != results]
        paths += [Path(parent, name) for name in files if name.lower().endswith(SUFFIXES)]
    if not paths:
        raise DataError(f"augment: no images in {source} and the folders below it; looked for {', '.join(SUFFIXES)}")
    return sorted(path for path in paths if path.is_file())


def read_image(path: Path) -> Array:
    """Return an image file as uint8 (height, width, 1) if it is grey, else RGB (height, width, 3).

    The array is turned as viewers show the image: cameras store their orientation (EXIF) and do not turn the pixels. Of
    16 bits a pixel the first eight are kept.

    Raises:
        DataError: it is no image, too large, or has pixels of another kind (32-bit numbers).
    """
    pillow = import_pillow("augment")
    from PIL import ImageOps

    with (translated(f"augment: {path}", DataError, lambda: "cannot be read as an image"),
          pillow.open(path) as file):
        if file.width * file.height > LARGEST:
            raise DataError(f"augment: {path} has {file.width} x {file.height} pixels; the limit is {LARGEST:,}")
        if file.mode in ("I", "F"):
            raise DataError(f"augment: {path} has 32-bit pixels (mode {file.mode}); 8 and 16 bits are supported")
        upright = ImageOps.exif_transpose(file)
        if upright.mode.startswith("I;16"):  # Pillow's convert would make white of all but the darkest 256
            array = (np.asarray(upright) >> 8).astype(np.uint8)
        else:
            if upright.mode == "P" and "transparency" in upright.info:  # otherwise convert warns
                upright = upright.convert("RGBA")
            array = np.asarray(upright.convert("L" if upright.mode in ("1", "L", "LA") else "RGB"))
    return array[..., None] if array.ndim == 2 else array


def write_image(path: Path, image: Array) -> None:
    """Write uint8 (height, width, 1 or 3) as a PNG file."""
    _to_pillow(image).save(path)


def shrunk(image: Array, side: int) -> Array:
    """Return the image if it fits into a square of `side` pixels, else a smaller one of the same proportions that
    does.
    """
    picture = _to_pillow(image)
    picture.thumbnail((side, side))
    return np.asarray(picture).reshape(picture.height, picture.width, image.shape[-1])


def _to_pillow(image):
    return import_pillow("augment").fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)


def write_gallery(paths: list[Path], target: Path, seed: SeedLike) -> None:
    """Write the sheet of gallery.py for the first image, mixed with the second where there is one.

    Args:
        paths: Of the images.
        target: Of the sheet.
        seed: int.
    """
    from .gallery import gallery
    from .geometry import resize

    image, other, names = shrunk(read_image(paths[0]), GALLERY_SIDE), None, (paths[0].stem, f"{paths[0].stem}, turned")
    if len(paths) > 1:
        other, names = read_image(paths[1]), (paths[0].stem, paths[1].stem)
        other = np.repeat(other, 3, -1) if other.shape[-1] < image.shape[-1] else other[..., : image.shape[-1]]
        other = resize(other, *image.shape[:2])
    gallery(image, other, names, seed).savefig(target, dpi=130, bbox_inches="tight")
    print(f"gallery written to {target}")
