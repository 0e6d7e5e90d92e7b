"""What causes each message that docs/guides/troubleshooting.md quotes.

`CAUSES` has, for each heading, a function for each message under it, in order. A function that takes an argument is
given an empty folder.
"""

from . import computer, data, files, models  # noqa: F401, they fill CAUSES
from .common import CAUSES, Reported

__all__ = ["CAUSES", "Reported"]
