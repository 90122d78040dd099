"""Pictures of every built page: 1200 and 360 pixels wide, light and dark, whole pages, in
_build/photos.

``python tools/photograph.py [PAGE …]`` with names like 03_interference; all pages by default. Needs
Chromium.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "book"))

from browser import chromium, page_names, serve, settle  # noqa: E402

PHOTOS = ROOT / "_build" / "photos"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="pages by name; all by default")
    parser.add_argument("--widths", type=int, nargs="*", default=[1200, 360])
    wanted = parser.parse_args()
    PHOTOS.mkdir(parents=True, exist_ok=True)
    names = [name for name in page_names() if not wanted.pages or Path(name).stem in wanted.pages]
    with serve() as address, chromium() as browser:
        for theme in ("light", "dark"):
            for width in wanted.widths:
                context = browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme=theme,
                    reduced_motion="reduce",
                )
                page = context.new_page()
                for name in names:
                    page.goto(f"{address}/{name}")
                    settle(page)
                    path = PHOTOS / f"{Path(name).stem}-{width}-{theme}.png"
                    page.screenshot(path=path, full_page=True, animations="disabled")
                    print(path.relative_to(ROOT))
                context.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
