"""The wheels of a bundle: for each system and Python, tinynet and all that it needs there, without gaps.

`pip download` finds versions that fit each other, and takes only wheels. But it evaluates the conditions of
requirements (`colorama; platform_system == "Windows"`) for the computer that it runs on. So after each call the wheels'
own lists are read again, for the system that they are for, and what is missing there is asked for in another call.
"""

from __future__ import annotations

import email.parser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.extras import DISTRIBUTION

ROUNDS = 6  # a package that another one needs only there may itself need one only there, and so on


class BundleError(RuntimeError):
    """Something that a bundle needs is missing, or does not work."""


@dataclass(frozen=True)
class System:
    """A kind of computer.

    Attributes:
        platforms: The tags of wheels for it, the newest first.
        environment: What the conditions of requirements see there.
        newer: Tags that only newer systems of the kind take. None is asked for, but tinynet's own wheels may have one:
            on the laptop pip decides between them and the pure wheel.
    """

    platforms: tuple[str, ...]
    environment: dict[str, str]
    newer: tuple[str, ...] = ()


def _linux(machine):
    return System((*(f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)), f"manylinux2014_{machine}"),
                  {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix",
                   "platform_machine": machine},
                  tuple(f"manylinux_2_{minor}_{machine}" for minor in range(60, 28, -1)))


def _macos(machine, first):
    return System(tuple(f"macosx_{major}_0_{kind}" for major in range(14, 10, -1) for kind in (machine, "universal2"))
                  + first,
                  {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix",
                   "platform_machine": machine})


SYSTEMS = {
    "linux": _linux("x86_64"),
    "linux-arm": _linux("aarch64"),
    "windows": System(("win_amd64",), {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt",
                                       "platform_machine": "AMD64"}),
    "macos": _macos("arm64", ()),
    "macos-intel": _macos("x86_64", tuple(f"macosx_10_{minor}_{kind}" for minor in range(15, 8, -1)
                                          for kind in ("x86_64", "universal2"))),
}


def host_system() -> str | None:
    """Return the name of the system that this is; None if it is none of `SYSTEMS`."""
    import platform

    machine = platform.machine().lower()
    name = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform)
    if name is None or machine not in ("x86_64", "amd64", "aarch64", "arm64"):
        return None
    intel = machine in ("x86_64", "amd64")
    return {"linux": "linux" if intel else "linux-arm", "macos": "macos-intel" if intel else "macos"}.get(name, name)


def packaging() -> Any:
    """Return the package `packaging`, with its modules loaded; pip's own copy where it is not installed.

    Raises:
        ModuleNotFoundError: there is no pip either.
    """
    try:
        import packaging.markers
        import packaging.requirements
        import packaging.tags
        import packaging.utils

        return packaging
    except ImportError:
        pass
    try:
        import pip._vendor.packaging.markers
        import pip._vendor.packaging.requirements
        import pip._vendor.packaging.tags
        import pip._vendor.packaging.utils

        return pip._vendor.packaging
    except ImportError:
        raise ModuleNotFoundError("bundle needs pip: python -m ensurepip (on Debian and Ubuntu: apt install "
                                  "python3-pip)") from None


@dataclass(frozen=True)
class Wheel:
    """A wheel file: its package's name, its version, its tags, its requirements."""

    path: Path
    name: str
    version: Any
    tags: frozenset[Any]
    requirements: tuple[Any, ...]


def read_wheel(path: Path) -> Wheel:
    """Return what a wheel's name and metadata tell.

    Raises:
        BundleError: it is damaged.
    """
    tools = packaging()
    try:
        name, version, _, tags = tools.utils.parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            member = next(one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
            fields = email.parser.Parser().parsestr(archive.read(member).decode())
        listed = tuple(tools.requirements.Requirement(text) for text in fields.get_all("Requires-Dist", []))
    except (ValueError, StopIteration, zipfile.BadZipFile, OSError, KeyError) as error:
        raise BundleError(f"{path}: not a wheel that can be read ({error})") from None
    return Wheel(path, name, version, tags, listed)


class Shelf:
    """A folder of wheels.

    Args:
        folder: Its path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, Wheel] = {}

    def wheels(self) -> Iterator[Wheel]:
        """Yield all wheels; each is read once. One that a kill has cut off is removed, and so downloaded again."""
        for path in sorted(self.folder.glob("*.whl")):
            if path.name not in self._read:
                try:
                    self._read[path.name] = read_wheel(path)
                except BundleError:
                    path.unlink()
                    continue
            yield self._read[path.name]

    def check(self, wanted: list[Any], system: System, python: str) -> tuple[list[str], set[Path]]:
        """Find what a computer needs.

        Args:
            wanted: Requirements.
            system, python: The computer.

        Returns:
            The requirements that no wheel meets, and the paths of all wheels that meet one.
        """
        tools = packaging()
        version = tuple(map(int, python.split(".")))
        tags = {*tools.tags.cpython_tags(version, platforms=[*system.newer, *system.platforms]),
                *tools.tags.compatible_tags(version, interpreter=f"cp{python.replace('.', '')}",
                                            platforms=list(system.platforms))}
        fitting: dict[str, list[Wheel]] = {}
        for wheel in self.wheels():
            if wheel.tags & tags:
                fitting.setdefault(wheel.name, []).append(wheel)
        environment = {**system.environment, "python_version": python, "python_full_version": f"{python}.0",
                       "implementation_name": "cpython", "platform_python_implementation": "CPython",
                       "implementation_version": f"{python}.0", "platform_release": "", "platform_version": ""}
        missing: list[str] = []
        used: set[Path] = set()
        seen: set[str] = set()
        waiting = list(wanted)
        while waiting:
            requirement = waiting.pop()
            if str(requirement) in seen:
                continue
            seen.add(str(requirement))
            name = tools.utils.canonicalize_name(requirement.name)
            meeting = [wheel for wheel in fitting.get(name, [])
                       if requirement.specifier.contains(wheel.version, prereleases=True)]
            if not meeting:
                missing.append(_without_marker(requirement))
            used |= {wheel.path for wheel in meeting}
            for listed in max(meeting, key=lambda wheel: wheel.version).requirements if meeting else ():
                if any(listed.marker is None or listed.marker.evaluate({**environment, "extra": extra})
                       for extra in (*requirement.extras, "")):
                    waiting.append(listed)
        return sorted(set(missing)), used


def _without_marker(requirement):
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def find_own_wheels(folder: Path | None, work: Path, version: str) -> list[Path]:
    """Return the wheels of tinynet: those of a folder, or the pure one, built from the sources in this folder.

    A wheel `linux_x86_64`, as `pip wheel` makes it, is left out: it needs the libraries of the computer that made it,
    and pip would prefer it to the pure wheel on laptops where it cannot be loaded.

    Args:
        folder: Where they are; `dist` if None.
        work: Where one is built.
        version: Of tinynet.

    Raises:
        BundleError: there are none, and no sources; or the build failed.
    """
    pattern = f"{DISTRIBUTION.replace('-', '_')}-{version}-*.whl"
    for place in (folder or Path("dist"), work):
        found = sorted(place.glob(pattern))
        portable = [path for path in found if "-linux_" not in path.name]
        for path in found:
            if path not in portable:
                print(f"left out: {path.name}, which is for the computer that made it; .ci/wheels, beside tinynet's "
                      "sources, makes compiled wheels for others", flush=True)
        if portable:
            return portable
    sources = Path("pyproject.toml")
    if folder is None and sources.is_file() and f'name = "{DISTRIBUTION}"' in sources.read_text(encoding="utf-8"):
        print("building tinynet's pure wheel, which works on each system and is slow; .ci/wheels dist makes fast ones, "
              "too", flush=True)
        pip("wheel", ".", "--no-deps", "--wheel-dir", str(work), what="building tinynet's wheel", TINYNET_PURE="1")
        return sorted(work.glob(pattern))
    raise BundleError(f"bundle: no wheel {pattern} for other computers in {folder or 'dist'}. Run this in the folder "
                      "of tinynet's sources, or make the wheels there (.ci/wheels dist), or give the folder that has "
                      "them by --wheels")


def fill(shelf: Shelf, own: list[Path], extras: list[str], others: list[str], system: str, python: str) -> list[str]:
    """Download what is missing on a shelf for a system and a Python.

    Args:
        shelf: Where to; the wheels of tinynet are on it.
        own: Those.
        extras: Of tinynet.
        others: Requirements beside tinynet, such as "jupyterlab".
        system: Of `SYSTEMS`.
        python: "3.12".

    Returns:
        What is missing still, a sentence each; nothing if it is complete.
    """
    wanted = requirements(extras, others)
    target = SYSTEMS[system]
    title = f"{system}, Python {python}"
    asked: list[str] = []
    for _ in range(ROUNDS):
        missing, _ = shelf.check(wanted, target, python)
        if not missing:
            return []
        if any(name.split("[")[0].lower().startswith(DISTRIBUTION) for name in missing):
            return [f"{title}: none of tinynet's wheels is for it: {', '.join(path.name for path in own)}. The "
                    "pure wheel (py3-none-any) is for all; without --wheels, it is built in the folder of the sources"]
        if set(missing) <= set(asked):
            return [f"{title}: no wheel of {name}" for name in missing]
        asked += [name for name in missing if name not in asked]
        options = [part for platform in target.platforms for part in ("--platform", platform)]
        try:
            pip("download", *asked, "--dest", str(shelf.folder), "--find-links", str(shelf.folder),
                "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *options, what=title)
        except BundleError as error:
            return [str(error)]
    return [f"{title}: requirements without an end: {', '.join(asked[-3:])}"]


def requirements(extras: list[str], others: list[str]) -> list[Any]:
    """Return what a bundle is to install, as requirements.

    Raises:
        ValueError: one that is none.
    """
    tools = packaging()
    try:
        return [tools.requirements.Requirement(text)
                for text in (f"{DISTRIBUTION}[{','.join(extras)}]", *others)]
    except tools.requirements.InvalidRequirement as error:
        raise ValueError(f"bundle: {error}") from None


def pip(*arguments: str, what: str, **variables: str) -> None:
    """Run pip.

    Args:
        *arguments: Of pip.
        what: Subject of the error.
        **variables: Of its environment.

    Raises:
        BundleError: it failed; the message has pip's own.
    """
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUTF8": "1",
                   **variables}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True,
                          errors="replace", env=environment)
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise BundleError(f"{what}: pip: {' '.join(lines) or done.stderr.strip()[-400:] or 'failed without a message'}")


def copy_files(paths: list[Path], folder: Path) -> None:
    """Copy files that are not yet in a folder; what is cut off by a kill is copied again."""
    from ..utils.files import atomic_write

    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        target = folder / path.name
        if not target.exists() or target.stat().st_size != path.stat().st_size:
            with open(path, "rb") as file, atomic_write(target) as out:
                shutil.copyfileobj(file, out, 1 << 20)
