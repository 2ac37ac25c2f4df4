# Turns a program's --help into parts of an mdoc page. `part` says which: overview, usage, arguments, options,
# commands (their names alone), or settings (options as the configuration file names them).

function escaped(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) text = "\\\\\\&" text
    return text
}

# The name of an option or argument, and its explanation, which may be in the next line.
function cut(line, parts) {
    sub(/^ +/, "", line)
    if (match(line, /^[^ <]*(, [^ <]*)* ?<[^>]*>(, [^ ]*)*/) || match(line, /^[^ ]*(, [^ ]*)*/)) {
        parts["name"] = substr(line, 1, RLENGTH)
        parts["text"] = substr(line, RLENGTH + 1)
        sub(/^ +/, "", parts["text"])
    }
}

function item(line, parts, name) {
    cut(line, parts)
    name = parts["name"]
    if (part == "settings") {
        sub(/^--/, "", name)
        if (name ~ /^(version|-h|help|config|check)/) { skipped = 1; return }
        sub(/ </, " = <", name)
    }
    gsub(/[<>]/, "", name)
    print ".It " escaped(name)
    if (parts["text"] != "") print escaped(parts["text"])
}

/^OVERVIEW: / { section = "overview"; sub(/^OVERVIEW: /, "") }
/^USAGE: / {
    section = ""
    if (part == "usage") { sub(/^USAGE: /, ""); print ".Dl " escaped($0); print ".Pp" }
    next
}
/^[A-Z][A-Z ]+:$/ {
    section = tolower($0)
    sub(/:$/, "", section)
    if (section != "options" && section != "arguments") section = "commands"
    next
}
part == "overview" && section == "overview" {
    if ($0 == "") { blank = 1; next }
    if ($0 ~ /^  /) {
        # An example, kept as it is.
        if (blank && !literal) print ".Pp"
        sub(/^  /, "")
        print ".Dl " escaped($0)
        literal = 1
    } else {
        if (blank) print ".Pp"
        print escaped($0)
        literal = 0
    }
    blank = 0
}
section == "commands" && part == "commands" && /^  [a-z]/ {
    name = $1
    if (name != "help") print name
}
part == "commands" || part == "overview" || part == "usage" { next }
section != (part == "settings" ? "options" : part) { next }
/^  +[-<]/ { skipped = 0; item($0); next }
# An explanation that goes on in the next line.
/^                    +[^ ]/ && !skipped { sub(/^ +/, ""); print escaped($0) }
