"""How tinynet is compiled and packaged. Read by setup.py; no part of what is installed.

    backend.py  what pip calls first: refuses an old Python or a missing compiler before anything is downloaded
    native.py   csrc/: which files with which flags, for which instruction sets
    objects.py  objects that are kept for the next build
"""
