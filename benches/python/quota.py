"""Who keeps 100 per second, and who uses it: callers that come back as soon as they have been let in."""

import asyncio
import time
from collections.abc import Callable

from aiolimiter import AsyncLimiter
from async_throttle import Throttle
from figures import QUICK, tell_quota

LIMIT = 100
SECONDS = 3 if QUICK else 8
CALLERS = 20

# What each lets in at once, and how to make it.
CONTESTANTS: dict[str, tuple[int, Callable]] = {
    "aiolimiter": (LIMIT, lambda: AsyncLimiter(LIMIT, 1)),
    "aiolimiter, no burst": (1, lambda: AsyncLimiter(1, 1 / LIMIT)),
    "async-throttle": (LIMIT, lambda: Throttle(LIMIT)),
}


async def greedy(gate) -> list[float]:
    """When each call was let in."""
    log: list[float] = []

    async def caller() -> None:
        while True:
            async with gate:
                log.append(time.monotonic())

    callers = [asyncio.create_task(caller()) for _ in range(CALLERS)]
    await asyncio.sleep(SECONDS)
    for task in callers:
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    return sorted(log)


def worst_window(log: list[float]) -> int:
    start = worst = 0
    for index, at in enumerate(log):
        while at - log[start] >= 1:
            start += 1
        worst = max(worst, index - start + 1)
    return worst


async def main() -> None:
    logs = await asyncio.gather(*(greedy(make()) for _, make in CONTESTANTS.values()))
    for (who, (burst, _)), log in zip(CONTESTANTS.items(), logs):
        share = (len(log) - burst) / LIMIT / (log[-1] - log[0])
        tell_quota("Python: quota", f"{LIMIT}/s", who, share, worst_window(log), LIMIT)


asyncio.run(main())
