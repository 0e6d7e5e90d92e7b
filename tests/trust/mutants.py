"""The part `mutants` of tests/trust/run: the Python code is changed in one place at a time, in a temporary copy, and
the tests must notice. What they do not notice is printed as a difference, for a test or an explanation (EXPLAINED).

python_changes.py has the kinds of changes. Each file of tests is run once and recorded: which functions a test calls.
A change is tried by the tests that call its function, the nearest and quickest first, until one fails; by tests that
are not near it after all others have been tried by the nearest. `build/mutants` keeps what was recorded of a file,
while it stays as it is, and which changes it noticed; remove it to begin anew.
"""

import functools
import hashlib
import json
import random
import tempfile
from pathlib import Path

from trust.mutant_runs import ROOT, Copy
from trust.python_changes import PACKAGE, mutants_of

MUTANTS = 300
KILLED_SHARE = 0.95
SECONDS = 15  # of recorded tests for one change, in the nearest files, and as many in all others
START = 0.5  # seconds that a file takes before its first test
KILLED = ("failed", "hung")
HANGS, TIMES = 20, 5  # as many seconds of the CPU, and times of what was recorded: what takes longer hangs

# {folder or file of tinynet/: the nearest tests; {} is the name of the module}. The first that exists, most special
# first. After them come those of all others.
TESTS = {
    "ops": ["tests/ops/test_{}.py tests/test_tape.py tests/test_derivatives.py",
            "tests/ops tests/test_tape.py tests/test_derivatives.py"],
    "ops/conv2d_prepared": ["tests/ops/test_prepared_weights.py tests/test_kernels.py"],
    "optimizers/schedules": ["tests/test_contracts.py tests/test_optimizers.py"],
    "optimizers": ["tests/test_optimizers.py tests/test_contracts.py tests/test_derivatives.py"],
    "losses": ["tests/test_losses.py tests/test_contracts.py tests/test_losses_of_sequences.py "
               "tests/test_derivatives.py"],
    "metrics": ["tests/test_metrics.py tests/test_contracts.py"],
    "initializers": ["tests/test_initializers.py tests/test_contracts.py"],
    "regularizers": ["tests/test_regularizers.py tests/test_contracts.py"],
    "constraints": ["tests/test_constraints.py tests/test_contracts.py"],
    "layers": ["tests/layers/test_{}.py tests/layers/test_configuration.py tests/layers/test_contract.py",
               "tests/layers"],
    "tape": ["tests/test_tape.py"], "variable": ["tests/test_tape.py tests/test_tensor.py tests/test_optimizers.py"],
    "tensor": ["tests/test_tensor.py"],
    "symbolic": ["tests/test_symbolic.py tests/models/test_functional.py tests/models/test_traced_calls.py"],
    "random": ["tests/test_random.py"], "seeds": ["tests/test_random.py"],
    "textbook": ["tests/textbook"], "data": ["tests/data"], "augment": ["tests/augment"],
    "preprocessing": ["tests/preprocessing"], "callbacks": ["tests/callbacks"], "models": ["tests/models"],
    "saving": ["tests/saving/test_{}.py tests/saving/test_weights.py tests/saving/test_model_files.py",
               "tests/saving"],
    "saving/building": ["tests/saving/test_hostile_files.py tests/saving/test_model_files.py"],
    "saving/pickles": ["tests/layers/test_copies.py tests/test_deferred_variables.py"],
    "activations": ["tests/test_activations.py"], "config": ["tests/core/test_tracebacks.py tests/test_tensor.py"],
    "runtime": ["tests/test_runtime.py"], "tape_conveniences": ["tests/test_tape.py"],
    "string_tensor": ["tests/test_tensor.py tests/data/test_dataset.py"], "wrappers": ["tests/test_wrappers.py"],
    "serialization": ["tests/saving/test_other_files.py tests/saving/test_layers_loaded_later.py "
                      "tests/test_contracts.py"],
    "core": ["tests/core/test_{}.py", "tests/core"],
    "core/recording": ["tests/models/test_replay.py tests/models/test_replay_operations.py"],
    "core/registry": ["tests/saving/test_layers_loaded_later.py tests/saving/test_registration.py "
                      "tests/test_import.py"],
    "core/reading": ["tests/saving/test_memory.py tests/saving/test_hostile_files.py"],
    "core/result_sizes": ["tests/saving/test_memory.py tests/saving/test_hostile_files.py"],
    "utils": ["tests/utils/test_utils.py"], "utils/downloads": ["tests/datasets/test_downloads.py"],
    "utils/directories": ["tests/test_doctests.py tests/data"],
    "utils/images": ["tests/utils/test_pictures.py tests/data tests/preprocessing"],
    "utils/files": ["tests/saving/test_interrupted_writes.py tests/saving/test_known_attacks.py"],
    "utils/npz": ["tests/saving/test_weights.py tests/datasets"], "utils/weights_file": ["tests/saving/test_h5.py"],
    "utils/timeseries": ["tests/test_doctests.py tests/data"],
    "datasets": ["tests/datasets"],
    "distribution": ["tests/distribution/test_{}.py tests/distribution/test_training.py", "tests/distribution"],
    "compat": ["tests/compat"], "applications": ["tests/applications"],
    "commands": ["tests/commands/test_{}.py", "tests/commands"], "cli": ["tests/test_cli.py"],
    "lessons": ["tests/lessons/test_{}.py", "tests/lessons"],
    "lessons/checks": ["tests/lessons/test_checks.py tests/lessons/test_blind.py"],
    "lessons/grading": ["tests/lessons/test_grade.py tests/lessons/test_grade_protocol.py "
                        "tests/lessons/test_grade_sandbox.py"],
    "lab": ["tests/lab/test_{}.py tests/lab/test_server.py", "tests/lab"],
    "lab/panels": ["tests/lab/panels/test_{}.py tests/lab/test_panels.py", "tests/lab/panels tests/lab/test_panels.py"],
}
# Pictures, texts and what only speed depends on are not among them.
LEFT_OUT = ("models/summary", "models/lint", "models/population", "models/fusion", "models/training", "data/memory",
            "saving/onnx", "layers/fingerprints", "textbook/plots", "textbook/race", "augment/gallery",
            "augment/command", "augment/text_command", "callbacks/probe", "callbacks/history", "models/turns",
            "utils/pictures", "utils/plot_model", "utils/layered_layout", "commands/bundle_readme", "lab/common_words",
            "lab/colours", "lab/words", "datasets/fashion_mnist_sample", *(f"lessons/{number}" for number in (0, 1)))
TEXTS = ("_words", "_terms")  # how the modules of texts in the lab's panels end
# What is nearest to none of these modules, and calls many.
OTHERS = ["tests/test_doctests.py", "tests/test_kernels.py", "tests/test_public_signatures.py",
          "tests/test_public_names.py", "tests/test_docstrings.py", "tests/test_activations.py",
          "tests/test_reference.py"]
# They call nothing: they look at defaults, and at lists of names.
SIGNATURES = ("tests/test_public_signatures.py", "tests/compat/test_tf_signatures.py", "tests/test_public_names.py")
# Their tests take minutes, or go by the clock.
LONG = ("tests/saving/test_mutations.py", "tests/saving/test_crashes.py", "tests/lessons/test_lessons.py",
        "tests/distribution/test_faults.py", "tests/distribution/test_namespaces.py")

# (module, part of a changed line, kinds of changes, all if empty, reason): changes that no test can notice.
SPEED = "only time or memory depends on it"
RARE = "a number that is drawn is exactly the bound once in millions"
ZERO = "a zero becomes a zero"
EXPLAINED = (
    ("augment/patches.py", "np.argsort(order, axis=1)", ("not passed on",), "the second of two axes is the last"),
    ("augment/batches.py", "astype(images.dtype, copy=False)", ("not passed on",), SPEED),
    ("augment/text.py", "while working and len(made) < num_aug", ("bound",), "one round more to draw from"),
    ("compat/tf/colors.py", "if largest > limits.max", ("bound",), "they are equal for one type alone: it stays"),
    ("compat/tf/image.py", "flipped = rng.random(len(image)) < 0.5", ("bound",), RARE),
    ("compat/tf/structures.py", "max(indices, default=-1)", ("off by one",), "no slices fit into any size"),
    ("data/text_columns.py", "array[column].reshape(-1)", ("off by one",), "any negative number is the rest, to NumPy"),
    ("data/ahead.py", "ThreadPoolExecutor(1", ("off by one",), SPEED),
    ("data/elements.py", "astype(self.dtype, copy=False)", ("not passed on",), SPEED),
    ("data/pipeline.py", "itertools.islice(self, 2)", ("off by one",), SPEED),
    ("distribution/sharding.py", "data.reshape(-1)[", ("off by one",), "any negative number is the rest, to NumPy"),
    ("lab/code.py", "indent=1)", ("off by one",), "spaces between the parts of a JSON file"),
    ("lab/connections.py", "timeout_graceful_shutdown=1", ("off by one",), SPEED),
    ("lab/panels/cnn_vgg.py", "inputs: tuple", ("off by one",), "the first layer has no weights to be counted"),
    ("lab/panels/digits_data.py", "allow_pickle=False", ("not passed on",), "so it is in NumPy, too"),
    ("layers/augmentation_geometry.py", "rng.random(count) < rng.uniform", ("bound",), RARE),
    ("lessons/checks/stopping.py", "([-1.0, -2.0, -1.5", ("off by one",), "a case among others, which tell as much"),
    ("lessons/grading/watch.py", "if memory > enough", ("bound",), "it is that number of bytes once in millions"),
    ("lessons/grading/report.py", "io.StringIO(newline=", ("not passed on",), "neither changes the ends of lines"),
    ("models/augmenting.py", "layer(x, training=True)", ("not passed on",), "an augmenting layer is on by default"),
    ("models/sequential.py", "model.add(layer, rebuild=False)", ("not passed on",), SPEED),
    ("ops/add_relu.py", "np.where(y < 0", ("bound",), ZERO),
    ("ops/conv2d_prepared.py", "np.where(y < 0", ("bound",), ZERO),
    ("ops/discrete_elementwise.py", "logical_not = ", ("not passed on",), "an integer and its float are 0 together"),
    ("ops/windows.py", "functools.lru_cache(maxsize=", ("not passed on",), SPEED),
    ("ops/reduction.py", "dtype.itemsize < 4", ("bound",), "int32 becomes int32"),
    ("optimizers/base.py", "if self.clipvalue and self.clipvalue > 0", ("bound",), "0 is left out before"),
    ("preprocessing/image.py", "rng.random() < 0.5", ("bound",), RARE),
    ("random.py", "astype(dtype, copy=False)", ("not passed on",), SPEED),
    ("saving/model_file.py", "indent=1", ("off by one",), "spaces between the parts of a JSON file"),
    ("textbook/curvature_monitor.py", "matrix = np.diag(diagonal)", ("dropped term",), "there are no more of them"),
    ("textbook/geometry.py", "if np.abs(w).sum() <= radius", ("bound",), "on the border it is its own projection"),
    ("random.py", "outside = outside[abs(again) > 2]", ("bound",), RARE),
    ("symbolic.py", "Function = TypeVar(", ("not passed on",), "a hint for type checkers"),
)


def tests_of(module):
    """The nearest files of tests of a module, the most likely first; None if it is left out."""
    stem = module.removesuffix(".py")
    if stem.startswith(LEFT_OUT) or stem.endswith(TEXTS) or stem.endswith("__init__"):
        return None
    for room, choices in sorted(TESTS.items(), key=lambda item: -len(item[0])):
        if stem == room or stem.startswith(room + "/"):
            for choice in choices:
                names = choice.format(Path(stem).name).split()
                if all((ROOT / name).exists() for name in names):
                    words = set(Path(stem).name.split("_"))
                    return sorted(files_in(names), key=lambda file: -len(words & set(Path(file).stem.split("_"))))
    return None


def files_in(names):
    """The files of tests among files and folders."""
    paths = [path for name in names for path in (sorted((ROOT / name).glob("test_*.py")) or [ROOT / name])]
    return [file for file in dict.fromkeys(str(path.relative_to(ROOT)) for path in paths) if file not in LONG]


@functools.cache
def all_tests():
    """Every file of tests that is nearest to some module, and OTHERS."""
    nearest = {file for path in PACKAGE.rglob("*.py") for file in tests_of(str(path.relative_to(PACKAGE))) or ()}
    return sorted(nearest | set(files_in(OTHERS)))


def explanation_of(mutant):
    """Why no test can notice a change, or None."""
    line = mutant.line((PACKAGE / mutant.module).read_text())
    return next((reason for module, part, kinds, reason in EXPLAINED
                 if mutant.module == module and part in line and mutant.kind in (kinds or mutant.kind)), None)


def drawn(count, seed, wants=lambda name: True):
    """Mutants from all modules: first the module is drawn, then the kind, then the place."""
    draw = random.Random(f"mutants {seed}")
    modules = sorted(str(path.relative_to(PACKAGE)) for path in (PACKAGE).rglob("*.py"))
    modules = [name for name in modules if tests_of(name) is not None and wants(name)]
    found, known = [], {}
    while len(found) < count and modules:
        module = draw.choice(modules)
        known.setdefault(module, mutants_of(module))
        kinds = sorted({mutant.kind for mutant in known[module]})
        if not kinds:
            modules.remove(module)
            continue
        kind = draw.choice(kinds)
        mutant = draw.choice([one for one in known[module] if one.kind == kind])
        known[module].remove(mutant)
        if mutant.compiles((PACKAGE / module).read_text()):
            found.append(mutant)
    return found


def calls(functions, mutant):
    """Whether the place of a change is among these functions; a change outside functions belongs to all of a module."""
    where = f"{mutant.module}:{mutant.function}"
    return where in functions if mutant.function else any(name.startswith(where) for name in functions)


def tests_that_call(copy, file, mutant):
    """[(seconds, name)] of the tests of a file that can notice a change, the quickest first."""
    recorded = copy.recorded(file)
    shared = calls(recorded["shared"], mutant) or (
        file in SIGNATURES and (mutant.is_default or not mutant.function))
    return sorted((took, name, {one: recorded["fixtures"][one] for one in fixtures})
                  for name, (took, functions, fixtures) in recorded["tests"].items()
                  if shared or calls(functions, mutant))


def within(tests, seconds):
    """(files, names, their time) of {file: [(seconds, name, {shared fixture: seconds})]} that take no longer together:
    the quickest first. A shared fixture takes its time once a file.
    """
    files, names, left = [], [], seconds
    for file, some in tests.items():
        left -= START if some else 0
        made = set()
        for took, name, fixtures in some:
            took += sum(seconds for one, seconds in fixtures.items() if one not in made)
            if took <= left:
                names.append(name)
                left -= took
                made |= set(fixtures)
                files += [file] if file not in files else []
    return files, names, seconds - left


def near(mutant):
    """Groups of files of tests to try a change with: the nearest file, and those near it."""
    first, *others = [*tests_of(mutant.module), *(SIGNATURES[:1] if mutant.is_default else ())]
    return [first], others


def far(mutant):
    """All other files of tests, a group."""
    return (sorted(set(all_tests()).difference(*near(mutant))),)


def judged(copy, mutant, groups):
    """('failed' or 'hung', the file of tests that noticed), ('passed', None), or ('not reached', None)."""
    verdict, file = "not reached", None
    for group in groups:
        tests = {file: tests_that_call(copy, file, mutant) for file in group}
        files, names, took = within(dict(sorted(tests.items(), key=lambda item: sum(one[0] for one in item[1]))),
                                    SECONDS)
        if names:
            with copy.changed(mutant):
                verdict, file = copy.run(files, names, seconds=HANGS + TIMES * took)
            if file:
                break
    return verdict, file


class Noticed:
    """The changes that were noticed, kept in a file; each counts while its module and the tests are the same."""

    def __init__(self, folder):
        self.path = folder / "noticed.json"
        self.known = json.loads(self.path.read_text()) if self.path.exists() else {}

    def key(self, mutant, file):
        texts = [(PACKAGE / mutant.module).read_text(), (ROOT / file).read_text(), repr(mutant)]
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    def verdict(self, mutant):
        file, verdict, key = self.known.get(repr(mutant), (None, None, None))
        return (verdict, file) if file and (ROOT / file).exists() and key == self.key(mutant, file) else None

    def add(self, mutant, verdict, file):
        self.known[repr(mutant)] = file, verdict, self.key(mutant, file)
        self.path.write_text(json.dumps(self.known))


def run(settings):
    chosen, verdicts = drawn(settings.count(MUTANTS), settings.seed, settings.wants), {}
    explained = [mutant for mutant in chosen if explanation_of(mutant)]
    chosen = [mutant for mutant in chosen if mutant not in explained]
    cache = ROOT / "build" / "mutants"
    with tempfile.TemporaryDirectory() as folder, Copy(folder, PACKAGE, cache) as copy:
        noticed = Noticed(cache)
        for groups_of, where in ((near, "near it"), (far, "elsewhere")):  # all others come in the end
            for number, mutant in enumerate(chosen, 1):
                if verdicts.get(mutant) in KILLED:
                    continue
                verdict, file = noticed.verdict(mutant) or judged(copy, mutant, groups_of(mutant))
                if verdict != "not reached" or mutant not in verdicts:
                    verdicts[mutant] = verdict
                if file:
                    noticed.add(mutant, verdict, file)
                else:
                    difference = mutant.difference((PACKAGE / mutant.module).read_text())
                    print(f"    {number}: {verdict} by the tests {where}: tinynet/{mutant.module}, "
                          f"{mutant.kind}\n{difference}", flush=True)
    killed = [mutant for mutant in chosen if verdicts[mutant] in KILLED]
    for kind in sorted({mutant.kind for mutant in chosen}):
        dead, of_kind = (sum(mutant.kind == kind for mutant in some) for some in (killed, chosen))
        yield kind, f"{dead} of {of_kind} killed", "-", True
    yield "killed since they hang", list(verdicts.values()).count("hung"), "-", True
    yield "called by no test", list(verdicts.values()).count("not reached"), "-", True
    yield "no test can notice", f"{len(explained)}, see EXPLAINED", "-", True
    share = len(killed) / max(len(chosen), 1)
    yield "all", f"{len(killed)} of {len(chosen)} killed, {share:.1%}", f"{KILLED_SHARE:.0%}", share >= KILLED_SHARE
