"""Pictures of models: everything is in them, nothing lies on anything else, and they are well-formed."""

import itertools
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinynet as tn
from tinynet import keras, layers
from tinynet.utils import plot_model

SVG = "{http://www.w3.org/2000/svg}"


def chain():
    return tn.Sequential([tn.Input((4,)), layers.Dense(3, "relu", name="first"), layers.Dense(2, name="second")])


def residual():
    x = start = tn.Input((8, 8, 3), name="image")
    for _ in range(3):
        y = layers.Conv2D(3, 3, padding="same")(x)
        x = layers.Add()([x, layers.ReLU()(y)])
    return tn.Model(start, layers.Concatenate()([x, start]))


def two_by_two():
    a, b = tn.Input((4,), name="a"), tn.Input((6,), name="b")
    joined = layers.Concatenate(name="joined")([layers.Dense(5, name="left")(a), b])
    return tn.Model([a, b], [layers.Dense(1, name="one")(joined), layers.Dense(2, name="two")(joined + 1.0)])


def shared():
    a, b = tn.Input((4,), name="a"), tn.Input((4,), name="b")
    layer = layers.Dense(4, name="shared")
    return tn.Model([a, b], layers.Add(name="sum")([layer(a), layer(b)]))


def nested():
    """A model with two inputs in a model, given out of order by name, and a Sequential in a Sequential."""
    p, q = tn.Input((4,), name="p"), tn.Input((3,), name="q")
    both = layers.Concatenate(name="both")([p, q])
    inner = tn.Model({"p": p, "q": q}, [layers.Dense(2, name="d")(both), layers.Dense(3, name="e")(both)], name="inner")
    tower = tn.Sequential([tn.Input((2,)), tn.Sequential([tn.Input((2,)), layers.Dense(2, name="deep")], name="room")],
                          name="tower")
    a, b = tn.Input((3,), name="a"), tn.Input((4,), name="b")
    d, e = inner({"q": a, "p": b})
    return tn.Model([a, b], layers.Concatenate(name="end")([tower(d), e, a]), name="outer")


def looped():
    x = tn.Input((4,), name="x")
    layer = layers.Dense(4, name="again")
    return tn.Model(x, layer(layers.ReLU(name="relu")(layer(layer(x)))))


MODELS = [chain, residual, two_by_two, shared, nested, looped]


def svg(picture):
    return ElementTree.fromstring(picture.to_svg())


def arrows(picture):
    return {(path.get("data-from"), path.get("data-to")) for path in svg(picture).iter(f"{SVG}path")}


def names(picture, kind="layer"):
    return [box.get("data-name") for box in svg(picture).iter(f"{SVG}rect") if box.get("class") == kind]


def texts(picture):
    return [element.text for element in svg(picture).iter(f"{SVG}text")]


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(one, other):
    return other[0] <= one[0] and other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3]


def points_of(curve):
    """Points on a curve, close to each other."""
    here, found = curve[0][1][0], []
    for command, points in curve[1:]:
        t = np.linspace(0, 1, 50)[:, None]
        p = np.array([here, *points])
        found.append((1 - t) * p[0] + t * p[1] if command == "L" else
                     (1 - t)**3 * p[0] + 3 * (1 - t)**2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3])
        here = points[-1]
    return np.concatenate(found)


def check_geometry(picture):
    boxes, frames = [place for _, place in picture.boxes], [place for _, place in picture.frames]
    sheet = (0, 0, picture.width, picture.height)
    assert all(inside(place, sheet) for place in boxes + frames)
    assert not any(overlap(one, other) for one, other in itertools.combinations(boxes, 2))
    for frame, other in itertools.product(frames, boxes + frames):
        assert frame is other or not overlap(frame, other) or inside(other, frame) or inside(frame, other)
    place_of = {label.name: place for label, place in picture.boxes}
    for source, target, curve, head in picture.arrows:
        line = points_of(curve)
        assert np.all((line > 0) & (line < (picture.width, picture.height)))
        for point, name in ((line[0], source), (line[-1], target)):  # the ends lie on the boxes' borders
            left, top, right, bottom = place_of[name]
            assert left <= point[0] <= right and top <= point[1] <= bottom
            assert np.min(np.abs(np.array([left, right]) - point[0])) < 1e-6 or \
                np.min(np.abs(np.array([top, bottom]) - point[1])) < 1e-6
        np.testing.assert_allclose(head[0], line[-1])
        for left, top, right, bottom in boxes:
            assert not np.any(np.all((line > (left + 1e-6, top + 1e-6)) & (line < (right - 1e-6, bottom - 1e-6)), 1))


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_nothing_lies_on_anything_else(make, rankdir):
    model = make()
    for expand in (False, True):
        check_geometry(plot_model(model, None, show_shapes=True, show_layer_names=True, rankdir=rankdir,
                                  expand_nested=expand))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), rankdir=st.sampled_from(["TB", "LR", "BT", "RL"]))
def test_any_graph(data, rankdir):
    tensors = [tn.Input((4,), name=f"input{i}") for i in range(data.draw(st.integers(1, 3)))]
    start, expected = list(tensors), set()
    pool = [layers.Dense(4, name=f"dense{i}") for i in range(3)]
    name_of = {id(tensor): tensor.name for tensor in tensors}
    for i in range(data.draw(st.integers(1, 9))):
        parents = data.draw(st.lists(st.sampled_from(tensors), min_size=1, max_size=4))
        layer = data.draw(st.sampled_from(pool)) if len(parents) == 1 else layers.Add(name=f"add{i}")
        tensors.append(layer(parents[0] if len(parents) == 1 else parents))
        name_of[id(tensors[-1])] = layer.name
        expected |= {(name_of[id(parent)], layer.name) for parent in parents}
    picture = plot_model(tn.Model(start, tensors[len(start):]), None, rankdir=rankdir)
    assert arrows(picture) == expected
    assert sorted(names(picture)) == sorted(set(name_of.values()))
    check_geometry(picture)


@pytest.mark.parametrize("make", MODELS)
def test_flow_follows_rankdir(make):
    for rankdir, axis, sign in (("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)):
        picture = plot_model(make(), None, rankdir=rankdir)
        place_of = {label.name: place for label, place in picture.boxes}
        against = {pair for pair in arrows(picture)
                   if sign * (place_of[pair[1]][axis] - place_of[pair[0]][axis]) <= 0}
        assert against == ({("again", "again"), ("relu", "again")} if make is looped else set())


def test_layers_and_arrows():
    assert names(plot_model(chain(), None)) == ["first", "second"]
    assert arrows(plot_model(chain(), None)) == {("first", "second")}
    picture = plot_model(two_by_two(), None)
    [plus] = [name for name in names(picture) if name.startswith("add")]
    assert arrows(picture) == {("a", "left"), ("left", "joined"), ("b", "joined"), ("joined", "one"),
                               ("joined", plus), (plus, "two")}
    assert arrows(plot_model(shared(), None)) == {("a", "shared"), ("b", "shared"), ("shared", "sum")}
    assert arrows(plot_model(looped(), None)) == {("x", "again"), ("again", "again"), ("again", "relu"),
                                                 ("relu", "again")}


def test_nested():
    picture = plot_model(nested(), None)
    assert set(names(picture)) == {"a", "b", "inner", "tower", "end"} and not names(picture, "frame")
    picture = plot_model(nested(), None, expand_nested=True)
    assert names(picture, "frame") == ["inner", "tower", "room"]
    assert set(names(picture)) == {"a", "b", "p", "q", "both", "d", "e", "deep", "end"}
    assert arrows(picture) == {("a", "q"), ("b", "p"), ("p", "both"), ("q", "both"), ("both", "d"), ("both", "e"),
                               ("d", "deep"), ("deep", "end"), ("e", "end"), ("a", "end")}
    frames = {label.name: place for label, place in picture.frames}
    places = {label.name: place for label, place in picture.boxes}
    assert all(inside(places[name], frames[frame]) == (name in members)
               for frame, members in (("inner", {"p", "q", "both", "d", "e"}), ("tower", ["deep"]), ("room", ["deep"]))
               for name in places)


def test_what_boxes_tell():
    assert texts(plot_model(chain(), None)) == ["Dense", "Dense"]
    model = chain()
    model.layers[1].trainable = False
    assert texts(plot_model(model, None, True, True, True, show_layer_activations=True, show_trainable=True)) == [
        "first (Dense)", "Activation: relu", "Input shape: (None, 4)", "Output shape: (None, 3)",
        "Output dtype: float32", "Trainable: True", "second (Dense)", "Activation: linear", "Input shape: (None, 3)",
        "Output shape: (None, 2)", "Output dtype: float32", "Trainable: False"]
    told = texts(plot_model(two_by_two(), None, show_shapes=True))
    assert {"InputLayer", "Output shape: (None, 6)", "Input shape: (None, 5), (None, 6)", "ops.add"} <= set(told)


def test_built_by_a_batch():
    model = tn.Sequential([layers.Dense(3), layers.Dense(2)])
    with pytest.raises(ValueError, match="plot_model: .* is not built yet"):
        plot_model(model, None)
    model(np.ones((5, 4), "float32"))
    assert "Input shape: (None, 4)" in texts(plot_model(model, None, show_shapes=True))


def test_subclass_has_no_arrows():
    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(3, name="a"), layers.Dense(2, name="b")

        def call(self, x):
            return self.b(self.a(x))

    model = Own()
    with pytest.raises(ValueError, match="is not built yet"):
        plot_model(model, None)
    model(np.ones((1, 4), "float32"))
    picture = plot_model(model, None, expand_nested=True)
    assert names(picture) == ["a", "b"] and not arrows(picture)
    check_geometry(picture)
    x = tn.Input((4,), name="x")
    inside_another = tn.Model(x, model(x))
    assert arrows(plot_model(inside_another, None, expand_nested=True)) == {("x", model.name)}


@pytest.mark.parametrize("name", ["<b> & \"q\" 'p'", "a\x00b\x1bc", "層-\U0001f600", "two\nlines"])
def test_names_are_escaped(name):
    model = tn.Sequential([tn.Input((2,)), layers.Dense(1, name=name)])
    picture = plot_model(model, None, show_layer_names=True)
    printable = name.translate({0: "\ufffd", 0x1b: "\ufffd", 0x0a: "\ufffd"})
    assert names(picture) == [printable] and texts(picture) == [f"{printable} (Dense)"]


def test_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture = plot_model(chain())
    assert (tmp_path / "model.svg").read_text("utf-8") == picture._repr_svg_()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        plot_model(chain(), tmp_path / "nowhere" / "model.svg")
    for name in ("model", "model.dot"):
        with pytest.raises(ValueError, match=r"to_file must end in \.svg"):
            plot_model(chain(), name)
    assert [path.name for path in tmp_path.iterdir()] == ["model.svg"]


def test_other_files_by_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    picture = plot_model(nested(), tmp_path / "model.png", expand_nested=True, show_shapes=True, dpi=96)
    header = (tmp_path / "model.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(header[start : start + 4], "big") for start in (16, 20)] == pytest.approx(
        [picture.width, picture.height], abs=1)
    plot_model(chain(), str(tmp_path / "model.pdf"))
    assert (tmp_path / "model.pdf").read_bytes()[:5] == b"%PDF-"
    with pytest.raises(ValueError, match=r"use \.svg, or a dpi below"):
        plot_model(chain(), tmp_path / "big.png", dpi=1_000_000)
    assert not (tmp_path / "big.png").exists()


def test_png_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'tinynet-learn\[plot\]"; a to_file that ends in \.svg needs nothing'):
        plot_model(chain(), tmp_path / "model.png")
    assert not any(tmp_path.iterdir())


def test_faults():
    with pytest.raises(ValueError, match="rankdir must be one of TB, BT, LR, RL, got 'XY'"):
        plot_model(chain(), None, rankdir="XY")
    with pytest.raises(TypeError, match="splines"):
        plot_model(chain(), None, splines="ortho")
    with pytest.raises(TypeError, match="expected a Model, got .*Dense"):
        plot_model(layers.Dense(2), None)
    with pytest.raises(AttributeError, match="model_to_dot is not part of tinynet: .* use keras.utils.plot_model"):
        _ = keras.utils.model_to_dot
    from tinynet.keras.utils.vis_utils import plot_model as by_old_name
    assert keras.utils.plot_model is by_old_name is plot_model
