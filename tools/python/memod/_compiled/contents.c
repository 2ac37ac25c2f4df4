/* Whether containers still hold what they held. */
#include "speedups.h"

/* Takes the next object off a list that is to hold it. False where it holds another one there. */
static int is_next(PyObject *held, Py_ssize_t *at, PyObject *value) { return PyList_GetItem(held, (*at)++) == value; }

/* Whether iteration finds these very objects; -1 where it fails. */
static int iterates(PyObject *container, PyObject *held, Py_ssize_t *at, Py_ssize_t end) {
    PyObject *steps = PyObject_GetIter(container), *value;
    if (!steps) return -1;
    int same = 1;
    while (same && (value = PyIter_Next(steps))) {
        same = *at < end && is_next(held, at, value);
        Py_DECREF(value);
    }
    Py_DECREF(steps);
    return PyErr_Occurred() ? -1 : same;
}

static int holds(PyObject *container, PyObject *held, Py_ssize_t *at, Py_ssize_t size) {
    Py_ssize_t end = *at + size, place = 0;
    PyObject *key, *value;
    if (end > PyList_Size(held)) return 0;
    if (PyList_CheckExact(container)) {
        if (PyList_Size(container) != size) return 0;
        for (; place < size; place++)
            if (!is_next(held, at, PyList_GetItem(container, place))) return 0;
        return 1;
    }
    if (PyDict_CheckExact(container)) {
        if (PyDict_Size(container) != size) return 0;
        while (PyDict_Next(container, &place, &key, &value))
            if (!is_next(held, at, key)) return 0;
        return 1;
    }
    int same = iterates(container, held, at, end);
    return same > 0 ? *at == end : same;
}

/* The same for the values of a mapping. */
static int leads_to(PyObject *mapping, PyObject *held, Py_ssize_t *at) {
    Py_ssize_t place = 0, end = PyList_Size(held);
    PyObject *key, *value;
    if (PyDict_CheckExact(mapping)) {
        if (*at + PyDict_Size(mapping) > end) return 0;
        while (PyDict_Next(mapping, &place, &key, &value))
            if (!is_next(held, at, value)) return 0;
        return 1;
    }
    PyObject *values = PyMapping_Values(mapping);
    if (!values) return -1;
    int same = iterates(values, held, at, end);
    Py_DECREF(values);
    return same;
}

/* contents_hold(containers, sizes, items, mappings, values): whether each container has its size, they all hold these items in
   this order, and the mappings lead to these values; all are lists */
PyObject *contents_hold(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *containers, *sizes, *items, *mappings, *values;
    PyTypeObject *list = &PyList_Type;
    if (!PyArg_ParseTuple(call, "O!O!O!O!O!", list, &containers, list, &sizes, list, &items, list, &mappings, list, &values)) return NULL;
    Py_ssize_t item = 0, value = 0;
    int same = PyList_Size(containers) == PyList_Size(sizes);
    for (Py_ssize_t at = 0; same > 0 && at < PyList_Size(containers); at++) {
        Py_ssize_t size = PyLong_AsSsize_t(PyList_GetItem(sizes, at));
        same = PyErr_Occurred() ? -1 : holds(PyList_GetItem(containers, at), items, &item, size);
    }
    for (Py_ssize_t at = 0; same > 0 && at < PyList_Size(mappings); at++) same = leads_to(PyList_GetItem(mappings, at), values, &value);
    if (same < 0) return NULL;
    return PyBool_FromLong(same && item == PyList_Size(items) && value == PyList_Size(values));
}
