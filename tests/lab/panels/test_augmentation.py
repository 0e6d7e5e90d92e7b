"""Augmentation of images: a control for all that the catalogue has, the slides' anchors, and what the sheet shows."""

import base64
import importlib.util
import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from tinynet import augment
from tinynet.augment.catalogue import PIXEL, TRANSFORMS, Transform
from tinynet.lab import LabError, all_panels
from tinynet.lab.frames import encode
from tinynet.lab.panels import augmentation_controls as controls

PANEL = all_panels()["augmentation"]


def draw(steps=0, seed=0, **settings):
    panel = PANEL(PANEL.parse(settings), seed)
    for _ in range(steps):
        panel.step()
    return panel


def chosen(name):
    group = controls.group_of(name)
    return {"group": group, group: name}


def run(code):
    found = {}
    with redirect_stdout(io.StringIO()):
        exec(code, found)
    return found


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_transform_of_the_catalogue_by_its_code(name):
    if name == "jpeg":
        pytest.importorskip("PIL")
    panel = draw(1, **chosen(name), chance=0.7)
    found = run(panel.code(1))
    assert np.array_equal(found["result"], panel.result)
    assert all(map(np.array_equal, found["sheet"], panel.sheet))
    assert not np.array_equal(panel.result, panel.picture), "the default settings show nothing"
    assert f'augment.apply("{name}"' in panel.code(1)


@pytest.mark.parametrize("name", augment.MASKS)
def test_every_mixing_by_its_code(name):
    panel = draw(1, group="mixing", mixing=name)
    found = run(panel.code(1))
    assert np.array_equal(found["result"], panel.result) and np.array_equal(found["target"], panel.target)
    assert panel.target.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_every_parameter_has_a_control(name):
    """All but the seed, the range of the values, and those whose default None means 'find it yourself'."""
    values = controls.values_of(name, PANEL.parse({"fill_mode": "constant"}))
    wanted = {key for key, default in TRANSFORMS[name].parameters.items()
              if key not in controls.PASSED and default is not None}
    assert set(values) >= wanted - ({"fill_mode"} if name == "gaussian_blur" else set())


def test_a_new_transform_appears_by_itself(monkeypatch):
    def sepia(images, tone: float = 0.0, rounds: int = 3, span=(0.1, 0.4), seed=None):
        """Brown pictures."""

    for table in (PIXEL, TRANSFORMS):
        monkeypatch.setitem(table, "sepia", Transform(sepia, {"tone": (0.2, 0.7)}))
    spec = importlib.util.spec_from_file_location("tinynet.lab.panels._fresh", Path(controls.__file__))
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    made = {one.name: one for one in fresh.all_controls()}
    assert "sepia" in [value for value, _ in made["pixel"].options]
    tone, rounds = made["sepia_tone"], made["sepia_rounds"]
    assert (tone.low, tone.high, tone.default) == (0.2, 0.7, 0.7)
    assert tone.when == {"group": ("pixel",), "pixel": ("sepia",)}
    assert rounds.whole and rounds.default == 3
    settings = {name: one.default for name, one in made.items()}
    assert fresh.values_of("sepia", settings) == {"tone": 0.7, "rounds": 3, "span": (0.1, 0.4)}


class TestAnchorsOfTheSlides:
    def test_mixup_of_a_cat_and_a_dog(self):
        panel = draw(group="mixing")
        assert panel.label == "cat" and panel.partner_label == "dog"
        assert panel.target.tolist() == pytest.approx([0.4, 0.6])
        numbers = panel.state()["numbers"]
        assert (numbers["share_first"], numbers["share_second"]) == pytest.approx((0.4, 0.6))
        blend = 0.4 * panel.picture.astype(float) + 0.6 * panel.partner
        np.testing.assert_allclose(panel.result, blend, atol=1e-4)

    def test_patch_shuffle_keeps_each_window_and_its_pixels(self):
        panel = draw(group="patches", patches="patch_shuffle", patch_shuffle_probability=1, patch_shuffle_size=8)

        def windows(picture):
            return picture.reshape(8, 8, 8, 8, 3).transpose(0, 2, 1, 3, 4).reshape(64, 64, 3)

        for before, after in zip(windows(panel.picture), windows(panel.result), strict=True):
            assert sorted(map(tuple, before.tolist())) == sorted(map(tuple, after.tolist()))
        assert not np.array_equal(panel.picture, panel.result)
        assert sorted(panel.state()["moved"].ravel().tolist()) == list(range(64))
        still = draw(group="patches", patches="patch_shuffle", patch_shuffle_probability=0)
        assert np.array_equal(still.picture, still.result)

    def test_cutout_is_a_square_that_may_overhang_the_border(self):
        erased = [int((draw(step, group="patches", patches="cutout", cutout_size=21).result == 0).all(-1).sum())
                  for step in range(12)]
        assert max(erased) == 21**2 > min(erased)

    def test_groups_are_the_slides_headings(self):
        assert {"brightness", "gaussian_blur", "jpeg"} <= set(controls.GROUPS["pixel"])
        assert {"rotate", "elastic", "crop"} <= set(controls.GROUPS["spatial"])
        assert sorted(sum(controls.GROUPS.values(), ())) == sorted(TRANSFORMS)


class TestDraws:
    def test_each_has_its_own_seed_and_a_step_draws_anew(self):
        panel = draw(seed=5)
        assert panel.state()["seeds"] == list(range(5, 17))
        before = encode(panel.state())
        panel.step()
        assert panel.state()["seeds"] == list(range(17, 29)) and encode(panel.state()) != before

    @pytest.mark.parametrize("name", ["rotate", "hue_saturation", "affine", "posterize"])
    def test_the_caption_tells_what_was_drawn(self, name):
        """With the caption's numbers as fixed parameters, the same picture results."""
        panel = draw(2, **chosen(name))
        fixed = {key: value for key, value in panel.ranges.items() if key not in TRANSFORMS[name].ranges}
        for picture, drawn in zip(panel.sheet, panel.state()["drawn"], strict=True):
            assert set(drawn) == set(TRANSFORMS[name].ranges)
            assert np.array_equal(augment.apply(name, panel.picture, **fixed, **drawn), picture)

    def test_fixed_draws_of_a_transform_without_chance_are_alike(self):
        assert draw(**chosen("rotate"), draws="fixed").state()["numbers"]["different"] == 1
        assert draw(**chosen("rotate")).state()["numbers"]["different"] == 12

    def test_around_stays_within_the_slider(self):
        ranges = draw(**chosen("salt_and_pepper"), draws="around", spread=1).ranges
        assert ranges == {"amount": (0, 0.3), "salt": 0.5}

    @pytest.mark.parametrize(("chance", "different"), [(0, 1), (0.5, 2), (1, 1)])
    def test_a_flip_with_probability_one_half_gives_two_pictures(self, chance, different):
        panel = draw(**chosen("horizontal_flip"), chance=chance)
        assert panel.state()["numbers"]["different"] == different
        assert np.array_equal(panel.sheet[0], panel.picture) or chance

    @pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
    def test_the_lambdas_are_those_of_the_labels(self, alpha):
        state = draw(3, group="mixing", alpha=alpha).state()
        np.testing.assert_allclose(state["lambdas"], state["targets"][:, 0], atol=1e-6)
        assert state["density"].mean() == pytest.approx(1, abs=1e-5)


class TestAllOfAKind:
    @pytest.mark.parametrize("group", [*controls.GROUPS, "mixing"])
    def test_every_one_is_there_and_the_code_gives_it(self, group):
        pytest.importorskip("PIL")
        panel = draw(1, group=group, sheet="all")
        assert tuple(panel.all) == (tuple(augment.MASKS) if group == "mixing" else controls.GROUPS[group])
        found = run(panel.code(1))
        assert found["sheet"].keys() == panel.all.keys()
        assert all(np.array_equal(found["sheet"][name], panel.all[name]) for name in panel.all)
        different = {one.tobytes() for one in panel.all.values()}
        # In a square picture CutMix's rectangle is the random square.
        assert len(different) == len(panel.all) - (group == "mixing")
        assert np.array_equal(panel.all[panel.name], panel.result), "the one above is among them"
        assert panel.state()["names"] == list(panel.all)

    def test_without_pillow_all_but_jpeg(self, monkeypatch):
        monkeypatch.setattr("tinynet.lab.panels.augmentation.find_spec", lambda name: None)
        panel = draw(group="pixel", sheet="all")
        assert "jpeg" not in panel.all and len(panel.all) == len(PIXEL) - 1
        assert "'jpeg'" not in panel.code(0) and '"jpeg"' not in panel.code(0)


class TestSettings:
    def test_a_crop_stays_inside_the_picture(self):
        old = PANEL.parse({"group": "spatial", "spatial": "crop"})
        new = PANEL.adjust(old, old | {"crop_top": 40})
        assert new["crop_height"] == 24
        assert PANEL.adjust(old, old | {"crop_width": 64})["crop_left"] == 0
        with pytest.raises(LabError) as caught:
            PANEL(old | {"crop_top": 40}, 0)
        assert "crop" in caught.value.words.en and caught.value.words.ko

    def test_windows_are_odd_whichever_way_the_slider_moves(self):
        old = PANEL.parse({"median_blur_size": 5})
        assert PANEL.adjust(old, old | {"median_blur_size": 6})["median_blur_size"] == 7
        assert PANEL.adjust(old, old | {"median_blur_size": 4})["median_blur_size"] == 3

    def test_ranges_stay_in_order(self):
        old = PANEL.parse({})
        new = PANEL.adjust(old, old | {"random_erasing_area_low": 0.5})
        assert new["random_erasing_area_low"] == new["random_erasing_area_high"] == 0.5

    def test_all_settings_go_through_a_message(self):
        """A page that reconnects sends all of them."""
        settings = draw().settings
        assert PANEL.parse(settings) == settings and len(settings) > 90

    def test_a_picture_of_ones_own(self):
        pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
        own = base64.b64encode(pixels.tobytes(), altchars=b"-_").decode()
        panel = draw(1, picture="own", own=own, **chosen("rotate"))
        assert np.array_equal(panel.picture, pixels) and panel.label == "own"
        found = run(panel.code(1))
        assert np.array_equal(found["sheet"][11], panel.sheet[11])

    def test_a_picture_fits_into_a_frame(self):
        for settings in ({}, {"group": "mixing"}, chosen("pad") | dict.fromkeys(
                ("pad_top", "pad_left", "pad_bottom", "pad_right"), 32)):
            bound = 800_000 if "spatial" in settings else 220_000  # the greatest padding has four times the pixels
            assert len(encode(draw(**settings).state())) < bound
