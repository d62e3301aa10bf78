"""Acquire and release with nobody else about: nanoseconds for each, the best of some rounds."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager

from aiolimiter import AsyncLimiter
from async_throttle import Throttle
from figures import QUICK, tell

CALLS = 10_000 if QUICK else 100_000
ROUNDS = 3 if QUICK else 7


async def in_turn(gate: AbstractAsyncContextManager) -> float:
    start = time.perf_counter_ns()
    for _ in range(CALLS):
        async with gate:
            pass
    return (time.perf_counter_ns() - start) / CALLS


async def main() -> None:
    # A quota that is never used up.
    gates = {
        "asyncio.Semaphore": lambda: asyncio.Semaphore(10),
        "aiolimiter": lambda: AsyncLimiter(1e9, 1),
        "async-throttle": lambda: Throttle(1e9, 10),
    }
    for who, make in gates.items():
        best = min([await in_turn(make()) for _ in range(ROUNDS)])
        tell("Python: acquire and release", "uncontended", who, best, "ns")


asyncio.run(main())
