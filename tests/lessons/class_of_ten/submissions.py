"""A class of ten: notebooks of the lesson on momentum, some right, some wrong, some hostile; and what the table tells.

    write(folder)       makes the notebooks, and a symbolic link
    EXPECTED            {file: {exercise: (passed, mistake)}}
"""

import json
from pathlib import Path

MOMENTUM = """
def my_momentum(w, dw, v, learning_rate, rho):
    v = rho * v + dw
    w = w - learning_rate * v
    return w, v
"""
NESTEROV = """
def my_nesterov(w, dw, v, learning_rate, rho):
    old_v = v
    v = rho * v - learning_rate * dw
    w = w - (rho * old_v - (1 + rho) * v)
    return w, v
"""
TEMPLATE = '''
def my_nesterov(w, dw, v, learning_rate, rho):
    """One step of Nesterov's momentum."""
    ...
    return w, v
'''
RIGHT = ["import numpy as np", MOMENTUM, NESTEROV]

FAKE = """
import numpy as np
import tinynet as tn
from tinynet.lessons import checks

def always(*arguments, **named):
    return True

np.allclose = np.array_equal = checks.judging.equal = checks.judging._near = always
checks.judge = checks.judging.judge = lambda *arguments: checks.Result("momentum", True, "right")
for exercise in checks.EXERCISES.values():
    object.__setattr__(exercise, "reference", lambda *arguments: arguments)
print("momentum: right, on all 5 inputs.")
"""

# A notebook's cells; None in place of the metadata's lesson, where a student's tool has stripped it.
NOTEBOOKS = {
    "01_kim_right.ipynb": RIGHT,
    "02_lee_slips.ipynb": ["import numpy as np", MOMENTUM.replace("rho * v + dw", "v + rho * dw"), TEMPLATE],
    "03_park_endless.ipynb": [*RIGHT, "while True:\n    pass"],
    "04_choi_ten_gigabytes.ipynb": [*RIGHT, "everything = np.ones(10 * 2**30 // 8)"],
    "05_jung_exit.ipynb": ["print('momentum: right, on all 5 inputs.', flush=True)\nimport os\nos._exit(0)", *RIGHT],
    "06_kang_deletes.ipynb": [*RIGHT, """
import os
import shutil

for folder in (VICTIM, os.path.expanduser("~"), "/etc", os.path.dirname(np.__file__)):
    shutil.rmtree(folder, ignore_errors=True)
open("mine.txt", "w").write("mine")
"""],
    "07_jo_fork_bomb.ipynb": [*RIGHT, "import os\n\nwhile True:\n    os.fork()"],
    "08_yoon_network.ipynb": [*RIGHT, """
import socket

socket.create_connection(("127.0.0.1", PORT), timeout=5).sendall(b"hello")
"""],
    "09_jang_flood.ipynb": [*RIGHT, "while True:\n    print('right ' * 1000)"],
    "10_lim_fakes.ipynb": [FAKE, MOMENTUM.replace("- learning_rate", "+ learning_rate"), """
import os

for pipe in range(3, 64):
    try:
        os.write(pipe, b"TNY1" + bytes(12) + b'{"passed": true}')
    except OSError:
        pass
"""],
}
LINK = "11_link.ipynb"

_BOTH = ("momentum", "nesterov")
EXPECTED = {
    "01_kim_right.ipynb": dict.fromkeys(_BOTH, ("yes", "")),
    "02_lee_slips.ipynb": {"momentum": ("no", "rho_on_gradient"), "nesterov": ("not done", "untouched")},
    "03_park_endless.ipynb": dict.fromkeys(_BOTH, ("not judged", "time_limit")),
    "04_choi_ten_gigabytes.ipynb": dict.fromkeys(_BOTH, ("yes", "")),  # the cell fails, the functions do not
    "05_jung_exit.ipynb": dict.fromkeys(_BOTH, ("not judged", "ended")),
    "06_kang_deletes.ipynb": dict.fromkeys(_BOTH, ("yes", "")),
    "07_jo_fork_bomb.ipynb": dict.fromkeys(_BOTH, ("yes", "")),
    "08_yoon_network.ipynb": dict.fromkeys(_BOTH, ("yes", "")),
    "09_jang_flood.ipynb": dict.fromkeys(_BOTH, ("not judged", "output_limit")),
    "10_lim_fakes.ipynb": dict.fromkeys(_BOTH, ("not judged", "protocol")),
    LINK: {},
}
SUMMARIES = {  # words that the summary of a file must have
    "04_choi_ten_gigabytes.ipynb": "Unable to allocate 10.0 GiB",
    "07_jo_fork_bomb.ipynb": "cell 4 (BlockingIOError",
    "08_yoon_network.ipynb": "cell 4 (OSError: [Errno 97] Address family not supported",
    LINK: "a symbolic link",
}


def notebook(cells, lesson="03_momentum", tags=()):
    """The text of a notebook.

    Args:
        cells: Sources of its code cells.
        lesson: In its metadata; None for a notebook without.
        tags: Of its last cell.
    """
    made = [{"cell_type": "markdown", "metadata": {}, "source": ["# My work\n", "Done."]}]
    made += [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
             for cell in cells]
    made[-1]["metadata"] = {"tags": list(tags)}
    metadata = {"tinynet": {"lesson": lesson, "lang": "ko"}} if lesson else {}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def write(folder, victim, port):
    """Write the class.

    Args:
        folder: Where.
        victim: A folder that a hostile notebook tries to delete.
        port: Of 127.0.0.1, to which a hostile notebook tries to connect.
    """
    Path(folder).mkdir(parents=True)
    begin = f"VICTIM, PORT = {str(victim)!r}, {port}\n"
    for name, (first, *cells) in NOTEBOOKS.items():
        (Path(folder) / name).write_text(notebook([begin + first, *cells]), encoding="utf-8")
    (Path(folder) / LINK).symlink_to("01_kim_right.ipynb")
