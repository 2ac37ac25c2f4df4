/* Hears the interpreter's audit events, of which there are many, and hands on the few that are asked for. A hook in Python is
   called for each, also for each `id()`, which takes three times as long. */
#include "speedups.h"
#include <dlfcn.h>
#include <string.h>

enum { EVENTS_MAX = 64 };
static const char *names[EVENTS_MAX];
static int count;
static PyObject *events, *handler;
static PyInterpreterState *home;

static int hear(const char *event, PyObject *arguments, void *nothing) {
    (void)nothing;
    for (int at = 0; at < count; at++) {
        if (names[at][0] != event[0] || strcmp(names[at], event)) continue;
        if (!Py_IsInitialized() || PyInterpreterState_Get() != home) return 0;
        PyObject *heard = PyObject_CallFunctionObjArgs(handler, PyTuple_GetItem(events, at), arguments, NULL);
        Py_XDECREF(heard);
        return heard ? 0 : -1;
    }
    return 0;
}

/* hear_events(events, handler): has the handler called with the name and the arguments of each of these events from now on, for
   good; False where that cannot be had. The function for that is not in the limited API. */
PyObject *hear_events(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *wanted, *function;
    if (!PyArg_ParseTuple(call, "O!O", &PyTuple_Type, &wanted, &function)) return NULL;
    int (*add)(int (*)(const char *, PyObject *, void *), void *);
    *(void **)&add = dlsym(RTLD_DEFAULT, "PySys_AddAuditHook");
    Py_ssize_t size = PyTuple_Size(wanted);
    if (!add || handler || size > EVENTS_MAX) Py_RETURN_FALSE;
    for (Py_ssize_t at = 0; at < size; at++) {
        PyObject *name = PyUnicode_AsUTF8String(PyTuple_GetItem(wanted, at)); /* kept, as the hook is */
        if (!name || !(names[at] = PyBytes_AsString(name))) return NULL;
    }
    home = PyInterpreterState_Get();
    Py_INCREF(wanted);
    Py_INCREF(function);
    events = wanted;
    handler = function;
    count = (int)size;
    int is_added = add(hear, NULL) == 0;
    if (!is_added) {
        count = 0;
        PyErr_Clear();
    }
    return PyBool_FromLong(is_added);
}
