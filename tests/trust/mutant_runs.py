"""Runs of tests for tests/trust/mutants.py: each in a fork of one process, which has imported all but tinynet.

    python tests/trust/mutant_runs.py     # in the copy: reads a request a line, as JSON, and writes an answer a line

A run that takes more time of the CPU than it may, or uses none of it for a minute, hangs. No clock is read: where
others compute too, or processes are stopped for a while, a test takes as long as it takes.
"""

import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import hypothesis.extra.numpy  # noqa: F401  (for the forks, as is NumPy)
import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parents[1])]

from trust import child_calls  # noqa: E402  (after the path)

RECORDING_SECONDS = 900  # of the CPU, for a file of tests
IDLE_SECONDS, TICK = 60, 0.05


class Only:
    """A plugin of pytest: of the tests of some files, those with these names, and which of them fails first."""

    def __init__(self, names):
        self.names, self.failing = set(names), None

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self.names]

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.failing:
            self.failing = report.nodeid


class Recorder:
    """A plugin of pytest: which functions of tinynet each test calls, and how long it takes.

    Processes that a test starts write their functions into files (child_calls.py), of the test or of the shared ones:
    a server that serves several tests is of the latter.

    Attributes:
        tests: {name: [seconds, functions, names of the fixtures that it shares with others]}.
        fixtures: {name: seconds} of those.
    """

    def __init__(self, folder):
        self.shared, self.tests, self.found, self.failing, self.fixtures = {}, {}, {}, set(), {}
        self.folder, self.of_shared, self.making = Path(folder), str(Path(folder) / "shared"), 0.0
        os.register_at_fork(after_in_child=self.in_child)

    def trace(self, frame, event, argument):
        self.found[id(frame.f_code)] = frame.f_code  # and returns None: no lines are traced

    def in_child(self):
        if sys.gettrace() is not None:
            child_calls.start(os.environ[child_calls.FILE])

    @contextlib.contextmanager
    def recorded(self, found, calls=None):
        self.found, os.environ[child_calls.FILE] = found, calls or self.of_shared
        for tracer in (sys, threading):
            tracer.settrace(self.trace)
        try:
            yield
        finally:
            for tracer in (sys, threading):
                tracer.settrace(None)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self):
        with self.recorded(self.shared):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        started, self.making = cpu_seconds(), 0.0
        with self.recorded(self.shared):  # fixtures: other tests may share what they make
            result = yield
        self._test(item)[0] = max(cpu_seconds() - started - self.making, 0.0)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        started, of_others = cpu_seconds(), self.making
        result = yield
        if fixturedef.scope != "function":
            took = cpu_seconds() - started - (self.making - of_others)  # without the fixtures that it asks for
            self.fixtures[fixturedef.argname] = self.fixtures.get(fixturedef.argname, 0.0) + took
            self.making += took
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        test = self._test(item)
        calls = self.folder / "test"
        with self.recorded(test[1], str(calls)):
            result = yield
        test[1].update(child_calls.written(calls))
        calls.unlink(missing_ok=True)
        for tracer in (sys, threading):
            tracer.settrace(self.trace)
        self.found, os.environ[child_calls.FILE] = self.shared, self.of_shared
        return result

    def _test(self, item):
        return self.tests.setdefault(item.nodeid, [0, {}, list(item.fixturenames)])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failing.add(report.nodeid)

    def written(self):
        """{"shared": functions, "fixtures": {name: seconds}, "tests": {name: [seconds, functions, fixtures]}}; a
        function is "module:qualified name".
        """
        package = os.path.join(os.getcwd(), "tinynet") + os.sep

        def functions(found):
            names = (one if isinstance(one, str) else child_calls.name_of(one) for one in found.values())
            return sorted({name[len(package):] for name in names if name.startswith(package)})

        self.shared.update(child_calls.written(self.of_shared))
        return {"shared": functions(self.shared), "fixtures": self.fixtures,
                "tests": {name: [took, functions(found), [one for one in fixtures if one in self.fixtures]]
                          for name, (took, found, fixtures) in self.tests.items()
                          if name not in self.failing}}  # a test that fails without a change can notice none


def cpu_seconds():
    """The time of the CPU of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def run_tests(files, names=None, written=None, seconds=RECORDING_SECONDS):
    """Run files of tests, those with these names until one fails, or record them all. Return 0 if they pass.

    What was recorded, or the name of the test that fails, stands in the file `written` afterwards.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (round(seconds), round(seconds) + 10))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    import tinynet  # noqa: F401  (before the recording: what an import calls is no test's own)

    with tempfile.TemporaryDirectory() as folder:
        plugin = Recorder(folder) if names is None else Only(names)
        code = pytest.main([*files, "-q", "--tb=no", "-p", "no:cacheprovider", "--rootdir", os.getcwd(),
                            *(["-x"] if names is not None else [])], plugins=[plugin])
        Path(written).write_text(json.dumps(plugin.written() if names is None else plugin.failing))
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


def cpu_ticks(session):
    """The time of the CPU that the processes of a session have used."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15])) if int(fields[3]) == session else 0
    return ticks


def ended(child):
    """Wait for a run: 'passed', 'failed' or 'hung'."""
    used, idle, ticks = -1, 0.0, 0
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0:
        time.sleep(TICK)  # a process that is stopped counts no ticks
        idle, ticks = idle + TICK, ticks + 1
        if ticks % 40 == 0 and (now := cpu_ticks(child)) != used:
            used, idle = now, 0
        if idle > IDLE_SECONDS:
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # and what the tests left
    if done[0] == 0:
        os.waitpid(child, 0)
        return "hung"
    if os.WIFSIGNALED(done[1]) and os.WTERMSIG(done[1]) in (signal.SIGXCPU, signal.SIGKILL):
        return "hung"
    return "passed" if done[1] == 0 else "failed"


def serve():
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setsid()
                code = run_tests(**json.loads(line))
            finally:
                os._exit(code)
        print(json.dumps(ended(child)), flush=True)


class Copy:
    """A copy of the package, with links to the tests, in which one module at a time is changed.

    Attributes:
        cache: Folder for what is recorded of a file of tests; the copy itself if not given.
    """

    def __init__(self, folder, package, cache=None):
        self.folder, self.package = Path(folder), package
        self.cache = Path(cache or self.folder / "recorded")
        self.cache.mkdir(parents=True, exist_ok=True)
        # The compiled modules too, and no links to them: the grader's sandbox shows a notebook this folder alone.
        shutil.copytree(package, self.folder / "tinynet", symlinks=False,
                        ignore=lambda where, names: [name for name in names if name.endswith((".c", ".cpp"))])
        for path in ROOT.iterdir():
            if path.name not in ("tinynet", "build") and path.name[0] != ".":
                (self.folder / path.name).symlink_to(path)
        (self.folder / "sitecustomize.py").symlink_to(Path(child_calls.__file__))
        self.stamp = time.time() - 10**6  # a time of its own for each change: compiled modules go by it, and by size
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OPENBLAS_NUM_THREADS": "1",
                       "HYPOTHESIS_PROFILE": "mutants"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.server = subprocess.Popen([sys.executable, "tests/trust/mutant_runs.py"], cwd=self.folder, text=True,
                                       env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.stdin.close()
        self.server.wait()
        self.server.stdout.close()

    def run(self, files, names, seconds=RECORDING_SECONDS):
        """How tests end, 'passed', 'failed' or 'hung', and the file of the first that fails, or of the first test."""
        path = self.folder / "failing.json"
        path.unlink(missing_ok=True)
        verdict = self._request(files=files, names=names, seconds=seconds, written=str(path))
        failing = json.loads(path.read_text()) if path.exists() else None
        return verdict, None if verdict == "passed" else (failing or files[0]).split("::")[0]

    def _request(self, **request):
        print(json.dumps(request), file=self.server.stdin, flush=True)
        return json.loads(self.server.stdout.readline())

    def recorded(self, file):
        """What Recorder has written of a file of tests, which is run the first time."""
        key = hashlib.sha256((self.folder / file).read_bytes()).hexdigest()
        path = self.cache / f"{Path(file).stem}-{key[:20]}.json"
        if not path.exists() and self._request(files=[file], written=str(path)) == "hung":
            path.write_text(json.dumps({"shared": [], "fixtures": {}, "tests": {}}))  # it would hang again
            print(f"    {file} takes too long to be recorded, and is left out", flush=True)
        return json.loads(path.read_text()) if path.exists() else {"shared": [], "fixtures": {}, "tests": {}}

    @contextlib.contextmanager
    def changed(self, mutant):
        path = self.folder / "tinynet" / mutant.module
        source, before = path.read_text(), path.stat()
        path.write_text(mutant.applied(source))
        self.stamp += 10
        os.utime(path, (self.stamp, self.stamp))
        try:
            yield
        finally:
            path.write_text(source)
            os.utime(path, (before.st_atime, before.st_mtime))


if __name__ == "__main__":
    serve()
