"""Pictures of every tab, at a desk's and a telephone's width, light and dark: `make screenshots`.

The sample users go through the whole main job in a folder that is thrown away; the pictures lie in docs/screenshots.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from page_browser import ROOT, Theme, Visit, chromium, launched, served, visitor

from ui.tabs import TABS

FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = (1280, 390)
THEMES: tuple[Theme, ...] = ("light", "dark")
USER = "s01"
#: Whose message is shown.
TOLD = "s18"
#: Views that tell more of a tab than the one it opens with.
MORE = {"search": "?tab=explore&find=kitchen+renovation"}
#: Small ones for the README, at a desk's width, cut to this height: name -> (tab, theme).
SHOWN: dict[str, tuple[str, Theme]] = {
    "explore": ("explore", "light"),
    "journey": ("journey", "dark"),
    "notifications": ("notifications", "light"),
}
_SHOWN_HEIGHT, _LARGEST = 760, 150_000


def views() -> dict[str, str]:
    return {**{tab.key: f"?tab={tab.key}&user={USER}" for tab in TABS}, **MORE}


def shoot(visit: Visit, query: str, path: Path, *, height: int | None = None) -> None:
    visit.open(query)
    own = visit.page.locator(".candidates li", has_text=f"{TOLD} ·").locator("a")
    if "tab=notifications" in query and own.count():
        own.click()
        visit.settle()
    visit.page.wait_for_timeout(300)
    if height is None:
        visit.page.screenshot(path=path, full_page=True, animations="disabled")
    else:
        width = visit.page.viewport_size["width"] if visit.page.viewport_size else WIDTHS[0]
        visit.page.set_viewport_size({"width": width, "height": height})
        visit.page.screenshot(path=path, animations="disabled")


def take(address: str, folder: Path) -> list[str]:
    """Returns what went wrong in the browser, which is nothing where all is well."""
    wrong = []
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for theme in THEMES:
            for width in WIDTHS:
                context, visit = visitor(browser, address, width=width, theme=theme)
                context.add_init_script("sessionStorage.setItem('journeys-who', 'Ada')")
                for name, query in views().items():
                    shoot(visit, query, folder / f"{name}-{width}-{theme}.png")
                context.close()
                wrong += visit.wrong
        for name, (tab, theme) in SHOWN.items():
            context, visit = visitor(browser, address, width=WIDTHS[0], theme=theme)
            path = folder / f"{name}.png"
            shoot(visit, views()[tab], path, height=_SHOWN_HEIGHT)
            context.close()
            if path.stat().st_size > _LARGEST:
                wrong.append(f"{path.name} has {path.stat().st_size:,} bytes, more than {_LARGEST:,}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home that is there already, instead of the sample users")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
    given = parser.parse_args()
    if chromium() is None:
        sys.exit("there is no browser: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        home = given.home.absolute() if given.home else Path(name) / "home"
        with served(home, demo=given.home is None) as address:
            wrong = take(address, given.folder)
    for each in wrong:
        sys.stderr.write(f"{each}\n")
    sys.stdout.write(f"written: {len(list(given.folder.glob('*.png')))} pictures in {given.folder}\n")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
