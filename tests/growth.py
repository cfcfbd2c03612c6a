"""How the processor time of a function grows with the size of its input."""

import gc
import math
import time
from collections.abc import Callable
from typing import Any

MEASURABLE = 0.002
"""Seconds. A shorter run is repeated for as long."""

ROUNDS = 8

MOST_GROWTH = 3.0
"""Twice the input may take less than this many times the time: 2 is linear, 4 quadratic."""


def growth(run: Callable[[Any], Any], make: Callable[[int], Any], size: int) -> float:
    """How many times longer ``run`` takes on an input of twice the size, as the processor counts: the best of some
    rounds."""
    seconds = processor_seconds(run, make(size))
    repeats = max(1, math.ceil(MEASURABLE / max(seconds, 1e-6)))
    small, large = make(size), make(2 * size)
    shortest_small = shortest_large = float("inf")
    for _ in range(ROUNDS):
        shortest_small = min(shortest_small, processor_seconds(run, small, repeats))
        shortest_large = min(shortest_large, processor_seconds(run, large, repeats))
        if shortest_large < MOST_GROWTH * shortest_small:
            break
    return shortest_large / shortest_small


def processor_seconds(run: Callable[[Any], Any], value: Any, repeats: int = 1) -> float:
    """The processor time of this thread for some runs."""
    gc.disable()
    try:
        began = time.thread_time()
        for _ in range(repeats):
            run(value)
        return time.thread_time() - began
    finally:
        gc.enable()
