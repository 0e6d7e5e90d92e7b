"""A lab and a browser for each file of tests."""

import pytest
from lab_browser import CHROMIUM, Reader
from lab_server import running_lab


@pytest.fixture(scope="module")
def lab():
    with running_lab() as one:
        yield one


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--no-first-run", "--disable-sync"])
        yield browser
        browser.close()


@pytest.fixture
def read(chromium, lab):
    return lambda fragment="", **options: Reader(chromium, lab, fragment, **options)
