"""The one style of all pictures: sizes for a projector, colours for every eye, a light and a dark theme, two languages.

A function that draws does so within `drawing`, which makes the axes if there are none, and dresses them at the end:

    with drawing("plots.name", ax, theme, lang) as page:
        page.ax.plot(x, y, color=page.theme.colors[0], label=page.words("loss"))
    return page.ax

No setting of matplotlib is changed beyond that block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import warn_user
from ..core.extras import import_extra
from .fonts import families, korean_font, missing_letters, replace_missing, warn_missing
from .messages import LANGUAGES, message
from .themes import THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Sequence

# Points. A figure 8 inches wide fills half of a slide: 14 points there are read from the last row.
TEXT, TITLE, TICKS = 14, 16, 12
LINE, MARKER = 2.5, 7
SIZE = (8.0, 5.0)  # inches, of a picture with one panel
PANEL = 1.9  # inches, the side of an image on a sheet


_settings = {"theme": "light", "lang": "en"}


def set_style(theme: str | None = None, lang: str | None = None) -> dict[str, str]:
    """Choose theme and language of all pictures from now on. Arguments of the same names choose them for one picture.

    Args:
        theme: 'light' or 'dark'; as it is if None.
        lang: 'en' or 'ko'; as it is if None. Where no font of the machine has Korean letters, the labels are English.

    Returns:
        {'theme': ..., 'lang': ...}, the settings before: `set_style(**before)` restores them.

    Raises:
        ValueError: there is no such theme or language.

    >>> before = set_style(theme="dark")
    >>> set_style(**before)["theme"]
    'dark'
    """
    before = dict(_settings)
    wanted = {"theme": _known(theme, "theme", THEMES), "lang": _known(lang, "lang", LANGUAGES)}
    _settings.update(wanted)
    return before


def _known(value, name, allowed):
    if value is None:
        return _settings[name]
    if value not in allowed:
        raise ValueError(f"plots: {name} must be one of {', '.join(map(repr, allowed))}; got {value!r}")
    return value


def parameters(theme: Theme, fonts: list[str]) -> dict[str, Any]:
    """Return matplotlib's settings of a theme, for `matplotlib.rc_context`.

    Args:
        theme: A `Theme`.
        fonts: Names of fonts, the first one first.
    """
    return {
        "font.family": fonts, "font.size": TEXT, "axes.titlesize": TITLE, "axes.labelsize": TEXT,
        "xtick.labelsize": TICKS, "ytick.labelsize": TICKS, "legend.fontsize": TICKS, "legend.title_fontsize": TICKS,
        "lines.linewidth": LINE, "lines.markersize": MARKER,
        "figure.facecolor": theme.background, "axes.facecolor": theme.background, "savefig.facecolor": "auto",
        "text.color": theme.text, "axes.labelcolor": theme.text, "axes.titlecolor": theme.text,
        "axes.edgecolor": theme.text, "xtick.color": theme.text, "ytick.color": theme.text, "grid.color": theme.grid,
        "legend.facecolor": theme.background, "legend.edgecolor": theme.grid, "legend.labelcolor": theme.text,
        "legend.framealpha": 1.0,
    }


class Drawing:
    """What a function that draws gets from `drawing`.

    Attributes:
        axes: Array of matplotlib's Axes, one a panel.
        ax: The first of them.
        figure: Their figure.
        theme: A `Theme`.
        lang: The language of the labels.
        fonts: Names of fonts.
    """

    def __init__(self, axes: Any, theme: Theme, lang: str, fonts: list[str]) -> None:
        self.axes = axes
        self.ax = axes[0]
        self.figure = self.ax.get_figure()
        self.theme = theme
        self.lang = lang
        self.fonts = fonts
        self._frames: dict[Any, str] = {}
        self._label_size: float | None = TEXT

    def words(self, key: str, **values: Any) -> str:
        """Return a message of messages.py in the picture's language."""
        return message(key, self.lang, **values)

    def names(self, names: Sequence[str] | None, count: int, caller: str) -> list[str]:
        """Return the classes' names: 0, 1, ... where none are given, 'class 0' where no font has the letters.

        Args:
            names: One a class, or None.
            count: Number of classes.
            caller: Subject of the error.

        Raises:
            ValueError: there are not as many names as classes.
        """
        if names is None:
            return [str(index) for index in range(count)]
        if len(names) < count:
            raise ValueError(f"{caller}: {count} classes, but {len(names)} names: {', '.join(map(str, names))}")
        found = []
        for index, name in enumerate(map(str, names)):
            missing = missing_letters(name, self.fonts)
            if missing:
                warn_missing(missing)
            found.append(self.words("class", index=index) if missing else name)
        return found

    def legend(self, ax: Any, **options: Any) -> Any:
        """Put a legend beside the axes, where it covers nothing."""
        return ax.legend(**{"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0, **options})

    def colorbar(self, ax: Any, drawn: Any, label: str) -> None:
        """Put a bar beside the axes that tells which colour is which value.

        Args:
            ax: The axes.
            drawn: What has the colours.
            label: What the value is.
        """
        bar = self.figure.colorbar(drawn, ax=ax)
        bar.set_label(label)
        self.axes = np.append(self.axes, bar.ax)

    def remark(self, ax: Any, text: str) -> Any:
        """Write a sentence under the axes."""
        return ax.annotate(text, (0.0, 0.0), xytext=(0, -58), xycoords="axes fraction", textcoords="offset points",
                           ha="left", va="top", fontsize=TICKS, color=self.theme.wrong, annotation_clip=False)

    def heading(self, given: Any, text: str) -> None:
        """Write a title over a sheet: over the figure, if the function made it; axes passed get none.

        Args:
            given: The axes that the caller passed, None if the figure is new.
            text: The title.
        """
        if given is None:
            self.figure.suptitle(text, fontsize=TITLE, color=self.theme.text, fontfamily=self.fonts)

    def frame(self, ax: Any, color: str) -> None:
        """Give a panel a frame of this colour."""
        self._frames[ax] = color

    def keep_label_sizes(self) -> None:
        """Leave axis labels, which are the captions of a sheet, in the sizes that they were given."""
        self._label_size = None

    def dress(self) -> None:
        """Give axes that were made elsewhere the theme's colours and fonts; write '?' for what no font has."""
        from matplotlib.text import Text

        theme = self.theme
        self.figure.set_facecolor(theme.background)
        for ax in self.axes:
            ax.set_facecolor(theme.background)
            for spine in ax.spines.values():
                spine.set_edgecolor(self._frames.get(ax, theme.text))
                spine.set_linewidth(4 if ax in self._frames else 1)
            for label in (ax.xaxis.label, ax.yaxis.label):
                label.set(color=theme.text)
                if self._label_size is not None:
                    label.set_fontsize(self._label_size)
            texts = ax.findobj(Text)
            for text in texts:
                text.set_fontfamily(self.fonts)
            replace_missing(texts, self.fonts)
            # Numbers in a formula (10^-3) are drawn by the first font alone; only DejaVu has the minus sign.
            ax.tick_params(which="both", color=theme.text, labelcolor=theme.text, labelsize=TICKS,
                           labelfontfamily=families("en"))


@contextlib.contextmanager
def drawing(
    caller: str, ax: Any = None, theme: str | None = None, lang: str | None = None, size: tuple[float, float] = SIZE,
    rows: int = 1, columns: int = 1, **options: Any,
) -> Iterator[Drawing]:
    """Make a block in which the style holds.

    Args:
        caller: The function that draws, subject of errors.
        ax: Axes, or an array of them for a sheet; new ones if None.
        theme, lang: See `set_style`; the setting if None.
        size: Width and height of a new figure in inches.
        rows, columns: Of new axes.
        options: For `pyplot.subplots`.

    Returns:
        (as the block's value) a `Drawing`.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an unknown theme or language, or fewer axes than panels.
    """
    look = THEMES[_known(theme, "theme", THEMES)]
    lang = _known(lang, "lang", LANGUAGES)
    matplotlib = import_extra("matplotlib", "plot", caller)
    if lang == "ko" and korean_font() is None:
        warn_user(f"{caller}: no font on this machine has Korean letters, the labels are in English. Install one, "
                  "such as Debian's fonts-nanum", UserWarning)
        lang = "en"
    fonts = families(lang)
    if ax is None:
        pyplot = import_extra("matplotlib.pyplot", "plot", caller)
        pyplot.draw_if_interactive()  # loads the backend: a notebook's switches to interactive, which must last
    with matplotlib.rc_context(parameters(look, fonts)):
        if ax is None:
            options = {"figsize": size, "layout": "constrained", **options}
            figure, grid = pyplot.subplots(rows, columns, squeeze=False, **options)
            figure.get_layout_engine().set(h_pad=0.07, w_pad=0.05)  # inches: captions and titles stay apart
            axes = grid.ravel()
        else:
            axes = np.array(ax, dtype=object).ravel()
            if len(axes) < rows * columns:
                raise ValueError(f"{caller}: {rows * columns} panels, but {len(axes)} axes; pass as many, or none")
            figure = axes[0].get_figure(root=True)
            if figure.get_layout_engine() is None:
                figure.set_layout_engine("constrained")  # makes room for a legend beside the axes
        page = Drawing(axes, look, lang, fonts)
        yield page
        page.dress()


def sheet(
    caller: str, axes: Any, count: int, theme: str | None = None, lang: str | None = None,
    panel: tuple[float, float] = (PANEL, PANEL + 0.35),
) -> contextlib.AbstractContextManager[Drawing]:
    """Make a block like `drawing`'s for a sheet of panels.

    Args:
        caller, theme, lang: As for `drawing`.
        axes: Axes, one a panel; new ones if None, in nearly a square.
        count: Number of panels.
        panel: Width and height of one in inches.
    """
    if axes is not None:
        return drawing(caller, axes, theme, lang, columns=count)
    columns = sheet_columns(count)
    rows = -(-count // columns)
    return drawing(caller, None, theme, lang, (columns * panel[0], rows * panel[1]), rows, columns)


def sheet_columns(count: int, most: int = 8) -> int:
    """Return how many columns a sheet of so many panels has: nearly square, wider than high, with few empty panels.

    >>> [sheet_columns(count) for count in (1, 4, 6, 10, 16, 100)]
    [1, 4, 3, 5, 6, 8]
    """
    nearly = int(np.ceil(np.sqrt(1.4 * count)))
    tried = [columns for columns in range(nearly, nearly + 3) if columns <= min(most, count)] or [min(most, count)]
    return min(tried, key=lambda columns: (-count % columns, abs(columns - nearly)))
