"""The tests where nothing is compiled (the pure wheel): what needs compiled kernels is skipped, with the reason.

A module of tests that imports `tinynet._native` gets a stand-in. Its functions skip the test that calls them, and so
does a test's own `tinynet.backend("native")`; everything else of the module runs on the references. Where tinynet
itself chooses the compiled kernels, that is a fault of tinynet, and its error fails the test.
"""

import sys
import types

import pytest

from tinynet import runtime

REASON = "needs the compiled kernels, which a pure installation does not have"


def skip(*arguments, **named):
    """Skip the test, or the module, that calls."""
    pytest.skip(REASON, allow_module_level=True)


class AbsentModule(types.ModuleType):
    """Every name is a function that skips."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return skip


def chosen_by_tinynet():
    """Whether the switch was called by a module of tinynet, not by a test."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__name__") in ("tinynet.runtime", "tinynet.core.tracebacks"):
        frame = frame.f_back
    return frame.f_globals.get("__name__", "").startswith("tinynet.")


def install():
    """Put the stand-in where `from tinynet import _native` finds it, and let the backend's switch skip."""
    sys.modules["tinynet._native"] = AbsentModule("tinynet._native")
    switch = runtime._install

    def switch_or_skip(name):
        if name == "native" and not chosen_by_tinynet():
            skip()
        switch(name)

    runtime._install = switch_or_skip
