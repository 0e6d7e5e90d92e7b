"""Who is let in, tried by those who should not be."""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from lab_server import Tab, running_lab
from websockets.sync.client import connect

from tinynet.lab import command, connections
from tinynet.lab.access import (
    SECONDS_OF_A_COOKIE,
    SECONDS_OF_A_COOKIE_IN_CLASS,
    SECONDS_OF_A_TICKET,
    Access,
    user_key,
)


@pytest.fixture(scope="module")
def lab():
    with running_lab() as one:
        yield one


def raw(lab, data, seconds=5):
    """What the server answers to these bytes."""
    host, port = lab.base[7:].split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        answer = b""
        with contextlib.suppress(OSError):  # closed by the server before all was sent
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
    return answer


# Cookies and tickets --------------------------------------------------------------------------------------------------


def test_a_cookie_grows_old(monkeypatch):
    for loopback, seconds in ((True, SECONDS_OF_A_COOKIE), (False, SECONDS_OF_A_COOKIE_IN_CLASS)):
        access = Access(1, loopback, b"k" * 32)
        cookie, now = access.new_cookie(), time.time()
        assert access.browser(cookie)
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda now=now, seconds=seconds: now + seconds + 2)
            assert access.browser(cookie) is None


def test_a_cookie_of_last_weeks_class_or_of_ones_own_lab_opens_no_other(monkeypatch):
    own, group = Access(8707, True, b"k" * 32), Access(8707, False, b"k" * 32)
    assert group.browser(own.new_cookie()) is None and own.browser(group.new_cookie()) is None
    assert Access(8708, True, b"k" * 32).browser(own.new_cookie()) is None, "another port's"
    assert Access(8707, True, b"j" * 32).browser(own.new_cookie()) is None, "another user's"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps the folder for its user")
def test_a_key_that_others_know_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "tinynet" / "lab-key"
    path.parent.mkdir()
    path.write_bytes(b"k" * 32)
    path.chmod(0o644)
    assert user_key() != b"k" * 32
    path.chmod(0o600)
    assert user_key() == b"k" * 32
    monkeypatch.setattr(os, "getuid", lambda: path.stat().st_uid + 1)
    assert user_key() != b"k" * 32
    path.write_bytes(b"k" * 1000)
    assert len(user_key()) == 32


@pytest.mark.parametrize("cookie", ["", ".", "..", "a", "a.b", "a.b.c", "\xe9.1.\xff", "." * 9999, "a.x." + "0" * 64])
def test_what_is_no_cookie(cookie):
    assert Access(1, True, b"k" * 32).browser(cookie) is None


def test_a_ticket_is_good_once_and_for_a_minute(monkeypatch):
    access = Access(1, True, b"k" * 32)
    ticket, late = access.new_ticket(), access.new_ticket()
    assert access.is_token(ticket) and not access.is_token(ticket) and access.is_token(access.token)
    assert not access.is_token("") and not access.is_token("\xe9")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SECONDS_OF_A_TICKET + 1)
    assert not access.is_token(late)
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)  # a machine that has just started
    assert not access.is_token("unknown")


def test_the_browser_is_started_with_a_ticket_since_others_read_its_arguments(monkeypatch):
    import webbrowser

    opened, said = [], io.StringIO()
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tinynet.lab.connections.uvicorn.Server.run", lambda self, sockets: time.sleep(0.6))
    parser = command.argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(), lambda kind, low, high: kind)
    with contextlib.redirect_stdout(said):
        command.run(parser.parse_args(["lab", "--port", "0"]))
    printed = re.search(r"token=([\w-]+)", said.getvalue())[1]
    assert len(opened) == 1 and "token=" in opened[0] and printed not in opened[0]


def test_a_link_that_is_opened_twice_keeps_the_browsers_sessions(lab):
    cookie = lab.get(f"/?token={lab.access.token}")[1]["set-cookie"].split(";")[0].partition("=")[2]
    assert lab.access.browser(cookie) == lab.access.browser(lab.cookie.partition("=")[2])


@pytest.mark.parametrize("path", [
    "//evil.example/", "/%2fevil.example", "/\\evil.example", "/%0d%0aSet-Cookie:%20a=b", "/",
])
def test_a_link_leads_nowhere_else(lab, path):
    status, headers, _ = lab.get(f"{path}?token={lab.access.token}")
    assert (status, headers["location"]) == (303, "/") and "a=b" not in str(headers)


# Requests that no browser makes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("request_", "status"), [
    ("GET / HTTP/1.0", "421"), ("GET / HTTP/1.1", "400"), ("GET / HTTP/1.1\nHost:", "421"),
    ("GET / HTTP/1.1\nHost: localhost\nHost: evil.example", "400"),
    ("GET / HTTP/1.1\nHost: localhost.evil.example", "421"), ("GET / HTTP/1.1\nHost: [::1", "4"),
    ("GET / HTTP/1.1\nHost: [::ffff:192.0.2.1]", "421"), ("GET / HTTP/1.1\nHost: 127.0.0.1:999999", "403"),
    ("GET / HTTP/1.1\nHost: 2130706433", "421"), ("GET http://evil.example/ HTTP/1.1\nHost: evil.example", "421"),
    ("GET /%zz%00%ff HTTP/1.1\nHost: localhost", "403"), ("HEAD / HTTP/1.1\nHost: localhost", "403"),
    ("GET /session HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade", "4"),
    ("\x16\x03\x01\x02\x00\x01\x00\x01", "400"), ("GET / HTTP/1.1\nHost: localhost\nContent-Length: -1", "400"),
    ("TRACE / HTTP/1.1\nHost: localhost", "405"),
])
def test_malformed_requests_are_refused(lab, request_, status, capfd):
    answer = raw(lab, request_.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")
    assert answer.split()[1].startswith(status.encode()), answer[:200]
    assert b"panels" not in answer and b"Traceback" not in answer
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("head", ["GET /" + "a" * 200_000, "GET / HTTP/1.1\r\nCookie: " + "a=b; " * 50_000])
def test_huge_heads_are_not_kept(lab, head):
    answer = raw(lab, head.encode())
    assert answer == b"" or answer.split()[1] == b"400"
    assert lab.get("/")[0] == 200


def test_a_request_is_whole_within_seconds_or_closed(lab, monkeypatch):
    """Connections that send nothing, or a letter at a time, hold no place for ever; a page that works does."""
    monkeypatch.setattr(connections, "SECONDS_OF_A_REQUEST", 0.5)
    host, port = lab.base[7:].split(":")
    silent, slow, body = (socket.create_connection((host, int(port)), timeout=5) for _ in range(3))
    body.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
    tab = lab.tab("patient")
    tab.send("open", panel="descent")
    with pytest.raises(OSError):
        for _ in range(30):
            slow.sendall(b"G")
            body.sendall(b"x")
            time.sleep(0.1)
    for one in (silent, slow, body):
        with contextlib.suppress(ConnectionResetError):
            while one.recv(1000):
                pass
        one.close()
    assert tab.picture(0)["state"], "a websocket stays"
    tab.close()


def test_many_connections_without_the_cookie_do_not_lock_others_out(lab):
    host, port = lab.base[7:].split(":")
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(200)]
    began = time.monotonic()
    assert lab.get("/")[0] == 200 and time.monotonic() - began < 2
    for one in idle:
        one.close()


# The command ----------------------------------------------------------------------------------------------------------


def start(*arguments, **options):
    return subprocess.Popen([sys.executable, "-P", "-m", "tinynet", "lab", "--no-browser", "--port", "0", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def answers(link):
    """Whether a server answers at a link."""
    host, port = re.search(r"//\[?([^]/]*)]?:(\d+)/", link).groups()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {link.split('/')[2]}\r\n\r\n".encode())
                return connection.recv(1000).split()[1] == b"403"
        except ConnectionRefusedError:
            time.sleep(0.05)
    return False


def has_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", command.own_address(), "::1", "::"])
def test_the_printed_link_is_where_the_server_answers(host):
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 here")
    process = start("--host", host)
    try:
        assert answers(re.search(r"http\S+", process.stdout.readline())[0])
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_killed_lab_or_a_closed_terminal_leaves_no_process(ending):
    # Under nohup this process ignores SIGHUP, and what it starts would, too.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        process = start()
    finally:
        signal.signal(signal.SIGHUP, before)
    link = re.search(r"http\S+", process.stdout.readline())[0]
    assert answers(link)
    process.send_signal(ending)
    _, err = process.communicate(timeout=10)
    assert "Traceback" not in err
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(re.search(r":(\d+)/", link)[1])), timeout=2).close()


def test_a_reader_of_the_output_that_closes_gets_no_traceback():
    """As `tinynet lab | head -n 1`."""
    process = start()
    link = re.search(r"http\S+", process.stdout.readline())[0]
    assert answers(link)
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    process.wait(10)
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_ctrl_c_stops_it_while_it_trains():
    process = start("descent")
    link = re.search(r"http\S+?(?=#)", process.stdout.readline())[0]
    assert answers(link)
    base = link.split("/?")[0]
    request = f"GET /{link.split('/')[-1]} HTTP/1.1\r\nHost: {base[7:]}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(tuple(base[7:].split(":")), timeout=5) as connection:
        connection.sendall(request.encode())
        cookie = re.search(r"set-cookie: ([^;]+)", connection.recv(10_000).decode())[1]
    tab = Tab(connect(f"ws{base[4:]}/session?tab=t", origin=base, additional_headers={"Cookie": cookie}))
    tab.send("open", panel="landscape")
    tab.send("speed", speed=0)
    tab.send("play")
    tab.picture()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "") and time.monotonic() - began < 5
    with contextlib.suppress(Exception):
        tab.close()
