"""Right solutions of all exercises as text, and the mistakes in them, lesson by lesson: `TEXTS` and `SLIPS`."""

from . import images, layers, optimizers, parallel, practical

_PARTS = (optimizers, layers, images, practical, parallel)
TEXTS = {name: text for part in _PARTS for name, text in part.TEXTS.items()}
SLIPS = {name: slips for part in _PARTS for name, slips in part.SLIPS.items()}
