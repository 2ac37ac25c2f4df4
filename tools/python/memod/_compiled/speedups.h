/* What look-ups spend their time in, each with a way in Python beside it that does the same. Limited API of CPython 3.9. */
#ifndef MEMOD_SPEEDUPS_H
#define MEMOD_SPEEDUPS_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *call_text(PyObject *module, PyObject *call);
PyObject *lengths(PyObject *module, PyObject *items);
PyObject *first_changed(PyObject *module, PyObject *call);
PyObject *watch_dicts(PyObject *module, PyObject *dicts);
PyObject *dict_changes(PyObject *module, PyObject *nothing);
PyObject *numbers_at(PyObject *module, PyObject *places);
PyObject *hold(PyObject *module, PyObject *call);
PyObject *hear_events(PyObject *module, PyObject *call);
PyObject *contents_hold(PyObject *module, PyObject *call);

#endif
