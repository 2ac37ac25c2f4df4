"""What the process is, is put into words again when it has changed, and only then."""

from __future__ import annotations

import copyreg
import email.charset
import json.encoder
import os
import shutil
import sqlite3
import urllib.parse
import warnings
import xml.etree.ElementTree

import pytest
from memod._identity import event_watch
from memod._identity.ambient_inputs import INPUTS
from memod._identity.remembered import remembered


class K:
    pass


def reduce_k(k):
    return K, ()


def reduce_otherwise(k):
    return K, (1,)


CHANGES = {
    "json": lambda patch: patch.setattr(json._default_encoder, "ensure_ascii", False),
    "urls": lambda patch: patch.setattr(urllib.parse, "uses_netloc", [*urllib.parse.uses_netloc, "s9"]),
    "namespaces": lambda patch: patch.setitem(xml.etree.ElementTree._namespace_map, "u:q", "zz"),
    "charsets": lambda patch: patch.setitem(email.charset.ALIASES, "l9", "utf-8"),
    "reducers": lambda patch: patch.setitem(copyreg.dispatch_table, K, reduce_k),
    "adapters": lambda patch: patch.setitem(sqlite3.adapters, (K, sqlite3.PrepareProtocol), reduce_k),
    "archives": lambda patch: patch.setitem(shutil._ARCHIVE_FORMATS, "k", (reduce_k, [], "k")),
    "environment": lambda patch: patch.setenv("MEMOD_TEST_REMEMBERED", "1"),
    "warnings": lambda patch: patch.setattr(warnings, "filters", [("error", None, UserWarning, None, 7)]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_and_taken_back(monkeypatch, name):
    read = INPUTS[name]
    before = read()
    assert read() is before
    with monkeypatch.context() as patch:
        CHANGES[name](patch)
        now = read()
        assert now != before and read() is now
    assert read() == before


def test_within_a_list(monkeypatch):
    before = INPUTS["urls"]()
    urllib.parse.uses_netloc.append("s9")
    try:
        assert INPUTS["urls"]() != before
    finally:
        urllib.parse.uses_netloc.remove("s9")


def test_other_code_in_a_function(monkeypatch):
    event_watch.listen()
    monkeypatch.setitem(copyreg.dispatch_table, K, reduce_k)
    before = INPUTS["reducers"]()
    code = reduce_k.__code__
    try:
        reduce_k.__code__ = reduce_otherwise.__code__
        assert INPUTS["reducers"]() != before
    finally:
        reduce_k.__code__ = code
    assert INPUTS["reducers"]() == before


def test_variables_of_another_kind(monkeypatch):
    class Variables(dict):
        pass

    held = Variables(A="1")
    monkeypatch.setattr(os, "environ", held)
    before = INPUTS["environment"]()
    held["A"] = "2"
    assert INPUTS["environment"]() != before


def test_what_changes_while_it_is_made():
    parts = [1]

    def make(held):
        words = repr(held)
        if held == [1]:
            held.append(2)
        return words

    read = remembered(lambda: [parts], make)
    assert read() == "[1]" and read() == "[1, 2]"
