"""What a hostile or careless browser does to the server and to the sessions of others."""

import json
import threading
import time

import pytest
from lab_server import running_lab

from tinynet.lab import all_panels
from tinynet.lab.outbox import MOST, Outbox
from tinynet.lab.server import MOST_OF_A_BROWSER, Sessions
from tinynet.lab.session import Session
from tinynet.lab.turns import Turns


@pytest.fixture(scope="module")
def lab():
    with running_lab() as one:
        yield one


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "never"
        time.sleep(0.005)


class Heard:
    """A session without a server, and what it tells."""

    def __init__(self, turns=None):
        self.said = []
        self.session = Session(turns or Turns(), self.said.append)

    def send(self, do, **values):
        self.session.receive(json.dumps({"do": do, **values}))

    def kinds(self):
        return [one["type"] if isinstance(one, dict) else "frame" for one in self.said]


@pytest.fixture
def heard():
    one = Heard()
    yield one
    one.session.end()
    one.session.thread.join(10)
    assert not one.session.thread.is_alive()


@pytest.fixture
def slow(monkeypatch):
    """A panel whose start takes 50 ms. Its attribute `starts` counts them."""
    panel = all_panels()["descent"]
    start, seen = panel.start, []

    def slow_start(self):
        seen.append(dict(self.settings))
        time.sleep(0.05)
        start(self)

    monkeypatch.setattr(panel, "start", slow_start)
    return seen


# One session ----------------------------------------------------------------------------------------------------------


def test_a_slow_panel_follows_a_slider_and_does_not_lag(heard, slow):
    heard.send("open", panel="descent")
    for i in range(400):
        heard.send("set", settings={"rate": 0.001 + i / 1e4})
        time.sleep(0.001)
    wait_for(lambda: heard.session.panel is not None and heard.session.panel.settings["rate"] == 0.001 + 399 / 1e4, 2)
    assert len(slow) < 40, "most positions of the slider were never computed"


def test_settings_of_different_controls_are_all_taken(heard, slow):
    heard.send("open", panel="descent")
    heard.send("set", settings={"surface": "beale"})
    heard.send("set", settings={"rate": 0.003})
    heard.send("set", settings={"rate": 0.004})
    wait_for(lambda: heard.session.panel is not None and heard.session.panel.settings["rate"] == 0.004)
    assert heard.session.panel.settings["surface"] == "beale"


def test_a_flood_of_slow_starts_is_one_start_and_ends_with_the_session(heard, slow):
    for _ in range(500):
        heard.send("open", panel="descent")
    for i in range(500):  # and of those that cannot be left out
        heard.send("set", settings={"rate": 0.01 + i % 7 / 1000, **({"rho": 0.5} if i % 2 else {})})
    heard.session.end()
    heard.session.thread.join(1)
    assert not heard.session.thread.is_alive() and len(slow) <= 12


def test_a_refused_setting_swallows_nothing_and_stops_nothing(heard):
    heard.send("open", panel="descent", settings={"surface": "formula"})
    heard.send("speed", speed=100)
    heard.send("play")
    heard.send("ready")
    wait_for(lambda: heard.session.steps > 3)
    with heard.session._wake:  # both wait when the thread looks
        heard.send("set", settings={"formula": "1/0"})
        heard.send("ready")
    wait_for(lambda: "problem" in heard.kinds())
    wait_for(lambda: "frame" in heard.kinds()[heard.kinds().index("problem"):])
    assert heard.session._playing, "the panel goes on as it was"


def test_a_step_that_fails_is_seen_to_have_stopped(heard, monkeypatch, capsys):
    heard.send("open", panel="descent")
    heard.send("ready")
    wait_for(lambda: "frame" in heard.kinds())
    monkeypatch.setattr(all_panels()["descent"], "step", lambda self: 1 / 0)
    heard.send("ready")
    heard.send("play")
    wait_for(lambda: "problem" in heard.kinds())
    frames = heard.kinds().count("frame")
    heard.send("ready")
    wait_for(lambda: heard.kinds().count("frame") > frames)
    assert b'"playing":false' in [one for one in heard.said if isinstance(one, bytes)][-1]
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_failing_state_is_told_once(heard, monkeypatch, capsys):
    monkeypatch.setattr(all_panels()["descent"], "state", lambda self: {"numbers": {"a": object()}})
    heard.send("open", panel="descent")
    heard.send("ready")
    time.sleep(0.5)
    assert heard.kinds().count("problem") == 1
    assert "TypeError" in capsys.readouterr().err


@pytest.mark.parametrize("text", [
    '{"do": "open", "panel": "descent", "settings": {"rate": %s}}' % ("[" * 950 + "]" * 950),
    '{"do": "open", "panel": {"a": [[]]}}', '{"do": "open", "panel": "\\ud800"}',
    '{"do": "open", "panel": "descent", "settings": {"\\ud800": 1}}',
    '{"do": "open", "panel": "descent", "settings": {"formula": "\\udfff"}}',
    '{"do": "open", "panel": "descent", "settings": {"formula": "x\\u2028y"}}',
    '{"do": "open", "panel": "descent", "settings": {"__proto__": {"a": 1}}}',
    '{"do": "seed", "seed": %s}' % ("9" * 4200), '{"do": "seed", "seed": 1e999}', '{"do": "seed", "seed": -0.0}',
    '{"do": "open", "do": "exec"}',
])
def test_odd_json_is_refused_in_words_that_can_be_sent(lab, text):
    tab = lab.tab("odd")
    tab.socket.send(text)
    assert tab.until("problem")["words"]["ko"]
    tab.send("open", panel="descent")
    assert tab.picture(0)["state"]
    tab.close()


# Many sessions --------------------------------------------------------------------------------------------------------


def test_starts_leave_time_to_a_crowd(slow):
    """Starts are not cut into slices; a session that does nothing else must not get a turn for each."""
    counts = []
    for crowd in (0, 3):
        turns, stop = Turns(), threading.Event()

        def work(turns=turns, stop=stop):
            while not stop.is_set():
                with turns:
                    time.sleep(0.002)

        threads = [threading.Thread(target=work) for _ in range(crowd)]
        for thread in threads:
            thread.start()
        heard = Heard(turns)
        slow.clear()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            heard.send("open", panel="descent")
            time.sleep(0.005)
        counts.append(len(slow))
        heard.session.end()
        stop.set()
        for thread in [*threads, heard.session.thread]:
            thread.join(10)
            assert not thread.is_alive()
    alone, crowded = counts
    assert alone > 20 and crowded <= 12, counts


def test_the_rest_after_a_start_follows_its_time(slow):
    """Three times as long, so that starts take a quarter of the time; a second at most."""
    one = Session(Turns(), [].append)
    try:
        before = time.monotonic()
        one._start("descent", all_panels()["descent"].parse({}), 0)
        after = time.monotonic()
    finally:
        one.end()
        one.thread.join(10)
    assert before + 4 * 0.05 <= one._next_start <= after + min(3 * (after - before), 1.0)


def test_places_are_given_back_though_a_turn_fails():
    turns = Turns(2)
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), turns:
            raise ZeroDivisionError
    with turns, turns:
        pass


def test_one_browser_of_a_class_cannot_take_all_sessions():
    sessions = Sessions(most_of_a_browser=MOST_OF_A_BROWSER)
    try:
        taken = [sessions.take("greedy", str(i), print) for i in range(MOST_OF_A_BROWSER)]
        assert all(taken) and sessions.take("greedy", "one more", print) is None
        assert sessions.take("other", "tab", print) is not None
    finally:
        sessions.end_all()


def test_sessions_without_a_browser_make_room(monkeypatch):
    monkeypatch.setattr("tinynet.lab.server.SECONDS_OF_A_RELOAD", 0)
    sessions = Sessions(most_of_a_browser=3)
    try:
        first = [sessions.take("one", str(i), print)[0] for i in range(3)]
        sessions.leave("one", "1", first[1], print)
        time.sleep(0.01)
        sessions.leave("one", "0", first[0], print)
        assert sessions.take("one", "new", print) is not None
        first[1].thread.join(5)
        assert not first[1].thread.is_alive() and first[0].thread.is_alive(), "the one that was left first has ended"
    finally:
        sessions.end_all()


def test_a_class_is_limited_and_the_page_says_so():
    with running_lab(loopback=False) as lab:
        tabs = [lab.tab(f"t{i}") for i in range(MOST_OF_A_BROWSER)]
        tabs.append(lab.tab("one-more"))
        assert tabs[-1].said["full"]["words"]["ko"]
        lab.cookie = f"{lab.access.cookie}={lab.access.new_cookie()}"
        tabs.append(lab.tab("of-another"))
        assert "hello" in tabs[-1].said
        for tab in tabs:
            tab.close()


def test_a_duplicated_tab_takes_the_session_and_the_first_is_told(lab):
    one = lab.tab("twice")
    one.send("open", panel="descent")
    one.picture(0)
    other = lab.tab("twice")
    assert other.said["hello"]["resumed"]
    assert one.until("moved")
    with pytest.raises(Exception, match="4409"):
        one.until("frame", 5)
    other.send("step")
    assert other.picture(1)
    other.close()


def test_another_browser_does_not_get_a_session_by_its_tabs_name(lab):
    one = lab.tab("mine")
    one.send("open", panel="descent", settings={"surface": "bowl"})
    one.picture(0)
    lab.cookie, own = f"{lab.access.cookie}={lab.access.new_cookie()}", lab.cookie
    try:
        other = lab.tab("mine")
        assert not other.said["hello"]["resumed"]
        other.close()
    finally:
        lab.cookie = own
    one.send("step")
    assert one.picture(1)
    one.close()


def test_a_flood_is_slowed_down_and_others_are_served(lab):
    hostile, reader = lab.tab("hostile"), lab.tab("reader")
    reader.send("open", panel="descent")
    reader.picture(0)
    stop = threading.Event()

    def flood():
        text = json.dumps({"do": "set", "settings": {"rate": "x" * 1000}})
        try:
            while not stop.is_set():
                hostile.socket.send(text)
        except Exception:
            pass

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    time.sleep(0.5)
    slowest = 0.0
    for step in range(1, 15):
        began = time.monotonic()
        reader.send("step")
        reader.picture(step)
        slowest = max(slowest, time.monotonic() - began)
    stop.set()
    assert slowest < 1.0
    hostile.socket.socket.close()
    reader.close()
    thread.join(10)


def test_what_waits_for_a_browser_that_does_not_read_is_bounded():
    import asyncio

    async def run():
        outbox = Outbox(asyncio.get_running_loop())
        for i in range(1000):
            outbox.put(bytes([i % 256]))
            outbox.put({"type": "problem"})
        await asyncio.sleep(0)
        assert len(outbox._waiting) <= MOST + 1 and not outbox.full
        assert [one for one in outbox._waiting if isinstance(one, bytes)] == [bytes([999 % 256])], "the newest picture"
        for _ in range(60):
            outbox.put({"type": "settings"})
        await asyncio.sleep(0)
        assert outbox.full and len(outbox._waiting) <= MOST + 1
        return outbox

    outbox = asyncio.run(run())
    outbox.put(b"after the loop has ended")


def test_a_browser_that_leaves_at_once_leaves_no_session_for_ever(lab):
    for i in range(20):
        tab = lab.tab(f"quick-{i}")
        tab.socket.socket.close()
    wait_for(lambda: sum(name[1].startswith("quick-") for name in lab.sessions._left) == 20)
    lab.sessions.end_abandoned(0)
