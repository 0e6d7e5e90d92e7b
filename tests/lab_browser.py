"""A reader of the lab in headless Chromium, for tests.

Needs the extra `browser` and Chromium (`apt install chromium`, or CHROMIUM=path). LAB_SCREENSHOTS=folder writes
pictures of the pages, to be looked at.
"""

import importlib.util
import os
import shutil
import time
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = os.environ.get("LAB_SCREENSHOTS")
NEEDS_A_BROWSER = [
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="needs playwright"),
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]


class Reader:
    """A browser page that notes every fault: errors of scripts, failed requests, requests that leave this machine."""

    def __init__(self, chromium, lab, fragment="", width=1280, dark=False, calm=False, lang="en-US",
                 ready="__lab.state() !== undefined"):
        self.lab = lab
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", locale=lang,
            reduced_motion="reduce" if calm else "no-preference")
        self.faults = []
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.faults.append(message.text)
                     if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed {request.url}")
                     if request.failure != "net::ERR_ABORTED" else None)  # by leaving the page that asked for it
        self.page.on("response", lambda answer: self.faults.append(f"{answer.status} {answer.url}")
                     if answer.status >= 400 else None)
        self.page.on("request", lambda request: None if request.url.startswith((lab.base, "blob:", "data:"))
                     else self.faults.append(f"left: {request.url}"))
        self.page.goto(f"{lab.base}/?token={lab.access.token}#/{fragment}")
        if fragment:
            self.wait_for(ready)
        else:
            self.page.wait_for_selector(".contents")

    def wait_for(self, condition, seconds=20):
        """Wait for an expression to hold. (Playwright's own way needs eval in the page, which its policy forbids.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"never: {condition}; the page shows {self.page.inner_text('#notice')!r}"
            self.page.wait_for_timeout(20)

    def js(self, expression):
        return self.page.evaluate(expression)

    def settle(self):
        """Wait until the newest picture is on the page."""
        self.page.wait_for_timeout(150)

    def picture(self, name):
        """Write a screenshot, if asked for."""
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        faults = [fault for fault in self.faults if "ResizeObserver loop" not in fault]
        self.context.close()
        if kind is None:
            assert faults == [], faults
