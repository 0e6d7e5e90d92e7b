"""The server: who is let in, what a session does, what survives."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from lab_server import running_lab
from websockets.exceptions import InvalidStatus

from tinynet.lab import all_panels
from tinynet.lab.access import Access, user_key
from tinynet.lab.messages import parse_message
from tinynet.lab.words import LabError


@pytest.fixture(scope="module")
def lab():
    with running_lab() as one:
        yield one


# Who is let in --------------------------------------------------------------------------------------------------------


def test_the_link_is_traded_for_a_cookie(lab):
    status, headers, _ = lab.get(f"/?token={lab.access.token}", {"Cookie": ""})
    cookie = headers["set-cookie"]
    assert status == 303 and headers["location"] == "/"
    assert "httponly" in cookie.lower() and "samesite=strict" in cookie.lower()
    assert lab.get("/", {"Cookie": cookie.split(";")[0]})[0] == 200


@pytest.mark.parametrize("path", [
    "/", "/describe.json", "/static/lab.js", "/?token=wrong", "/session", "/lessons/03_momentum.json"])
def test_without_link_or_cookie_nothing_is_served(lab, path):
    signed, _, signature = lab.cookie.partition("=")[2].rpartition(".")
    for cookie in ("", f"{lab.access.cookie}=x", f"{lab.access.cookie}={signed}.{'0' * 64}",
                   f"{lab.access.cookie}=other.{signed.rpartition('.')[2]}.{signature}",
                   f"{lab.access.cookie}=.{signature}",
                   f"{lab.access.cookie}={signed}1.{signature}", f"{lab.access.cookie}=\xe9.\xff"):
        status, _, body = lab.get(path, {"Cookie": cookie})
        assert status == 403 and b"tinynet lab" in body and b"panels" not in body


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.7", "[::2]", "@", "",
])
def test_a_foreign_name_is_not_answered(lab, host):
    assert lab.get("/", {"Host": host})[0] == 421


def test_a_class_is_reached_by_address_but_not_by_foreign_name():
    access = Access(1, loopback=False, key=b"k" * 32)
    assert access.is_own_host("192.168.0.7:8707") and access.is_own_host("localhost:8707")
    assert not access.is_own_host("evil.example:8707") and not Access(1, True, b"k").is_own_host("192.168.0.7:8707")


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"}, {"Origin": None}, {"Origin": "null"}, {"Cookie": "x=y"},
    {"Origin": "http://127.0.0.1:1"}, {"Host": "evil.example"},
])
def test_a_page_elsewhere_cannot_drive_it(lab, headers):
    with pytest.raises(InvalidStatus):
        lab.tab("foreign", **headers)


def test_nothing_but_reading_is_asked_by_http(lab):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert lab.get("/", method=method)[0] == 405


@pytest.mark.parametrize("path", [
    "/static/../access.py", "/static/%2e%2e/access.py", "/static/..%2faccess.py", "/static//etc/passwd",
    "/static/%2fetc%2fpasswd", "/../../etc/passwd", "/static/panels/../../session.py", "/static/",
])
def test_no_file_outside_of_the_page_is_served(lab, path):
    status, _, body = lab.get(path)
    assert status in (404, 405, 421) and b"import" not in body and b"root:" not in body


def test_lessons_are_served_by_their_names(lab):
    described = json.loads(lab.get("/describe.json")[2])["course"]
    for lesson in described:
        status, headers, body = lab.get(f"/lessons/{lesson['name']}.json")
        page = json.loads(body)
        assert status == 200 and headers["content-type"] == "application/json" and page["name"] == lesson["name"]
        assert lesson["title"]["ko"] in page["pieces"][0]["html"]["ko"]
    for name in ("3", "nothing", "..%2flessons%2f03_momentum", "03_momentum.py", "%00"):
        assert lab.get(f"/lessons/{name}.json")[0] == 404


def test_a_lesson_is_saved_as_a_notebook(lab, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")
    status, headers, body = lab.get("/lessons/03_momentum.ipynb?lang=ko")
    assert status == 200 and headers["content-disposition"] == 'attachment; filename="03_momentum.ipynb"'
    notebook = nbformat.reads(body.decode(), as_version=4)
    nbformat.validate(notebook)
    assert "모멘텀" in notebook.cells[0].source and json.loads(lab.get("/describe.json")[2])["notebooks"]
    for path in ("03_momentum.ipynb?lang=fr", "3.ipynb", "nothing.ipynb?lang=ko"):
        assert lab.get(f"/lessons/{path}")[0] == 404
    monkeypatch.setattr("tinynet.lab.server.can_make_notebooks", lambda: False)
    assert lab.get("/lessons/03_momentum.ipynb")[0] == 404


def test_headers_forbid_what_a_page_does_not_need(lab):
    for path in ("/", "/describe.json", "/static/lab.js", "/missing", "/lessons/03_momentum.json", "/?embedded"):
        headers = lab.get(path)[1]
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'self' http://127" in policy
        assert headers["x-content-type-options"] == "nosniff"
    page = lab.get("/")[2].decode()
    assert not re.search(r"<script(?![^>]*src=)[^>]*>|\son\w+=|style=|https?://", page)


def test_the_key_is_the_users_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    key = user_key()
    assert user_key() == key and len(key) == 32
    assert (tmp_path / "tinynet" / "lab-key").stat().st_mode & 0o077 == 0
    first, second = Access(5, True), Access(5, True)
    assert first.token != second.token and second.browser(first.new_cookie()), "a page outlives a new start"
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert user_key() != user_key()


# Sessions -------------------------------------------------------------------------------------------------------------


def test_a_panel_is_opened_stepped_played_and_stepped_back(lab):
    tab = lab.tab("steps")
    tab.send("open", panel="descent", settings={"surface": "bowl"}, seed=3)
    first = tab.picture(0)
    assert tab.said["settings"]["settings"]["surface"] == "bowl" and tab.said["settings"]["seed"] == 3
    tab.send("step")
    tab.send("step")
    second = tab.picture(2)
    tab.send("back")
    back = tab.picture(1)
    assert len(back["state"]["racers"][0]["path"]) == 2
    np.testing.assert_array_equal(back["state"]["racers"][0]["path"], second["state"]["racers"][0]["path"][:2])
    tab.send("speed", speed=100)
    tab.send("play")
    while tab.picture()["step"] < 20:
        pass
    tab.send("pause")
    tab.send("reset")
    again = tab.picture(0)
    assert again["state"]["numbers"] == first["state"]["numbers"] and not again["playing"]
    tab.close()


def test_a_link_reproduces_the_picture(lab):
    one = lab.tab("link-1")
    one.send("open", panel="descent", settings={"surface": "beale", "rate": 0.003, "start": [1, 1]}, seed=1)
    for _ in range(3):
        one.send("step")
    picture = one.picture(3)
    address = one.said["settings"]["address"]
    one.close()
    other = lab.tab("link-2")
    settings = dict(part.split("=") for part in address.split("&"))
    other.send("open", panel="descent", settings=settings, seed=1, step=3)
    same = other.picture(3)
    for a, b in zip(picture["state"]["racers"], same["state"]["racers"], strict=True):
        np.testing.assert_array_equal(a["path"], b["path"])
    other.close()


def test_a_reload_finds_its_session_again(lab):
    tab = lab.tab("reload")
    tab.send("open", panel="descent", settings={"surface": "bowl"})
    tab.send("play")
    while tab.picture()["step"] < 3:
        pass
    tab.close()
    time.sleep(0.2)
    again = lab.tab("reload")
    assert again.said["hello"]["resumed"]
    again.send("resume")
    assert again.picture()["step"] > 3 and again.said["settings"]["settings"]["surface"] == "bowl"
    again.close()


def test_sessions_do_not_share(lab):
    one, other = lab.tab("share-1"), lab.tab("share-2")
    one.send("open", panel="descent", settings={"surface": "bowl"})
    other.send("open", panel="descent", settings={"surface": "saddle"})
    one.picture(0)
    other.picture(0)
    assert one.said["settings"]["settings"]["surface"] == "bowl"
    assert other.said["settings"]["settings"]["surface"] == "saddle"
    one.close()
    other.close()


def test_the_session_of_a_panel_within_a_lesson_ends_with_its_connection(lab):
    tab = lab.tab("brief&brief")
    tab.send("open", panel="descent")
    tab.send("play")
    tab.picture()
    name = lab.access.browser(lab.cookie.partition("=")[2]), "brief"
    session = lab.sessions._sessions[name]
    tab.close()
    session.thread.join(5)
    assert not session.thread.is_alive() and name not in lab.sessions._sessions


def test_an_abandoned_session_ends_and_its_thread_too(lab):
    before = len(lab.sessions)
    tab = lab.tab("abandoned")
    tab.send("open", panel="descent")
    tab.picture()
    session = lab.sessions._sessions[lab.access.browser(lab.cookie.partition("=")[2]), "abandoned"]
    tab.close()
    for _ in range(100):
        lab.sessions.end_abandoned(0)
        if len(lab.sessions) <= before:
            break
        time.sleep(0.05)
    session.thread.join(5)
    assert not session.thread.is_alive() and session.panel is None


def test_a_slow_browser_does_not_slow_the_training(lab):
    tab = lab.tab("slow")
    tab.send("open", panel="descent", settings={"racers": ["sgd"], "surface": "bowl"})
    tab.picture(0)
    tab.send("speed", speed=0)
    tab.send("play")
    time.sleep(1.0)  # and no picture is asked for
    assert tab.picture()["step"] > 300
    tab.close()


def test_pictures_come_at_most_thirty_times_a_second(lab):
    tab = lab.tab("rate")
    tab.send("open", panel="descent")
    tab.send("speed", speed=100)
    tab.send("play")
    tab.picture()
    first, began = tab.frames, time.monotonic()
    while time.monotonic() < began + 1:
        tab.picture()
    assert tab.frames - first <= 32
    tab.close()


def test_thirty_sessions_share_the_cores_fairly(lab):
    tabs = [lab.tab(f"class-{i}") for i in range(30)]
    for tab in tabs:
        tab.send("open", panel="descent", settings={"surface": "beale", "rate": 0.001})
        tab.send("speed", speed=0)
        tab.picture(0)
    for tab in tabs:
        tab.send("play")
    time.sleep(0.5)
    steps = [tab.picture()["step"] for tab in tabs]
    assert min(steps) > 0
    for tab in tabs:
        tab.send("pause")
    steps = [tab.picture()["step"] for tab in tabs]
    assert max(steps) < 2000, "all still train"
    assert min(steps) > max(steps) / 4
    for tab in tabs:
        tab.close()


def test_wrong_messages_are_answered_and_change_nothing(lab):
    tab = lab.tab("wrong")
    tab.send("open", panel="descent", settings={"surface": "bowl"})
    tab.picture(0)
    for text in ("", "{", "[]", "3", '{"do": 3}', '{"do": "exec"}', '{"do": "open", "panel": "../x"}', "[" * 5000,
                 '{"do": "set", "settings": {"surface": "x"}}', '{"do": "set", "settings": {"__class__": 1}}',
                 '{"do": "speed", "speed": 3}', '{"do": "speed", "speed": true}', '{"do": "seed", "seed": -1}',
                 '{"do": "open", "panel": "descent", "step": 1e9}', '{"do": "export", "format": "exe", "lang": "en"}',
                 '{"do": "open", "panel": "descent", "settings": {"rate": NaN}}'):
        tab.socket.send(text)
        problem = tab.until("problem")
        assert problem["words"]["en"] and problem["words"]["ko"]
    tab.send("step")
    assert tab.picture(1)["state"]["racers"]
    tab.close()


def test_a_message_that_is_too_long_closes_this_tab_only(lab):
    tab = lab.tab("long")
    tab.socket.send("x" * (2 << 20))
    with pytest.raises(Exception, match="1009|too big|closed"):
        tab.until("frame", 5)
    assert lab.get("/")[0] == 200


def test_bytes_instead_of_text_close_this_tab_only(lab):
    tab = lab.tab("bytes")
    tab.socket.send(b"\x00\x01")
    with pytest.raises(Exception, match=""):  # the connection ends
        tab.until("frame", 5)
    assert lab.get("/")[0] == 200


def test_a_divergent_model_is_shown_as_such(lab):
    tab = lab.tab("nan")
    tab.send("open", panel="descent", settings={"surface": "rosenbrock", "racers": ["sgd"], "rate": 2}, step=30)
    state = tab.picture(30)["state"]
    assert not np.isfinite(state["numbers"]["lowest"])
    tab.close()


def test_a_panel_that_fails_does_not_end_the_session(lab, monkeypatch, capsys):
    panel = all_panels()["descent"]
    tab = lab.tab("fails")
    tab.send("open", panel="descent")
    tab.picture(0)
    with monkeypatch.context() as patch:
        patch.setattr(panel, "step", lambda self: 1 / 0)
        tab.send("step")
        assert "terminal" in tab.until("problem")["words"]["en"]
    tab.send("reset")
    tab.send("step")
    assert tab.picture(1)["step"] == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    tab.close()


def test_settings_that_a_panel_refuses_leave_it_as_it_was(lab):
    tab = lab.tab("refused")
    tab.send("open", panel="descent", settings={"surface": "formula", "formula": "x**2 + y**2"})
    tab.picture(0)
    tab.send("set", settings={"formula": "x** + y"})
    assert tab.until("problem")["words"]["ko"]
    tab.send("step")
    assert tab.picture(1)["state"]["racers"], "the session lives"
    tab.send("set", settings={"formula": "x**2 + 3*y**2"})
    tab.send("step")
    assert tab.picture(1)["state"]["racers"] and tab.said["settings"]["settings"]["formula"] == "x**2 + 3*y**2"
    tab.close()


def test_a_link_that_a_panel_refuses_opens_its_defaults_and_tells_why(lab):
    tab = lab.tab("refused-link")
    tab.send("open", panel="descent", settings={"surface": "formula", "formula": "x** + y"}, step=5)
    assert tab.until("problem")["words"]["ko"]
    tab.send("step")
    assert tab.picture(1)["state"]["racers"] and tab.said["settings"]["settings"]["surface"] == "ravine"
    tab.close()


def random_message(rng):
    """A message that is nearly right, or not at all."""
    panels = [*all_panels(), "nothing", "", "__init__", "../descent"]
    odd = [None, True, -1, 0, 1, 1e308, 2**70, "", "x" * 300, "가", "\x00", [], {}, [[1, 2]], [[]], "1;2", "nan",
           "__import__('os')", "lambda: 0", "x**9**9", {"a": {"b": []}}]
    panel = rng.choice(panels)
    names = [one.name for one in all_panels()[panel].parameters] if panel in all_panels() else ["a"]
    settings = {rng.choice([*names, "zzz"]): rng.choice(odd) for _ in range(rng.randint(0, 3))}
    do = rng.choice(["open", "set", "seed", "speed", "export", "play", "pause", "step", "back", "reset", "ready",
                     "resume", "", "end", "_do_set"])
    message = {"do": do, "panel": panel, "settings": rng.choice([settings, settings, rng.choice(odd)]),
               "seed": rng.choice([0, 5, *odd]), "step": rng.choice([0, 3, *odd]), "speed": rng.choice([0, 30, *odd]),
               "format": rng.choice(["py", "ipynb", *odd]), "lang": rng.choice(["en", "ko", *odd])}
    for name in list(message):
        if rng.random() < 0.15:
            del message[name]
    text = json.dumps(message)
    if rng.random() < 0.1:
        cut = rng.randrange(len(text))
        text = text[:cut] + rng.choice(["", "}", '"', "\\u0000", "é"]) + text[cut + 1 :]
    return text


def test_a_thousand_random_messages(lab, capsys):
    rng = random.Random(8707)
    tab = lab.tab("fuzz")
    reader = threading.Thread(target=lambda: [None for _ in iter(lambda: _quietly(tab), None)], daemon=True)
    reader.start()
    for _ in range(1000):
        tab.socket.send(random_message(rng))
        time.sleep(0.001)
    time.sleep(0.5)
    tab.close()
    reader.join(10)
    assert capsys.readouterr().err == "", "an exception escaped"
    again = lab.tab("after-fuzz")
    again.send("open", panel="descent")
    assert again.picture(0)["state"]
    again.close()


def _quietly(tab):
    try:
        return tab.socket.recv(timeout=5) or True
    except Exception:
        return None


def test_random_texts_are_messages_or_refused():
    rng = random.Random(0)
    accepted = 0
    for _ in range(3000):
        try:
            message = parse_message(random_message(rng))
            accepted += 1
            assert message.do and isinstance(message.values, dict)
        except LabError as error:
            assert error.words.ko
    assert accepted > 300


@pytest.mark.parametrize("panel", all_panels().values(), ids=lambda panel: panel.key)
def test_a_shared_link_never_becomes_code(panel):
    """Hostile values in every setting: refused, or printed as a literal."""
    import ast

    hostile = [
        "__import__('os').system('x')", "');import os;('", '"""', "x\\", "x' + str(open('/etc/passwd').read()) + '",
        "${x}", "$rate", "{0.__class__}", "1e400", "0x10", "x**2);print(1", "lambda", "x if x else y", "(" * 60,
        "exp(exp(x))",
    ]
    statements = ast.Import | ast.ImportFrom | ast.Lambda
    for parameter in panel.parameters:
        for text in hostile:
            try:
                made = panel(panel.parse({parameter.name: text, **_needed(panel, parameter)}), 0)
            except LabError:
                continue
            tree = ast.parse(made.code(1))
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert not names & {"__import__", "open", "exec", "eval", "os"}
            clean = ast.parse(panel(panel.parse(_needed(panel, parameter)), 0).code(1))
            assert [type(node) for node in ast.walk(tree) if isinstance(node, statements)] == [
                type(node) for node in ast.walk(clean) if isinstance(node, statements)]


def _needed(panel, parameter):
    """Settings under which the parameter matters."""
    return {name: values[0] for name, values in parameter.when.items()}


# The command ----------------------------------------------------------------------------------------------------------


def start(*arguments, **environment):
    command = [sys.executable, "-P", "-m", "tinynet", "lab", "--no-browser", "--port", "0", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **environment})


def test_ctrl_c_stops_it_cleanly():
    process = start("descent")
    assert re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}#/descent", process.stdout.readline())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0 and err == "" and "stopped" in out


@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_at_any_time_after_the_link(seconds):
    process = start()
    process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and err == "" and "stopped" in out


def test_a_class_is_told_that_its_traffic_is_open():
    process = start("--host", "0.0.0.0")
    lines = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert "token=" in lines[0] and "0.0.0.0" not in lines[0] and "not encrypted" in lines[1]


@pytest.mark.parametrize(("arguments", "message"), [
    (["nothing"], "there is no panel 'nothing'; there are "), (["lesson/99"], "there is no lesson '99'; there are 01_"),
    (["--host", "example.com"], "must be an address"),
    (["missing.toml"], "missing.toml"), (["--port", "70000"], "65535"), (["--host", "192.0.2.1"], "cannot listen"),
])
def test_wrong_calls_are_one_line(arguments, message):
    process = start(*arguments)
    _, err = process.communicate(timeout=20)
    assert process.returncode in (1, 2) and message in err and len(err.strip().splitlines()) == 1


def test_a_taken_port_leads_to_the_next():
    from tinynet.lab.server import listen

    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = listen("127.0.0.1", port)
    assert port < second.getsockname()[1] < port + 10
    first.close()
    second.close()


# What is shipped ------------------------------------------------------------------------------------------------------


def test_vendored_files_are_as_published():
    import hashlib

    import tinynet.lab

    folder = Path(tinynet.lab.__file__).parent / "static" / "vendor"
    recorded = {}
    for one in json.loads((folder / "VENDORED.json").read_text()).values():
        assert one["version"] and one["licence"] and one["source"].startswith("https://")
        recorded |= one["files"]
    found = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in folder.rglob("*") if path.is_file() and path.name != "VENDORED.json"}
    assert found == recorded


def test_the_page_weighs_less_than_a_megabyte(lab):
    import tinynet.lab

    folder = Path(tinynet.lab.__file__).parent / "static"
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) + len(lab.get("/describe.json")[2])
    assert size < 1_000_000
