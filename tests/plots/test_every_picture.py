"""What holds for every picture: two themes, two languages, nothing cut off, no box for a letter, no setting changed."""

import inspect
import logging
import warnings

import numpy as np
import pytest

from tinynet import Sequential, layers, plots, textbook
from tinynet.plots import fonts, themes
from tinynet.textbook import surfaces

RNG = np.random.default_rng(0)
NAMES = {"en": ["T-shirt/top", "trouser", "ankle boot"], "ko": ["티셔츠", "바지", "앵클부츠"]}


def small_cnn():
    return Sequential([
        layers.Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu", name="conv"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(6, activation="relu", name="hidden"), layers.Dense(3, activation="softmax"),
    ])


MODEL = small_cnn()
IMAGES = RNG.random((20, 12, 12, 1), np.float32)
TRUE = np.arange(20) % 3
SCORES = RNG.dirichlet(np.ones(3), 20)
HISTORY = {"loss": [1.0, 0.5, 0.4], "val_loss": [1.1, 0.6, 0.7], "accuracy": [0.5, 0.7, 0.8],
           "val_accuracy": [0.4, 0.6, 0.6], "learning_rate": [0.1, 0.1, 0.01]}
WALKS = {"SGD": textbook.trace(textbook.GradientDescent(0.09), surfaces.ravine, steps=30),
         "Adam": textbook.trace("adam", surfaces.ravine, steps=30)}


def monitored():
    model = Sequential([layers.Input((2,)), layers.Dense(3, name="first"), layers.Dense(1, name="last")])
    model.compile("sgd", "mse")
    inputs = textbook.LayerInputMonitor("last", np.ones((4, 2)))
    curved = textbook.CurvatureMonitor(np.ones((4, 2)), np.ones((4, 1)), count=2)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[inputs, curved])
    return inputs, curved


INPUTS, CURVED = monitored()

# {name: function of (class names, options) that draws}; `ax` says what the argument for axes is called.
PICTURES = {
    "history": lambda names, **o: plots.history(HISTORY, **o),
    "confusion_matrix": lambda names, **o: plots.confusion_matrix(TRUE, SCORES, names, **o),
    "class_report": lambda names, **o: plots.class_report(TRUE, SCORES, names, **o),
    "image_grid": lambda names, **o: plots.image_grid(IMAGES, TRUE, SCORES, names, count=6, **o),
    "mistakes": lambda names, **o: plots.mistakes(IMAGES, TRUE, SCORES, names, count=6, **o),
    "augmentation_sheet": lambda names, **o: plots.augmentation_sheet(
        np.uint8(255 * RNG.random((16, 16, 3))), ["rotate", "brightness", "mixup"], **o),
    "filters": lambda names, **o: plots.filters(MODEL, **o),
    "feature_maps": lambda names, **o: plots.feature_maps(MODEL, IMAGES[0], maps=4, **o),
    "layer_histograms": lambda names, **o: plots.layer_histograms(MODEL, IMAGES, what="activation", **o),
    "contour_paths": lambda names, **o: plots.contour_paths(
        surfaces.ravine.formula, {name: walk.path for name, walk in WALKS.items()}, surfaces.ravine.bounds,
        minima=[(0, 0)], **o),
    "loss_surface": lambda names, **o: plots.loss_surface(
        np.linspace(-1, 1, 9), np.hypot(*np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))), **o),
    "loss_surface of one direction": lambda names, **o: plots.loss_surface([-1, 0, 1], [2.0, 1.0, 3.0], **o),
    "decision_boundary": lambda names, **o: plots.decision_boundary(
        lambda x: np.stack([x[:, 0], x[:, 1], -x[:, 0]], axis=1), RNG.normal(size=(20, 2)), TRUE, names, **o),
    "embedding": lambda names, **o: plots.embedding(IMAGES, TRUE, names, model=MODEL, **o),
    "grad_cam": lambda names, **o: plots.grad_cam(MODEL, IMAGES[0], names=names, **o),
    "saliency": lambda names, **o: plots.saliency(MODEL, IMAGES[0], names=names, **o),
    "occlusion": lambda names, **o: plots.occlusion(MODEL, IMAGES[0], names=names, **o),
    "plot_paths": lambda names, **o: textbook.plot_paths(surfaces.ravine, WALKS, **o),
    "plot_surface": lambda names, **o: textbook.plot_surface(surfaces.beale, **o),
    "plot_gradient_signs": lambda names, **o: textbook.plot_gradient_signs(surfaces.ravine, WALKS["SGD"], **o),
    "plot_step": lambda names, **o: textbook.plot_step(surfaces.ravine, WALKS["SGD"], 3, **o),
    "plot_descents": lambda names, **o: textbook.plot_descents(
        {"batch": textbook.fit_line(textbook.Descent.batch(20))}, **o),
    "plot_polynomials": lambda names, **o: textbook.plot_polynomials(textbook.fit_polynomials(), **o),
    "plot_ball": lambda names, **o: textbook.plot_ball(**o),
    "plot_network": lambda names, **o: textbook.plot_network(textbook.decision_boundary_network(), **o),
    "plot_inside": lambda names, **o: textbook.plot_inside(textbook.look_inside(
        textbook.digits_network(), RNG.random((9, 784)), np.zeros(9, int)), **o),
    "plot_layer_inputs": lambda names, **o: textbook.plot_layer_inputs(INPUTS, **o),
    "plot_curvature": lambda names, **o: textbook.plot_curvature(CURVED, **o),
    "plot_loss_slice": lambda names, **o: textbook.plot_loss_slice(np.arange(3.0), np.arange(3.0), **o),
}
every_picture = pytest.mark.parametrize("name", PICTURES)


def figure_of(drawn):
    return np.ravel(np.array(drawn, dtype=object))[0].get_figure(root=True)


def texts_of(figure):
    from matplotlib.text import Text

    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def shown_texts(figure):
    """The texts that are seen: not those of axes that are off, nor ticks beyond the limits."""
    hidden = set()
    for ax in figure.axes:
        if not ax.axison:
            hidden |= {id(text) for axis in (ax.xaxis, ax.yaxis) for text in axis.findobj(type(axis.label))}
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return [text for text in texts_of(figure) if id(text) not in hidden]


@every_picture
@pytest.mark.parametrize(("theme", "lang"), [("light", "en"), ("dark", "ko")])
def test_every_text_is_inside_the_picture_readable_and_without_boxes(name, theme, lang, caplog):
    if lang == "ko" and fonts.korean_font() is None:
        pytest.skip("no font with Korean letters")
    with warnings.catch_warnings(), caplog.at_level(logging.INFO, "matplotlib"):
        warnings.simplefilter("error")
        figure = figure_of(PICTURES[name](NAMES[lang], theme=theme, lang=lang))
        figure.canvas.draw()
    assert not [record.getMessage() for record in caplog.records if record.name.startswith("matplotlib")]
    seen = shown_texts(figure)
    width, height = figure.bbox.size
    for text in seen:
        box = text.get_window_extent()
        where = f"{text.get_text()!r} at {box.extents.round()} of {width} x {height}"
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1, where
        assert fonts.missing_letters(text.get_text(), fonts.families(lang)) == "", where
    background = themes.THEMES[theme].background
    outside = [text for text in seen if text.axes is None or text in (
        text.axes.title, text.axes.xaxis.label, text.axes.yaxis.label, *text.axes.get_xticklabels())]
    assert all(themes.contrast(text.get_color(), background) >= 4.5 for text in outside)


@every_picture
def test_no_setting_of_matplotlib_changes(name):
    import matplotlib

    before = dict(matplotlib.rcParams)
    PICTURES[name](NAMES["en"], theme="dark")
    assert dict(matplotlib.rcParams) == before


@every_picture
def test_axes_that_are_passed_are_drawn_on_and_returned(name, pyplot):
    function = getattr(plots, name.split()[0], None) or getattr(textbook, name.split()[0])
    sheet = "axes" in inspect.signature(function).parameters
    own = pyplot.subplots(6, 6)[1].ravel() if sheet else pyplot.subplots()[1]
    figures = len(pyplot.get_fignums())
    drawn = PICTURES[name](NAMES["en"], **{"axes" if sheet else "ax": own})
    assert len(pyplot.get_fignums()) == figures
    assert drawn is own or all(one is other for one, other in zip(np.ravel(drawn), own, strict=False))


def test_too_few_axes_are_refused(pyplot):
    with pytest.raises(ValueError, match="plots.history: 4 panels, but 2 axes"):
        plots.history(HISTORY, axes=pyplot.subplots(1, 2)[1])


def test_every_function_is_among_the_pictures():
    drawing = {name for package in (plots, textbook) for name in package.__all__
               if "theme" in getattr(inspect.unwrap(getattr(package, name)), "__annotations__", {})}
    assert drawing - {"set_style", "animate_paths", "animate_race", "plot_feature_maps"} <= {
        name.split()[0] for name in PICTURES}


def test_what_no_function_draws_is_refused():
    for picture in (PICTURES["confusion_matrix"], PICTURES["plot_ball"]):
        with pytest.raises(ValueError, match="theme must be one of 'light', 'dark'; got 'blue'"):
            picture(NAMES["en"], theme="blue")
        with pytest.raises(ValueError, match="lang must be one of 'en', 'ko'; got 'fr'"):
            picture(NAMES["en"], lang="fr")
