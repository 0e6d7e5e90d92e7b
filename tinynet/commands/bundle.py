"""`tinynet bundle`: a folder, such as a memory stick, from which a room without a network installs and learns.

The folder appears under its name only when it is complete and was tried. Until then all is in a folder NAME.partial
beside it: a second call goes on there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..augment.command import existing_path
from ..core.extras import DISTRIBUTION, install_hint
from ..datasets.catalogue import CATALOGUE
from ..lessons.notebooks import write_notebooks
from ..utils.files import replace_folder, sweep_leftovers
from ..version import __version__
from .bundle_readme import readmes
from .bundle_wheels import (
    SYSTEMS,
    BundleError,
    Shelf,
    copy_files,
    fill,
    find_own_wheels,
    host_system,
    pip,
    requirements,
)

EXTRAS = ["plot", "image", "lab", "lessons"]
SUMS = "SHA256SUMS.txt"
OLDEST, NEWEST = 11, 14


def systems(text: str) -> list[str]:
    """An argparse type: 'linux,windows' -> ['linux', 'windows']."""
    names = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [name for name in names if name not in SYSTEMS]
    if wrong or not names:
        raise argparse.ArgumentTypeError(f"{text!r}: expected some of {', '.join(SYSTEMS)}, with commas")
    return list(dict.fromkeys(names))


def pythons(text: str) -> list[str]:
    """An argparse type: '3.11-3.13' -> ['3.11', '3.12', '3.13']; '3.11,3.14' -> both.

    >>> pythons("3.12-3.14")
    ['3.12', '3.13', '3.14']
    """
    found = []
    for part in text.split(","):
        first, _, last = (bound.strip() for bound in part.partition("-"))
        minors = [bound.removeprefix("3.") for bound in (first, last or first)]
        if not all(minor.isdecimal() and f"3.{minor}" == bound and OLDEST <= int(minor) <= NEWEST
                   for minor, bound in zip(minors, (first, last or first), strict=True)):
            raise argparse.ArgumentTypeError(f"{text!r}: expected Pythons from 3.{OLDEST} to 3.{NEWEST}, such as "
                                             "3.11-3.13 or 3.12,3.14")
        found += [f"3.{minor}" for minor in range(int(minors[0]), int(minors[1]) + 1)]
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: the first Python is newer than the last")
    return list(dict.fromkeys(found))


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add the `bundle` command to the subparsers."""
    parser = commands.add_parser(
        "bundle", help="make a memory stick for a room without a network",
        description="Write a folder with tinynet's wheels, all packages that it needs, the data sets found on this "
                    "computer, the lessons and a README in English and Korean; and try whether it installs without a "
                    "network. The folder appears when it is complete: until then all is in FOLDER.partial, and a "
                    "second call goes on there.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what to make, such as /media/stick/tinynet")
    parser.add_argument("--for", type=systems, dest="systems", default=["linux", "windows", "macos"], metavar="SYSTEMS",
                        help=f"some of {', '.join(SYSTEMS)}, with commas (default: linux,windows,macos)")
    parser.add_argument("--python", type=pythons, default=pythons(f"3.{OLDEST}-3.{NEWEST}"), metavar="VERSIONS",
                        help=f"3.11-3.13, or 3.12,3.14 (default: 3.{OLDEST}-3.{NEWEST})")
    parser.add_argument("--extras", default=",".join(EXTRAS), metavar="A,B,...",
                        help="extras of tinynet; lab is always among them (default: %(default)s)")
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="PACKAGE",
                        help="a further package, such as jupyterlab; may be given several times")
    parser.add_argument("--wheels", type=existing_path, metavar="FOLDER",
                        help="where tinynet's own wheels are (default: dist; without any, the pure one is built from "
                             "the sources here)")
    parser.add_argument("--no-data", action="store_true", help="leave out the data sets")
    parser.add_argument("--no-check", action="store_true", help="do not try to install from it")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Make the bundle; returns the exit code.

    Raises:
        ValueError: the folder holds something else.
        BundleError: something is missing, or the installation failed; what was downloaded stays for the next call.
    """
    folder = Path(os.path.abspath(arguments.folder.expanduser()))
    if folder.is_file() or folder.is_dir() and os.listdir(folder) and not (folder / SUMS).is_file():
        raise ValueError(f"bundle: {folder} is there and is no bundle; choose a new folder")
    extras = [name.strip() for name in arguments.extras.split(",") if name.strip()]
    extras += [name for name in ("lab",) if name not in extras]  # the README's second command
    requirements(extras, arguments.others)
    work = folder.with_name(f"{folder.name}.partial")
    work.mkdir(parents=True, exist_ok=True)
    collect_wheels(arguments, extras, work)
    data = [] if arguments.no_data else collect_data(work)
    has_lessons = collect_lessons(work)
    names = [f"{DISTRIBUTION}[{','.join(extras)}]", *arguments.others]
    quoted = " ".join(f'"{name}"' for name in names)
    texts = readmes(__version__, arguments.python, arguments.systems, quoted, data, has_lessons)
    for name, text in texts.items():
        # Windows's editor shows the lines of either end; the mark tells it that this is UTF-8.
        (work / name).write_text(text, encoding="utf-8-sig")
    if not arguments.no_check:
        check(arguments, names, work)
    write_sums(work)
    publish(work, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: complete, {size / 1e6:.0f} MB; its README.txt and README.ko.txt have the two commands")
    return 0


def collect_wheels(arguments: argparse.Namespace, extras: list[str], work: Path) -> None:
    """Download all wheels, and remove those that an earlier call with other options has left.

    Raises:
        BundleError: some are missing; the message lists them.
    """
    own = find_own_wheels(arguments.wheels, work / "built", __version__)
    shelf = Shelf(work / "wheels")
    copy_files(own, shelf.folder)
    problems, used = [], set()
    wanted = requirements(extras, arguments.others)
    for system in arguments.systems:
        for python in arguments.python:
            before = len(list(shelf.folder.glob("*.whl")))
            found = fill(shelf, own, extras, arguments.others, system, python)
            needed = shelf.check(wanted, SYSTEMS[system], python)[1]
            used |= needed
            new = len(list(shelf.folder.glob("*.whl"))) - before
            print(f"{system}, Python {python}: {f'{len(needed)} wheels ({new} new)' if not found else 'incomplete'}",
                  flush=True)
            problems += found
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise BundleError(f"bundle: not complete, so nothing was written. Missing:\n{listed}\nWhat helps: another "
                        "--python, --for or --extras; or the network, and the same command again: what is in "
                        f"{work} is not downloaded again")
    for path in shelf.folder.iterdir():
        if path not in used:
            path.unlink()


def collect_data(work: Path) -> list[str]:
    """Copy the data sets that are on this computer; returns their names."""
    found, missing = [], []
    for entry in CATALOGUE:
        files = entry.files()
        if files:
            copy_files(files, work / "data" / entry.name)
            found.append(entry.name)
        else:
            missing.append(entry.name)
    if found:
        print(f"data sets: {', '.join(found)}")
    if missing:
        print(f"data sets that are not on this computer, and so not in the bundle: {', '.join(missing)} (tinynet data "
              "fetch NAME)", flush=True)
    (work / "data").mkdir(exist_ok=True)
    return found


def collect_lessons(work: Path) -> bool:
    """Write the course as notebooks in both languages; returns whether that was possible."""
    shutil.rmtree(work / "lessons", ignore_errors=True)
    try:
        for lang in ("en", "ko"):
            write_notebooks(work / "lessons" / lang, lang, True, False)
    except ImportError:
        shutil.rmtree(work / "lessons", ignore_errors=True)
        print(f"lessons: not in the bundle as notebooks, which needs {install_hint('lessons')}", flush=True)
        return False
    return True


def check(arguments: argparse.Namespace, names: list[str], work: Path) -> None:
    """Install from the bundle into a fresh environment, without a network, and start tinynet there.

    Raises:
        BundleError: that failed.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if host_system() not in arguments.systems or here not in arguments.python:
        print(f"not tried: this computer ({host_system() or sys.platform}, Python {here}) is none of those that the "
              "bundle is for", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="tinynet-bundle-") as folder:
        environment = {name: value for name, value in os.environ.items()
                       if name != "PYTHONPATH" and not name.startswith("PIP_")}
        made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], capture_output=True, text=True,
                              env=environment)
        if made.returncode:
            raise BundleError(f"bundle: an environment to try it in cannot be made: {made.stdout.strip()[-300:]} "
                            "(--no-check leaves the trial out)")
        python = str(Path(folder, "Scripts" if os.name == "nt" else "bin", "python"))
        pip("--python", python, "install", "--no-index", "--find-links", str(work / "wheels"), *names,
            what="installing from the bundle")
        started = subprocess.run([python, "-P", "-m", "tinynet", "info"], capture_output=True, text=True, cwd=folder,
                                 env=environment)
        if started.returncode:
            raise BundleError(f"bundle: it installs, but does not start: {started.stderr.strip()[-300:]}")
    print(f"tried: it installs without a network on this computer ({host_system()}, Python {here}), and starts")


def write_sums(folder: Path) -> None:
    """Write the checksums of all files."""
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS and path.relative_to(folder).parts[0] != "built":
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def publish(work: Path, folder: Path) -> None:
    """Give the complete folder its name; an older bundle is removed when the new one is in its place."""
    shutil.rmtree(work / "built", ignore_errors=True)
    sweep_leftovers(folder)  # an older bundle, if a kill left it
    replace_folder(work, folder)
