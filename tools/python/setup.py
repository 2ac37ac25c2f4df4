"""Builds what look-ups spend their time in where there is a compiler; without one, the client does without it."""

from setuptools import Extension, setup

COMPILED = "memod/_compiled"
PARTS = {
    "memod._region._reader": ["memod/_region/reader.c", "memod/_region/values.c"],
    "memod._compiled.speedups": [
        f"{COMPILED}/{name}.c" for name in ("speedups", "key_text", "lengths", "namespaces", "contents", "audit")
    ],
}
extensions = [
    Extension(
        name,
        sources,
        depends=[f"{COMPILED}/speedups.h", "memod/_region/values.h"],
        define_macros=[("Py_LIMITED_API", "0x03090000")],
        extra_compile_args=["-O2", "-std=c11"],
        py_limited_api=True,
        optional=True,
    )
    for name, sources in PARTS.items()
]

setup(ext_modules=extensions, options={"bdist_wheel": {"py_limited_api": "cp39"}})
