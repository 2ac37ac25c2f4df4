"""CPython's own tests of `lru_cache`, with memod's in its place. Run by the interpreter whose tests they are."""

import functools
import sys
import unittest
import warnings
from types import SimpleNamespace

warnings.simplefilter("ignore")
import memod  # noqa: E402
from test import test_functools  # noqa: E402


@memod.lru_cache()
def cached_func(x, y):
    return 3 * x + y


class TestMemod(test_functools.TestLRU, unittest.TestCase):
    module = SimpleNamespace(**{**vars(functools), "lru_cache": memod.lru_cache, "cache": memod.cache})
    cached_func = (cached_func,)

    @memod.lru_cache()
    def cached_meth(self, x, y):
        return 3 * x + y

    @staticmethod
    @memod.lru_cache()
    def cached_staticmeth(x, y):
        return 3 * x + y


del test_functools
if __name__ == "__main__":
    result = unittest.TextTestRunner(sys.stderr).run(unittest.defaultTestLoader.loadTestsFromTestCase(TestMemod))
    assert result.testsRun > 20
    sys.exit(not result.wasSuccessful())
