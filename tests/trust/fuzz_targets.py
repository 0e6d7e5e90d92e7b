"""What is fuzzed: every reader of what others may have made, with correct inputs to start from."""

import contextlib
import functools
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from augment.test_wordnet import make_database
from saving.test_mutations import READERS, graph, mutated, mutated_json, picture, small_model

import tinynet as tn
from tinynet import layers
from tinynet.core.errors import DataError, ModelFileError
from tinynet.datasets import write_idx

Read = Callable[[str], object]


@dataclass(frozen=True)
class Target:
    """A reader.

    Args:
        seeds: (folder) -> the bytes of correct inputs.
        read: Called with the path of the file.
        errors: What it may raise; an OSError with a number (no such file) may always be raised.
        words: The dictionary: pieces that are put into the inputs.
        change: (bytes, draw) -> changed bytes, for what lies inside a checksum.
        named: What the message must name: "file", the "folder" that the file is in, or "" for a text without a file.
    """

    seeds: Callable[[Path], list[bytes]]
    read: Read
    errors: tuple[type[BaseException], ...] = (DataError,)
    words: tuple[bytes, ...] = ()
    change: Callable[[bytes, object], bytes] | None = None
    named: str = "file"


def one_of(make):
    return lambda folder: [make(folder)]


def inside_gzip(data, draw):
    return gzip.compress(mutated(gzip.decompress(data), draw), 1)


def inside_zip(data, draw):
    """A member changed (as JSON where it is some), doubled, renamed or left out, and the archive right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = draw.choice(sorted(members))
    what = draw.randrange(8)
    if what == 0:
        members.pop(chosen)
    elif what == 1:
        members[draw.choice(["../x", "/x", chosen + "/", "x", "model.weights.h5", "assets/x"])] = members[chosen]
    elif what == 2:
        members[chosen] = members[draw.choice(sorted(members))]
    else:
        try:
            members[chosen] = json.dumps(mutated_json(json.loads(members[chosen]), draw)).encode()
        except ValueError:
            members[chosen] = mutated(members[chosen], draw)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def inside_h5(data, draw):
    """One to three objects or attributes changed by HDF5's own library, so that the file is a correct one."""
    h5py = pytest.importorskip("h5py")
    content = io.BytesIO(data)
    with h5py.File(content, "r+") as file:
        for _ in range(draw.choice([1, 1, 2, 3])):
            names = [""]
            file.visit(names.append)
            chosen = draw.choice(names)
            if draw.random() < 0.3 and file[chosen or "/"].attrs:
                change_attribute(file[chosen or "/"].attrs, draw)
            elif chosen:
                change_object(h5py, file, chosen, draw.choice(names) or "/", draw)
    return content.getvalue()


def change_object(h5py, file, name, other, draw):
    """A group or a dataset left out, renamed, or something else in its place."""
    what = draw.randrange(9)
    if what == 0:
        del file[name]
        return
    if what == 1:
        place = draw.choice([f"{name}x", f"vars/{draw.randrange(3)}", "x/y", f"{name}/../x", "0", "optimizer/vars/0"])
        if place not in file:
            file.move(name, place)
        return
    if what == 2 and isinstance(file[name], h5py.Dataset) and file[name].dtype.kind == "f" and file[name].size < 10**6:
        old = file[name][()]
        del file[name]
        file[name] = draw.choice([old.T, old[None], old.astype("f2"), old.astype(">f8"), old.astype("i4"),
                                  old.astype("c8"), old > 0, old.astype("S3"), np.full_like(old, np.nan)])
        return
    del file[name]
    if what == 3:
        file[name] = draw.choice([h5py.SoftLink(f"/{other}"), h5py.SoftLink("/nowhere"),
                                  h5py.ExternalLink("/dev/zero", "/x"), h5py.ExternalLink("none.h5", "/")])
    elif what == 4 and other in file:
        file[name] = file[other]  # which may be a group that holds this place
    elif what == 5:  # larger than the file, of which nothing is stored
        file.create_dataset(name, draw.choice([(10**6, 10**6), (2**40,), (3, 2**33), (10**4, 10**4, 10**4)]), "f4",
                            chunks=True, fillvalue=1)
    elif what == 6:
        file.create_dataset(name, draw.choice([(3, 4), (0,), (), (2**20, 8)]), draw.choice(["f4", "i8", "u1", "?"]),
                            **draw.choice([{}, {"maxshape": None}]))
    elif what == 7:
        kind = draw.choice([h5py.string_dtype(), h5py.vlen_dtype("f4"), h5py.ref_dtype, np.dtype([("a", "f4")]),
                            np.dtype("V8"), h5py.enum_dtype({"A": 1}), np.dtype(("f4", (3,)))])
        file.create_dataset(name, (3, 4), kind)
    else:
        layout = h5py.VirtualLayout((3, 4), "f4")
        layout[:] = h5py.VirtualSource("." if draw.random() < 0.5 else "none.h5", other, (3, 4))
        file.create_virtual_dataset(name, layout, fillvalue=0)


def change_attribute(attributes, draw):
    """An attribute left out, or with another value: in JSON where it is some, in a list of names where it is one."""
    name = draw.choice(sorted(attributes))
    old = attributes[name]
    if draw.random() < 0.15:
        del attributes[name]
        return
    new = draw.choice([1, -1.5, "x", b"\xff", np.zeros((2, 3)), [], "null", "[" * 3000, np.float32("nan"), "\u2028"])
    if isinstance(old, np.ndarray) and old.ndim == 1 and len(old) and draw.random() < 0.7:
        new = old[::-1] if draw.random() < 0.5 else np.concatenate([old[:draw.randrange(len(old) + 1)], old[:1]])
    elif isinstance(old, str | bytes) and draw.random() < 0.8:
        with contextlib.suppress(ValueError):
            new = json.dumps(mutated_json(json.loads(old), draw))
    attributes[name] = new


def inside_safetensors(data, draw):
    """The header changed as JSON, with its right length."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(mutated_json(json.loads(data[8 : 8 + length]), draw)).encode()
    return len(header).to_bytes(8, "little") + header + data[8 + length:]


def as_json(data, draw):
    """A value, key or entry of a tree of JSON changed; one time in five bytes, which seldom leave it JSON."""
    if draw.random() < 0.2:
        return mutated(data, draw)
    return json.dumps(mutated_json(json.loads(data), draw)).encode()


def text_of(path):
    return Path(path).read_bytes().decode("utf-8", "surrogateescape")


# --- models ---------------------------------------------------------------------------------------------------------


def kinds_of_layers():
    """A model with layers of many kinds, whose configurations have many kinds of arguments."""
    x = tn.Input((8, 8, 2))
    y = layers.Conv2D(3, 3, padding="same", kernel_regularizer="l2", activation="relu")(
        layers.RandomFlip("horizontal")(x))
    y = layers.BatchNormalization()(y)
    y = layers.MaxPooling2D()(layers.Dropout(0.2)(y))
    y = layers.Reshape((16, 3))(y)
    z = layers.Bidirectional(layers.GRU(2, return_sequences=True))(y)
    z = layers.MultiHeadAttention(2, 3)(z, z)
    z = layers.TimeDistributed(layers.Dense(2, kernel_constraint="max_norm"))(z)
    return tn.Model(x, layers.Add()([layers.GlobalAveragePooling1D()(z), layers.Dense(2)(layers.Flatten()(y))]))


def texts_model():
    vectorize = layers.TextVectorization(vocabulary=["good", "bad", "film"], output_sequence_length=4)
    return tn.Sequential([tn.Input((1,), dtype="string"), vectorize, layers.Embedding(5, 2), layers.Flatten(),
                          layers.Dense(1)])


def saved_models(folder):
    found = []
    for number, model in enumerate((small_model(), graph(), kinds_of_layers(), texts_model())):
        model.save(folder / f"{number}.keras")
        found.append((folder / f"{number}.keras").read_bytes())
    return found


@functools.cache
def trained_model():
    """A model that weights are loaded into, with the state of an optimizer."""
    model = kinds_of_layers()
    model.compile("adam", "mse")
    model.fit(np.ones((2, 8, 8, 2)), np.ones((2, 2)), verbose=0)
    return model


def weights_as(name):
    def make(folder):
        if name.endswith("h5"):
            pytest.importorskip("h5py")
        trained_model().save_weights(folder / name)
        return (folder / name).read_bytes()
    return one_of(make)


def read_weights(path):
    """A file that is refused changes nothing."""
    model = trained_model()
    before = [weight.copy() for weight in model.get_weights()]
    try:
        model.load_weights(path)
    except ModelFileError:
        for one, other in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other, "a part of a refused file was loaded")
        raise
    model.set_weights(before)


def old_files(folder):
    pytest.importorskip("h5py")
    found = []
    for number, model in enumerate((small_model(), graph())):
        model.compile("adam", "mse")
        model.fit(np.ones((2, *model.input_shape[1:])), np.ones((2, model.output_shape[-1])), verbose=0)
        model.save(folder / f"{number}.h5")
        found.append((folder / f"{number}.h5").read_bytes())
    return found


def configurations(folder):
    return [model().to_json().encode() for model in (small_model, graph, kinds_of_layers, texts_model)]


MODEL_WORDS = (b"__lambda__", b"Lambda", b'"module":', b'"builtins"', b"os", b"vocabulary", b"/dev/zero",
               b"registered_name",
               b"__tensor__", b"__numpy__", b"null", b"1e999", b"NaN", b"[[[[[[[[", b'"shape":[1000000000]', b'"F32"',
               b'"data_offsets":[0,18446744073709551615]', b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"PK\x01\x02")


# --- folders --------------------------------------------------------------------------------------------------------


def read_folder_of_pictures(path):
    """The file as one of the pictures of a class."""
    folder = Path(path).parent / "pictures"
    for name in ("cats", "dogs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "cats" / "a.png").write_bytes(picture("PNG"))
    (folder / "dogs" / Path(path).name).write_bytes(Path(path).read_bytes())
    for _ in tn.utils.image_dataset_from_directory(folder, image_size=(8, 8), batch_size=2, shuffle=False):
        pass


def read_folder_of_texts(path):
    folder = Path(path).parent / "texts"
    for name in ("good", "bad"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "good" / "a.txt").write_text("good")
    (folder / "bad" / Path(path).name).write_bytes(Path(path).read_bytes())
    for _ in tn.utils.text_dataset_from_directory(folder, batch_size=2, shuffle=False):
        pass


def wordnet(name):
    """A target in which one of WordNet's files is changed."""
    def seeds(folder):
        make_database(folder)
        return [(folder / name).read_bytes()]

    def read(path):
        from tinynet.augment.wordnet import WordNet

        folder = Path(path).parent
        if not (folder / "data.adv").exists():
            make_database(folder)
        net = WordNet(folder)
        for word in ("film", "films", "geese", "dog", "shoot"):
            net.synonyms(word)
            net.lemmas(word)

    # An entry that does not belong to another is a fault of either file: the message names one of them.
    return Target(seeds, read, (DataError,), (b"%", b"| ", b" 000 ", b"00000000", b"ffffffff", b"\n\n", b"  "),
                  named="folder")


# --- the lab and the lessons ----------------------------------------------------------------------------------------


def messages(folder):
    from tinynet.lab.catalogue import all_panels, find_panel

    found = [{"do": "open", "panel": key, "settings": find_panel(key).parse({}), "seed": 3, "step": 10}
             for key in all_panels()]
    found += [{"do": "set", "settings": find_panel("descent").parse({})}, {"do": "speed", "speed": 10},
              {"do": "seed", "seed": 4}, {"do": "export", "format": "py", "lang": "ko"}, {"do": "play"}]
    return [json.dumps(one, default=str).encode() for one in found]


def read_message(path):
    from tinynet.lab.catalogue import find_panel
    from tinynet.lab.messages import parse_message

    message = parse_message(text_of(path))
    if message.do == "set":
        find_panel("descent").parse(message.values["settings"])


LESSON = """# %% [markdown] lang="en"
# # Sums
# Course rows: 1-1 · Minutes: 2
# %% [markdown] lang="ko"
# # 합
# 강의 항목: 1-1 · 시간(분): 2
# %%
total = 1 + 2
# %% tags=["long", "keras"]
for _ in range(3):
    total += 1
"""


def read_lesson(path):
    from tinynet.lessons.sources import read_lesson

    read_lesson(Path(path))


def notebooks(folder):
    cells = [{"cell_type": "markdown", "source": ["# A"], "metadata": {}},
             {"cell_type": "code", "source": ["def momentum(w):\n", "    return w\n"], "metadata": {"tags": ["long"]}}]
    return [json.dumps({"cells": cells, "metadata": {"tinynet": {"lesson": "03_momentum"}}, "nbformat": 4}).encode()]


def read_notebook(path):
    from tinynet.lessons.grading.child import read_notebook

    read_notebook(Path(path).read_bytes(), True)


def lesson_errors():
    from tinynet.lab.words import LabError
    from tinynet.lessons.grading.child import NotANotebook
    from tinynet.lessons.sources import LessonError

    return LabError, NotANotebook, LessonError


LabError, NotANotebook, LessonError = lesson_errors()


# --- texts ----------------------------------------------------------------------------------------------------------


def tokenizers(folder):
    tokenizer = tn.preprocessing.text.Tokenizer()
    tokenizer.fit_on_texts(["good food", "good"])
    return [tokenizer.to_json().encode()]


def idx(folder):
    found = []
    for number, array in enumerate((np.arange(24, dtype="u1").reshape(2, 3, 4), np.arange(6, dtype="f8"))):
        write_idx(folder / f"{number}.idx", array)
        found.append((folder / f"{number}.idx").read_bytes())
    return found


def as_target(name):
    make, read, errors = READERS[name]
    return Target(one_of(make), read, (errors,))


TARGETS = {
    **{name: as_target(name) for name in READERS},
    "m.keras": Target(saved_models, tn.models.load_model, (ModelFileError,), MODEL_WORDS),
    "inside.keras": Target(saved_models, tn.models.load_model, (ModelFileError,), MODEL_WORDS, inside_zip),
    "inside_k.keras": Target(one_of(READERS["k.keras"][0]), tn.models.load_model, (ModelFileError,), MODEL_WORDS,
                             inside_zip),
    "inside.npz": Target(one_of(READERS["w.npz"][0]), READERS["w.npz"][1], (ModelFileError,), (), inside_zip),
    "inside.weights.h5": Target(weights_as("w.weights.h5"), read_weights, (ModelFileError,), MODEL_WORDS, inside_h5),
    "inside.safetensors": Target(weights_as("w.safetensors"), read_weights, (ModelFileError,), MODEL_WORDS,
                                 inside_safetensors),
    "inside_old.h5": Target(old_files, tn.models.load_model, (ModelFileError,), MODEL_WORDS, inside_h5),
    "inside.idx.gz": Target(one_of(READERS["x.gz"][0]), READERS["x.gz"][1], (DataError,), (), inside_gzip),
    "inside.tar.gz": Target(one_of(READERS["a.tar.gz"][0]), READERS["a.tar.gz"][1], (DataError,),
                            (b"../", b"/etc/", b"2", b"ustar"), inside_gzip),
    "x.idx": Target(idx, READERS["x.idx"][1], (DataError,), (b"\0\0\x08\x03", b"\xff\xff\xff\xff", b"\0\0\x0d\x01")),
    "model.json": Target(configurations, lambda path: tn.models.model_from_json(text_of(path)), (ModelFileError,),
                         MODEL_WORDS, as_json, named=""),
    "tokenizer.json": Target(tokenizers, lambda path: tn.preprocessing.text.tokenizer_from_json(text_of(path)),
                             (DataError,), (b'"1"', b"null", b"[]"), as_json, named=""),
    "picture_in_folder.png": Target(one_of(lambda _: picture("PNG")), read_folder_of_pictures, (DataError,),
                                    (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"acTL")),
    "text_in_folder.txt": Target(one_of(lambda _: "good 좋은 film\n".encode()), read_folder_of_texts, (DataError,),
                                 (b"\xff", b"\0", b"\xed\xa0\x80")),
    **{name: wordnet(name) for name in ("index.noun", "data.noun", "noun.exc")},
    "03_lesson.py": Target(lambda _: [LESSON.encode()], read_lesson, (LessonError,),
                           (b"# %%", b'# %% [markdown] lang="ko"', b' tags=["long"]', b" tags=[[1]]", b" tags=[1]",
                            b"\xff", b"# Course rows: 9-15", b"\r", b"\x0c", "\u2028".encode())),
    "a.ipynb": Target(notebooks, read_notebook, (NotANotebook,), (b"[[[[[[", b"1e999", b'"source":1'), as_json,
                      named=""),
    "message.json": Target(messages, read_message, (LabError,), (b"__class__", b"9**9**9", b"1e999", b"[[[[",
                           b"formula"), as_json, named=""),
}


def changed(target, seeds, draw):
    """An input made of the correct ones."""
    data = draw.choice(seeds)
    if target.change is not None and draw.random() < 0.8:
        with contextlib.suppress(ValueError, zipfile.BadZipFile, OSError, EOFError):
            data = target.change(data, draw)
            if draw.random() < 0.9:
                return data
    if target.words and draw.random() < 0.4:
        word, place = draw.choice(target.words), draw.randrange(len(data) + 1)
        data = data[:place] + word + data[place + draw.choice([0, len(word)]):]
    if draw.random() < 0.1:  # the end of another one
        other = draw.choice(seeds)
        data = data[:draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1):]
    return mutated(data, draw) if draw.random() < 0.8 else data
