"""`tinynet bundle`, with small wheels from a folder in place of the package index."""

import argparse
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from tinynet import cli
from tinynet.commands import bundle, bundle_wheels
from tinynet.version import __version__

pytest.importorskip("pip")


def write_wheel(folder, name, version="1.0", tag="py3-none-any", requires=(), module=None):
    """A wheel of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    module = module or {f"{name.replace('-', '_')}.py": ""}
    extras = {part.split('"')[1] for text in requires for part in text.split("extra == ")[1:]}
    metadata = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}",
                          *(f"Provides-Extra: {extra}" for extra in sorted(extras)),
                          *(f"Requires-Dist: {text}" for text in requires), ""])
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        files = {**module, f"{stem}.dist-info/METADATA": metadata,
                 f"{stem}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"}
        for member, text in files.items():
            archive.writestr(member, text)
        archive.writestr(f"{stem}.dist-info/RECORD", "".join(f"{member},,\n" for member in files)
                         + f"{stem}.dist-info/RECORD,,\n")
    return path


PURE = f"tinynet_learn-{__version__}-py3-none-any.whl"
OWN = {"tinynet/__init__.py": "", "tinynet/__main__.py": "print('it starts')"}


@pytest.fixture
def index(tmp_path, monkeypatch):
    """The package index, as a folder; and tinynet's own wheel in another."""
    index = tmp_path / "index"
    write_wheel(tmp_path / "own", "tinynet-learn", __version__, requires=(
        "numpy>=2.0", 'drawing>=1; extra == "plot"', 'heavy; extra == "other"'), module=OWN)
    for tag in ("cp311-cp311-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_28_x86_64", "cp311-cp311-win_amd64",
                f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}-manylinux_2_17_x86_64"):
        write_wheel(index, "numpy", "2.1", tag)
    write_wheel(index, "drawing", "1.5", requires=(
        'wincolour; platform_system == "Windows"', 'old; python_version < "3.12"', "ink"))
    write_wheel(index, "wincolour", requires=('winapi; sys_platform == "win32"',))
    for name in ("winapi", "old", "ink", "notebook"):
        write_wheel(index, name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("TINYNET_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(bundle, "CATALOGUE", ())
    monkeypatch.setattr(bundle, "write_notebooks", lambda folder, lang, *_: (
        Path(folder).mkdir(parents=True), Path(folder, "01.ipynb").write_text(lang)))
    monkeypatch.chdir(tmp_path)
    return index


@pytest.fixture
def quick(index, monkeypatch):
    """The same index, and in place of pip, which takes a second a call, a copy of what is asked for."""
    tools = bundle_wheels.packaging()
    asked = []

    def pip(command, *arguments, what):
        asked.append(what)
        names = arguments[: arguments.index("--dest")]
        python = arguments[arguments.index("--python-version") + 1]
        platforms = [arguments[i + 1] for i, part in enumerate(arguments) if part == "--platform"]
        version = tuple(map(int, python.split(".")))
        tags = {*tools.tags.cpython_tags(version, platforms=platforms), *tools.tags.compatible_tags(version)}
        for name in names:
            found = [path for path in index.glob(f"{tools.requirements.Requirement(name).name}-*.whl")
                     if tools.utils.parse_wheel_filename(path.name)[3] & tags]
            if not found:
                raise bundle_wheels.BundleError(f"{what}: pip: no matching distribution found for {name}")
            bundle_wheels.copy_files(found, Path(arguments[arguments.index("--dest") + 1]))

    monkeypatch.setattr(bundle_wheels, "pip", pip)
    return asked


def make(*options, check=False):
    return cli.main(["bundle", "stick", "--wheels", "own", "--extras", "plot", *([] if check else ["--no-check"]),
                     *options])


def wheels(folder="stick"):
    return sorted(path.name.split("-")[0] for path in Path(folder, "wheels").iterdir())


def test_a_bundle_has_what_each_system_needs(index, capsys):
    assert make("--for", "linux,windows", "--python", "3.11,3.11") == 0
    assert wheels() == ["drawing", "ink", "numpy", "numpy", "old", "tinynet_learn", "winapi", "wincolour"]
    text = capsys.readouterr().out
    assert "linux, Python 3.11: 5 wheels" in text and "windows, Python 3.11: 7 wheels" in text
    assert sorted(os.listdir("stick")) == ["README.ko.txt", "README.txt", "SHA256SUMS.txt", "data", "lessons", "wheels"]
    assert Path("stick/lessons/ko/01.ipynb").read_text() == "ko" and not Path("stick.partial").exists()


@pytest.mark.skipif(bundle_wheels.host_system() != "linux", reason="the index of this test has wheels for Linux")
def test_the_installation_is_tried(index, capsys, monkeypatch):
    here = f"3.{sys.version_info.minor}"
    assert make("--for", "linux", "--python", here, check=True) == 0
    assert "tried: it installs without a network" in capsys.readouterr().out
    write_wheel(Path("own"), "tinynet-learn", __version__, requires=("numpy>=2.0",), module={
        **OWN, "tinynet/__main__.py": "raise SystemExit('it does not start')"})
    assert make("--for", "linux", "--python", here, check=True) == 1
    assert "it installs, but does not start: it does not start" in capsys.readouterr().err
    assert Path("stick", "README.txt").is_file()  # the one before it


def test_only_what_a_python_needs(quick):
    assert make("--for", "linux", "--python", "3.12") == 0
    assert wheels() == ["drawing", "ink", "numpy", "tinynet_learn"]  # `old` is for older ones


def test_the_readme_has_the_two_commands_in_two_languages(quick):
    assert make("--for", "linux,windows", "--python", "3.11", "--with", "notebook") == 0
    english, korean = (Path("stick", name).read_text(encoding="utf-8-sig") for name in ("README.txt", "README.ko.txt"))
    for text in (english, korean):
        assert 'install --no-index --find-links wheels "tinynet-learn[plot,lab]" "notebook"' in text
        assert "PowerShell" in text and "~/tinynet/bin/tinynet" in text and "{" not in text.replace("{pythons}", "")
    assert "강의" in korean and "tinynet lab --lang ko" in korean and "--lang" not in english
    assert make("--for", "windows", "--python", "3.11") == 0
    assert "~/tinynet" not in Path("stick", "README.txt").read_text(encoding="utf-8-sig")


def test_checksums(quick):
    assert make("--for", "linux", "--python", "3.11") == 0
    lines = Path("stick", "SHA256SUMS.txt").read_text().splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256(Path("stick", name).read_bytes()).hexdigest() == digest
    assert len(lines) == sum(path.is_file() for path in Path("stick").rglob("*")) - 1


def test_what_is_missing_is_named_and_nothing_is_written(quick, capsys):
    assert make("--for", "linux,windows", "--python", "3.11,3.13") == 1
    error = capsys.readouterr().err
    assert "windows, Python 3.13: " in error and "numpy" in error and "nothing was written" in error
    assert not Path("stick").exists() and Path("stick.partial").is_dir()


def test_it_goes_on_where_it_was_stopped(quick, index):
    assert make("--for", "linux,windows", "--python", "3.11,3.13") == 1
    quick.clear()
    write_wheel(index, "numpy", "2.1", "cp313-cp313-win_amd64")
    write_wheel(index, "numpy", "2.1", "cp313-cp313-manylinux_2_28_x86_64")
    assert make("--for", "linux,windows", "--python", "3.11,3.13") == 0
    assert set(quick) == {"linux, Python 3.13", "windows, Python 3.13"}  # the others were complete


def test_wheels_of_an_earlier_call_with_other_options_are_removed(quick):
    assert make("--for", "linux,windows", "--python", "3.11,3.13") == 1
    assert make("--for", "linux", "--python", "3.12") == 0
    assert wheels() == ["drawing", "ink", "numpy", "tinynet_learn"]


def test_tinynets_own_wheel_must_fit(quick, capsys):
    Path("own", f"tinynet_learn-{__version__}-py3-none-any.whl").rename(
        Path("own", f"tinynet_learn-{__version__}-cp311-cp311-manylinux_2_28_x86_64.whl"))
    assert make("--for", "linux,windows", "--python", "3.11") == 1
    assert "windows, Python 3.11: none of tinynet's wheels is for it" in capsys.readouterr().err


def test_no_wheel_of_tinynet(quick, capsys):
    assert cli.main(["bundle", "stick", "--for", "linux"]) == 1
    assert "no wheel tinynet_learn-" in capsys.readouterr().err


def test_the_pure_wheel_is_built_in_the_folder_of_the_sources(index, quick, monkeypatch):
    """As a lecturer without a folder of wheels: what is on the stick works on each system."""
    download = bundle_wheels.pip

    def pip(command, *arguments, what, **variables):
        if command == "download":
            return download(command, *arguments, what=what)
        assert (command, arguments[0], variables) == ("wheel", ".", {"TINYNET_PURE": "1"})
        Path("own", PURE).rename(Path(arguments[arguments.index("--wheel-dir") + 1], PURE))

    monkeypatch.setattr(bundle_wheels, "pip", pip)
    Path("stick.partial/built").mkdir(parents=True)
    Path("pyproject.toml").write_text('name = "tinynet-learn"\n')
    assert cli.main(["bundle", "stick", "--extras", "plot", "--no-check", "--for", "linux,windows", "--python",
                     "3.11"]) == 0
    assert PURE in os.listdir("stick/wheels")


def test_compiled_wheels_come_along_but_not_those_of_one_computer(quick, capsys):
    """pip takes a manylinux wheel where the laptop's C library is new enough, else the pure one. It would take a wheel
    `linux_x86_64` everywhere.
    """
    names = {tag: f"tinynet_learn-{__version__}-cp311-cp311-{tag}.whl" for tag in ("manylinux_2_35_x86_64",
                                                                                   "linux_x86_64")}
    for name in names.values():
        Path("own", name).write_bytes(Path("own", PURE).read_bytes())
    assert make("--for", "linux", "--python", "3.11") == 0
    on_it = os.listdir("stick/wheels")
    assert PURE in on_it and names["manylinux_2_35_x86_64"] in on_it and names["linux_x86_64"] not in on_it
    assert f"left out: {names['linux_x86_64']}" in capsys.readouterr().out


def test_a_folder_that_is_no_bundle_is_left_alone(quick, capsys):
    Path("stick").mkdir()
    Path("stick", "mine.txt").write_text("mine")
    assert make("--for", "linux", "--python", "3.11") == 2
    assert "is there and is no bundle" in capsys.readouterr().err and os.listdir("stick") == ["mine.txt"]


def test_an_older_bundle_is_replaced(quick):
    for python in ("3.11", "3.12"):
        assert make("--for", "linux", "--python", python) == 0
    assert "3.12" in Path("stick", "README.txt").read_text(encoding="utf-8-sig")
    assert not Path("stick.old").exists()


def test_a_kill_leaves_no_half_bundle(quick, monkeypatch):
    monkeypatch.setattr(bundle, "write_sums", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    assert make("--for", "linux", "--python", "3.11") == 130
    assert not Path("stick").exists()


def test_a_wheel_that_was_cut_off_is_downloaded_again(quick, index):
    half = Path("stick.partial", "wheels")
    half.mkdir(parents=True)
    (half / "drawing-1.5-py3-none-any.whl").write_bytes((index / "drawing-1.5-py3-none-any.whl").read_bytes()[:-30])
    assert make("--for", "linux", "--python", "3.12") == 0
    assert bundle_wheels.read_wheel(Path("stick", "wheels", "drawing-1.5-py3-none-any.whl")).name == "drawing"


@pytest.mark.parametrize(("text", "expected"), [
    ("3.11-3.14", ["3.11", "3.12", "3.13", "3.14"]), ("3.12", ["3.12"]), ("3.11,3.13", ["3.11", "3.13"]),
])
def test_pythons(text, expected):
    assert bundle.pythons(text) == expected


@pytest.mark.parametrize("text", ["3.10", "3.15", "2.7", "3", "3.13-3.11", "", "3.x", "4.11"])
def test_pythons_that_are_none(text):
    with pytest.raises(argparse.ArgumentTypeError):
        bundle.pythons(text)


def test_systems(capsys):
    assert bundle.systems("linux, macos") == ["linux", "macos"]
    with pytest.raises(argparse.ArgumentTypeError, match="linux-arm"):
        bundle.systems("beos")


def test_a_wheel_that_is_none(tmp_path):
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(bundle_wheels.BundleError, match=r"thing-1\.0-py3-none-any\.whl: not a wheel"):
        bundle_wheels.read_wheel(path)


@pytest.mark.parametrize("there", [(), ("one",), ("one", "two")])
def test_data_sets_that_are_here_and_those_that_are_not_are_told(there, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("data")
    monkeypatch.setattr(bundle, "CATALOGUE", [argparse.Namespace(
        name=name, files=lambda name=name: [tmp_path / "file"] if name in there else []) for name in ("one", "two")])
    monkeypatch.setattr(bundle, "copy_files", lambda files, folder: folder.mkdir(parents=True))
    assert bundle.collect_data(tmp_path) == list(there)
    shown = capsys.readouterr().out
    absent = [name for name in ("one", "two") if name not in there]
    assert (f"data sets: {', '.join(there)}\n" in shown) == bool(there)
    assert (f"not in the bundle: {', '.join(absent)} (" in shown) == bool(absent)
    assert ("not on this computer" in shown) == bool(absent)
