"""The vectors of a layer in two dimensions: PCA by NumPy, t-SNE and UMAP by their packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..core.extras import import_extra
from ..core.types import Array, TensorLike
from ..tensor import to_array
from .arguments import as_classes, outputs_of
from .style import TEXT, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..models import Model

METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


def principal_components(vectors: TensorLike, count: int = 2) -> tuple[Array, Array]:
    """Project vectors to the directions along which they vary most.

    Args:
        vectors: Shape (samples, features).
        count: Number of directions.

    Returns:
        (coordinates, shares): shapes (samples, count), and (count,): of the variance, the share along each. Of the two
        signs of a direction the one is taken whose largest component is positive.

    >>> points, shares = principal_components([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> shares.round(3).tolist()
    [1.0, 0.0]
    """
    x = to_array(vectors).astype(np.float64)
    _, sizes, directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
    found = (x - x.mean(axis=0)) @ directions[:count].T
    shares = np.zeros(count)
    shares[: len(sizes)] = (sizes**2 / max(float((sizes**2).sum()), np.finfo(np.float64).tiny))[:count]
    return np.pad(found, ((0, 0), (0, count - found.shape[1]))), shares


def project(vectors: TensorLike, method: str = "pca", seed: int = 0) -> tuple[Array, Array | None]:
    """Project vectors to the plane.

    Args:
        vectors: Shape (samples, features).
        method: 'pca', 'tsne' (scikit-learn) or 'umap' (umap-learn).
        seed: Of t-SNE and UMAP.

    Returns:
        (points, shares): shape (samples, 2), and what `principal_components` returns, None for the others.

    Raises:
        ImportError: the package is not installed; the message names the extra.
        ValueError: an unknown method, another shape, or values that are not finite.
    """
    caller = "plots.embedding"
    x = to_array(vectors).astype(np.float64)
    if method not in METHODS:
        raise ValueError(f"{caller}: method must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"{caller}: expected at least two vectors, (samples, features), got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{caller}: {np.count_nonzero(~np.isfinite(x))} of the numbers are not finite")
    if method == "pca":
        return principal_components(x)
    if method == "tsne":
        manifold = import_extra("sklearn.manifold", "sklearn", f"{caller}(method='tsne')", "scikit-learn",
                                "; or use method='pca'")
        # scikit-learn's perplexity must be below the number of samples
        return manifold.TSNE(2, perplexity=min(30.0, (len(x) - 1) / 3), random_state=seed).fit_transform(x), None
    umap = import_extra("umap", "umap", f"{caller}(method='umap')", "umap-learn", "; or use method='pca'")
    # a seed needs one thread; umap-learn warns if it has to change n_jobs itself
    return umap.UMAP(n_neighbors=min(15, len(x) - 1), random_state=seed, n_jobs=1).fit_transform(x), None


def embedding(
    x: TensorLike, labels: TensorLike | None = None, names: Sequence[str] | None = None, model: Model | None = None,
    layer: str | None = None, method: str = "pca", seed: int = 0, ax: Axes | None = None, *, theme: str | None = None,
    lang: str | None = None,
) -> Axes:
    """Draw vectors, or what a layer makes of a batch, in the plane: are the classes apart?

    Each class's name stands at the middle (median) of its points.

    Args:
        x: Vectors (samples, features), or with `model` a batch of its inputs.
        labels: Classes (samples,); not told apart if None.
        names: Names of the classes.
        model: Any model, with weights.
        layer: Name of the layer of `model` whose output is drawn, flattened; the last but one if None.
        method: 'pca', 'tsne' (extra "sklearn") or 'umap' (extra "umap"). Only PCA's axes have a meaning, and only its
            distances can be compared.
        seed: Of t-SNE and UMAP.
        ax: Axes; new ones if None.
        theme, lang: See `set_style`.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib, or the method's package, is not installed.
        ValueError: an unknown method or layer, or not as many labels as samples.

    >>> ax = embedding([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], labels=[0, 1, 1], names=["cat", "dog"])
    >>> sorted(text.get_text() for text in ax.texts)
    ['cat', 'dog']
    """
    caller = "plots.embedding"
    if model is not None:
        if layer is None:
            layer = model.layers[-2 if len(model.layers) > 1 else -1].name
        x = outputs_of(model, [layer], x, caller)[0]
    vectors = to_array(x)
    points, shares = project(vectors.reshape(len(vectors), -1), method, seed)
    classes = np.zeros(len(points), np.int64) if labels is None else as_classes(labels, caller, "labels")
    if len(classes) != len(points):
        raise ValueError(f"{caller}: {len(points)} samples, but {len(classes)} labels")
    with drawing(caller, ax, theme, lang, size=(9, 6.5)) as page:
        ax = page.ax
        known = page.names(names, int(classes.max()) + 1, caller)
        for index in np.unique(classes):
            own = points[classes == index]
            ax.scatter(own[:, 0], own[:, 1], s=28 if len(points) < 1000 else 14, color=page.theme.color(index),
                       marker=page.theme.marker(index), alpha=0.8, linewidth=0, label=known[index])
        if labels is not None:
            present = np.unique(classes)
            middles = _apart(np.array([np.median(points[classes == index], axis=0) for index in present]), points)
            for index, (x, y) in zip(present, middles, strict=True):  # over all points
                ax.text(x, y, known[index], fontsize=TEXT, ha="center", va="center",
                        color=page.theme.text, zorder=5, clip_on=True,
                        bbox={"facecolor": page.theme.background, "edgecolor": page.theme.color(index), "alpha": 0.85,
                              "boxstyle": "round,pad=0.2"})
            page.legend(ax, markerscale=1.8)
        titles = [page.words("axis", method=METHODS[method], index=i + 1) if shares is None
                  else page.words("component", index=i + 1, share=shares[i]) for i in range(2)]
        ax.set(xlabel=titles[0], ylabel=titles[1])
    return ax


def _apart(middles, points):
    """Where names are written: the middles of the classes, moved up or down until no two overlap."""
    width, height = np.ptp(points, axis=0).clip(1e-12)
    moved = middles.copy()
    order = np.argsort(middles[:, 1])
    for turn, index in enumerate(order):
        for other in order[:turn]:  # from the bottom up: each keeps away from those below it
            beside = abs(moved[index, 0] - moved[other, 0]) > 0.2 * width
            gap = 0.065 * height
            if not beside and moved[index, 1] - moved[other, 1] < gap:
                moved[index, 1] = moved[other, 1] + gap
    return moved
