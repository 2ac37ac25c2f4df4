"""Instances of attrs classes and pydantic models in the codec: known by their fields, as dataclasses are. A class
with code that runs where an instance is made (converters, validators) makes it itself, and what it makes must be
what was stored."""

from __future__ import annotations

import sys

from . import class_layout
from .codec import Packer, Undecodable, Unstorable, is_same, register, tagged, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


#: Where attrs keeps a hash once it was asked for.
_CACHED_HASH = "_attrs_cached_hash"


def is_attrs_class(cls: type) -> bool:
    """Whether attrs made the class, and all that its instances hold is in attributes."""
    return isinstance(vars(cls).get("__attrs_attrs__"), tuple) and class_layout.has_plain_layout(cls)


def pack_attrs(packer: Packer, value: Any) -> Any:
    """An instance of an attrs class."""
    cls = type(value)
    names = [each.name for each in cls.__attrs_attrs__]
    held = class_layout.state(value)
    if set(held) - {_CACHED_HASH} != set(names):
        raise Unstorable(f"a {cls.__qualname__} with attributes beside its fields cannot be stored")
    class_layout.check_identity(packer, value)
    packer.volatile = True
    fields = [[name, packer.pack(held[name])] for name in names]
    return tagged("attrs", fields, t=packer.class_reference(cls), h=_CACHED_HASH in held)


def _has_hooks(cls: Any) -> bool:
    return any(hasattr(cls, f"__attrs_{when}_init__") for when in ("pre", "post")) or any(
        each.converter is not None or each.validator is not None for each in cls.__attrs_attrs__
    )


def _unpack_attrs(tree: Dict[str, Any]) -> Any:
    cls = class_layout.referenced_class(tree["t"])
    names = [name for name, _ in tree["v"]]
    if not is_attrs_class(cls) or [each.name for each in cls.__attrs_attrs__] != names:
        raise Undecodable(f"the class {tree['t']} has other fields now")
    items = {name: unpack(item) for name, item in tree["v"]}
    if _has_hooks(cls):
        given = {_alias(each): items[each.name] for each in cls.__attrs_attrs__ if each.init}
        made = cls(**given)
        _compare(tree["v"], [[name, getattr(made, name)] for name in names], tree["t"])
        return made
    made = object.__new__(cls)
    for name, item in items.items():
        object.__setattr__(made, name, item)
    if tree["h"]:
        object.__setattr__(made, _CACHED_HASH, None)
    return made


def _alias(attribute: Any) -> str:
    return str(getattr(attribute, "alias", None) or attribute.name.lstrip("_"))


def _compare(stored: List[Any], made: List[Any], name: str) -> None:
    if not is_same([(key, unpack(item)) for key, item in stored], [(key, item) for key, item in made]):
        raise Undecodable(f"the class {name} makes something else of it")


def is_pydantic_model(cls: type) -> bool:
    """Whether it is a model of pydantic 2 or later."""
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return isinstance(base, type) and issubclass(cls, base) and hasattr(cls, "__pydantic_validator__")


def pack_pydantic(packer: Packer, value: Any) -> Any:
    """An instance of a pydantic model."""
    cls = type(value)
    packer.volatile = True
    extra, private = value.__pydantic_extra__, value.__pydantic_private__
    names = set(type(value).model_fields)
    if set(vars(value)) - names:
        raise Unstorable(f"a {cls.__qualname__} with attributes beside its fields cannot be stored")
    return tagged(
        "pydantic",
        [[name, packer.pack(item)] for name, item in vars(value).items()],
        s=sorted(value.__pydantic_fields_set__),
        x=None if extra is None else [[name, packer.pack(item)] for name, item in extra.items()],
        p=None if private is None else [[name, packer.pack(item)] for name, item in private.items()],
        t=packer.class_reference(cls),
    )


def _unpack_pydantic(tree: Dict[str, Any]) -> Any:
    cls = class_layout.referenced_class(tree["t"])
    if not is_pydantic_model(cls):
        raise Undecodable(f"the class {tree['t']} is no pydantic model")
    chosen = set(tree["s"])
    given = {
        _input_name(cls, name): unpack(item)
        for name, item in [*tree["v"], *(tree["x"] or ())]
        if name in chosen or name not in cls.model_fields
    }
    made = cls.model_validate(given)
    if sorted(made.__pydantic_fields_set__) != tree["s"]:
        raise Undecodable(f"the class {tree['t']} makes something else of it")
    for stored, now in (
        (tree["v"], vars(made)),
        (tree["x"], made.__pydantic_extra__),
        (tree["p"], made.__pydantic_private__),
    ):
        if (stored is None) != (now is None):
            raise Undecodable(f"the class {tree['t']} makes something else of it")
        _compare(stored or [], list((now or {}).items()), tree["t"])
    return made


def _input_name(cls: Any, name: str) -> str:
    field = cls.model_fields.get(name)
    alias = None if field is None else field.validation_alias
    if alias is None:
        return name
    if not isinstance(alias, str):
        raise Undecodable(f"the field {name} goes by more than one name")
    return alias


register("attrs", (), None, _unpack_attrs)
register("pydantic", (), None, _unpack_pydantic)
