/* Whether namespaces of a program still hold the objects that they held. */
#include "speedups.h"
#include <stdint.h>
#include <string.h>

static int is_same(PyObject *space, PyObject *held) {
    if (!space || !held || !PyDict_Check(space) || !PyList_CheckExact(held) || PyDict_Size(space) != PyList_Size(held)) return 0;
    PyObject *name, *value;
    Py_ssize_t place = 0;
    for (Py_ssize_t at = 0; PyDict_Next(space, &place, &name, &value); at++)
        if (PyList_GetItem(held, at) != value) return 0;
    return 1;
}

/* first_changed(spaces, held, start): from there on, which of the dicts holds other objects than its list; -1 where none does */
PyObject *first_changed(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *spaces, *held;
    Py_ssize_t at;
    if (!PyArg_ParseTuple(call, "O!O!n", &PyList_Type, &spaces, &PyList_Type, &held, &at)) return NULL;
    Py_ssize_t count = PyList_Size(spaces);
    if (count > PyList_Size(held)) count = PyList_Size(held);
    while (at < count && is_same(PyList_GetItem(spaces, at), PyList_GetItem(held, at))) at++;
    return PyLong_FromSsize_t(at < count ? at : -1);
}

/* hold(spaces, names, values): whether each name in its dict still is that very object; lists of one length */
PyObject *hold(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *spaces, *names, *values;
    if (!PyArg_ParseTuple(call, "O!O!O!", &PyList_Type, &spaces, &PyList_Type, &names, &PyList_Type, &values)) return NULL;
    Py_ssize_t count = PyList_Size(spaces);
    if (PyList_Size(names) != count || PyList_Size(values) != count) Py_RETURN_FALSE;
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *space = PyList_GetItem(spaces, at);
        PyObject *name = PyList_GetItem(names, at);
        PyObject *found = PyDict_Check(space) && PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(space, name) : NULL;
        if (!found || found != PyList_GetItem(values, at)) {
            PyErr_Clear();
            Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

/* holds_only(space, names, values): whether a dict holds these names, which are these very objects, and no others */
PyObject *holds_only(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *space, *names, *values;
    if (!PyArg_ParseTuple(call, "OO!O!", &space, &PyList_Type, &names, &PyList_Type, &values)) return NULL;
    Py_ssize_t count = PyList_Size(names);
    if (!PyDict_CheckExact(space) || PyDict_Size(space) != count || PyList_Size(values) != count) Py_RETURN_FALSE;
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *name = PyList_GetItem(names, at);
        PyObject *found = PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(space, name) : NULL;
        if (!found || found != PyList_GetItem(values, at)) {
            PyErr_Clear();
            Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

/* numbers_at(places): the 64-bit numbers at these addresses, all as bytes; the caller knows that they are there */
PyObject *numbers_at(PyObject *module, PyObject *places) {
    (void)module;
    char *from;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(places, &from, &size)) return NULL;
    PyObject *found = PyBytes_FromStringAndSize(NULL, size - size % 8);
    char *to = found ? PyBytes_AsString(found) : NULL;
    if (!to) return NULL;
    for (Py_ssize_t at = 0; at + 8 <= size; at += 8) {
        uint64_t address;
        memcpy(&address, from + at, 8);
        memcpy(to + at, (const void *)(uintptr_t)address, 8);
    }
    return found;
}
