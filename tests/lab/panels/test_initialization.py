"""The panel "initialization": the slides' anchors, and what its pictures show."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

import tinynet.lab
from tinynet import textbook
from tinynet.datasets import toy
from tinynet.lab import LabError
from tinynet.lab.frames import encode
from tinynet.lab.panels.initialization import GRID, MOST_COSTS, Costs, Initialization, strength
from tinynet.lab.panels.initialization_data import FEATURES, features_of, plane_data
from tinynet.lab.panels.initialization_network import SCALES, Network, layer_calls, optimizer_call

STATIC = Path(tinynet.lab.__file__).parent / "static" / "panels"


def panel_of(seed=0, steps=0, **settings):
    panel = Initialization(Initialization.parse(settings), seed)
    for _ in range(steps):
        panel.step()
    return panel


def run(panel):
    """The variables that the printed code leaves."""
    found = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(panel.code(panel.count), found)
    return found


# The slides ---------------------------------------------------------------------------------------------------------


def test_the_defaults_are_the_slides_network():
    model, slide = panel_of().network.model, textbook.decision_boundary_network()
    assert [w.shape for w in model.weights] == [w.shape for w in slide.weights]
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "relu", "sigmoid"]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1)
    assert panel_of().batches == 1 and len(panel_of().x) == 100


@pytest.mark.parametrize("data", ["circle", "moons", "spiral", "checkerboard", "gaussians"])
def test_zero_stays_where_it_starts(data):
    """All weights stay 0, the cost ln 2, and the boundary never forms."""
    panel = panel_of(data=data, init="zero", steps=200)
    assert panel.state()["cost"] == pytest.approx(np.log(2), abs=1e-6)
    assert not any(kernel.any() for kernel in panel.network.model.get_weights()[::2])
    assert np.ptp(panel.state()["plane"]) == 0
    assert panel.state()["numbers"]["different"] == "2 / 9"  # the neurons of a layer stay alike


def test_too_small_hardly_moves_and_too_large_starts_high():
    small = panel_of(init="small", steps=100)
    assert small.cost == pytest.approx(np.log(2), abs=0.01)
    large, appropriate = panel_of(init="large"), panel_of()
    assert large.cost > 5 * np.log(2) and appropriate.cost < 2 * np.log(2)
    # Two layers of weights that are a tenth as large stand between the first layer and the cost.
    gradient = {init: panel_of(init=init).state()["numbers"]["first_gradient"] for init in SCALES}
    assert gradient["zero"] == 0 and gradient["small"] < 0.02 * gradient["appropriate"]


@pytest.mark.parametrize("data", ["circle", "moons", "spiral", "checkerboard", "gaussians"])
def test_appropriate_learns(data):
    panel = panel_of(data=data, steps=1000)
    assert panel.cost < (0.05 if data in ("circle", "gaussians") else 0.2)
    assert panel.accuracy > 0.85
    plane = panel.state()["plane"]
    assert plane.min() < 0.1 and plane.max() > 0.9


def test_four_side_by_side_are_the_four_alone():
    together = panel_of(compare=True, init="small", steps=20).state()
    assert [one["init"] for one in together["others"]] == ["zero", "appropriate", "large"]
    for other in together["others"]:
        alone = panel_of(init=other["init"], steps=20).state()
        np.testing.assert_array_equal(other["cost"], alone["cost"])
        np.testing.assert_array_equal(other["plane"], alone["plane"][::2, ::2])


def test_edges_are_those_of_the_textbook():
    """Row 30: in units of twice the mean."""
    for edges in ("weight", "gradient"):
        panel = panel_of(edges=edges, steps=3)
        expected = textbook.edge_strengths(panel.network.model, panel.x, panel.y, edges)
        for ours, theirs in zip(panel.state()["strengths"], expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert not strength(np.zeros((2, 2))).any()


# The pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [
    {}, {"activation": "leaky_relu"}, {"activation": "elu", "dropout": 0.5}, {"activation": "silu", "normalize": True},
    {"activation": "tanh", "data": "bump", "normalize": True, "dropout": 0.3}, {"activation": "sigmoid"},
])
def test_the_inside_is_the_models_own(settings):
    """Of each layer, and at the end the model's output: float32 sums of at most 10 terms in another order."""
    panel = panel_of(steps=20, layers=[[10, 4]], **settings)
    x = np.random.default_rng(0).uniform(-2, 2, (50, 2)).astype("float32")
    outputs, before = panel.network.inside(x)
    assert [one.shape for one in outputs] == [one.shape for one in before] == [(50, 2), (50, 10), (50, 4), (50, 1)]
    np.testing.assert_allclose(outputs[-1], panel.network.model(x).numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.sign(outputs[1]) > 0, (before[1] > 0) | (settings.get("activation") == "sigmoid"))


def test_the_plane_is_the_textbooks_decision_boundary():
    panel = panel_of(plane="wide", steps=50)
    xs, _, expected = textbook.decision_boundary(panel.network.model, step=10 / (GRID - 1))
    state = panel.state()
    assert state["extent"] == xs[-1] == 5
    np.testing.assert_allclose(state["plane"], expected, atol=1e-6)
    # The boundary is drawn where the sum is 0, which is where the output is 0.5.
    clear = np.abs(state["sums"]) > 1e-5
    np.testing.assert_array_equal((state["sums"] > 0)[clear], (state["plane"] > 0.5)[clear])


def test_a_selected_neuron_is_shown_and_an_absent_one_is_the_output():
    panel = panel_of(focus=[[1, 3]], steps=5)
    state = panel.state()
    assert state["focus"] == [1, 2]
    kernel, bias = panel.network.model.get_weights()[:2]
    axis = np.linspace(-state["extent"], state["extent"], GRID)
    x, y = np.meshgrid(axis, axis)
    np.testing.assert_allclose(state["neuron_sums"], x * kernel[0, 2] + y * kernel[1, 2] + bias[2], atol=1e-5)
    np.testing.assert_array_equal(state["neuron"], np.maximum(state["neuron_sums"], 0))
    assert panel_of(focus=[[1, 7]]).state()["focus"] == panel_of(focus=[[9, 1]]).state()["focus"] == [3, 0]
    assert panel_of(focus=[[0, 2]]).state()["focus"] == [0, 1]


def test_small_pictures_of_all_neurons():
    state = panel_of(steps=5).state()
    assert state["maps"].shape == (2 + 6 + 3 + 1, 41, 41)
    assert state["maps"][0, 0, 0] == 1 and state["maps"][0, 0, -1] == 255  # x from left to right
    assert state["maps"][1, 0, 0] == 255 and state["maps"][1, -1, 0] == 1  # y from the bottom up
    np.testing.assert_allclose(state["maps"][-1][::-1], 128 + 127 * (2 * state["plane"][::2, ::2] - 1), atol=1)
    assert state["scales"][0] == state["extent"]


@pytest.mark.parametrize(("layers", "focus", "layer", "axes", "main"), [
    ([[6, 3]], [[0, 0]], 2, 3, False), ([[6, 2]], [[2, 1]], 2, 2, False), ([[6, 3]], [[1, 1]], 1, 3, True),
    ([[4, 1]], [[2, 1]], 2, 1, False), ([[6, 3]], [[0, 1]], 0, 2, False),
])
def test_the_plane_as_a_layer_transforms_it(layers, focus, layer, axes, main):
    panel = panel_of(layers=layers, focus=focus, lens="space", steps=20)
    space = panel.state()["space"]
    assert (space["layer"], space["main"]) == (layer, main)
    assert space["lattice"].shape == (21, 21, axes) and space["points"].shape == (100, axes)
    outputs, before = panel.network.inside(panel.data.x)
    if not main:
        np.testing.assert_array_equal(space["points"], outputs[layer])
    if layer == len(layers[0]) and not main:  # the border of the last neuron divides the points as the network does
        sums = space["points"] @ space["normal"] + space["offset"]
        np.testing.assert_allclose(sums, before[-1][:, 0], atol=1e-4)
    if main:  # main directions keep distances as well as three directions can: a rotation has no larger ones
        assert (np.ptp(space["points"], axis=0) <= np.linalg.norm(np.ptp(outputs[layer], axis=0)) + 1e-4).all()


# Data ---------------------------------------------------------------------------------------------------------------


def test_data_sets_are_the_toys():
    for name, noise in (("circle", 0.1), ("moons", 0.1), ("spiral", 0.05), ("gaussians", 0.5)):
        data = plane_data(Initialization.parse({"data": name, "draw": 3}))
        points, targets = getattr(toy, name)(100, noise=noise, seed=3)
        np.testing.assert_array_equal(data.points, points)
        np.testing.assert_array_equal(data.y[:, 0], targets)
    board = plane_data(Initialization.parse({"data": "checkerboard", "noise": 0}))
    np.testing.assert_array_equal((board.points > 0).all(1) | (board.points < 0).all(1), board.y[:, 0] == 0)


def test_features():
    points = np.array([[2.0, 3.0]], "float32")
    assert features_of(points, tuple(FEATURES)).tolist() == [[
        2, 3, 4, 9, 6, pytest.approx(np.sin(2)), pytest.approx(np.sin(3))]]
    circle = panel_of(features=["x2", "y2"], layers=[[1]], activation="linear", optimizer="adam", steps=500)
    assert circle.accuracy > 0.95  # a ring is a half-plane of the squares
    with pytest.raises(LabError, match="at least one"):
        panel_of(features=[])


def test_shares_and_batches():
    panel = panel_of(samples=50, share=70, batch="16", steps=7)
    assert (len(panel.x), len(panel.x_test), panel.batches) == (35, 15, 3)
    assert panel.state()["numbers"]["epoch"] == 2 and "test_accuracy" in panel.state()["numbers"]
    assert panel_of(samples=10, share=10).data.train == 1
    assert panel_of(samples=10, batch="64").batches == 1
    together = np.concatenate([panel.x, panel.x_test])
    everything = plane_data(Initialization.parse({"samples": 50})).points
    assert sorted(together.tolist()) == sorted(everything.tolist())


def test_points_of_the_readers_own():
    points = [[0, 0, 0], [1, 1, 1], [-1, 0.5, 1]]
    panel = panel_of(data="own", points=points, steps=5)
    np.testing.assert_array_equal(np.hstack([panel.data.points, panel.data.y]), np.array(points, "float32"))
    assert panel.state()["extent"] == 3
    assert all(np.array_equal(a, b) for a, b in zip(run(panel)["weights"], panel.proof()["weights"], strict=True))
    empty = panel_of(data="own", points=[])
    assert empty.finished and "cost" not in empty.state()["numbers"]
    encode(empty.state())
    run(empty)
    with pytest.raises(LabError, match="0 or 1"):
        panel_of(data="own", points=[[0, 0, 0.5]])
    assert panel_of(data="own_values", points=[[0, 0, 0.5]]).regression


def test_a_link_shows_the_very_same_picture():
    from urllib.parse import parse_qsl

    panel = panel_of(data="own_values", points=[[0.123456789, 1, -2.3456789012], [1, 0, 1]], steps=2,
                     edits=[[1, 1, 1, 1, 0.12345678901]])
    settings = Initialization.parse(dict(parse_qsl(Initialization.address(panel.settings))))
    linked = panel_of(**settings, steps=2)
    assert encode(linked.state()) == encode(panel.state())


def test_tiles_are_the_data_sets():
    tiles = panel_of().state()["tiles"]
    kinds = [value for value, _ in next(one for one in Initialization.parameters if one.name == "data").options]
    assert list(tiles) == [kind for kind in kinds if not kind.startswith("own")]
    for kind, table in tiles.items():
        assert table.shape == (60, 3) and table.dtype == np.int8 and np.abs(table[:, :2]).max() == 100
        assert set(table[:, 2]) == {-100, 100} or kind in ("plane", "bump")


def test_regression_learns_a_plane_and_a_bump():
    plane = panel_of(data="plane", noise=0, rate=0.03, steps=1000)
    bump = panel_of(data="bump", noise=0, activation="tanh", layers=[[8, 4]], optimizer="adam", rate=0.02, steps=1000)
    assert plane.cost < 0.02 * plane.y.var() and bump.cost < 0.05 * bump.y.var()


def test_penalties_shrink_the_weights():
    def size(panel):
        return sum(np.abs(kernel).sum() for kernel in panel.network.model.get_weights()[::2])

    free, bound = panel_of(steps=300), panel_of(l1=0.01, l2=0.01, steps=300)
    assert size(bound) < 0.7 * size(free)
    kernels = bound.network.model.get_weights()[::2]
    penalty = sum(0.01 * np.abs(kernel).sum() + 0.01 * (kernel**2).sum() for kernel in kernels)
    assert bound.state()["numbers"]["penalty"] == pytest.approx(penalty, rel=1e-5)


# Edits --------------------------------------------------------------------------------------------------------------


def test_a_weight_is_edited_at_its_step():
    edits = [[3, 1, 2, 5, 1.5], [3, 2, 0, 3, -0.25], [5, 3, 1, 1, 2]]
    before = panel_of(steps=2)
    untouched = panel_of(edits=edits, steps=2)
    assert all(map(np.array_equal, before.network.model.get_weights(), untouched.network.model.get_weights()))
    untouched.step()
    weights = untouched.network.model.get_weights()
    assert weights[0][1, 4] == 1.5 and weights[3][2] == -0.25
    for steps in (0, 2, 3, 4, 5, 6):
        panel = panel_of(edits=edits, steps=steps)
        found = run(panel)
        assert all(map(np.array_equal, found["weights"], panel.network.model.get_weights())), steps
        assert found["cost"] == panel.cost
    first = panel_of(edits=[[0, 1, 1, 1, 9]])
    assert first.network.model.get_weights()[0][0, 0] == 9 and run(first)["weights"][0][0, 0] == 9


def test_edits_of_another_network_wait():
    panel = panel_of(edits=[[1, 1, 1, 6, 2], [1, 1, 1, 5, 2], [2, 3, 1, 1, 1]], layers=[[5]], steps=3)
    assert panel.state()["numbers"]["edited"] == "1 / 3"
    assert all(map(np.array_equal, run(panel)["weights"], panel.network.model.get_weights()))
    for wrong in ([0.5, 1, 1, 1, 0], [1, -1, 1, 1, 0]):
        with pytest.raises(LabError, match="whole numbers"):
            panel_of(edits=[wrong])


# Steps, frames, snapshots -------------------------------------------------------------------------------------------


SETTINGS = [
    {}, {"optimizer": "adam", "dropout": 0.3, "normalize": True, "batch": "8", "share": 60, "compare": True},
    {"optimizer": "momentum", "batch": "1", "data": "bump", "edits": [[4, 1, 1, 1, 3]]},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_step_back_leads_where_the_steps_led(settings):
    straight = panel_of(steps=9, **settings)
    panel = panel_of(steps=3, **settings)
    snapshot = panel.snapshot()
    for _ in range(2):
        for _ in range(6):
            panel.step()
        assert encode(panel.state()) == encode(straight.state())
        panel.restore(snapshot)


def test_a_diverging_network_is_shown_as_such():
    panel = panel_of(data="bump", rate=10, init="large", steps=60)
    assert not np.isfinite(panel.cost)
    for lens in ("neuron", "space"):
        panel.view(panel.settings | {"lens": lens})
        encode(panel.state())


def test_frames_stay_small():
    panel = panel_of(layers=[[10] * 6], features=list(FEATURES), samples=500, share=80, compare=True, lens="space",
                     focus=[[1, 1]])
    assert len(encode(panel.state())) < 250_000
    for step in range(1, 20_001):
        panel.costs.add(step, panel.latest)
    assert len(encode(panel.state())) < 250_000


def test_kept_costs_are_bounded_and_spread():
    costs = Costs()
    for step in range(20_001):
        costs.add(step, [step])
    assert MOST_COSTS / 2 <= len(costs.steps) <= MOST_COSTS + 1
    assert set(np.diff(costs.steps)) == {costs.every} and costs.steps[0] == 0
    assert [values[0] for values in costs.values] == costs.steps


def test_each_layer_and_each_seed_has_its_own_weights():
    first, second = panel_of(layers=[[2, 2]]).network.model.get_weights()[:4:2]
    assert (first != second).all()
    assert (panel_of(seed=1, layers=[[2, 2]]).network.model.get_weights()[0] != first).all()


@pytest.mark.parametrize("rule", ["slide", "he", "glorot"])
@pytest.mark.parametrize("init", list(SCALES))
def test_variances(rule, init):
    """Of 10 x 10 weights: within 5 standard errors, sqrt(2 / 100) each."""
    settings = Initialization.parse({"rule": rule, "layers": [[10, 10]]})
    networks = [Network(layer_calls(settings, init, seed, False), optimizer_call(settings), False)
                for seed in range(20)]
    kernels = [network.dense[1].kernel.numpy() for network in networks]
    expected = SCALES[init] * {"slide": 1 / 10, "he": 2 / 10, "glorot": 2 / 20}[rule]
    assert np.var(kernels) == pytest.approx(expected, rel=5 * np.sqrt(2 / 2000))


def test_scripts_ask_for_words_that_there_are():
    """As the contract of all panels, for the modules beside the panel's own."""
    scripts = "".join(path.read_text("utf-8") for path in STATIC.glob("initialization*.js"))
    assert set(re.findall(r'\bt\("(\w+)"\)', scripts)) <= set(Initialization.words)
    activations = next(one for one in Initialization.parameters if one.name == "activation").options
    assert {"input", "linear", *(name for name, _ in activations)} <= set(Initialization.words)
    named = set(re.findall(r"(\w+): \"c\d\"", (STATIC / "initialization_network.js").read_text("utf-8")))
    assert {"input", *(name for name, _ in activations)} <= named
    shown = (STATIC / "initialization_network.js").read_text("utf-8")
    assert all(f'{name}: "{words.en}"' in shown for name, (words, _, _) in FEATURES.items())
