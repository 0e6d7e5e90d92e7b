"""Ctrl-C at every moment at which Python looks for it while a file or folder is written: nothing unfinished stays."""

import contextlib
import os

import pytest
from moments import interrupted

from tinynet.utils import files

WATCHED = (files.__file__, contextlib.__file__, __file__)


def write_file(folder):
    with files.atomic_write(folder / "file") as file:
        file.write(b"new")


def write_folder(folder):
    with files.atomic_folder(folder / "folder") as made:
        os.mkdir(made / "inside")


def second_name(folder):
    files.copy_or_link(folder / "file", folder / "second")


def sweep(folder):
    (folder / files.temporary_name("killed")).write_bytes(b"part")  # stays where the sweep does not come so far
    files.sweep_leftovers(folder / "file")


@pytest.mark.parametrize("task", [write_file, write_folder, second_name, sweep])
def test_nothing_stays_open_or_unfinished(tmp_path, task):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    for name in "ab":
        (tmp_path / "folder" / name).write_bytes(b"old")
    number = 0
    opened = sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
    while interrupted(lambda: task(tmp_path), number, WATCHED):
        left = {path.name for path in tmp_path.iterdir()} - {"file", "folder", "second"}
        left = [name for name in left if not name.startswith(".killed")]
        assert not left, f"interrupt {number}: {left}"
        assert (tmp_path / "file").read_bytes() in (b"old", b"new")
        assert sorted(os.listdir(tmp_path / "folder")) in (["a", "b"], ["inside"]), f"interrupt {number}"
        if opened:
            assert sorted(os.listdir("/proc/self/fd")) == opened, f"interrupt {number}"
        number += 1
    assert number > 10


def test_each_moment_is_met():
    def three_calls():
        for _ in range(3):
            len("")

    count = 0
    while interrupted(three_calls, count, WATCHED):
        count += 1
    assert count >= 6  # three calls, three jumps
