"""Models as scikit-learn estimators (with the extra "sklearn"): for pipelines, cross-validation and grid search.

scikit-learn is imported when one of the names is asked for.
"""

import importlib

from ..core.absence import explainer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

_explain = explainer(__name__)


def __getattr__(name):
    if name in __all__:
        return getattr(importlib.import_module(f"{__name__}.estimators"), name)
    return _explain(name)


def __dir__():
    return __all__
