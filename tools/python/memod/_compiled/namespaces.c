/* Whether namespaces of a program still hold the objects that they held. */
#include "speedups.h"
#include <dlfcn.h>
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

/* How often a watched dict was about to change. Under the interpreter's lock. */
static unsigned long long changes;

static int note_change(int event, PyObject *space, PyObject *name, PyObject *value) {
    (void)event, (void)space, (void)name, (void)value;
    changes++;
    return 0;
}

/* watch_dicts(dicts): has changes of these counted from now on; False where this interpreter cannot (before 3.12). Its functions
   for that are not in the limited API. */
PyObject *watch_dicts(PyObject *module, PyObject *dicts) {
    (void)module;
    static int watcher = -1;
    int (*add)(int (*)(int, PyObject *, PyObject *, PyObject *));
    int (*watch)(int, PyObject *);
    *(void **)&add = dlsym(RTLD_DEFAULT, "PyDict_AddWatcher");
    *(void **)&watch = dlsym(RTLD_DEFAULT, "PyDict_Watch");
    if (!add || !watch || !PyList_CheckExact(dicts)) Py_RETURN_FALSE;
    if (watcher < 0) watcher = add(note_change);
    int holds = watcher >= 0;
    for (Py_ssize_t at = 0; holds && at < PyList_Size(dicts); at++) holds = watch(watcher, PyList_GetItem(dicts, at)) == 0;
    PyErr_Clear();
    return PyBool_FromLong(holds);
}

/* dict_changes(): how often a dict that is watched was changed */
PyObject *dict_changes(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    return PyLong_FromUnsignedLongLong(changes);
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
