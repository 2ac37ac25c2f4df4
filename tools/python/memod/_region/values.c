/* What most results are (numbers, text, true, false and null) is made here, as Python's `json` makes it; the rest there. */
#include "values.h"
#include <string.h>

enum { NUMBER_MAX = 40, DIGITS_MAX = 18 };

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

static Py_ssize_t digits(const char *text, Py_ssize_t at, Py_ssize_t bytes) {
    while (at < bytes && is_digit(text[at])) at++;
    return at;
}

/* NULL without an exception where the text is no number, or a long one. */
static PyObject *number_of(const char *text, Py_ssize_t bytes) {
    if (bytes > NUMBER_MAX) return NULL;
    Py_ssize_t first = text[0] == '-', at = digits(text, first, bytes);
    if (at == first || (text[first] == '0' && at - first > 1)) return NULL;
    if (at == bytes) {
        if (at - first > DIGITS_MAX) return NULL;
        long long value = 0;
        for (at = first; at < bytes; at++) value = value * 10 + (text[at] - '0');
        return PyLong_FromLongLong(first ? -value : value);
    }
    if (text[at] == '.') {
        Py_ssize_t end = digits(text, at + 1, bytes);
        if (end == at + 1) return NULL;
        at = end;
    }
    if (at < bytes && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < bytes && (text[at] == '+' || text[at] == '-')) at++;
        Py_ssize_t end = digits(text, at, bytes);
        if (end == at) return NULL;
        at = end;
    }
    if (at != bytes) return NULL;
    char copy[NUMBER_MAX + 1];
    memcpy(copy, text, (size_t)bytes);
    copy[bytes] = 0;
    double value = PyOS_string_to_double(copy, NULL, NULL);
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

/* NULL without an exception where there are escapes in it, or what may not be. */
static PyObject *text_of(const char *text, Py_ssize_t bytes) {
    if (bytes < 2 || text[bytes - 1] != '"') return NULL;
    for (Py_ssize_t at = 1; at < bytes - 1; at++)
        if ((unsigned char)text[at] < 0x20 || text[at] == '"' || text[at] == '\\') return NULL;
    return PyUnicode_DecodeUTF8(text + 1, bytes - 2, NULL);
}

static int is_word(const char *text, Py_ssize_t bytes, const char *word) {
    return (size_t)bytes == strlen(word) && memcmp(text, word, (size_t)bytes) == 0;
}

static PyObject *constant_of(const char *text, Py_ssize_t bytes) {
    PyObject *found = is_word(text, bytes, "null") ? Py_None : is_word(text, bytes, "true") ? Py_True : Py_False;
    if (found == Py_False && !is_word(text, bytes, "false")) return NULL;
    Py_INCREF(found);
    return found;
}

PyObject *value_of(const char *text, Py_ssize_t bytes, PyObject *scan) {
    PyObject *value = NULL;
    if (bytes > 0 && text[0] == '"')
        value = text_of(text, bytes);
    else if (bytes > 0 && (text[0] == '-' || is_digit(text[0])))
        value = number_of(text, bytes);
    else if (bytes > 0)
        value = constant_of(text, bytes);
    if (value || PyErr_Occurred()) return value;
    PyObject *scanned = PyObject_CallFunction(scan, "s#i", text, bytes, 0);
    if (!scanned) return NULL;
    value = PyTuple_GetItem(scanned, 0);
    Py_XINCREF(value);
    Py_DECREF(scanned);
    return value;
}
