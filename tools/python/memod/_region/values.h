/* Values of hits, made of their JSON text. Limited API of CPython 3.9. */
#ifndef MEMOD_VALUES_H
#define MEMOD_VALUES_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* The value of JSON text. `scan` makes those that are not plain: a JSONDecoder's `scan_once`. NULL with an exception set. */
PyObject *value_of(const char *text, Py_ssize_t bytes, PyObject *scan);

#endif
