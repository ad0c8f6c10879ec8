"""Serves the hostile site by hand: `python -m tests.site [PORT]`, then point a reader at one of its paths.

What each path does is printed; /hubbed is a feed with a WebSub hub, which pushes an item a minute to its subscribers.
"""

from __future__ import annotations

import itertools
import sys
import time

from tests.site.hostile import EVERYTHING
from tests.site.hub import Hub
from tests.site.server import Site

MINUTE = 60.0


def main(port: int) -> None:
    """Serves until Ctrl-C."""
    hub = Hub()
    with Site({**EVERYTHING, **hub.pages}, port=port) as site:
        for path, page in site.pages.items():
            sys.stdout.write(f"{site.base}{path:22s} {(page.__doc__ or '').partition(chr(10))[0]}\n".rstrip() + "\n")
        sys.stdout.write("Ctrl-C ends it.\n")
        sys.stdout.flush()
        try:
            for number in itertools.count(1):
                time.sleep(MINUTE)
                hub.publish(f"Pushed item number {number}")
        except KeyboardInterrupt:
            sys.stdout.write("ended\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8099)
