"""Colours that every eye tells apart, words in two languages, fonts, and when the room is loaded."""

import itertools
import string
import subprocess
import sys

import numpy as np
import pytest

from tinynet import plots
from tinynet.plots import fonts, messages, style, themes

# What a colour becomes for an eye without one kind of cones, in linear RGB.
# Source: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009.
EYES = {
    "normal": np.eye(3),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}


def lab(color, eye):
    """CIELAB coordinates of a colour as an eye sees it."""
    from matplotlib.colors import to_rgb

    values = np.array(to_rgb(color))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(EYES[eye] @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda theme: theme.name)
def test_colours_are_told_apart(theme, eye):
    """2.3 is a just noticeable difference side by side; lines apart from each other need several times that."""
    for one, other in itertools.combinations(theme.colors, 2):
        assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > 12, (one, other)
    for one, other in ((theme.negative, theme.positive), (theme.right, theme.wrong)):
        assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > 25, (one, other)


@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda theme: theme.name)
def test_colours_stand_out_from_the_background(theme):
    """WCAG 2.1: 3 for graphics, 4.5 for text."""
    for color in (*theme.colors, theme.contour, theme.negative, theme.positive):
        assert themes.contrast(color, theme.background) >= 3, color
    for height in theme.heights:  # contour lines and paths on the surface
        assert themes.contrast(theme.contour, height) >= 3
    assert themes.contrast(theme.text, theme.background) >= 4.5
    assert len(set(theme.markers)) == len(theme.markers) >= 10


def test_letters_on_a_cell_are_readable_on_every_share():
    for theme in themes.THEMES.values():
        colors = themes.shares(theme)
        for share in np.linspace(0, 1, 21):
            assert themes.contrast(themes.text_on(colors(share)), colors(share)) >= 4.5


@pytest.mark.parametrize("key", messages.MESSAGES)
def test_both_languages_have_the_same_values_to_fill_in(key):
    english, korean = messages.MESSAGES[key]
    fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, korean)]
    assert fields[0] == fields[1]
    assert fonts.missing_letters(english, [fonts.LATIN]) == ""


def test_the_setting_holds_until_it_is_changed():
    before = plots.set_style(theme="dark", lang="en")
    try:
        ax = plots.confusion_matrix([0, 1], [0, 1])
        assert ax.get_facecolor()[:3] == pytest.approx((21 / 255, 24 / 255, 28 / 255))
        light = plots.confusion_matrix([0, 1], [0, 1], theme="light")
        assert light.get_facecolor()[:3] == (1, 1, 1)
    finally:
        plots.set_style(**before)
    with pytest.raises(ValueError, match="theme must be one of"):
        plots.set_style(theme="grey")
    assert plots.set_style() == before


def test_korean_labels():
    if fonts.korean_font() is None:
        pytest.skip("no font with Korean letters")
    ax = plots.confusion_matrix([0, 1], [0, 1], names=["셔츠", "코트"], lang="ko")
    assert ax.get_xlabel() == "예측 클래스"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["셔츠", "코트"]


def test_without_a_korean_font_labels_are_english_and_names_are_numbers(monkeypatch):
    monkeypatch.setattr(style, "korean_font", lambda: None)
    monkeypatch.setattr(fonts, "korean_font", lambda: None)
    with pytest.warns(UserWarning, match="no font on this machine has Korean letters, the labels are in English"):
        ax = plots.confusion_matrix([0, 1], [0, 1], lang="ko")
    assert ax.get_xlabel() == "predicted class"
    with pytest.warns(UserWarning, match="no font on this machine has '셔츠'"):
        ax = plots.confusion_matrix([0, 1], [0, 1], names=["셔츠", "coat"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["class 0", "coat"]


def test_a_letter_that_no_font_has_is_a_question_mark():
    with pytest.warns(UserWarning, match="fonts-nanum"):
        ax = plots.contour_paths(lambda x, y: x * x + y * y, title="a \u0e01 b")
    assert ax.get_title() == "a ? b"


def test_the_room_is_loaded_when_it_is_asked_for():
    code = ("import sys, tinynet as tn; loaded = {name for name in sys.modules if name.startswith("
            "('tinynet.plots', 'tinynet.textbook.plots', 'matplotlib'))}; assert not loaded, loaded; "
            "assert tn.plots.history and tn.textbook.plot_paths and tn.textbook.plots.plot_ball; "
            "assert 'matplotlib' not in sys.modules")
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'plots.confusion_matrix needs matplotlib: pip install "tinynet-learn\[plot'):
        plots.confusion_matrix([0, 1], [0, 1])
