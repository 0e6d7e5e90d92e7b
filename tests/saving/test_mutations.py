"""Damaged files of every kind: each reader returns something, or raises an error of the documented kinds.

Correct files are changed at random: bytes flipped, cut out, doubled, set to extremes; numbers and names in JSON
replaced. The seeds are fixed. A longer run, which begins with the same changes:

    TINYNET_MUTATIONS=2000 python -m pytest tests/saving/test_mutations.py

An error must be tinynet's own (`DataError`, `ModelFileError`), with the file's name in its message. A failure prints
the reader, the round and the error, and leaves the file in pytest's folder.
"""

import copy
import gzip
import io
import json
import os
import random
import tarfile
import warnings
import zipfile

import numpy as np
import pytest

import tinynet as tn
from tinynet import callbacks, layers
from tinynet.core.errors import DataError, ModelFileError
from tinynet.data import TextLineDataset
from tinynet.data.experimental import CsvDataset
from tinynet.datasets.idx import read_idx, write_idx
from tinynet.saving import load_model, safetensors
from tinynet.utils import load_img, load_weights_npz, save_weights_npz
from tinynet.utils.downloads import unpack
from tinynet.utils.pictures import decode_image

ROUNDS = int(os.environ.get("TINYNET_MUTATIONS", "100"))  # for each kind of file
EXTREMES = [b"\0", b"\xff", b"\x7f", b"\x80", b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0" * 8]
VALUES = [None, True, False, 0, 1, -1, 3, 2**31, 2**63 - 1, 10**12, 0.5, 1e300, "", "x", "relu", "Dense", "__numpy__",
          [], [[]], [0], [None], [3, 3], [None, 10**6], {}, {"a": 1}, {"class_name": "Dense", "config": {"units": 3}},
          {"class_name": "__tuple__", "config": {"value": [1]}}, {"class_name": "function", "config": "relu"},
          {"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}]


def mutated(data, draw):
    """The bytes with one to four changes, half of them near the beginning, where headers are."""
    data = bytearray(data)
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        if not data:
            break
        reach = min(len(data), draw.choice([16, 80, 400, len(data), len(data)]))
        place, length = draw.randrange(reach), draw.choice([1, 1, 2, 4, 8, 40])
        what = draw.randrange(7)
        if what == 0:
            data[place] ^= 1 << draw.randrange(8)
        elif what == 1:
            data[place] = draw.randrange(256)
        elif what == 2:
            extreme = draw.choice(EXTREMES)
            data[place : place + len(extreme)] = extreme
        elif what == 3:
            del data[place : place + length]
        elif what == 4:
            data[place:place] = data[draw.randrange(len(data)):][:length]
        elif what == 5:
            del data[draw.randrange(len(data)):]
        else:
            data[place : place + length] = draw.randbytes(length)
    return bytes(data)


def mutated_json(tree, draw):
    """The tree with one to three values, keys or entries changed."""
    tree = json.loads(json.dumps(tree))
    for _ in range(draw.choice([1, 1, 2, 3])):
        spots = []

        def collect(part, spots=spots):
            for key, value in list(part.items() if isinstance(part, dict) else enumerate(part)):
                spots.append((part, key))
                if isinstance(value, dict | list):
                    collect(value)

        collect(tree)
        if not spots:
            break
        part, key = draw.choice(spots)
        what = draw.randrange(5)
        if what == 0 and isinstance(part, dict):
            part[draw.choice(["config", "class_name", "x", "units", ""])] = part.pop(key)
        elif what == 1:
            part.pop(key)
        elif what == 2:
            other, there = draw.choice(spots)
            if not isinstance(other, list) or there < len(other):
                part[key] = json.loads(json.dumps(other.get(there) if isinstance(other, dict) else other[there]))
        else:
            part[key] = copy.deepcopy(draw.choice(VALUES))  # a later change must not reach VALUES
    return tree


def small_model():
    model = tn.Sequential([tn.Input((3,)), layers.Dense(4, "relu", name="first"), layers.Dense(2, name="second")])
    model.compile("adam", "mse")
    return model


def graph():
    x = tn.Input((4, 3))
    y = layers.LSTM(2, return_sequences=True)(layers.Masking()(x))
    z = tn.ops.concatenate([layers.Dense(2)(y), y], axis=-1) * 2.0
    return tn.Model(x, layers.Flatten()(tn.ops.pad(z, ((0, 0), (1, 1), (0, 0)))))


def picture(form, mode="RGB"):
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    image.fromarray(noise).convert(mode).save(file, form)
    return file.getvalue()


def saved(write, name):
    """The bytes of the file that a function writes."""
    def make(folder):
        write(folder / name)
        return (folder / name).read_bytes()
    return make


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(mode):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=f"w:{mode}") as archive:
        for name in ("a.txt", "b/c.txt", "b/" + "d" * 120):
            info = tarfile.TarInfo(name)
            info.size = 700
            archive.addfile(info, io.BytesIO(b"q" * 700))
    return file.getvalue()


CSV = b'n,x,name\n1,2.5,"a,b"\n2,,c\n3,1e5,"d\ne"\n4,0.5,f\n'
CSV_ARGUMENTS = [tn.int32, [0.5], ""]


def csv_of(path):
    return list(CsvDataset(path, CSV_ARGUMENTS, "GZIP" if path.endswith(".gz") else None, header=True))


def restored(path):
    folder = os.path.dirname(path)
    model = small_model()
    model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=1, batch_size=2, verbose=0,
              callbacks=[callbacks.BackupAndRestore(folder, delete_checkpoint=False),
                         callbacks.EarlyStopping("loss", patience=3)])


def backup(path):
    model = small_model()
    model.fit(np.ones((4, 3)), np.ones((4, 2)), epochs=1, batch_size=2, verbose=0,
              callbacks=[callbacks.BackupAndRestore(path.parent, delete_checkpoint=False),
                         callbacks.EarlyStopping("loss", patience=3)])


def unpacked(path):
    unpack(path, path + ".out")


MODEL = None


def model():
    global MODEL
    MODEL = MODEL or small_model()
    return MODEL


def old_h5(path):
    pytest.importorskip("h5py")
    one = small_model()
    one.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    one.save(path)


def weights_h5(path):
    pytest.importorskip("h5py")
    small_model().save_weights(path)


def keras_h5(path):
    pytest.importorskip("h5py")
    small_model().save(path, format="keras")


# {name of the file: (makes its bytes in a folder, reads it, the kinds of errors it may raise)}
READERS = {
    "p.png": (lambda _: picture("PNG"), load_img, DataError),
    "p.jpg": (lambda _: picture("JPEG"), load_img, DataError),
    "p.gif": (lambda _: picture("GIF", "P"), load_img, DataError),
    "p.bmp": (lambda _: picture("BMP"), load_img, DataError),
    "p.tiff": (lambda _: picture("TIFF"), load_img, DataError),
    "p.ppm": (lambda _: picture("PPM"), load_img, DataError),
    "decoded.png": (lambda _: picture("PNG", "P"),
                    lambda path: decode_image(open(path, "rb").read(), where=path), DataError),  # noqa: SIM115
    "decoded.tga": (lambda _: picture("TGA"),
                    lambda path: decode_image(open(path, "rb").read(), where=path), DataError),  # noqa: SIM115
    "t.txt": (lambda _: CSV, lambda path: list(TextLineDataset(path)), DataError),
    "t.txt.gz": (lambda _: gzip.compress(CSV * 9), lambda path: list(TextLineDataset(path, "GZIP")), DataError),
    "c.csv": (lambda _: CSV, csv_of, DataError),
    "c.csv.gz": (lambda _: gzip.compress(CSV), csv_of, DataError),
    "selected.csv": (lambda _: CSV, lambda path: list(CsvDataset(path, [""], select_cols=[2])), DataError),
    "words.txt": (lambda _: b"one\ntwo\nthree\n", lambda path: layers.StringLookup(vocabulary=path), DataError),
    "numbers.txt": (lambda _: b"1\n22\n333\n", lambda path: layers.IntegerLookup(vocabulary=path), DataError),
    "w.weights.h5": (saved(weights_h5, "w.weights.h5"), lambda path: model().load_weights(path), ModelFileError),
    "old.h5": (saved(old_h5, "old.h5"), load_model, ModelFileError),
    "old_weights.h5": (saved(old_h5, "o.h5"), lambda path: model().load_weights(path), ModelFileError),
    "m.keras": (saved(lambda path: small_model().save(path), "m.keras"), load_model, ModelFileError),
    "k.keras": (saved(keras_h5, "k.keras"), load_model, ModelFileError),
    "w.keras": (saved(lambda path: small_model().save(path), "w.keras"),
                lambda path: model().load_weights(path), ModelFileError),
    "w.safetensors": (saved(lambda path: small_model().save_weights(path), "w.safetensors"),
                      lambda path: model().load_weights(path), ModelFileError),
    "a.safetensors": (saved(lambda path: safetensors.save_file({"a": np.eye(3), "b": np.arange(2)}, path), "a"),
                      safetensors.load_file, ModelFileError),
    "w.npz": (saved(lambda path: save_weights_npz(small_model(), path), "w.npz"),
              lambda path: load_weights_npz(model(), path), ModelFileError),
    "latest.safetensors": (saved(backup, "latest.safetensors"), restored, ModelFileError),
    "a.tar": (lambda _: tarred(""), unpacked, DataError), "a.tar.gz": (lambda _: tarred("gz"), unpacked, DataError),
    "a.zip": (lambda _: zipped({"a.txt": b"q" * 700, "b/c.txt": b"r"}), unpacked, DataError),
    "x.idx": (saved(lambda path: write_idx(path, np.arange(24, dtype="i4").reshape(2, 3, 4)), "x.idx"), read_idx,
              DataError),
    "x.gz": (saved(lambda path: write_idx(path, np.arange(24, dtype="i4").reshape(2, 3, 4)), "x.gz"), read_idx,
             DataError),
}


def names_its_file(error, path):
    return os.path.basename(path) in str(error)


@pytest.mark.parametrize("name", READERS)
def test_bytes(name, tmp_path):
    make, read, kinds = READERS[name]
    whole = make(tmp_path)
    path = str(tmp_path / name)
    with open(path, "wb") as file:
        file.write(whole)
    read(path)  # the correct file is read
    draw, refused = random.Random(f"bytes {name}"), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_ in range(ROUNDS):
            with open(path, "wb") as file:
                file.write(mutated(whole, draw))
            try:
                read(path)
            except kinds as error:
                refused += 1
                assert names_its_file(error, path), f"round {round_}: {error!r}"
            except Exception as error:
                pytest.fail(f"{name}, round {round_}: {type(error).__name__}: {error}")
    assert refused or name == "t.txt"  # the changes do damage; any bytes are lines


@pytest.mark.parametrize(("name", "unpack_", "pack"), [
    ("t.txt.gz", gzip.decompress, gzip.compress), ("c.csv.gz", gzip.decompress, gzip.compress),
    ("a.tar.gz", gzip.decompress, gzip.compress), ("x.gz", gzip.decompress, gzip.compress),
])
def test_bytes_inside(name, unpack_, pack, tmp_path):
    """The content changed, and the checksum right."""
    make, read, kinds = READERS[name]
    whole = unpack_(make(tmp_path))
    path = str(tmp_path / name)
    draw = random.Random(f"inside {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_ in range(ROUNDS):
            with open(path, "wb") as file:
                file.write(pack(mutated(whole, draw)))
            try:
                read(path)
            except kinds as error:
                assert names_its_file(error, path), f"round {round_}: {error!r}"
            except Exception as error:
                pytest.fail(f"{name}, round {round_}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("name", ["w.npz", "m.keras"])
def test_members_of_archives(name, tmp_path):
    """A member changed, and the archive right."""
    make, read, kinds = READERS[name]
    with zipfile.ZipFile(io.BytesIO(make(tmp_path))) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    path = str(tmp_path / name)
    draw = random.Random(f"members {name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_ in range(2 * ROUNDS):
            chosen = draw.choice(sorted(members))
            with open(path, "wb") as file:
                file.write(zipped({**members, chosen: mutated(members[chosen], draw)}))
            try:
                read(path)
            except kinds as error:
                assert names_its_file(error, path), f"round {round_}: {error!r}"
            except Exception as error:
                pytest.fail(f"{name}, round {round_}: {type(error).__name__}: {error}")


@pytest.mark.parametrize("make", [small_model, graph])
def test_configurations(make):
    tree = json.loads(make().to_json())
    draw, refused = random.Random(make.__name__), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_ in range(3 * ROUNDS):
            text = json.dumps(mutated_json(tree, draw))
            if draw.random() < 0.2:
                text = mutated(text.encode(), draw).decode("latin-1")
            try:
                tn.models.model_from_json(text)
            except ModelFileError as error:
                refused += 1
                assert str(error).startswith("model_from_json: "), f"round {round_}: {error!r}"
            except Exception as error:
                pytest.fail(f"round {round_}: {type(error).__name__}: {error}\n{text}")
    assert refused


def test_backups(tmp_path):
    """The progress of a backup changed, and its file right."""
    whole = io.BytesIO(saved(backup, "latest.safetensors")(tmp_path))
    entries, metadata = safetensors.read_header(whole, len(whole.getvalue()), "backup")
    arrays = safetensors.read_arrays(whole, entries, "backup")
    tree = json.loads(metadata["training"])
    draw, refused = random.Random("backups"), 0
    path = str(tmp_path / "latest.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for round_ in range(ROUNDS):
            safetensors.save_file(arrays, path, {**metadata, "training": json.dumps(mutated_json(tree, draw))})
            try:
                restored(path)
            except ModelFileError as error:
                refused += 1
                assert names_its_file(error, path), f"round {round_}: {error!r}"
            except Exception as error:
                pytest.fail(f"round {round_}: {type(error).__name__}: {error}")
    assert refused
