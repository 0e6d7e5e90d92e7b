"""The lab: the course in the browser, its topics as panels computed live by tinynet. `tinynet lab` starts it.

    words.py parameters.py    texts in two languages; what a reader can set, and its checks
    panel.py panels/          one small class a panel; README.md shows how to write one
    catalogue.py              all panels
    your_model.py background.py    the model that a notebook trains; the server beside it
    notebook.py               a panel as a notebook's widget
    code.py                   the Python that a panel shows
    session.py frames.py      a panel's training in a thread; its states as bytes
    messages.py access.py     what a browser may ask, and who may
    server.py command.py      the server and the command
    course.py                 the lessons of tinynet.lessons as pages, and the panels of each
    markdown.py colours.py    a lesson's text as safe HTML; Python with colours
    lesson.py                 a teacher's file
    static/                   the page: ES modules, one style sheet; no build step
"""

from ..core.absence import explainer
from .catalogue import all_panels
from .panel import Panel
from .notebook import widget
from .words import LabError, Words

__all__ = ["LabError", "Panel", "Words", "all_panels", "widget"]

__getattr__ = explainer(__name__)
