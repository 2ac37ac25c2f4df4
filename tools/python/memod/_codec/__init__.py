"""Values as JSON and back. The modules imported here register the kinds of value that they know."""

from . import classes, containers, library_types, standard_types  # noqa: F401
