"""What was ever saved still loads, and computes what it computed (corpus_files.py)."""

import io
import zipfile

import numpy as np
import pytest
from layer_cases import CASES

import tinynet as tn
from tests.saving.corpus_files import FOLDER, FORMATS, OPTIMIZERS, WITHOUT_MODEL, X, format_model, outputs_of

VERSIONS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name[0].isdigit())
HOW = "python tests/saving/corpus_files.py adds it"


def names_in(version):
    with zipfile.ZipFile(FOLDER / version / "layers.zip") as archive:
        return sorted(name.removesuffix(".keras") for name in archive.namelist() if name.endswith(".keras"))


def arrays(archive, name):
    with np.load(io.BytesIO(archive.read(name)), allow_pickle=False) as file:
        return [file[str(index)] for index in range(len(file.files))]


def assert_same(actual, expected):
    assert actual.shape == expected.shape
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
    else:  # the kernels of another instruction set, or of another version, add up in another order
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * max(1.0, float(np.abs(expected).max())))


def test_the_corpus_has_everything():
    assert tn.__version__ in VERSIONS, f"no files of version {tn.__version__}: {HOW}"
    missing = set(CASES) - WITHOUT_MODEL - {name for version in VERSIONS for name in names_in(version)}
    assert not missing, f"no saved model of {sorted(missing)}: {HOW}"
    files = {path.name for path in (FOLDER / tn.__version__).iterdir()}
    assert files >= {*FORMATS, *(f"{name}.keras" for name in OPTIMIZERS)}
    from contracts import classes_in

    known = {cls.__name__ for cls in classes_in(tn.optimizers, tn.optimizers.Optimizer)}
    assert known - set(OPTIMIZERS) <= {"Optimizer", "OptimizerState", "LossScaleOptimizer"}
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize(("version", "name"), [(version, name) for version in VERSIONS for name in names_in(version)])
def test_a_layer_of_a_saved_model(version, name, tmp_path):
    with zipfile.ZipFile(FOLDER / version / "layers.zip") as archive:
        (tmp_path / "m.keras").write_bytes(archive.read(f"{name}.keras"))
        inputs, expected = arrays(archive, f"{name}.in.npz"), arrays(archive, f"{name}.out.npz")
    model = tn.models.load_model(tmp_path / "m.keras")
    for actual, right in zip(outputs_of(model, inputs), expected, strict=True):
        assert_same(actual, right)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_format(version, name):
    if name.endswith(".h5") or name == "k.keras":
        pytest.importorskip("h5py")
    folder = FOLDER / version
    expected = np.load(folder / "outputs.npz")["m"]
    if name == "m.json":
        model = tn.models.model_from_json((folder / name).read_text())
        model.load_weights(folder / "w.safetensors")
    elif name.startswith("w"):
        model = format_model()
        tn.utils.load_weights_npz(model, folder / name) if name == "w.npz" else model.load_weights(folder / name)
    else:
        model = tn.models.load_model(folder / name)
        assert model.optimizer.iterations == 2
    assert_same(model.predict(X, verbose=0), expected)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_goes_on(version, name):
    """The state is there: a further step is that of a model which was never saved."""
    model = tn.models.load_model(FOLDER / version / f"{name}.keras")
    assert type(model.optimizer).__name__ == name and model.optimizer.iterations == 2
    assert_same(model.predict(X, verbose=0), np.load(FOLDER / version / "outputs.npz")[name])
    states = [np.asarray(variable) for variable in model.optimizer.variables]
    assert all(np.isfinite(state).all() for state in states) and any(np.any(state) for state in states[2:] or states)
    model.fit(X, np.eye(2)[[0, 1, 1, 0]], verbose=0)
    assert model.optimizer.iterations == 3
