"""The corpus: saved models and weights of every version, format and kind of layer, with their outputs. They must load
for ever (test_corpus.py).

    python tests/saving/corpus_files.py      # adds what this version lacks; a file that exists is never written again

corpus/VERSION/layers.zip has a model for each case of tests/layer_cases.py, and for each its inputs and
outputs; the other files of a folder are a model in each format, trained, with the state of its optimizer.
"""

import io
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("corpus")
if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parents[1]))

from layer_cases import CASES, Whole, Words  # noqa: E402

import tinynet as tn  # noqa: E402
from tinynet import layers  # noqa: E402
from tinynet.core.nest import flatten  # noqa: E402

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor",
              "Muon", "Lamb")
FORMATS = ("m.keras", "k.keras", "m.h5", "w.safetensors", "w.weights.h5", "w.npz", "m.json")
WITHOUT_MODEL = {"InputLayer", "Lambda"}  # the input itself; a function of the user's, which no file holds
X = np.linspace(-1, 1, 4 * 6 * 6 * 2).reshape(4, 6, 6, 2).astype("f")


def case_model(case):
    """A model of one layer."""
    inputs = case.map(lambda spec: tn.Input(getattr(spec, "shape", spec), dtype="int32" if isinstance(spec, Whole)
                                            else "string" if isinstance(spec, Words) else None))
    return tn.Model(inputs, flatten(case.call(case.make(), inputs)))


def case_arrays(case):
    return [array.astype("int32") if array.dtype.kind == "i" else array for array in flatten(case.arrays(batch=2))]


def outputs_of(model, arrays):
    """What a model computes, as arrays; text as text."""
    arrays = [tn.constant(array) if array.dtype.kind == "U" else array for array in arrays]
    outputs = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    return [np.asarray(getattr(output, "data", output)) for output in flatten(outputs)]


def format_model(optimizer="Adam"):
    """A small network of what is used most, trained for a step."""
    tn.utils.set_random_seed(7)
    model = tn.Sequential([
        tn.Input((6, 6, 2)), layers.Rescaling(0.5), layers.Conv2D(3, 3, activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Dropout(0.25), layers.Reshape((4, 3)),
        layers.LSTM(3), layers.Dense(2, "softmax", kernel_constraint="max_norm")])
    model.compile(getattr(tn.optimizers, optimizer)(), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, np.eye(2)[[0, 1, 1, 0]], epochs=2, verbose=0)
    return model


def write_format(model, name, path):
    if name == "k.keras":
        model.save(path, format="keras")
    elif name.startswith("m.json"):
        path.write_text(model.to_json())
    elif name.startswith("w"):
        tn.utils.save_weights_npz(model, path) if name.endswith("npz") else model.save_weights(path)
    else:
        model.save(path)


def written(save):
    """The bytes of the .keras file that a function writes."""
    path = FOLDER / ".new.keras"
    save(path)
    data = path.read_bytes()
    path.unlink()
    return data


def packed(arrays):
    file = io.BytesIO()
    np.savez(file, **{str(index): array for index, array in enumerate(arrays)})
    return file.getvalue()


def add_layers(path):
    """Add the models of one layer that are missing to a zip file. Return their names."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        there, added = set(archive.namelist()), []
        for name, case in CASES.items():
            if name in WITHOUT_MODEL or f"{name}.keras" in there:
                continue
            tn.utils.set_random_seed(5)
            model = case_model(case)
            rng = np.random.default_rng(1)
            arrays = case_arrays(case)
            model.set_weights([rng.standard_normal(array.shape).astype(array.dtype) * 0.5 + (array > 0.5)
                               if array.dtype.kind == "f" else array for array in model.get_weights()])
            archive.writestr(f"{name}.keras", written(model.save))
            archive.writestr(f"{name}.in.npz", packed(arrays))
            archive.writestr(f"{name}.out.npz", packed(outputs_of(model, arrays)))
            added.append(name)
    return added


def add(folder):
    folder.mkdir(parents=True, exist_ok=True)
    print(*add_layers(folder / "layers.zip"))
    model = format_model()
    for name in FORMATS:
        if not (folder / name).exists():
            write_format(model, name, folder / name)
    for name in OPTIMIZERS:
        if not (folder / f"{name}.keras").exists():
            format_model(name).save(folder / f"{name}.keras")
    if not (folder / "outputs.npz").exists():
        np.savez_compressed(folder / "outputs.npz", **{"m": model.predict(X, verbose=0)}, **{
            name: tn.models.load_model(folder / f"{name}.keras").predict(X, verbose=0) for name in OPTIMIZERS})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    add(FOLDER / tn.__version__)
