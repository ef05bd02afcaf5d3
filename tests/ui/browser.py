"""The sample users' page in a real browser, as fixtures."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import model_file_fixture, sample_home_fixture, shared_fixture
from page_browser import Visit, chromium, launched, prepare, served, visitor
from playwright.sync_api import Browser

__all__ = [
    "Visit",
    "address_fixture",
    "browser_fixture",
    "model_file_fixture",
    "sample_home_fixture",
    "served",
    "shared_fixture",
    "visit_fixture",
    "visitor",
]


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """Skips where there is no browser, but fails where the checks run."""
    if chromium() is None:
        if "CI" in os.environ:
            pytest.fail("there is no browser: apt-get install chromium")
        pytest.skip("there is no browser: apt-get install chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module", name="address")
def address_fixture(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of the sample users."""
    with served(prepare(sample_home, tmp_path_factory.mktemp("page") / "home")) as address:
        yield address


@pytest.fixture(name="visit")
def visit_fixture(browser: Browser, address: str) -> Iterator[Visit]:
    """A visitor; at the end nothing may have gone wrong in his browser."""
    context, visit = visitor(browser, address)
    yield visit
    context.close()
    assert visit.wrong == [], visit.wrong
