/* What look-ups spend their time in. First the text of a key whose arguments are numbers, text, booleans and None: what nearly all keys are made of. The rest, and
 * what is spelt in another way than as it stands, is left to keys.py. Limited API of CPython 3.9. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

enum { TEXT_MAX = 1 << 14 };

typedef struct {
    size_t count;
    char bytes[TEXT_MAX];
} Text;

/* All of these return 0 where the text is not plain, or too long. */
static int put(Text *text, const char *bytes, size_t count) {
    if (count > TEXT_MAX - text->count) return 0;
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
    return 1;
}

static int put_literal(Text *text, const char *literal) { return put(text, literal, strlen(literal)); }

static int put_quoted(Text *text, const char *bytes, Py_ssize_t count) {
    static const char digits[] = "0123456789abcdef";
    static const char controls[] = "btn\0fr"; /* the letters of 8 to 13 */
    if (!put(text, "\"", 1)) return 0;
    Py_ssize_t start = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        unsigned char byte = (unsigned char)bytes[at];
        if (byte >= 0x80) return 0;
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        if (!put(text, bytes + start, (size_t)(at - start))) return 0;
        start = at + 1;
        if (byte >= 0x20) {
            char escape[] = {'\\', (char)byte};
            if (!put(text, escape, 2)) return 0;
        } else if (byte >= 8 && byte <= 13 && controls[byte - 8]) {
            char escape[] = {'\\', controls[byte - 8]};
            if (!put(text, escape, 2)) return 0;
        } else {
            char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
            if (!put(text, escape, 6)) return 0;
        }
    }
    return put(text, bytes + start, (size_t)(count - start)) && put(text, "\"", 1);
}

static int put_string(Text *text, PyObject *value) {
    PyObject *bytes = PyUnicode_AsUTF8String(value);
    if (!bytes) {
        PyErr_Clear();
        return 0;
    }
    int is_plain = put_quoted(text, PyBytes_AsString(bytes), PyBytes_Size(bytes));
    Py_DECREF(bytes);
    return is_plain;
}

static int put_integer(Text *text, PyObject *value) {
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow) return 0;
    unsigned long long left = number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
    char digits[24];
    char *first = digits + sizeof digits;
    do {
        *--first = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (number < 0) *--first = '-';
    return put(text, first, (size_t)(digits + sizeof digits - first));
}

static int put_float(Text *text, PyObject *value) {
    double number = PyFloat_AsDouble(value);
    /* Whole ones go by their type as well. */
    if (number - number != 0 || (number > -9007199254740992.0 && number < 9007199254740992.0
            ? (double)(long long)number == number : 1))
        return 0;
    char *digits = PyOS_double_to_string(number, 'r', 0, 0, NULL);
    if (!digits) {
        PyErr_Clear();
        return 0;
    }
    int is_plain = put_literal(text, digits);
    PyMem_Free(digits);
    return is_plain;
}

static int put_value(Text *text, PyObject *value) {
    if (PyUnicode_CheckExact(value)) return put_string(text, value);
    if (PyLong_CheckExact(value)) return put_integer(text, value);
    if (PyFloat_CheckExact(value)) return put_float(text, value);
    if (value == Py_None) return put_literal(text, "null");
    if (value == Py_True) return put_literal(text, "true");
    if (value == Py_False) return put_literal(text, "false");
    return 0;
}

static int put_text(Text *text, PyObject *value) {
    PyObject *bytes = PyUnicode_AsUTF8String(value);
    if (!bytes) {
        PyErr_Clear();
        return 0;
    }
    const char *start = PyBytes_AsString(bytes);
    size_t count = (size_t)PyBytes_Size(bytes);
    int is_plain = put(text, start, count);
    for (size_t at = 0; is_plain && at < count; at++) is_plain = (unsigned char)start[at] < 0x80;
    Py_DECREF(bytes);
    return is_plain;
}

static int put_call(Text *text, PyObject *args, PyObject *kwds, PyObject *head) {
    if (!put(text, "[", 1)) return 0;
    Py_ssize_t count = PyTuple_Size(args), first = PyUnicode_GetLength(head) > 0;
    if (first && !put_text(text, head)) return 0;
    for (Py_ssize_t at = first; at < count; at++)
        if ((at > 0 && !put(text, ",", 1)) || !put_value(text, PyTuple_GetItem(args, at))) return 0;
    if (PyDict_Size(kwds) > 0) {
        if (count > 0 && !put(text, ",", 1)) return 0;
        if (!put_literal(text, "{\"$memod\":\"kw\",\"v\":[")) return 0;
        PyObject *name, *value;
        Py_ssize_t place = 0;
        for (int is_first = 1; PyDict_Next(kwds, &place, &name, &value); is_first = 0)
            if (!put_literal(text, is_first ? "[" : ",[") || !PyUnicode_CheckExact(name) || !put_string(text, name) ||
                !put(text, ",", 1) || !put_value(text, value) || !put(text, "]", 1))
                return 0;
        if (!put_literal(text, "]}")) return 0;
    }
    return put(text, "]", 1);
}

/* plain_text(args, kwds, head): `head` is the text of the first argument, if it is not "" */
static PyObject *plain_text(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *args, *kwds, *head;
    if (!PyArg_ParseTuple(call, "O!O!U", &PyTuple_Type, &args, &PyDict_Type, &kwds, &head)) return NULL;
    Text text;
    text.count = 0;
    if (!put_call(&text, args, kwds, head)) text.count = 0;
    return PyUnicode_DecodeASCII(text.bytes, (Py_ssize_t)text.count, NULL);
}

/* lengths(items): a byte for each string of a list; None where one is longer, or is none */
static PyObject *lengths(PyObject *module, PyObject *items) {
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

static int is_same(PyObject *space, PyObject *held) {
    if (!space || !held || !PyDict_Check(space) || !PyList_CheckExact(held) || PyDict_Size(space) != PyList_Size(held)) return 0;
    PyObject *name, *value;
    Py_ssize_t place = 0;
    for (Py_ssize_t at = 0; PyDict_Next(space, &place, &name, &value); at++)
        if (PyList_GetItem(held, at) != value) return 0;
    return 1;
}

/* first_changed(spaces, held, start): from there on, which of the dicts holds other objects than its list; -1 where none does */
static PyObject *first_changed(PyObject *module, PyObject *call) {
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
static PyObject *hold(PyObject *module, PyObject *call) {
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

static PyMethodDef methods[] = {
    {"plain_text", plain_text, METH_VARARGS, "A call's arguments as a key's JSON text; \"\" where they are not all plain."},
    {"hold", hold, METH_VARARGS, "Whether names in dicts still are these very objects."},
    {"first_changed", first_changed, METH_VARARGS, "Which of some dicts no longer holds the objects of its list; -1 where none."},
    {"lengths", lengths, METH_O, "A byte for each string of a list; None where one is longer than 255, or is no string."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_plain", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__plain(void) { return PyModuleDef_Init(&module); }
