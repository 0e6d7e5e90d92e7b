"""Changes of the Python code: the short form (tests/trust/run mutants), ten, the same in every run. All are noticed."""

import pytest
from trust import kernel_mutants, mutants

COUNT, SEED = 10, 4
ROOMS = ("ops", "losses", "metrics", "optimizers", "initializers", "constraints", "regularizers", "random", "tape")


def is_quick(name):
    """Whether the tests of a module are single files of a room whose tests take seconds."""
    return name.startswith(ROOMS) and all(test.endswith(".py") for test in mutants.tests_of(name))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return mutants.Copy(tmp_path_factory.mktemp("copy"))


def test_the_copy_passes(copy):
    assert copy.run(["tests/test_constraints.py"])


@pytest.mark.parametrize("mutant", mutants.drawn(COUNT, SEED, is_quick),
                         ids=lambda mutant: f"{mutant.module} {mutant.kind}")
def test_a_mutant_is_noticed(mutant, copy):
    source = (mutants.PACKAGE / mutant.module).read_text()
    assert not copy.survives(mutant), f"tinynet/{mutant.module}:\n{mutant.difference(source)}"


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


def test_every_explanation_is_of_a_change_that_is_possible():
    for file, part, kinds, _ in kernel_mutants.EXPLAINED:
        path = kernel_mutants.ROOT / "csrc" / "kernels" / file
        found = {kind for line in path.read_text().splitlines() if part in line
                 for kind, _ in kernel_mutants.changes_of(line)}
        assert found and found >= set(kinds), f"{file} has no such line, or no such change: {part}, {kinds}"


def test_changes_of_kernels_are_one_a_line_and_the_same_for_the_same_seed():
    drawn = kernel_mutants.drawn(300, 1)
    assert len(drawn) == 300 == len({one[:2] for one in drawn})
    assert drawn == kernel_mutants.drawn(300, 1) != kernel_mutants.drawn(300, 2)
