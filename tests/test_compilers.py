"""Every unit of kernels compiles without warnings: with Clang too, and for aarch64, where such compilers are installed.

The test only parses, which takes seconds. `python tests/test_compilers.py` compiles with full optimisation, which finds
more and takes minutes.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "csrc" / "kernels").rglob("*.cpp"))
COMPILERS = {"clang++": None, "aarch64-linux-gnu-g++": ["baseline"]}  # the instruction sets; None: all


def flags_of_setup():
    """COMMON_FLAGS and ISAS, as setup.py has them."""
    names = {}
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(("_FLAGS", "ISAS")):
            exec(compile(ast.Module([node], []), "setup.py", "exec"), names)
    return names["COMMON_FLAGS"], names["ISAS"]


COMMON_FLAGS, ISAS = flags_of_setup()
CALLS = [(compiler, isa, unit) for compiler, isas in COMPILERS.items() for isa in isas or ISAS for unit in UNITS]


def compiled(compiler, isa, unit, *extra):
    """What the compiler says of a unit; nothing where all is well."""
    vector_bytes, flags = ISAS[isa]
    result = subprocess.run(
        [compiler, *COMMON_FLAGS, "-fPIC", *flags, f"-DTINYNET_ISA={isa}", f"-DTINYNET_VECTOR_BYTES={vector_bytes}",
         "-Icsrc", *extra, str(unit.relative_to(ROOT))], cwd=ROOT, capture_output=True, text=True)
    return result.stderr or ("" if result.returncode == 0 else f"{compiler} ended with {result.returncode}")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_warnings(compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda call: compiled(*call, "-fsyntax-only"), [call for call in CALLS if call[0] == compiler])
        assert not "".join(said)


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for compiler, isa, unit in CALLS:
            if shutil.which(compiler) is None:
                continue
            print(f"{compiler} {isa} {unit.stem}", flush=True)
            said = compiled(compiler, isa, unit, "-c", "-o", f"{folder}/object")
            failed |= bool(said)
            print(said, end="")
    return failed


if __name__ == "__main__":
    sys.exit(main())
