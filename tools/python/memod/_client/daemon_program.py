"""The `memod` that may be started for this user: where it is, and whether no one else can exchange it."""

from __future__ import annotations

import os
import stat
import sys

from .signals import pass_signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Tuple


def find() -> Tuple[Optional[str], List[str]]:
    """The first program that may be started, and why those before it may not."""
    refused: List[str] = []
    seen = set()
    for directory in _directories():
        path = os.path.join(directory, "memod")
        if path in seen or not os.path.isabs(directory) or not os.access(path, os.X_OK):
            continue
        seen.add(path)
        reason = _distrust(path)
        if reason is None:
            return path, refused
        refused.append(reason)
    return None, refused


def _directories() -> Iterator[str]:
    """From the wheel, beside the interpreter, then `PATH`."""
    yield from _of_the_wheel()
    if sys.executable:
        yield os.path.dirname(sys.executable)
    yield from os.environ.get("PATH", "").split(os.pathsep)


def _of_the_wheel() -> Iterator[str]:
    """Where the wheel that this package came with has its programs, which its record says."""
    try:
        from importlib import metadata

        package = os.path.realpath(os.path.dirname(os.path.dirname(__file__)))
        distribution = metadata.distribution("memod")
        files = distribution.files or []
        if not any(os.path.realpath(str(file.locate())) == os.path.join(package, "__init__.py") for file in files):
            return  # an editable or another installation
        for file in files:
            if file.name == "memod" and file.parent.name == "bin":
                yield os.path.dirname(os.path.normpath(str(file.locate())))
    except Exception as error:  # whatever a broken installation makes of its record: the other places are left
        pass_signal(error)
        return


def _distrust(path: str) -> Optional[str]:
    """Why others than root and this user could have put something else there; None where they could not."""
    try:
        # A link is as good as the directory it is in, and what it leads to has to be good as well.
        for place in {path, os.path.realpath(path)}:
            for checked in (os.path.dirname(place), os.path.realpath(place)):
                found = os.stat(checked)
                if found.st_uid not in (0, os.getuid()):
                    return f"{checked} belongs to uid {found.st_uid}"
                if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not _is_private(checked, found)):
                    return f"{checked} is writable by others (chmod go-w)"
        if not stat.S_ISREG(os.stat(path).st_mode):
            return f"{path} is no file"
    except OSError as error:
        return f"{path}: {error.strerror}"
    return None


def _is_private(path: str, found: os.stat_result) -> bool:
    """Whether the group that may write is this user's own and has no other member, as where umask is 002."""
    uid = os.getuid()
    if uid == 0 or found.st_uid != uid:
        return False
    try:
        import grp
        import pwd

        user = pwd.getpwuid(uid)
        group = grp.getgrgid(found.st_gid)
        # With an access list the group's bits stand for whoever the list names.
        has_list = "system.posix_acl_access" in os.listxattr(path)
    except (ImportError, KeyError, OSError):
        return False
    own = group.gr_gid == user.pw_gid and group.gr_name == user.pw_name
    return own and set(group.gr_mem) <= {user.pw_name} and not has_list
