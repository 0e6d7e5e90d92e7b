"""Models as scikit-learn estimators (with the extra "sklearn"): for pipelines, cross-validation and grid search.

scikit-learn is imported when one of the names is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..core.absence import explainer

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

_explain = explainer(__name__)


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module(f"{__name__}.estimators"), name)
    return _explain(name)


def __dir__() -> list[str]:
    return __all__
