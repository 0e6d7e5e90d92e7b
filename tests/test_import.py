"""`import tinynet` loads what every program needs, and nothing else; the rest is there when it is asked for."""

import subprocess
import sys

import pytest

import tinynet
from tinynet.core.registry import families

ROOMS = ["applications", "augment", "datasets", "keras", "preprocessing", "textbook", "tf"]
# What takes milliseconds and is needed by few programs.
LATE = [
    "concurrent.futures", "csv", "difflib", "glob", "gzip", "hashlib", "html", "lzma", "numpy.random", "random",
    "secrets", "shutil", "ssl", "subprocess", "tarfile", "tempfile", "tinynet.applications", "tinynet.augment",
    "tinynet.compat.tf", "tinynet.datasets", "tinynet.keras", "tinynet.lab", "tinynet.layers.augmentation_geometry",
    "tinynet.lessons", "tinynet.plots", "tinynet.preprocessing", "tinynet.textbook", "tinynet.wrappers",
    "unicodedata", "urllib.request", "zipfile",
]


def loaded_by(program):
    """The modules that a new process has after `import numpy` and a program, and had not before it."""
    program = f"import sys, numpy; before = set(sys.modules); {program}; print(*sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_what_few_programs_need_is_not_loaded():
    loaded = loaded_by("import tinynet")
    assert "tinynet.layers" in loaded
    assert not set(loaded) & set(LATE)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_there_when_it_is_asked_for(room):
    assert f"tinynet.{room}" in loaded_by(f"import tinynet; tinynet.{room}")
    assert f"tinynet.{room}" in loaded_by(f"from tinynet import {room}")
    assert room in dir(tinynet)


def test_an_import_draws_no_random_number():
    """Or a program would draw others once it opens the lab, or uses one more part of tinynet."""
    program = """
import importlib, pkgutil
import tinynet
from tinynet.random import global_seed_generator

tinynet.utils.set_random_seed(3)
before = str(global_seed_generator().state)
for module in pkgutil.walk_packages(tinynet.__path__, "tinynet.", onerror=lambda name: None):
    name = module.name
    if module.ispkg or name.rpartition(".")[2].isidentifier() and not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except ImportError:  # of an extra
            continue
    if str(global_seed_generator().state) != before:
        raise SystemExit(f"the import of {name} draws a random number")
print("imported")
"""
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert result.returncode == 0 and "imported" in result.stdout, result.stderr[-2000:]


def test_a_training_needs_none_of_the_rooms():
    program = ("import tinynet as tn; model = tn.Sequential([tn.layers.Input((2,)), tn.layers.Dense(1)]); "
               "model.compile('sgd', 'mse'); model.fit(numpy.ones((4, 2)), numpy.ones((4, 1)), verbose=0)")
    assert not set(loaded_by(program)) & {f"tinynet.{room}" for room in ROOMS if room != "augment"}


def test_a_new_process_finds_what_a_configuration_names_even_if_it_is_loaded_late():
    """Without reading the names first, which would load their modules: as a program that loads a model does."""
    names = [(module, name) for module, package in families().items() for name in package.__all__
             if isinstance(getattr(package, name), type) and hasattr(getattr(package, name), "from_config")]
    program = f"""
from tinynet.serialization import deserialize_keras_object

for module, name in {names}:
    try:
        deserialize_keras_object({{"class_name": name, "module": module, "config": {{}}}})
    except Exception as error:  # of arguments that are missing
        assert "unknown class" not in str(error), str(error)
"""
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("name", ["RandomFlip", "RandomInvert", "EmbeddingMixup", "AutoContrast"])
def test_a_new_process_loads_a_model_with_a_layer_that_is_loaded_late(name, tmp_path):
    tinynet.Sequential([tinynet.layers.Input((4, 4, 1)), getattr(tinynet.layers, name)()]).save(tmp_path / "m.keras")
    program = (f"import tinynet; model = tinynet.models.load_model({str(tmp_path / 'm.keras')!r}); "
               "print(type(model.layers[-1]).__name__)")
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True)
    assert result.stdout.split() == [name], result.stderr[-2000:]
