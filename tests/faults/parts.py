"""The nursery: a process that has loaded the product once and forks its parts, so that a killed one is back at work at once.

`start ROLE` on its input forks a part; its output says `started ROLE PID`, and `ready ROLE PID` when that part begins to work.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import uvicorn
from celery.signals import worker_ready

from api import app as web
from cli.logs import start_logging
from knowledge.load import load
from pipeline.lexicon import Lexicon
from storage import queue
from tests.faults import disk, points, poison
from tests.faults.plan import ZONE, Plan
from worker import embedded, suspects
from worker.desk import Desk
from worker.schedule import BELLS

_DEATH_SIGNAL = 1


def main() -> None:
    """Read the plan, load everything, fork on demand until the input ends."""
    plan = Plan.model_validate_json(sys.argv[1])
    die_with_parent()
    os.environ.update(plan.environment())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    knowledge = load()
    lexicon = Lexicon(knowledge)
    roles = ROLES | CELERY_ROLES if plan.redis_url else ROLES
    if plan.redis_url:
        from worker import tasks  # noqa: F401  loaded before the forks
    web.load = lambda *_: knowledge  # type: ignore[attr-defined]  # read once, here
    tell("up")
    for line in sys.stdin:
        _, role, *crash_at = line.split()
        pid = os.fork()
        if pid == 0:
            points.arm("".join(crash_at))
            _become(plan, lexicon, role, roles[role])
        tell(f"started {role} {pid}")


def tell(line: str) -> None:
    """A line to the harness, whole, from whichever process."""
    os.write(1, f"{line}\n".encode())


def die_with_parent() -> None:
    """This process ends when its parent does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, int(signal.SIGKILL))


def _become(plan: Plan, lexicon: Lexicon, role: str, run: Callable[[Plan, Lexicon, str], None]) -> None:
    code = 1
    try:
        os.setsid()
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        start_logging("WARNING")
        _tell_of_returns()
        _bound(plan)
        run(plan, lexicon, role)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  the top of a process
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _bound(plan: Plan) -> None:
    """What this run's plan bounds: time, room, and what may be read without harm."""
    if plan.poison:
        poison.arm()
    if plan.hard_seconds:
        suspects.BATCH_SECONDS, suspects.READ_SECONDS = plan.hard_seconds, plan.hard_seconds / 4
    if plan.room is not None:
        disk.arm(plan.room)


def _tell_of_returns() -> None:
    """Say `again` for each piece of work that came back after an attempt that nobody finished."""
    claim = queue.claim

    def telling(*given: Any, **named: Any) -> list[queue.Work]:
        works = claim(*given, **named)
        for _ in range(sum(work.attempts > 1 for work in works)):
            tell("again")
        return works

    queue.claim = telling


def desk_of(plan: Plan, lexicon: Lexicon) -> Desk:
    """The desk of a part."""
    return Desk(store=plan.store(), lexicon=lexicon, sources=plan.sources(), zone=ZONE)  # type: ignore[arg-type]


# ---- embedded -------------------------------------------------------------------------------------------------------


def _embedded(plan: Plan, lexicon: Lexicon, role: str, jobs: tuple[str, ...]) -> None:
    """The embedded loop with some of its jobs, stopped by SIGTERM as `launchwatch worker` is."""
    embedded.now = plan.now
    bells = tuple(bell._replace(seconds=max(1.0, bell.seconds / plan.speed)) for bell in BELLS)
    setattr(embedded, "BELLS", bells)  # noqa: B010  as the types would have it
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    suspects.limit_memory()
    desk = desk_of(plan, lexicon)
    tell(f"ready {role} {os.getpid()}")
    embedded.run(desk, plan.outside(), stop, jobs)


def _web(plan: Plan, lexicon: Lexicon, role: str) -> None:
    """`launchwatch serve`."""

    class Server(uvicorn.Server):
        """Says when it listens."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            tell(f"ready {role} {os.getpid()}")

    made = web.create_app(plan.settings())
    Server(uvicorn.Config(made, host="127.0.0.1", port=plan.web_port, log_level="warning")).run()


ROLES: dict[str, Callable[[Plan, Lexicon, str], None]] = {
    "collector": partial(_embedded, jobs=("collect",)),
    "worker": partial(_embedded, jobs=("process",)),
    "sender": partial(_embedded, jobs=("deliver",)),
    "worker-2": partial(_embedded, jobs=("process",)),
    "clerk": partial(_embedded, jobs=("write", "watch")),
    "clerk-2": partial(_embedded, jobs=("write", "watch")),
    "clerk-3": partial(_embedded, jobs=("write", "watch")),
    "all": partial(_embedded, jobs=embedded.JOBS),
    "web": _web,
}


# ---- Celery ---------------------------------------------------------------------------------------------------------


def _celery(plan: Plan, lexicon: Lexicon, role: str, queues: tuple[str, ...]) -> None:
    """`launchwatch worker --queues ...`, its time and its way out this run's."""
    from worker import tasks
    from worker.app import app

    _set(plan, lexicon)
    if plan.visibility_seconds:
        app.conf.broker_transport_options["visibility_timeout"] = plan.visibility_seconds
    if plan.hard_seconds:
        tasks.TURN_SECONDS = plan.hard_seconds / 8
        app.conf.task_time_limit = plan.hard_seconds
        app.conf.task_soft_time_limit = None
    worker_ready.connect(lambda **_: tell(f"ready {role} {os.getpid()}"), weak=False)
    worker = app.Worker(
        concurrency=1,
        queues=list(queues),
        loglevel="WARNING",
        hostname=f"{role}-{os.getpid()}@here",
        without_mingle=True,
        without_gossip=True,
    )
    worker.start()
    sys.exit(worker.exitcode or 0)


def _beat(plan: Plan, lexicon: Lexicon, role: str) -> None:
    """`launchwatch beat`, its bells as much quicker as the run's time is."""
    from worker.app import app

    for entry in app.conf.beat_schedule.values():
        entry["schedule"] = max(0.3, entry["schedule"] / plan.speed)
        entry["options"] = {"expires": max(5.0, entry["schedule"])}
    tell(f"ready {role} {os.getpid()}")
    app.Beat(loglevel="WARNING", schedule=str(plan.home / f"{role}-schedule")).run()


def _set(plan: Plan, lexicon: Lexicon) -> None:
    from worker import tasks

    tasks.desk = cache(lambda: desk_of(plan, lexicon))
    tasks.outside = cache(plan.outside)
    tasks.now = plan.now
    tasks.BEAT_SECONDS /= plan.speed


CELERY_ROLES: dict[str, Callable[[Plan, Lexicon, str], None]] = {
    "collector": partial(_celery, queues=("fetch",)),
    "worker": partial(_celery, queues=("process",)),
    "worker-2": partial(_celery, queues=("process",)),
    "sender": partial(_celery, queues=("deliver", "digest")),
    "beat": _beat,
    "beat-2": _beat,
    "beat-3": _beat,
}


if __name__ == "__main__":
    main()
