"""Sees whether generators of random numbers are seeded by chance while memoized functions run: `Random(seed)` draws other
numbers in each process where `seed` is None.

What seeds them leads here, from the first run of a function that makes generators."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Tuple

#: Names of what makes a generator.
MAKERS: FrozenSet[str] = frozenset("Random default_rng RandomState SeedSequence MT19937 PCG64 PCG64DXSM Philox SFC64".split())
_watched: Dict[str, Any] = {}
_seeded = 0


def state() -> Tuple[int, int]:
    """Is another one after a generator was seeded by chance, or where that could not be seen."""
    load_generators()
    _watch("random", _watch_random)
    _watch("numpy.random.bit_generator", _watch_numpy)
    return len(_watched), _seeded


def load_generators() -> None:
    """A part of numpy that is only loaded at its first use."""
    if "numpy" in sys.modules and "numpy.random" not in sys.modules:
        import numpy.random


def _watch(name: str, hook: Any) -> None:
    module = sys.modules.get(name)
    if module is not None and _watched.get(name) is not module:
        _watched.pop(name, None)
        hook(module)
        _watched[name] = module


def _note() -> None:
    global _seeded
    _seeded += 1


def _watch_random(module: Any) -> None:
    original = module.Random.seed

    def seed(self: Any, a: Any = None, version: int = 2) -> None:
        if a is None:
            _note()
        original(self, a, version)

    _stands_for(seed, original)
    module.Random.seed = seed


def _watch_numpy(module: Any) -> None:
    original = module.randbits

    def randbits(k: int) -> int:
        _note()
        return int(original(k))

    _stands_for(randbits, original)
    module.randbits = randbits


def _stands_for(function: Any, original: Any) -> None:
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(function, name, getattr(original, name, None))
    function.__memod_stands_for__ = original
