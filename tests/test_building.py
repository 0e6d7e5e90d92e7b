"""The build: what is compiled again and what is taken, what does not link, and what the machine is asked for first."""

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "csrc"))

from building import backend, native, objects  # noqa: E402  (the folder is no part of the package)

CXX = shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(CXX is None, reason="needs a C++ compiler")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one source and two headers: one of its own, one of a library that stands elsewhere."""
    place = tmp_path / "project"
    (place / "csrc").mkdir(parents=True)
    (place / "csrc" / "own.h").write_text("const int own = 1;\n")
    (place / "csrc" / "unit.cpp").write_text(
        '#include "own.h"\n#include "library.h"\nint sum() { return own + library; }\n')
    make_library(tmp_path / "first")
    for file in [*place.rglob("*.*"), *(tmp_path / "first").iterdir()]:
        os.utime(file, (1e9, 1e9))  # old: a file that was edited during the compilation is not kept
    monkeypatch.chdir(place)
    return place


def make_library(folder, value=2):
    folder.mkdir()
    (folder / "library.h").write_text(f"const int library = {value};\n")
    os.utime(folder / "library.h", (1e9, 1e9))


def build(library, *flags, during=lambda: None):
    """Build the object of the project; whether it was compiled."""
    store = objects.ObjectStore([CXX])
    arguments = ["-Icsrc", f"-I{library}", *flags]

    def run(more):
        during()
        subprocess.run([CXX, *arguments, *more, "-c", "csrc/unit.cpp", "-o", "unit.o"], check=True)

    store.make("csrc/unit.cpp", arguments, "unit.o", run)
    assert store.made + store.taken == 1 and Path("unit.o").exists()
    return store.made == 1


@needs_compiler
class TestKeptObjects:
    def test_an_unchanged_source_is_compiled_once(self, project, tmp_path):
        assert build(tmp_path / "first")
        Path("unit.o").unlink()
        assert not build(tmp_path / "first")

    def test_the_folder_of_a_library_may_be_another_one(self, project, tmp_path):
        assert build(tmp_path / "first")
        make_library(tmp_path / "second")
        shutil.rmtree(tmp_path / "first")
        assert not build(tmp_path / "second")

    def test_another_version_of_the_library_is_compiled(self, project, tmp_path):
        assert build(tmp_path / "first")
        make_library(tmp_path / "second", value=3)
        assert build(tmp_path / "second")

    @pytest.mark.parametrize("name", ["csrc/own.h", "csrc/unit.cpp"])
    def test_an_edited_file_is_compiled_whatever_its_time(self, project, tmp_path, name):
        assert build(tmp_path / "first")
        Path(name).write_text(Path(name).read_text() + "// edited\n")
        os.utime(name, (1e9, 1e9))
        assert build(tmp_path / "first")
        assert not build(tmp_path / "first")

    def test_other_flags_are_compiled_and_both_are_kept(self, project, tmp_path):
        assert build(tmp_path / "first")
        assert build(tmp_path / "first", "-O2")
        assert not build(tmp_path / "first")
        assert not build(tmp_path / "first", "-O2")

    def test_a_header_edited_while_it_is_compiled_is_compiled_again(self, project, tmp_path):
        def edit():
            Path("csrc/own.h").write_text("const int own = 10;\n")

        assert build(tmp_path / "first", during=edit)
        os.utime("csrc/own.h", (1e9, 1e9))
        assert build(tmp_path / "first")

    def test_a_damaged_record_is_compiled_again(self, project, tmp_path):
        assert build(tmp_path / "first")
        for record in objects.KEPT.glob("*.json"):
            record.write_text("{")
        assert build(tmp_path / "first")


@needs_compiler
class TestTables:
    """A table of kernels with a hole, or from another list, is found by the compiler or the linker."""

    @pytest.fixture
    def sources(self, tmp_path):
        shutil.copytree(ROOT / "csrc", tmp_path / "csrc", ignore=shutil.ignore_patterns("bindings"))
        return tmp_path

    def compile(self, folder, source, isa="baseline", target=None):
        command = [CXX, "-std=c++17", "-O0", "-fPIC", *native.flags_of(isa), "-c", source, "-o", target or "unit.o"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)

    def edit(self, folder, old, new):
        kernel_list = folder / "csrc" / "kernel_list.h"
        text = kernel_list.read_text()
        assert old in text
        kernel_list.write_text(text.replace(old, new, 1))

    def test_a_kernel_that_is_listed_but_not_defined(self, sources):
        self.edit(sources, "UNIT(peak)\n", "UNIT(peak)\nKERNEL(void, forgotten, const T* x)\n")
        result = self.compile(sources, "csrc/kernels/machine/peak.cpp")
        assert result.returncode != 0 and "deleted function" in result.stderr and "forgotten" in result.stderr

    def test_a_kernel_with_other_arguments(self, sources):
        of_dropout = "KERNEL(void, dropout, const T* x, T* y, "
        self.edit(sources, of_dropout + "Index size", of_dropout + "int size")
        result = self.compile(sources, "csrc/kernels/elementwise/elementwise.cpp")
        assert result.returncode != 0 and "dropout" in result.stderr

    def test_objects_of_other_lists_have_other_symbols(self, sources):
        def symbols(target):
            assert self.compile(sources, "csrc/kernels/machine/peak.cpp", target=target).returncode == 0
            nm = subprocess.run(["nm", "-C", target], cwd=sources, capture_output=True, text=True, check=True).stdout
            return {line.split(maxsplit=2)[2] for line in nm.splitlines() if "Units<" in line}

        before = symbols("before.o")
        self.edit(sources, "UNIT(peak)\n", "UNIT(peak)\n// a comment is no change of the list\n")
        assert symbols("same.o") == before
        self.edit(sources, "KERNEL(void, dropout, const T* x, T* y", "KERNEL(void, dropout, const T* input, T* y")
        assert before and not symbols("after.o") & before


class TestInstructionSets:
    def test_the_units_of_amx_are_those_of_the_list(self):
        """setup compiles them and csrc/kernels.h declares them; one that only one of them has would not link."""
        text = (ROOT / "csrc" / "kernels.h").read_text()
        declared = text.split("Units<amx::Isa, list_hash> :")[1].split("};")[0]
        assert sorted(native.AMX_UNITS) == sorted(line.split()[-1].rstrip(";") for line in declared.splitlines()
                                                  if "static const OneType" in line)

    def test_amx_brings_avx512_which_it_shares(self, monkeypatch):
        monkeypatch.setattr(native.platform, "machine", lambda: "x86_64")
        monkeypatch.setattr(native, "compiles_amx", lambda: True)
        monkeypatch.setenv("TINYNET_ISAS", "amx")
        assert native.wanted_isas() == ["baseline", "avx512", "amx"]

    def test_a_compiler_without_amx_leaves_it_out(self, monkeypatch):
        monkeypatch.setattr(native.platform, "machine", lambda: "x86_64")
        monkeypatch.setattr(native, "compiles_amx", lambda: False)
        monkeypatch.delenv("TINYNET_ISAS", raising=False)
        assert native.wanted_isas() == ["baseline", "avx2", "avx512"]

    def test_an_unknown_name_ends_the_build(self, monkeypatch):
        monkeypatch.setenv("TINYNET_ISAS", "avx3")
        with pytest.raises(SystemExit, match="unknown instruction set 'avx3'; known here: native, baseline"):
            native.wanted_isas()


class TestBindingFiles:
    def test_every_binding_is_in_one_of_the_files(self, tmp_path, monkeypatch):
        monkeypatch.chdir(ROOT)
        text = "".join(Path(name).read_text() for name in native.write_binding_files(tmp_path))
        for source in (ROOT / "csrc" / "bindings").glob("*.cpp"):
            assert text.count(f'#include "bindings/{source.name}"') == 1, source.name

    def test_a_right_file_is_left_alone(self, tmp_path, monkeypatch):
        monkeypatch.chdir(ROOT)
        names = native.write_binding_files(tmp_path)
        os.utime(names[0], (1e9, 1e9))
        native.write_binding_files(tmp_path)
        assert os.path.getmtime(names[0]) == 1e9


class TestBackend:
    """What pip asks first."""

    def test_an_old_python_is_refused(self, monkeypatch):
        monkeypatch.setattr(backend.sys, "version_info", (3, 10, 13))
        with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
            backend.get_requires_for_build_wheel()

    def test_no_compiler_gives_two_lines(self, monkeypatch):
        monkeypatch.setenv("CXX", "no-such-compiler")
        monkeypatch.delenv("TINYNET_PURE", raising=False)
        with pytest.raises(SystemExit) as error:
            backend.get_requires_for_build_wheel()
        lines = str(error.value).splitlines()
        assert len(lines) == 2 and "no C++ compiler (no-such-compiler)" in lines[0]
        assert "TINYNET_PURE=1 pip install ." in lines[1]

    def test_the_way_without_a_compiler_is_in_the_words_of_the_shell(self):
        assert backend.pure_command("linux") == backend.pure_command("darwin") == "TINYNET_PURE=1 pip install ."
        assert backend.pure_command("win32").startswith("$env:TINYNET_PURE = 1;")

    def test_the_pure_wheel_needs_no_compiler(self, monkeypatch):
        monkeypatch.setenv("CXX", "no-such-compiler")
        monkeypatch.setenv("TINYNET_PURE", "1")
        assert backend.get_requires_for_build_wheel() == [backend.SETUPTOOLS]

    def test_a_source_archive_needs_neither_compiler_nor_cython(self):
        try:  # not by an import, which fails after that of distutils
            found = metadata.version("setuptools")
        except metadata.PackageNotFoundError:
            found = "0"
        if int(found.split(".")[0]) < 77:
            pytest.skip(f"pyproject.toml asks for setuptools 77 or newer; here is {found}")
        code = "import runpy, sys; sys.modules['Cython'] = sys.modules['pybind11'] = None; " \
               "sys.argv = ['setup.py', 'sdist', '--help']; runpy.run_path('setup.py')"
        environment = {**os.environ, "CXX": "no-such-compiler", "TINYNET_PURE": ""}
        result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=environment)
        assert "Options for 'sdist' command" in result.stdout, result.stderr

    def test_it_imports_nothing_that_pip_has_yet_to_install(self):
        code = "import sys; sys.path.insert(0, 'csrc'); import building.backend, building.native; " \
               "print(*{name.split('.')[0] for name in sys.modules} & {'setuptools', 'Cython', 'pybind11', 'numpy'})"
        command = [sys.executable, "-S", "-c", code]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() == []
