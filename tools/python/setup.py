"""Builds what look-ups spend their time in where there is a compiler; without one, the client does without it."""

from setuptools import Extension, setup

PARTS = {"memod._region._reader": "memod/_region/reader.c", "memod._codec._plain": "memod/_codec/plain.c"}
extensions = [
    Extension(
        name,
        [source],
        define_macros=[("Py_LIMITED_API", "0x03090000")],
        extra_compile_args=["-O2", "-std=c11"],
        py_limited_api=True,
        optional=True,
    )
    for name, source in PARTS.items()
]

setup(ext_modules=extensions, options={"bdist_wheel": {"py_limited_api": "cp39"}})
