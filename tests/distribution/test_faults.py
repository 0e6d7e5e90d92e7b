"""One process fails: all end within 30 seconds, with one message that names the rank and the reason."""

import ast
import os
import re
import signal
import time

import pytest
from distribution.launch import HERE, run, start

from tinynet.distribution import faults

PROGRAM = HERE / "faulty.py"
# Detection takes 15 s at most (a missing heartbeat); the rest is the start of mpirun and Python on a busy machine.
LIMIT = 90


def done(output):
    """{rank: (steps, losses)} of the ranks that reached the end."""
    found = re.findall(r"DONE (\d+) steps (\d+) losses (\[.*?\])", output)
    return {int(rank): (int(steps), [float.fromhex(loss) for loss in ast.literal_eval(losses)])
            for rank, steps, losses in found}


@pytest.mark.parametrize(("ranks", "what", "message"), [(2 if number % 3 else 4, *case) for number, case in enumerate([
    ("raises", r"rank \d of \d on host .* failed: ValueError: something broke"),
    ("ends", r"rank \d of \d on host .* has ended its program while the others still train"),
    ("nan", r"failed: ValueError: fit: x has 768 of 768 values that are not finite"),
    ("length", r"differ in the number of batches of the training data: rank 0 on .* has 4, rank \d on .* has 5"),
    ("values", r"differ in the training data, x \(0\)"),
    ("version", r"differ in the version of tinynet: .* has 0\.0\.1"),
    ("shape", r"differ in the weights"),
    ("generator", r"the data of rank 0 has ended, rank \d has a batch for step 5"),
    ("everyone", r"ValueError: fit: x has 64 samples but y has 5"),
    ("disk", r"OSError: \[Errno 27\] File too large: '.*m\.keras'"),
    ("afterwards", r"failed: RuntimeError: after the training"),
])])
def test_one_message_and_an_end(what, message, ranks, tmp_path):
    code, output = run(ranks, [PROGRAM, what, tmp_path], timeout=LIMIT)
    assert code != 0, output
    assert re.search(message, output), output
    assert len(re.findall(message, output)) == 1, output
    assert what == "afterwards" or not done(output)


@pytest.mark.parametrize("what", ["killed", "stopped"])
def test_a_process_that_is_gone(what, tmp_path):
    code, output = run(2, [PROGRAM, what, tmp_path], timeout=LIMIT)
    assert code != 0
    assert re.search(r"has not answered for \d+ seconds" if what == "stopped" else r"(?i)rank 1|killed|signal", output)


def test_a_job_that_stood_still_goes_on(tmp_path):
    """As after Ctrl-Z, or where a virtual machine is held: all processes are silent for longer than one may be."""
    process = start(2, [PROGRAM, "pause", tmp_path], EPOCHS="20")
    output = ""
    for line in process.stdout:
        output += line
        if "READY" in line:
            break
    ranks = [int(number) for number in re.findall(r"PROCESS (\d+)", output)]
    assert len(ranks) == 2, output
    for rank in ranks:
        os.kill(rank, signal.SIGSTOP)
    time.sleep(faults.SILENCE + 2)
    for rank in ranks:
        os.kill(rank, signal.SIGCONT)
    rest, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0 and len(done(rest)) == 2, output + rest


def test_one_stops_all_after_the_same_step(tmp_path):
    code, output = run(2, [PROGRAM, "stop_training", tmp_path])
    assert code == 0, output
    assert {steps for steps, _ in done(output).values()} == {3}


def test_files_are_written_by_one(tmp_path):
    code, output = run(2, [PROGRAM, "files", tmp_path])
    assert code == 0, output
    assert sorted(os.listdir(tmp_path)) == ["end.keras", "log.csv", "m.keras"]
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1"]


@pytest.mark.parametrize("then", [1, 2, 3])
def test_resume_on_the_same_or_another_number_of_ranks(tmp_path, then):
    """Interrupted after a few steps; what comes afterwards is what would have come."""
    process = start(2, [PROGRAM, "slow", tmp_path], EPOCHS="3")
    output = ""
    for line in process.stdout:
        output += line
        if "READY" in line:
            break
    assert "READY" in output, output
    os.kill(process.pid, signal.SIGUSR1)  # mpirun passes it on to all
    rest, _ = process.communicate(timeout=LIMIT)
    assert "training was interrupted after" in rest, output + rest
    assert len(re.findall("training was interrupted after", rest)) == 1
    assert (tmp_path / "backup" / "latest.safetensors").exists()

    code, whole = run(2, [PROGRAM, "plain", tmp_path], EPOCHS="3")
    assert code == 0, whole
    code, resumed = run(then, [PROGRAM, "resume", tmp_path], EPOCHS="3")
    assert code == 0, resumed
    assert len(done(resumed)) == then
    for steps, losses in done(resumed).values():
        assert steps == done(whole)[0][0] == 12
        expected = done(whole)[0][1]
        if then == 2:
            assert losses == expected  # bit for bit
        else:
            assert losses == pytest.approx(expected, rel=1e-5)


def test_ctrl_c_ends_all(tmp_path):
    process = start(2, [PROGRAM, "slow", tmp_path], EPOCHS="200")
    for line in process.stdout:
        if "READY" in line:
            break
    begun = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=LIMIT)
    assert process.returncode != 0 and time.monotonic() - begun < 30
