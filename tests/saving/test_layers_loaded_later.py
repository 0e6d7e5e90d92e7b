"""A new process loads models with augmentation layers, whose modules are loaded when they are asked for."""

import subprocess
import sys

import tinynet as tn


def in_a_new_process(code, *arguments):
    result = subprocess.run([sys.executable, "-P", "-c", "import sys\nimport tinynet as tn\n" + code,
                             *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_a_saved_model(tmp_path):
    layers = [tn.layers.RandomFlip(), tn.layers.Pipeline([tn.layers.RandomErasing(), tn.layers.Solarization()])]
    model = tn.Sequential([tn.Input((8, 8, 3)), *layers, tn.layers.Flatten(), tn.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    (tmp_path / "m.json").write_text(model.to_json())
    for load in ("tn.models.load_model(sys.argv[1] + '/m.keras')", "tn.models.load_model(sys.argv[1] + '/m.h5')",
                 "tn.models.model_from_json(open(sys.argv[1] + '/m.json').read())"):
        assert in_a_new_process(f"print(*(type(layer).__name__ for layer in {load}.layers))", tmp_path) == [
            "RandomFlip", "Pipeline", "Flatten", "Dense"]


def test_every_public_class_is_found():
    assert not in_a_new_process("""
from tinynet.core.registry import families
from tinynet.serialization import _find_class, deserialize_keras_object, serialize_keras_object
deserialize_keras_object(serialize_keras_object(tn.layers.Dense(2)))  # what was looked up first is kept
for module, package in families().items():
    for name in package.__all__:
        item = getattr(package, name)
        if isinstance(item, type) and hasattr(item, "from_config") and _find_class(name, None, module) is not item:
            print(module, name)
""")


def test_the_name_meant_is_told():
    assert "did you mean 'RandomFlip'" in " ".join(in_a_new_process("""
try:
    tn.layers.deserialize({"class_name": "RandomFlipp", "config": {}})
except ValueError as error:
    print(error)
"""))
