"""Compiled code where there was a compiler: `speedups`. Who uses it has a way without."""
