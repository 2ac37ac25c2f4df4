/* The text of a key whose arguments are numbers, text, booleans and None, as nearly all are. The rest, and what is spelt in
 * another way than as it stands, is left to keys.py. */
#include "speedups.h"
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
PyObject *plain_text(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *args, *kwds, *head;
    if (!PyArg_ParseTuple(call, "O!O!U", &PyTuple_Type, &args, &PyDict_Type, &kwds, &head)) return NULL;
    Text text;
    text.count = 0;
    if (!put_call(&text, args, kwds, head)) text.count = 0;
    return PyUnicode_DecodeASCII(text.bytes, (Py_ssize_t)text.count, NULL);
}
