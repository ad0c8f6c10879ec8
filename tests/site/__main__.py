"""Serves the hostile site by hand: `python -m tests.site [PORT]`, then point a reader at one of its paths."""

from __future__ import annotations

import sys
import threading

from tests.site.misdeeds import PAGES
from tests.site.server import Site

if __name__ == "__main__":
    with Site(PAGES, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8099) as site:
        sys.stdout.write("".join(f"{site.base}{path}\n" for path in PAGES) + "Ctrl-C ends it.\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("ended\n")
