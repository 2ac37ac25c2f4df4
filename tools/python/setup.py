"""Builds the reader of published hits where there is a compiler; without one, the client does without it."""

from setuptools import Extension, setup

reader = Extension(
    "memod._region._reader",
    ["memod/_region/reader.c"],
    define_macros=[("Py_LIMITED_API", "0x03090000")],
    extra_compile_args=["-O2", "-std=c11"],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[reader], options={"bdist_wheel": {"py_limited_api": "cp39"}})
