"""A panel as a notebook's widget, in a page that stands for a notebook's: a model with `send`, `on` and `get`."""

import http.server
import json
import threading
import time
from base64 import b64encode

import pytest

from tinynet.lab import all_panels
from tinynet.lab.common_words import COMMON
from tinynet.lab.notebook import Conversation, script, style, widget

from_browser = pytest.importorskip("playwright.sync_api", reason="needs playwright")

import importlib.util  # noqa: E402
import shutil  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

PAGE = """<!doctype html><meta charset="utf-8"><title>notebook</title><body><p id="outside">text of the notebook</p>
<div id="cell"></div><script type="module">
import widget from "/widget.js";
const listeners = [];
window.inbox = [];
const model = {
  get: () => window.about, send: (message) => window.inbox.push(message),
  on: (name, listener) => listeners.push(listener),
};
window.deliver = (message, base64) => {
  const bytes = base64 && Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  listeners.forEach((listener) => listener(message, bytes ? [new DataView(bytes.buffer)] : []));
};
window.start = (about) => { window.about = about; widget.render({ model, el: document.querySelector("#cell") }); };
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("key", ["descent", "overfitting"])
def test_a_widget_shows_plays_and_leaves_the_notebook_alone(key):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            text = script(key) if self.path == "/widget.js" else PAGE if self.path == "/" else ""
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if self.path == "/widget.js" else "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sent = []
    conversation = Conversation(key, {}, lambda message, buffers: sent.append((message, buffers)))
    panel = all_panels()[key]
    about = {"panel": json.loads(json.dumps(panel.describe())), "language": "ko", "css": style(),
             "words": {name: words.as_dict() for name, words in COMMON.items()}}
    faults = []
    with from_browser.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"])
        page = browser.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("window.start !== undefined")
        plain = page.evaluate("getComputedStyle(document.querySelector('#outside')).fontFamily")
        page.evaluate("about => start(about)", about)

        def pump(condition, seconds=15):
            """Carry messages both ways until something holds."""
            end = time.monotonic() + seconds
            while not condition():
                assert time.monotonic() < end, faults
                for message in page.evaluate("inbox.splice(0)"):
                    conversation.receive(message)
                while sent:
                    message, buffers = sent.pop(0)
                    page.evaluate("([message, bytes]) => deliver(message, bytes)",
                                  [message, b64encode(buffers[0]).decode() if buffers else None])
                time.sleep(0.01)

        numbers = page.locator("[data-number] dd")
        pump(lambda: numbers.count() > 0)
        assert page.locator("[data-do=play]").inner_text() == "재생"
        page.locator("[data-do=play]").click()
        pump(lambda: int(page.locator("output").first.inner_text()) > 3)
        page.locator("[data-do=play]").click()
        pump(lambda: page.locator("[data-do=play]").inner_text() == "재생")
        assert page.evaluate("getComputedStyle(document.querySelector('#outside')).fontFamily") == plain
        browser.close()
    conversation.close()
    server.shutdown()
    assert faults == []


@pytest.mark.parametrize("key", all_panels())
def test_every_panel_can_be_joined(key):
    text = script(key)
    assert text.count("\nexport default { render: module") == 1 and "\nimport " not in text


def test_wrong_calls_are_named():
    with pytest.raises(ValueError, match="no panel 'x'"):
        widget("x")
    with pytest.raises(ValueError, match="Surface: must be one of"):
        widget("descent", surface="lake")
    with pytest.raises(ValueError, match="language"):
        widget("descent", language="fr")
    if importlib.util.find_spec("anywidget") is None:
        with pytest.raises(ModuleNotFoundError, match="notebook"):
            widget("descent")


def test_a_widget_is_made():
    pytest.importorskip("anywidget")
    shown = widget("descent", language="ko", surface="bowl")
    assert shown.about["panel"]["key"] == "descent" and "render" in str(shown._esm)
    shown.conversation.close()
