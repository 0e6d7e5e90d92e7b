"""Causes of messages about the installation, the computer and the lab."""

import ast
import contextlib
import re
import shutil
import socket
import sys
from pathlib import Path
from unittest import mock

import tinynet as tn
from tinynet.core.threads import warn_without_thread

from .common import ROOT, Reported, dense, in_new_python, not_installed, under

# -- installing and importing ------------------------------------------------------------------------------------------


@under("tinynet is imported from its source folder")
def without_compiled_module():
    in_new_python("import sys; sys.modules['tinynet._native'] = None; import tinynet")


def check_tools_of_setup(commands, folders):
    """Call `check_tools` of setup.py, which builds when it is imported."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    names = {"Path": Path, "shutil": shutil, "sys": sys}
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check_tools")
    exec(compile(ast.Module([function], []), "setup.py", "exec"), names)
    try:
        names["check_tools"](commands, folders)
    except SystemExit as stop:
        raise Reported(stop.code) from None


@under("No compiler")
def no_compiler(folder):
    (folder / "Python.h").touch()
    check_tools_of_setup([sys.executable], [str(folder)])  # is content where both are there
    check_tools_of_setup([sys.executable, "g++-that-is-not-there"], [str(folder)])


@under("No compiler")
def no_headers(folder):
    check_tools_of_setup([sys.executable], [str(folder / "include")])


@under("A package is missing")
def missing_extra():
    with not_installed("matplotlib"):
        tn.plots.history({"loss": [1.0]})


@under("A package is missing")
def missing_h5(folder):
    with not_installed("h5py"):
        dense().save_weights(folder / "m.weights.h5")


@under("A package is missing")
def missing_lab():
    in_new_python("import sys; sys.modules['starlette'] = None; from tinynet.cli import main; main(['lab'])")


@under("A setting of the environment")
def wrong_number_of_threads():
    in_new_python("import tinynet", OMP_NUM_THREADS="all")


@under("A setting of the environment")
def wrong_instruction_set():
    in_new_python("import tinynet", TINYNET_ISA="avx1024")


# -- the computer ------------------------------------------------------------------------------------------------------


@under("No more threads")
def no_threads():
    warn_without_thread("batches are prepared between the steps, not while they run")


@under("The port is in use")
def port_in_use():
    from tinynet.lab.server import listen

    for first in range(20_000, 60_000, 10):  # ten ports in a row that are free, which then are not
        with contextlib.ExitStack() as taken:
            try:
                for port in range(first, first + 10):
                    taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            listen("127.0.0.1", first)


@under("The page asks for the link")
def without_key():
    from tinynet.lab.server import REFUSED

    raise Reported(re.sub("<[^>]*>", "", re.search(r"<p>(.*)</p>", REFUSED)[1]))


@under("Boxes or question marks in place of Korean letters")
def no_korean_font():
    with mock.patch("tinynet.plots.style.korean_font", lambda: None):
        tn.plots.history({"loss": [1.0, 0.5]}, lang="ko")


@under("A terminal that is not UTF-8")
def emoji():
    "\U0001f642".encode("cp949")
