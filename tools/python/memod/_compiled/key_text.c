/* The text of a key whose arguments are numbers, text, booleans and None, as nearly all are, or lists, tuples and dicts of
 * them, and may be those of a method of an object that holds such. The rest is left to keys.py. */
#include "speedups.h"
#include <string.h>

enum { TEXT_MAX = 1 << 14, DEPTH_MAX = 16, CONTAINERS_MAX = 64, STRINGS_MIN = 64, MEMBERS_MAX = 32 };

typedef struct {
    size_t count;
    int depth, met;
    PyObject *places; /* by id, what goes by another name as well */
    PyObject *containers[CONTAINERS_MAX]; /* the lists and dicts in it */
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
    if (number - number != 0) return 0;
    int is_whole = number > -9007199254740992.0 && number < 9007199254740992.0 ? (double)(long long)number == number : 1;
    char *digits = PyOS_double_to_string(number, 'r', 0, is_whole ? Py_DTSF_ADD_DOT_0 : 0, NULL);
    if (!digits) {
        PyErr_Clear();
        return 0;
    }
    /* Whole ones go by their type as well. */
    int is_plain = (!is_whole || put_literal(text, "{\"$memod\":\"float\",\"v\":\"")) && put_literal(text, digits) &&
                   (!is_whole || put_literal(text, "\"}"));
    PyMem_Free(digits);
    return is_plain;
}

/* Whether a container is met for the first time, and goes by no other name: otherwise more than what it holds counts. */
static int is_by_itself(Text *text, PyObject *container) {
    for (int at = 0; at < text->met; at++)
        if (text->containers[at] == container) return 0;
    if (text->met == CONTAINERS_MAX) return 0;
    text->containers[text->met++] = container;
    if (PyDict_Size(text->places) == 0) return 1;
    PyObject *mark = PyLong_FromVoidPtr(container);
    int is_named = mark ? PyDict_Contains(text->places, mark) : -1;
    Py_XDECREF(mark);
    PyErr_Clear();
    return is_named == 0;
}

static int put_value(Text *text, PyObject *value);

static int put_items(Text *text, PyObject *value, Py_ssize_t count, PyObject *(*item)(PyObject *, Py_ssize_t)) {
    if (!put(text, "[", 1)) return 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        PyObject *each = item(value, at);
        if (count >= STRINGS_MIN && PyUnicode_Check(each)) return 0; /* of so many a digest is taken */
        if ((at > 0 && !put(text, ",", 1)) || !put_value(text, each)) return 0;
    }
    return put(text, "]", 1);
}

static int put_pairs(Text *text, PyObject *value) {
    PyObject *name, *held;
    Py_ssize_t place = 0;
    if (!put(text, "[", 1)) return 0;
    for (int is_first = 1; PyDict_Next(value, &place, &name, &held); is_first = 0)
        if (!put_literal(text, is_first ? "[" : ",[") || !put_value(text, name) || !put(text, ",", 1) ||
            !put_value(text, held) || !put(text, "]", 1))
            return 0;
    return put(text, "]", 1);
}

static int put_container(Text *text, PyObject *value) {
    int is_put = 0;
    if (++text->depth > DEPTH_MAX) return 0;
    if (PyTuple_CheckExact(value))
        is_put = put_literal(text, "{\"$memod\":\"tuple\",\"v\":") &&
                 put_items(text, value, PyTuple_Size(value), PyTuple_GetItem) && put(text, "}", 1);
    else if (PyList_CheckExact(value))
        is_put = is_by_itself(text, value) && put_items(text, value, PyList_Size(value), PyList_GetItem);
    else if (PyDict_CheckExact(value))
        is_put = is_by_itself(text, value) && put_literal(text, "{\"$memod\":\"dict\",\"v\":") &&
                 put_pairs(text, value) && put(text, "}", 1);
    text->depth--;
    return is_put;
}

static int put_value(Text *text, PyObject *value) {
    if (PyUnicode_CheckExact(value)) return put_string(text, value);
    if (PyLong_CheckExact(value)) return put_integer(text, value);
    if (PyFloat_CheckExact(value)) return put_float(text, value);
    if (value == Py_None) return put_literal(text, "null");
    if (value == Py_True) return put_literal(text, "true");
    if (value == Py_False) return put_literal(text, "false");
    return put_container(text, value);
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

/* The attributes of an object, by name in order. */
static int put_state(Text *text, PyObject *state) {
    PyObject *names[MEMBERS_MAX], *values[MEMBERS_MAX], *name, *value;
    Py_ssize_t count = 0, place = 0;
    while (PyDict_Next(state, &place, &name, &value)) {
        if (count == MEMBERS_MAX || !PyUnicode_CheckExact(name)) return 0;
        Py_ssize_t at = count++;
        for (; at > 0 && PyUnicode_Compare(names[at - 1], name) > 0; at--) {
            names[at] = names[at - 1];
            values[at] = values[at - 1];
        }
        names[at] = name;
        values[at] = value;
    }
    if (!put(text, "{", 1)) return 0;
    for (Py_ssize_t at = 0; at < count; at++)
        if ((at > 0 && !put(text, ",", 1)) || !put_string(text, names[at]) || !put(text, ":", 1) || !put_value(text, values[at]))
            return 0;
    return put(text, "}", 1);
}

static int put_call(Text *text, PyObject *args, PyObject *kwds, PyObject *head, PyObject *state) {
    if (!put(text, "[", 1)) return 0;
    Py_ssize_t count = PyTuple_Size(args), is_method = state != Py_None;
    if (is_method && (!PyDict_CheckExact(state) || !put_text(text, head) || !put_state(text, state) || !put(text, "}", 1)))
        return 0;
    for (Py_ssize_t at = is_method; at < count; at++)
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

/* call_text(args, kwds, head, state, places): of a method `state` is what its object holds, otherwise None, and `head` how
   the text of the object begins; `places` has the ids of what goes by another name as well */
PyObject *call_text(PyObject *module, PyObject *call) {
    (void)module;
    PyObject *parts[5] = {NULL};
    Py_ssize_t count = PyTuple_Size(call);
    for (Py_ssize_t at = 0; at < count && count == 5; at++) parts[at] = PyTuple_GetItem(call, at);
    PyObject *args = parts[0], *kwds = parts[1], *head = parts[2], *state = parts[3];
    if (!args || !PyTuple_Check(args) || !PyDict_Check(kwds) || !PyUnicode_Check(head) || !PyDict_Check(parts[4])) {
        PyErr_SetString(PyExc_TypeError, "call_text takes arguments, a dict of them, a head, a state, and a dict of places");
        return NULL;
    }
    Text text;
    text.count = 0;
    text.depth = text.met = 0;
    text.places = parts[4];
    if (!put_call(&text, args, kwds, head, state)) text.count = 0;
    return PyUnicode_DecodeASCII(text.bytes, (Py_ssize_t)text.count, NULL);
}
