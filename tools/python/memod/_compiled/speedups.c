#include "speedups.h"

static PyMethodDef methods[] = {
    {"call_text", call_text, METH_VARARGS, "A call's arguments as a key's JSON text; \"\" where they are not all plain."},
    {"hold", hold, METH_VARARGS, "Whether names in dicts still are these very objects."},
    {"hear_events", hear_events, METH_VARARGS, "Has a function hear these audit events; False where that cannot be had."},
    {"contents_hold", contents_hold, METH_VARARGS, "Whether containers hold what they held."},
    {"first_changed", first_changed, METH_VARARGS, "Which of some dicts no longer holds the objects of its list; -1 where none."},
    {"watch_dicts", watch_dicts, METH_O, "Has changes of these dicts counted; False where this interpreter cannot."},
    {"dict_changes", dict_changes, METH_NOARGS, "How often a watched dict was changed."},
    {"numbers_at", numbers_at, METH_O, "The 64-bit numbers at some addresses, both as bytes."},
    {"lengths", lengths, METH_O, "A byte for each string of a list; None where one is longer than 255, or is no string."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "speedups", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_speedups(void) { return PyModuleDef_Init(&module); }
