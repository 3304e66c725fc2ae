"""Chance that repeats: every draw of the world comes from a stream named after what it decides."""

import random


def stream(seed: int, name: str) -> random.Random:
    """Draws for one purpose; the same for the same seed and name. Never for secrets."""
    return random.Random(f"{seed}/{name}")  # noqa: S311 (an invented world must repeat)
