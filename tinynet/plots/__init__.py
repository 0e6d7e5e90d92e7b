"""Pictures in one style: readable on a projector, for colour-blind eyes too, light or dark, in English or Korean.

    history                                        curves of a training, best epoch, learning rate
    confusion_matrix class_report mistakes         what a classifier gets wrong
    image_grid augmentation_sheet                  sheets of images
    filters feature_maps layer_histograms          inside a network
    contour_paths animate_paths loss_surface       surfaces, paths of optimizers over them, a race that moves
    decision_boundary embedding                    regions in the plane; a layer's vectors by PCA, t-SNE, UMAP
    grad_cam saliency occlusion                    what in an image a prediction comes from

Each function draws on the axes passed to it, or on new ones, and returns them. They need the extra "plot"
(matplotlib); without it, ImportError. The pictures of the course's slides are in `tinynet.textbook.plots`.

>>> from tinynet import plots
>>> ax = plots.confusion_matrix([0, 1, 1], [0, 1, 0], names=["cat", "dog"], theme="dark")
>>> ax.get_xlabel()
'predicted class'
"""

from ..core.absence import explainer
from .animation import animate_paths
from .attribution import grad_cam, grad_cam_map, occlusion, occlusion_map, saliency, saliency_map
from .classes import class_report, class_scores, confusion_counts, confusion_matrix
from .images import augmentation_sheet, image_grid, mistakes
from .inside import feature_maps, filters, layer_histograms
from .planes import contour_paths, decision_boundary, loss_surface
from .projections import embedding, principal_components
from .style import set_style
from .training import history

__all__ = [
    "animate_paths", "augmentation_sheet", "class_report", "class_scores", "confusion_counts", "confusion_matrix",
    "contour_paths", "decision_boundary", "embedding", "feature_maps", "filters", "grad_cam", "grad_cam_map",
    "history", "image_grid", "layer_histograms", "loss_surface", "mistakes", "occlusion", "occlusion_map",
    "principal_components", "saliency", "saliency_map", "set_style",
]

__getattr__ = explainer(__name__)
