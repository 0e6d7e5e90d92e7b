"""The course's slides in code, each form as short as on the slide. README.md beside this file maps every row of it.

    descent.py adaptive.py    optimizers: descent, momentum, Nesterov, AdaGrad, RMSProp, Adam
    comparison.py             the slides' table of them; the origin of each line of Adam
    batches.py                batch, stochastic, mini-batch: the choice of a batch size
    surfaces.py race.py       surfaces to walk on; a race with learning rates that suit
    formula.py                a surface from a formula that a student types
    landscape.py              slices through the loss of a network
    curvature.py              the Hessian and its eigenvalues; Newton's step
    curvature_monitor.py      the largest eigenvalues while a network is trained
    losses.py                 half squared error; L1 and L2 with lambda / 2
    dropout.py                dropout with scaling at test time; the average over masks
    initializers.py           the demos' initializations, the Xavier experiment
    networks.py               the demos' networks
    inside.py                 the inputs of a layer over training, feature maps
    overfitting.py            polynomials of growing degree
    geometry.py               where the contours of a loss meet the balls of L1 and L2
    gap.py                    why `fit` and `evaluate` print different losses
    practicals.py             the networks of the practicals on Fashion-MNIST, and their training
    plots*.py                 pictures of all this (extra "plot")

The names here can be passed to `compile` and to layers like those of the rest of tinynet. Keras's forms, which differ
in details that each docstring names, are in `tinynet.optimizers`, `.losses`, `.regularizers`, `.layers` and
`.initializers`. To load a saved model that uses these, pass `custom_objects=textbook.custom_objects`.

>>> model = Sequential([Dense(10)])
>>> model.compile(optimizer=Momentum(learning_rate=0.01, rho=0.9), loss=HalfSquaredError())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..core.absence import explainer
from . import surfaces
from .adaptive import (
    AdaGradForm1, AdaGradForm2, AdaGradForm3, AdaGradFullMatrix, AdamAlgorithm1, AdamAlmost, RMSPropSlide,
)
from .batches import Descent, fit_line
from .comparison import comparison_table, explain
from .curvature import curvature, hessian, newton_step
from .curvature_monitor import CurvatureMonitor, largest_eigenvalues
from .descent import GradientDescent, Momentum, NesterovChangeOfVariables, NesterovLookahead, SlideOptimizer
from .dropout import VanillaDropout, count_masks, monte_carlo_predict
from .formula import surface_of
from .gap import Gap, explain_gap
from .geometry import smallest_loss_in_ball
from .initializers import ScaledNormal, UniformSlide, XavierSlide, variance_of_output, xavier_experiment
from .inside import LayerInputMonitor, feature_maps, top_classes
from .landscape import loss_slice
from .losses import HalfSquaredError, L1Slide, L2Slide
from .networks import (
    decision_boundary, decision_boundary_network, digits_network, edge_strengths, look_inside,
)
from .overfitting import fit_polynomials
from .race import race
from .surfaces import trace

if TYPE_CHECKING:
    from . import plots
    from .plots import (
        animate_race, plot_ball, plot_curvature, plot_descents, plot_feature_maps, plot_gradient_signs, plot_inside,
        plot_layer_inputs, plot_loss_slice, plot_network, plot_paths, plot_polynomials, plot_step, plot_surface,
    )

custom_objects = {
    cls.__name__: cls
    for cls in (
        AdaGradForm1, AdaGradForm2, AdaGradForm3, AdaGradFullMatrix, AdamAlgorithm1, AdamAlmost, GradientDescent,
        HalfSquaredError, L1Slide, L2Slide, Momentum, NesterovChangeOfVariables, NesterovLookahead, RMSPropSlide,
        ScaledNormal, UniformSlide, VanillaDropout, XavierSlide,
    )
}

__all__ = [
    "AdaGradForm1", "AdaGradForm2", "AdaGradForm3", "AdaGradFullMatrix", "AdamAlgorithm1", "AdamAlmost",
    "CurvatureMonitor", "Descent", "Gap", "GradientDescent", "HalfSquaredError", "L1Slide", "L2Slide",
    "LayerInputMonitor", "Momentum", "NesterovChangeOfVariables", "NesterovLookahead", "RMSPropSlide", "ScaledNormal",
    "SlideOptimizer", "UniformSlide", "VanillaDropout", "XavierSlide", "animate_race", "comparison_table",
    "count_masks", "curvature", "custom_objects", "decision_boundary", "decision_boundary_network", "digits_network",
    "edge_strengths", "explain", "explain_gap", "feature_maps", "fit_line", "fit_polynomials", "hessian",
    "largest_eigenvalues", "look_inside", "loss_slice", "monte_carlo_predict", "newton_step", "plot_ball",
    "plot_curvature", "plot_descents", "plot_feature_maps", "plot_gradient_signs", "plot_inside", "plot_layer_inputs",
    "plot_loss_slice", "plot_network", "plot_paths", "plot_polynomials", "plot_step", "plot_surface", "plots", "race",
    "smallest_loss_in_ball", "surface_of", "surfaces", "top_classes", "trace", "variance_of_output",
    "xavier_experiment",
]


_explain = explainer(__name__)


def __getattr__(name: str) -> Any:
    """Load the pictures at their first use: only few programs draw them."""
    if name == "plots" or name.startswith(("plot_", "animate_")):
        plots = importlib.import_module(".plots", __name__)
        if name == "plots":
            return plots
        if name in plots.__all__:
            return getattr(plots, name)
    return _explain(name)
