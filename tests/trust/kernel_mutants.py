"""The part `kernel_mutants` of tests/trust/run: the kernels are changed in hundreds of places, all compiled together,
and a switch turns on one change at a time. The test that all kernels share (tests/test_kernels.py) must notice each.

The switch is read at run time, in a build of the baseline in a temporary copy: some minutes. A fork of one process,
which has the expected results, tries each change. A change that no call reaches is counted apart.

    python tests/trust/kernel_mutants.py judge FILE       # what runs in the copy; prints a line of JSON
"""

import contextlib
import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = 300
KILLED_SHARE = 0.95
SECONDS = 60  # for the calls of one change; one that hangs is noticed
LEFT_OUT = ("amx", "machine")  # the matrix unit, which the baseline has not; measures of the machine
HEADER = """#pragma once
// The changes of tests/trust/kernel_mutants.py.
extern "C" {{
__attribute__((visibility("default"))) inline int tinynet_mutant = 0;
__attribute__((visibility("default"))) inline char tinynet_mutant_hit[{count}] = {{}};
}}
#define MUTANT(k) (tinynet_mutant_hit[k] = 1, tinynet_mutant == k)
"""
TARGET = r"[A-Za-z_]\w*(?:\[[^;\[\]]*(?:\[[^\]]*\][^\[\]]*)*\]|\.\w+|->\w+)*"


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
    loop = re.search(r"\bfor \(([^;]*); (\w+) < ([^;]+); ", code)
    if loop and balanced(loop[3]):
        found.append(("bound", code.replace(f"; {loop[2]} < {loop[3]}; ", f"; {loop[2]} < ({loop[3]}) - (K); ", 1)))
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
    if re.search(r"/ count;$", code):
        found.append(("m - 1 above 20,000", code[:-len("count;")] + "((K) && count > 20000 ? count - 1 : count);"))
    return found


def drawn(count, seed):
    """[(file, number of the line, kind, changed line)], at most one a line."""
    draw, possible = random.Random(f"kernel mutants {seed}"), {}
    for path in sorted((ROOT / "csrc" / "kernels").rglob("*.h")):
        name = str(path.relative_to(ROOT))
        if path.parent.name in LEFT_OUT:
            continue
        for number, line in enumerate(path.read_text().splitlines()):
            for kind, changed in changes_of(line):
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
            if unit.parent.name in LEFT_OUT:
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


def judge(count):
    """Try each change in a fork. Print {"killed": [...], "survived": [...], "unreached": [...]}."""
    import numpy as np
    import test_kernels
    from kernel_calls import KERNELS

    from tinynet import _native, reference

    warnings.simplefilter("ignore")
    library = ctypes.CDLL(_native.__file__)
    switch = ctypes.c_int.in_dll(library, "tinynet_mutant")
    hit = (ctypes.c_char * (count + 1)).in_dll(library, "tinynet_mutant_hit")
    expected, reached = {}, {}
    for name in sorted(set(reference.__all__) & set(KERNELS)):
        kernel = KERNELS[name]
        expected[name] = [test_kernels.Expected(name, shape, dtype) for dtype in (np.float32, np.float64)
                          for shape in (*kernel.small, *kernel.large) if not test_kernels.is_unbounded(name, shape)]
        ctypes.memset(hit, 0, count + 1)
        for one in expected[name]:
            one.check()
        for k in range(1, count + 1):
            if hit[k] != b"\0":
                reached.setdefault(k, []).append(name)
    results = {"killed": [], "survived": [], "unreached": [k for k in range(1, count + 1) if k not in reached]}
    for k, names in reached.items():
        child = os.fork()
        if child == 0:
            signal.alarm(SECONDS)
            switch.value = k
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with contextlib.suppress(BaseException):
                for name in names:
                    for one in expected[name]:
                        one.check()
                    test_kernels.test_empty_arrays(name, np.float32)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        results["survived" if status == 0 else "killed"].append(k)
    print(json.dumps(results))


def run(settings):
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(folder)
        mutants = copy.compiled(drawn(settings.count(MUTANTS), settings.seed))
        environment = {**os.environ, "PYTHONPATH": str(copy.folder), "OMP_NUM_THREADS": "1",
                       "OPENBLAS_NUM_THREADS": "1"}
        result = subprocess.run([sys.executable, "tests/trust/kernel_mutants.py", "judge", str(len(mutants))],
                                cwd=copy.folder, env=environment, capture_output=True, text=True)
        if result.returncode != 0:
            yield "all", f"ended with {result.returncode}: {result.stderr[-300:]}", "-", False
            return
        results = json.loads(result.stdout.strip().splitlines()[-1])
    for what in ("survived", "unreached"):
        for k in results[what]:
            name, number, kind, changed = mutants[k - 1]
            print(f"    {what}: {name}:{number + 1}, {kind}: {changed.strip()}")
    reached = len(results["killed"]) + len(results["survived"])
    share = len(results["killed"]) / max(reached, 1)
    for kind in sorted({mutant[2] for mutant in mutants}):
        of_kind = {k for k, mutant in enumerate(mutants, 1) if mutant[2] == kind}
        alive, dead = of_kind & {*results["survived"]}, of_kind & {*results["killed"]}
        yield kind, f"{len(dead)} of {len(dead) + len(alive)} killed", "-", True
    yield "not reached by any call", len(results["unreached"]), "-", True
    yield ("all", f"{len(results['killed'])} of {reached} killed, {share:.1%}", f"{KILLED_SHARE:.0%}",
           share >= KILLED_SHARE)


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]
    judge(int(sys.argv[2]))
