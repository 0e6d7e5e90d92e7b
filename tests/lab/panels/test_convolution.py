"""The panel of convolution and pooling: the slides' anchors, and what the scenes claim."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet.lab import all_panels
from tinynet.lab.panels.convolution_ideas import FILTERS, IMAGES, shifted, weight_counts
from tinynet.lab.panels.convolution_slide import output_size
from tinynet.lab.words import Words

PANEL = all_panels()["convolution"]
SEVEN = PANEL.parse({})["image"]


def test_the_scenes_ask_for_words_that_there_are():
    import re
    from pathlib import Path

    import tinynet.lab

    modules = sorted((Path(tinynet.lab.__file__).parent / "static" / "panels").glob("convolution_*.js"))
    assert len(modules) >= 2
    for module in modules:
        text = module.read_text("utf-8")
        asked = set(re.findall(r'\bt\("(\w+)"\)', text))
        assert asked and asked <= set(PANEL.words), (module.name, asked - set(PANEL.words))
        assert not re.findall(r'(?:text|label|xlabel|ylabel): *"[^"]*[A-Za-z가-힣]{2}', text), module.name


def opened(steps=10**6, seed=0, **settings):
    """The panel after so many steps, or all of them."""
    panel = PANEL(PANEL.parse(settings), seed)
    for _ in range(steps):
        if panel.finished:
            break
        panel.step()
    return panel


def run(panel, steps):
    """The variables of the panel's code, and what it printed."""
    found, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(panel.code(steps), found)
    return found, printed.getvalue()


# The slides' sizes: row 72 stride, row 73 no padding, row 74 padding.
@pytest.mark.parametrize(("settings", "shape"), [
    ({"stride": 2}, "3 × 3"), ({}, "5 × 5"), ({"padding": 1}, "7 × 7"), ({"padding": 1, "stride": 2}, "4 × 4"),
    ({"dilation": 2}, "3 × 3"), ({"stride": 4}, "2 × 2"),
])
def test_sizes_of_the_slides(settings, shape):
    panel = opened(**settings)
    assert panel.state()["numbers"]["output_shape"] == shape
    assert " × ".join(map(str, panel.state()["output"].shape)) == shape
    assert panel.finished and not np.isnan(panel.state()["output"]).any()


def test_pooling_of_the_slide():
    panel = opened(show="pooling")
    state = panel.state()
    assert state["largest"].tolist() == [[12, 7], [13, 14]]
    assert state["averages"].tolist() == [[9, 5], [7, 8]]


def test_a_color_image_of_the_slide_gives_one_map_of_28():
    state = opened(show="volume").state()
    assert state["numbers"] == {"output_shape": "1 × 28 × 28", "products": 75, "parameters": 76,
                                "multiplications": 28 * 28 * 75}
    assert state["maps"].shape == (28, 28, 1)


@pytest.mark.parametrize("settings", [
    {}, {"stride": 2, "padding": 2}, {"dilation": 3, "padding": 3}, {"filter": "1,2;3,-4;0.5,6", "dilation": 2},
    {"flip": "1"}, {"image": "1,2,3;4,5,6", "filter": "1,-1"},
])
def test_the_products_add_up_to_the_layers_output(settings):
    panel = opened(**settings)
    chosen = panel.settings
    kernel = np.array(chosen["filter"], float)
    kernel = kernel[::-1, ::-1] if chosen["flip"] else kernel
    whole = tn.ops.conv2d(np.array(chosen["image"], float)[None, :, :, None], kernel[:, :, None, None],
                          strides=chosen["stride"], padding=chosen["padding"], dilation_rate=chosen["dilation"])
    # Sums of at most 25 products of small numbers with one decimal: exact but for the last bits.
    np.testing.assert_allclose(panel.state()["output"], whole.numpy()[0, :, :, 0], rtol=1e-12, atol=1e-12)
    assert panel.state()["products"].sum() == panel.state()["output"][-1, -1]


def test_one_output_a_step():
    panel = opened(steps=0)
    for done in range(1, 26):
        assert np.isfinite(panel.state()["output"]).sum() == done
        if done < 25:
            panel.step()
    assert panel.finished


@given(size=st.integers(1, 9), window=st.integers(1, 5), stride=st.integers(1, 5), padding=st.integers(0, 3),
       dilation=st.integers(1, 3), rule=st.sampled_from(["exact", "floor"]))
def test_sizes_agree_with_the_operation(size, window, stride, padding, dilation, rule):
    found = output_size(size, window, stride, padding, dilation, rule)
    try:
        expected = tn.ops.conv_output_size(size, window, stride, padding, dilation, strict=rule == "exact")
    except ValueError:
        expected = 0
    assert found["windows"] == expected
    assert (found["problem"] is None) == (expected > 0)
    if expected:  # what is not read lies behind the last window
        assert (expected - 1) * stride + found["extent"] + found["unread"] == size + 2 * padding


def test_illegal_sizes_are_explained_and_can_be_mended():
    for settings, problem, words in (({"stride": 3, "rule": "exact"}, "not_exact", "not a whole number"),
                                     ({"image": "1,2;3,4"}, "too_large", "does not fit")):
        panel = opened(**settings)
        assert panel.finished and not panel.state()["legal"]
        assert panel.state()["sizes"][0]["problem"] == problem
        assert isinstance(PANEL.words[problem], Words)
        assert words in run(panel, 0)[1]
    # The same division rounded down, as Keras does: 2.33 becomes 2, and the last column and row are not read.
    state = opened(stride=3).state()
    assert state["output"].shape == (2, 2) and [one["unread"] for one in state["sizes"]] == [1, 1]


def test_weights_counted_by_the_layers():
    for side, dense, conv in weight_counts(3):
        assert dense == side**4 + side**2 and conv == 10


def test_an_output_sees_more_with_each_layer():
    for layers, field in ((1, 3), (2, 5), (3, 7)):
        state = opened(steps=4, show="connections", inputs=12, layers=layers).state()
        assert state["numbers"]["field"] == field == 1 + 2 * layers
        assert state["numbers"]["weights"] == 3 * layers and state["numbers"]["dense_weights"] == 144 * layers
    assert set(np.unique(state["matrix"])) == {0, 1, 2, 3}  # one of three shared weights, or no connection


@pytest.mark.parametrize("picture", IMAGES)
@pytest.mark.parametrize("detector", FILTERS)
def test_convolution_is_equivariant_to_shifts(picture, detector):
    for stride, right, down in (("1", 5, -3), ("2", -4, 6)):
        around = opened(steps=0, show="shift", picture=picture, detector=detector, border="wrap", right=right,
                        down=down, map_stride=stride)
        assert around.state()["numbers"]["verdict"] == "equal"
        assert abs(around.state()["map"]).max() > 0
    # With zeros outside, a value can only differ where an edge of the image lies below the filter.
    scene = opened(steps=0, show="shift", picture=picture, detector=detector, right=5, down=3).scene
    rows, columns = np.nonzero(scene.difference)
    assert all(i in (2, 27) or j in (4, 27) for i, j in zip(rows, columns, strict=True))


def test_an_odd_shift_is_no_shift_of_a_map_with_stride_2():
    state = opened(steps=0, show="shift", map_stride="2", right=3).state()
    assert state["numbers"]["verdict"] == "not_whole" and "unequal" not in state["numbers"]
    assert opened(steps=1, show="shift", map_stride="2", right=3).state()["numbers"]["verdict"] != "not_whole"


@given(down=st.integers(-14, 14), right=st.integers(-14, 14))
def test_shifted_moves_every_pixel(down, right):
    image = np.arange(1.0, 785).reshape(28, 28)
    moved = shifted(image, down, right, wrap=False)
    for i in (0, 5, 13, 27):
        for j in (0, 8, 27):
            inside = 0 <= i - down < 28 and 0 <= j - right < 28
            assert moved[i, j] == (image[i - down, j - right] if inside else 0)


def test_a_drawing_goes_through_the_code():
    import base64

    drawing = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    panel = opened(steps=2, show="shift", drawing=base64.urlsafe_b64encode(drawing.tobytes()).decode())
    assert np.array_equal(panel.state()["image"], drawing)
    found, _ = run(panel, 2)
    assert np.array_equal(found["map_of_moved"], panel.proof()["map_of_moved"])
    assert np.array_equal(found["image"], drawing)
