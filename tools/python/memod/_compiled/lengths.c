/* The lengths of many strings, for their digest. */
#include "speedups.h"

/* lengths(items): a byte for each string of a list; None where one is longer, or is none */
PyObject *lengths(PyObject *module, PyObject *items) {
    (void)module;
    if (!PyList_CheckExact(items)) Py_RETURN_NONE;
    Py_ssize_t count = PyList_Size(items);
    PyObject *made = PyBytes_FromStringAndSize(NULL, count);
    if (!made) return NULL;
    unsigned char *bytes = (unsigned char *)PyBytes_AsString(made);
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *item = PyList_GetItem(items, at);
        Py_ssize_t length = item && PyUnicode_CheckExact(item) ? PyUnicode_GetLength(item) : -1;
        if (length < 0 || length > 255) {
            PyErr_Clear();
            Py_DECREF(made);
            Py_RETURN_NONE;
        }
        bytes[at] = (unsigned char)length;
    }
    return made;
}
