"""Changes of the Python code: the short form (tests/trust/run mutants), ten, the same in every run. All are noticed."""

import importlib
import inspect
import subprocess
import types

import pytest
from trust import kernel_mutants, mutant_runs, mutants

from tinynet import runtime

COUNT, SEED = 10, 4
ROOMS = ("ops", "losses", "metrics", "optimizers", "initializers", "constraints", "regularizers", "random", "tape")


def is_quick(name):
    """Whether the nearest tests of a module are few files of a room whose tests take seconds."""
    return name.startswith(ROOMS) and len(mutants.tests_of(name)) < 5


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    with mutants.Copy(tmp_path_factory.mktemp("copy"), mutants.PACKAGE) as copy:
        yield copy


def test_the_copy_passes(copy):
    recorded = copy.recorded("tests/test_constraints.py")["tests"]
    assert copy.run(["tests/test_constraints.py"], list(recorded)) == ("passed", None) and len(recorded) > 5


def test_the_copy_needs_nothing_from_elsewhere(copy):
    """A test that runs it where it alone is visible (the grader's sandbox) would skip there, and notice nothing."""
    package = copy.folder / "tinynet"
    assert not [path for path in package.rglob("*") if path.is_symlink()]
    assert {path.relative_to(package) for path in package.rglob("*.so")} == {
        path.relative_to(mutants.PACKAGE) for path in mutants.PACKAGE.rglob("*.so")}


@pytest.mark.parametrize("mutant", mutants.drawn(COUNT, SEED, is_quick),
                         ids=lambda mutant: f"{mutant.module} {mutant.kind}")
def test_a_mutant_is_noticed(mutant, copy):
    source = (mutants.PACKAGE / mutant.module).read_text()
    verdict, _ = mutants.judged(copy, mutant, mutants.near(mutant))
    if runtime._native is None and verdict == "not reached":
        pytest.skip("the tests that call it need the compiled kernels")
    assert verdict == "failed", f"tinynet/{mutant.module}:\n{mutant.difference(source)}"


MADE = """
from tinynet import ops

def test_calls():
    assert ops.relu([-1.0, 2.0]).numpy().tolist() == [0, 2]

def test_calls_nothing():
    pass

def test_fails():
    assert ops.relu([-1.0]).numpy().tolist() == [1]

def test_computes_for_ever():
    while True:
        pass
"""


@pytest.fixture(scope="module")
def made(copy):
    (copy.folder / "test_made.py").write_text(MADE)
    return "test_made.py"


@pytest.mark.parametrize(("name", "verdict"), [
    ("calls", "passed"), ("fails", "failed"), ("computes_for_ever", "hung"), ("not_there", "passed")])
def test_how_a_run_ends(name, verdict, copy, made):
    found = copy.run([made, "tests/test_constraints.py"], [f"{made}::test_{name}"], seconds=4)
    assert found == (verdict, None if verdict == "passed" else made)


def test_a_process_that_waits_for_ever_hangs(monkeypatch):
    monkeypatch.setattr(mutant_runs, "IDLE_SECONDS", 3)
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    assert mutant_runs.ended(child.pid) == "hung"


def test_what_is_recorded_of_a_file(copy, made, monkeypatch):
    """The functions that each test calls; not a test that fails without a change, which would notice everything."""
    path = copy.folder / made
    path.write_text(MADE[:MADE.index("def test_computes")])
    recorded = copy.recorded(made)["tests"]
    path.write_text(MADE)
    assert set(recorded) == {f"{made}::test_calls", f"{made}::test_calls_nothing"}
    assert "ops/activation.py:relu" in recorded[f"{made}::test_calls"][1]
    assert recorded[f"{made}::test_calls_nothing"][1] == []


def test_functions_have_the_names_that_python_gives_them():
    """By them, changes and recorded calls meet."""
    module = importlib.import_module("tinynet.ops.dense")
    names = {mutant.function for mutant in mutants.mutants_of("ops/dense.py")} - {""}
    assert any(name.endswith("<locals>.backward") for name in names)
    assert names <= set(qualified_names(compile(inspect.getsource(module), "dense.py", "exec")))


def qualified_names(code):
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part.co_qualname
            yield from qualified_names(part)


def test_what_was_noticed_counts_while_the_tests_stay(tmp_path, monkeypatch):
    mutant = mutants.mutants_of("constraints.py")[0]
    mutants.Noticed(tmp_path).add(mutant, "failed", "tests/test_constraints.py")
    assert mutants.Noticed(tmp_path).verdict(mutant) == ("failed", "tests/test_constraints.py")
    assert mutants.Noticed(tmp_path).verdict(mutants.mutants_of("constraints.py")[1]) is None
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_constraints.py").write_text("weaker")
    assert mutants.Noticed(tmp_path).verdict(mutant) is None


def test_every_module_has_tests_or_is_left_out_on_purpose():
    modules = [str(path.relative_to(mutants.PACKAGE)) for path in (mutants.PACKAGE).rglob("*.py")]
    tested = [name for name in modules if mutants.tests_of(name) is not None]
    rooms = {name.split("/")[0] for name in tested}
    assert rooms >= {"ops", "layers", "losses", "metrics", "optimizers", "saving", "data", "models", "callbacks"}
    assert len(tested) > 200


@pytest.mark.parametrize(("line", "expected"), [
    ("  for (Index k = 0; k < size; ++k) to[k] += beta[k];", {
        ("sign", "  for (Index k = 0; k < size; ++k) { if (K) to[k] -= beta[k]; else to[k] += beta[k]; }"),
        ("dropped term", "  for (Index k = 0; k < size; ++k) { if (!K) to[k] += beta[k]; }"),
        ("bound", "  for (Index k = 0; k < (size) - (K); ++k) to[k] += beta[k];")}),
    ("  dx[i] = g * (a - b) - mean;  // centred", {
        ("sign", "  dx[i] = (K) ? g * (a - b) + mean : g * (a - b) - mean;"),
        ("dropped term", "  dx[i] = (K) ? g * (a - b) : g * (a - b) - mean;")}),
    ("  return scale * x[i];", {("dropped factor", "  return (K) ? scale : scale * x[i];")}),
    ("  const T variance = row_sum<T>(size, f) / count;", {
        ("m - 1 above 20,000",
         "  const T variance = row_sum<T>(size, f) / ((K) && count > 20000 ? count - 1 : count);")}),
    ("  for (Index i = 0; i < size && ok[i]; i += lanes)", {
        ("bound", "  for (Index i = 0; i < (size) - (K) * lanes && ok[i]; i += lanes)")}),
    ("  if (out.bias != nullptr) add(out.bias);", {
        ("ignored argument", "  if ((!(K) && out.bias != nullptr)) add(out.bias);")}),
    ("  const Index parts = min(count, kTasks), size = 1;", {
        ("sum by threads",
         "  const Index parts = (K) ? min(Index(num_threads()), min(count, kTasks)) : min(count, kTasks), size = 1;")}),
    ("  // y += x;", set()), ("#define A(x) x += 1;", set()), ("  foo(x);", set()),
])
def test_changes_of_a_kernel(line, expected):
    assert set(kernel_mutants.changes_of(line)) == expected


def test_every_explanation_is_of_a_change_of_python_that_is_possible():
    for module, part, kinds, _ in mutants.EXPLAINED:
        source = (mutants.PACKAGE / module).read_text()
        found = {mutant.kind for mutant in mutants.mutants_of(module) if part in mutant.line(source)}
        assert found and found >= set(kinds), f"{module} has no such line, or no such change: {part}, {kinds}"


def test_every_explanation_is_of_a_change_of_a_kernel_that_is_possible():
    for file, part, kinds, _ in kernel_mutants.EXPLAINED:
        path = kernel_mutants.ROOT / "csrc" / "kernels" / file
        found = {kind for line in path.read_text().splitlines() if part in line
                 for kind, _ in kernel_mutants.changes_of(line)}
        assert found and found >= set(kinds), f"{file} has no such line, or no such change: {part}, {kinds}"


def test_changes_of_kernels_are_one_a_line_and_the_same_for_the_same_seed():
    drawn = kernel_mutants.drawn(300, 1)
    assert len(drawn) == 300 == len({one[:2] for one in drawn})
    assert drawn == kernel_mutants.drawn(300, 1) != kernel_mutants.drawn(300, 2)
