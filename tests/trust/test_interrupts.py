"""Ctrl-C at chosen moments, forks, threads: the short form (tests/trust/run interrupts tries random moments)."""

import contextlib
import gc
import os

import pytest
from moments import interrupted
from trust import interrupts

import tinynet as tn

# Of thousands of moments in a task, so many are tried: always the same ones, spread over the whole task.
MOMENTS = 8
WATCHED = (os.path.dirname(tn.__file__), contextlib.__file__, interrupts.__file__)


def count_moments(task, folder):
    """How many moments a task has, about: doubled until it runs to its end."""
    high = 1000
    while interrupted(lambda: task(folder), high, WATCHED) is not None:
        high *= 2
    return high // 2


@pytest.mark.parametrize("task", [task for task in interrupts.TASKS if task is not interrupts.lab_session],
                         ids=lambda task: task.__name__)
def test_nothing_is_left_of_what_is_interrupted(task, tmp_path):
    task(tmp_path)
    expected, before, files = interrupts.weight_hash(), interrupts.threads(), interrupts.open_files()
    last = count_moments(task, tmp_path)
    for number in range(MOMENTS):
        where = interrupted(lambda: task(tmp_path), last * number // MOMENTS + 7 * number, WATCHED)
        gc.collect()
        assert not interrupts.threads_left(before), where
        assert interrupts.open_files() == files, where
        assert not list(tmp_path.rglob("*.tinynet.tmp")), where
        for file in tmp_path.glob("*.keras"):
            tn.models.load_model(file)
        assert interrupts.weight_hash() == expected, where


def test_random_moments():
    met, _ = interrupts.interrupt(10, seed=0)
    assert met


def test_processes_and_threads():
    expected = interrupts.weight_hash()
    assert interrupts.forked(expected) and interrupts.spawned(expected) and interrupts.threaded()
