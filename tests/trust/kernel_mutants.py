"""The part `kernel_mutants` of tests/trust/run: the kernels are changed in hundreds of places, all compiled together,
and a switch turns on one change at a time. The test that all kernels share (tests/test_kernels.py) must notice each.

The switch is read at run time, in a build of the baseline in a temporary copy: some minutes. A fork of one process,
which has the expected results, tries each change. What survives is tried again between guard pages, on several threads
and with NaN. Counted apart: changes that no call reaches, and lines whose changes no test can notice (EXPLAINED).

    python tests/trust/kernel_mutants.py judge COUNT [NUMBER ...]     # what runs in the copy; prints a line of JSON
"""

import contextlib
import ctypes
import functools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = 300
KILLED_SHARE = 0.95
TIMES = 10  # as much time of the CPU as without a change, and SECONDS: what takes longer hangs, which is noticed
SECONDS = 5
LEFT_OUT = ("amx/", "machine/", "conv2d_max_pool2d_gather")  # what the baseline has not; measures of the machine
HEADER = """#pragma once
// The changes of tests/trust/kernel_mutants.py.
extern "C" {{
__attribute__((visibility("default"))) inline int tinynet_mutant = 0;
__attribute__((visibility("default"))) inline char tinynet_mutant_hit[{count}] = {{}};
}}
#define MUTANT(k) (tinynet_mutant_hit[k] = 1, tinynet_mutant == k)
"""
TARGET = r"[A-Za-z_]\w*(?:\[[^;\[\]]*(?:\[[^\]]*\][^\[\]]*)*\]|\.\w+|->\w+)*"


# (file below csrc/kernels/, part of a line, kinds of changes, all if empty, reason): changes that no test can notice.
SPEED = "the size of a task or of a block: speed alone"
UNREAD = "the last elements of the padding only fill vectors, and nothing reads them alone"
CENTRE = "a value that sums are taken around, for their rounding: any near one serves"
CORRECTION = "a correction of a rounding error, or what the next line corrects"
EXPLAINED = (
    ("conv/conv2d_max_pool2d_windows.h", "blocks.pixels = ", (), "read by a kernel alone that the baseline has not"),
    ("conv/conv2d_direct.h", "j = used; j < width; ++j) out[j] = 0;", ("bound",), UNREAD),
    ("conv/conv2d_recomputed.h", "const Index rows_per_task", (), SPEED),
    ("conv/conv2d_recomputed.h", "pixel < lines_.rows; pixel += step", (), CENTRE),
    ("conv/conv2d_recomputed.h", "sums[k] += static_cast<double>(x[offset_[k]])", (), CENTRE),
    ("conv/conv2d_recomputed.h", "for (Index k = 0; k < products_; ++k)", ("bound",), "the last has nothing to mirror"),
    ("conv/conv2d_weight_gradient.h", "const Index pixel_count", (), "compared with 0 only, and an image has a width"),
    ("conv/conv2d_window.h", "const Index area = ", (), SPEED),
    ("elementwise/math.h", "float q = 1.394573948e-03f", (), "within the 4 units in the last place that e^x promises"),
    ("elementwise/math.h", "float q = 1.394164050e-03f", (), "within the 4 units in the last place that e^x promises"),
    ("lanes.h", "j < VectorOf<T>::lanes; ++j) other[j]", ("bound",), "of the last step only the first lane is read"),
    ("loss/softmax.h", "const Index rows = 10000 /", (), SPEED),
    ("loss/softmax.h", "return helpers::ceil_div(rows, kRowsPerTile)", (), SPEED),
    ("matmul/matmul.h", "const double tile_work", (), SPEED),
    ("matmul/matmul.h", "const double work = ", (), SPEED),
    ("matmul/matmul.h", "const Index parts = 2 * ceil_div", (), SPEED),
    ("matmul/matmul.h", "const Index band = ", ("dropped factor",), "bands overlap, with the same values: speed alone"),
    ("matmul/transpose.h", "for (int i = 0; i < lanes; ++i)", ("bound",), "the last row has no partner after it"),
    ("norm/batch_norm_max_pool2d.h", "const Index rows = s.batch * s.height * s.width;", (), SPEED),
    ("norm/group_norm.h", "sum += d;", (), CORRECTION),
    ("norm/group_norm.h", "const double shift = ", ("m - 1 above 20,000",), CORRECTION),
    ("norm/group_norm.h", "const double value = ", ("sign", "dropped term"), CORRECTION),
    ("norm/layer_norm.h", "T m = rms ? T(0) : row_sum", ("m - 1 above 20,000",), CORRECTION),
    ("norm/layer_norm.h", "if (!rms) m += row_sum", ("m - 1 above 20,000",), CORRECTION),
    ("pooling/kinds.h", "value[lane] = lane < first", ("bound",), "the last lane is never before the first"),
    ("pooling/lines.h", "k < padded; ++k) line[", ("bound",), UNREAD),
    ("pooling/lines.h", "for (Index l = 0; l < padded; ++l)", ("bound",), UNREAD),
    ("pooling/lines.h", "l < used + VectorOf<T>::lanes; ++l) tap_counts[l] = 1", ("bound",), UNREAD),
    ("pooling/lines.h", "l < line.size(); ++l) sums[l] = 0", ("bound",), UNREAD),
    ("pooling/lines.h", "const Index outputs = ", (), SPEED),
    ("winograd/conv2d_winograd.h", "const Index kernel_bytes = ", (), SPEED),
    ("winograd/conv2d_winograd.h", "for (Index e = 0; e < elements; ++e)", ("bound",), "all blocks have the last one"),
    ("winograd/tiles.h", "return elements * (depth * filters", (), SPEED),
    ("winograd/tiles.h", "const Index per_tile", (), SPEED),
    ("winograd/tiles.h", "const Index both", (), SPEED),
    ("winograd/transforms.h", "middle += load(", (), CENTRE),
)


def balanced(text):
    depth = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            return False
    return depth == 0


def split_at(text, operators):
    """(left, operator, right) at the last of these operators outside brackets, or None."""
    depth = 0
    for place in range(len(text) - 1, 0, -1):
        letter = text[place]
        depth += (letter in ")]}") - (letter in "([{")
        if depth == 0 and letter in operators and text[place - 1] == " " and text[place + 1:place + 2] == " ":
            return text[:place - 1], letter, text[place + 2:]
    return None


def plain(text):
    return balanced(text) and not re.search(r"[?{}]|&&|\|\||<<|>>|<=|>=|==| < | > ", text)


def changes_of(line):
    """[(kind, line with the switch K)] of a line of C++."""
    found = []
    code = re.sub(r"\s*//.*$", "", line.rstrip())
    if not code or code.lstrip().startswith(("#", "//", "template", "using", "constexpr", "static", "case", "return;")):
        return found
    if "constexpr" in code:
        return found
    for match in re.finditer(rf"(?<![\w.>\]*])({TARGET}) (\+=|-=|\*=) ", code):
        target, operator, rest = match[1], match[2], code[match.end():]
        if not rest.endswith(";") or ";" in rest[:-1] or not balanced(rest):
            continue
        start, expression = code[:match.start()], rest[:-1]
        if operator != "*=":
            other = "-=" if operator == "+=" else "+="
            found.append(("sign", f"{start}{{ if (K) {target} {other} {expression}; else {target} {operator} "
                                  f"{expression}; }}"))
        found.append(("dropped term" if operator != "*=" else "dropped factor",
                      f"{start}{{ if (!K) {target} {operator} {expression}; }}"))
    loop = re.search(r"\bfor \(([^;]*); (\w+) < ([^;&|]+)(?: && [^;|]*)?; ", code)
    if loop and balanced(loop[3]):
        step = re.match(rf"{loop[2]} \+= ([\w.:<> *]+)[,)]", code[loop.end():])
        less = f"(K) * {step[1]}" if step else "(K)"
        found.append(("bound", code.replace(f"; {loop[2]} < {loop[3]}", f"; {loop[2]} < ({loop[3]}) - {less}", 1)))
    for match in re.finditer(rf"(?<![\w.>\]]){TARGET} != nullptr", code):
        found.append(("ignored argument", f"{code[:match.start()]}(!(K) && {match[0]}){code[match.end():]}"))
    match = re.match(r"^(.*[\w\])] = |\s*return )([^=]+);$", code)
    if match and plain(match[2]) and "for (" not in match[1] and "[=]" not in code and "[&]" not in code:
        before, value = match[1], match[2]
        parts = split_at(value, "+-")
        if parts:
            left, operator, right = parts
            other = "-" if operator == "+" else "+"
            found.append(("sign", f"{before}(K) ? {left} {other} {right} : {value};"))
            found.append(("dropped term", f"{before}(K) ? {left} : {value};"))
        elif (parts := split_at(value, "*")) and " / " not in value:
            found.append(("dropped factor", f"{before}(K) ? {parts[0]} : {value};"))
    match = re.match(r"^(\s*const Index parts = )(min\(.*\))(, .*;|;)$", code)
    if match and balanced(match[2]):
        before, parts, after = match.groups()
        found.append(("sum by threads", f"{before}(K) ? min(Index(num_threads()), {parts}) : {parts}{after}"))
    if re.search(r"/ count;$", code):
        found.append(("m - 1 above 20,000", code[:-len("count;")] + "((K) && count > 20000 ? count - 1 : count);"))
    return found


def is_left_out(path):
    return any(part in path.as_posix() for part in LEFT_OUT)


def explanation_of(file, line, kind):
    """Why no test can notice a change of this kind, or None."""
    return next((reason for name, part, kinds, reason in EXPLAINED
                 if file == "csrc/kernels/" + name and part in line and kind in (kinds or kind)), None)


def drawn(count, seed):
    """[(file, number of the line, kind, changed line)], at most one a line."""
    draw, possible = random.Random(f"kernel mutants {seed}"), {}
    for path in sorted((ROOT / "csrc" / "kernels").rglob("*.h")):
        name = str(path.relative_to(ROOT))
        if is_left_out(path):
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if any("prefetch" in near for near in lines[number:number + 3]):  # speed alone
                continue
            for kind, changed in changes_of(line):
                if explanation_of(name, line, kind) is None:
                    possible.setdefault(kind, []).append((name, number, kind, changed))
    found, taken = [], set()
    while len(found) < count and possible:
        kind = draw.choice(sorted(possible))
        one = possible[kind].pop(draw.randrange(len(possible[kind])))
        if not possible[kind]:
            possible.pop(kind)
        if one[:2] not in taken:
            taken.add(one[:2])
            found.append(one)
    return found


class Copy:
    """A copy of the sources in which a switch chooses one change."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in ("csrc", "tinynet"):
            shutil.copytree(ROOT / name, self.folder / name,
                            ignore=shutil.ignore_patterns("_native*.so", "__pycache__"))
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "tests"):
            (self.folder / name).symlink_to(ROOT / name)

    def write(self, mutants):
        """Write the changed files: mutant number k, from 1, stands where it was drawn."""
        (self.folder / "csrc" / "mutant.h").write_text(HEADER.format(count=len(mutants) + 1))
        by_file = {}
        for k, (name, number, _, changed) in enumerate(mutants, 1):
            by_file.setdefault(name, {})[number] = re.sub(r"\bK\b", f"MUTANT({k})", changed)
        for name in {mutant[0] for mutant in mutants}:
            lines = (ROOT / name).read_text().splitlines()
            for number, text in by_file[name].items():
                lines[number] = text
            first = next(i for i, line in enumerate(lines) if line.startswith("#pragma once"))
            lines[first] += '\n#include "mutant.h"\n#line ' + str(first + 2)
            (self.folder / name).write_text("\n".join(lines) + "\n")

    def refused(self):
        """{(file, line)} that do not compile."""
        wrong = set()
        for unit in sorted((self.folder / "csrc" / "kernels").rglob("*.cpp")):
            if is_left_out(unit):
                continue
            told = subprocess.run(
                ["g++", "-std=c++17", "-fopenmp", "-fsyntax-only", "-w", "-fmax-errors=0", "-Icsrc",
                 "-DTINYNET_ISA=baseline", "-DTINYNET_VECTOR_BYTES=16", str(unit.relative_to(self.folder))],
                cwd=self.folder, capture_output=True, text=True).stderr
            wrong |= {(name, int(line) - 1) for name, line in
                      re.findall(r"^(csrc/kernels/[\w/]+\.h):(\d+):\d+: (?:error|  required)", told, re.MULTILINE)}
            wrong |= {(name, int(line) - 1) for name, line in
                      re.findall(r"(csrc/kernels/[\w/]+\.h):(\d+):\d+:", told)}
        return wrong

    def compiled(self, mutants):
        """The mutants that compile, after the build."""
        for _ in range(4):
            self.write(mutants)
            wrong = self.refused()
            kept = [mutant for mutant in mutants if mutant[:2] not in wrong]
            if len(kept) == len(mutants):
                break
            for name in {mutant[0] for mutant in mutants}:
                shutil.copy(ROOT / name, self.folder / name)
            mutants = kept
        environment = {**os.environ, "TINYNET_ISAS": "baseline"}
        subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=self.folder, check=True,
                       env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return mutants


def checks_of_winograd():
    """What the shared test does not compare with a reference (`unbounded` in tests/kernel_calls/)."""
    import numpy as np
    from convolutions import normal_case
    from ops import test_conv2d_moments, test_conv2d_winograd, test_prepared_weights

    for algorithm in test_conv2d_winograd.WINOGRAD:
        for seed, (size, filters, dtype) in enumerate((
                ((2, 7, 10, 16), 32, np.float32), ((1, 13, 8, 4), 6, np.float64), ((3, 4, 5, 64), 16, np.float32),
                *((size, filters, np.float32) for size, filters in test_conv2d_winograd.MANY_BLOCKS))):
            case = normal_case(seed, size, (3, 3, size[3], filters), dtype=dtype,
                               activation=("relu", "linear")[seed % 2])
            yield functools.partial(test_conv2d_winograd.check_winograd, case, algorithm)
        for size, dtype in (((3, 13, 9, 16), np.float32), ((20, 28, 28, 32), np.float32), ((2, 7, 9, 16), np.float64)):
            yield functools.partial(check_moments, test_conv2d_moments, size, dtype, algorithm)
        for dtype, side, channels, filters in ((np.float32, 11, 24, 40), (np.float64, 7, 33, 17)):
            yield functools.partial(test_prepared_weights.check_transformed_kernel, dtype, algorithm, True, False, side,
                                    channels, filters)


def check_moments(test_conv2d_moments, size, dtype, algorithm):
    arrays = test_conv2d_moments.case(size, 32, dtype=dtype)
    test_conv2d_moments.assert_moments_of(*test_conv2d_moments.forward(arrays, algorithm=algorithm))


def checks_of(name):
    """The shared test of a kernel, as functions, with all expected results."""
    import numpy as np
    import test_kernels
    from kernel_calls import KERNELS

    kernel = KERNELS[name]
    for dtype in (np.float32, np.float64):
        for shape in (*kernel.small, *kernel.empty, *kernel.large):
            if not test_kernels.is_unbounded(name, shape):
                yield test_kernels.Expected(name, shape, dtype).check
        for expected in test_kernels.without_optional_arguments(name, dtype):
            yield expected.check
    yield functools.partial(test_kernels.test_results_that_are_not_wanted, name)


def second_checks_of(name):
    """The slower tests of a kernel, between guard pages with TINYNET_GUARD=1."""
    import numpy as np
    import test_kernels
    from kernel_calls import KERNELS, is_changed
    from trust import guarded

    from tinynet import _native

    class Between:
        """The kernels with arguments between guard pages, where they do not work in place."""

        def __getattr__(self, name):
            def kernel(**arguments):
                if not any(is_changed(name, argument) for argument in arguments):
                    arguments = guarded.guarded(name, arguments, True)
                return getattr(_native, name)(**arguments)
            return kernel

    kernel = KERNELS[name]
    for dtype in (np.float32, np.float64):
        for shape in (*kernel.small, *kernel.empty, *kernel.large):
            if not test_kernels.is_unbounded(name, shape):
                yield functools.partial(test_kernels.Expected(name, shape, dtype).check, Between())
    for bad in (np.nan, np.inf):
        yield functools.partial(test_kernels.test_nan_and_infinity_reach_what_depends_on_them, name, bad)
    for dtype in (np.float32, np.float64):  # sums of float64 are the same in float32, in any order
        yield functools.partial(test_kernels.test_same_bits_on_any_threads, name, dtype)


def survives(checks, seconds):
    """Whether checks pass, in a fork: a change may end the process, or hang."""
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # of the CPU, as others may use it too
        signal.alarm(round(20 * seconds))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with contextlib.suppress(BaseException):
            for check in checks:
                check()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def judge(count, numbers):
    """Try each change, or those with these numbers by slower tests. Print {"killed": [...], "survived": [...]}."""
    from kernel_calls import KERNELS

    from tinynet import _native, reference

    warnings.simplefilter("ignore")
    library = ctypes.CDLL(_native.__file__)
    switch = ctypes.c_int.in_dll(library, "tinynet_mutant")
    hit = (ctypes.c_char * (count + 1)).in_dll(library, "tinynet_mutant_hit")
    checks, took, reached = {}, {}, {}
    for name in [*sorted(set(reference.__all__) & set(KERNELS)), "winograd"]:
        made = checks_of_winograd() if name == "winograd" else second_checks_of(name) if numbers else checks_of(name)
        checks[name] = list(made)
        ctypes.memset(hit, 0, count + 1)
        started = time.process_time()
        for check in checks[name]:
            check()
        took[name] = time.process_time() - started
        for k in numbers or range(1, count + 1):
            if hit[k] != b"\0":
                reached.setdefault(k, []).append(name)
    results = {"killed": [], "survived": []}
    for k, names in reached.items():
        switch.value = k
        alive = survives([check for name in names for check in checks[name]],
                         SECONDS + TIMES * sum(took[name] for name in names))
        switch.value = 0
        results["survived" if alive else "killed"].append(k)
        print(k, "survived" if alive else "killed", file=sys.stderr, flush=True)
    print(json.dumps(results))


def judged(copy, mutants, numbers=()):
    """What judge() prints, in a process of the copy; with numbers, of these by slower tests."""
    environment = {**os.environ, "PYTHONPATH": str(copy.folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if numbers:
        environment["TINYNET_GUARD"] = "1"
    result = subprocess.run([sys.executable, "tests/trust/kernel_mutants.py", "judge", str(len(mutants)),
                             *map(str, numbers)], cwd=copy.folder, env=environment, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"the judge ended with {result.returncode}: {result.stderr[-2000:]}")
    return {what: set(numbers) for what, numbers in json.loads(result.stdout.strip().splitlines()[-1]).items()}


def run(settings):
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(folder)
        mutants = copy.compiled(drawn(settings.count(MUTANTS), settings.seed))
        first = judged(copy, mutants)
        dead, alive = first["killed"], first["survived"]
        if alive:
            later = judged(copy, mutants, sorted(alive))["killed"]
            dead, alive = dead | later, alive - later
    reached = dead | alive
    for k, (name, number, kind, changed) in enumerate(mutants, 1):
        if k not in dead:
            print(f"    {'survived' if k in alive else 'not reached'}: {name}:{number + 1}, {kind}: {changed.strip()}")
    for kind in sorted({mutant[2] for mutant in mutants}):
        of_kind = {k for k, mutant in enumerate(mutants, 1) if mutant[2] == kind}
        yield kind, f"{len(dead & of_kind)} of {len(reached & of_kind)} killed", "-", True
    yield "not reached by any call", len(mutants) - len(reached), "-", True
    share = len(dead) / max(len(reached), 1)
    yield "all", f"{len(dead)} of {len(reached)} killed, {share:.1%}", f"{KILLED_SHARE:.0%}", share >= KILLED_SHARE


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]
    judge(int(sys.argv[2]), [int(number) for number in sys.argv[3:]])
