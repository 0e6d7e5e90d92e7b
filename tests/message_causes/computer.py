"""Causes of messages about the installation, the computer and the lab."""

import contextlib
import os
import re
import socket
import sys
from unittest import mock

import tinynet as tn
from tinynet.core.threads import warn_without_thread

from .common import ROOT, Reported, dense, in_new_python, not_installed, under

sys.path.insert(0, str(ROOT / "csrc"))

from building import backend  # noqa: E402  (the folder is no part of the package)

# -- installing and importing ------------------------------------------------------------------------------------------


@under("tinynet is imported from its source folder")
def without_compiled_module():
    in_new_python("import sys; sys.modules['tinynet._native'] = None; import tinynet")


def asked_by_pip():
    """Ask the build's backend what pip asks first."""
    try:
        backend.get_requires_for_build_wheel()
    except SystemExit as stop:
        raise Reported(stop.code) from None


@under("No compiler")
def no_compiler():
    with mock.patch.dict(os.environ, CXX=sys.executable, TINYNET_PURE=""), \
            mock.patch("building.backend.os.path.exists", return_value=True):
        asked_by_pip()  # is content where both are there
        os.environ["CXX"] = "g++-that-is-not-there"
        asked_by_pip()


@under("No compiler")
def no_headers(folder):
    with mock.patch.dict(os.environ, CXX=sys.executable, TINYNET_PURE=""), \
            mock.patch("sysconfig.get_path", return_value=str(folder / "include")):
        asked_by_pip()


@under("This Python is too old")
def old_python():
    with mock.patch.object(backend, "OLDEST_PYTHON", (3, 99)):
        asked_by_pip()


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
