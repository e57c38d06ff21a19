# SPDX-License-Identifier: MIT
"""Finds definitions in a C file by name, for the quotes of the lessons.

The file is read as a list of top-level items: preprocessor directives, function definitions, and
whatever ends with a semicolon. Each item knows which names it defines. No compiler is needed, and
none could be used: the comments belong to what is quoted.

Interface
    find(text, name)   the lines of the definition, with the comment right above it.
                       `name` is a function, a type's tag or typedef, a macro, an object or a
                       region. Where a function and a type have the same name, "x()" is the
                       function and "struct x" the type.
                       Raises NotFound, or Ambiguous.
    functions(text)    (name, first line, last line) of each function definition, lines from 1.
"""
import re
import textwrap

REGION = re.compile(r"^\s*(?:/\*|//|#)\s*region:\s*(\w+)\s*(?:\*/)?\s*$")
END_REGION = re.compile(r"^\s*(?:/\*|//|#)\s*end region\s*(?:\*/)?\s*$")

# Which definition is meant when a name has several: the body of a function rather than its
# prototype, a type's definition rather than its use.
FUNCTION, TYPE, OBJECT, MACRO, PROTOTYPE = range(5)


class NotFound(Exception):
    """There is no definition of that name."""


class Ambiguous(Exception):
    """There are several, and nothing says which is meant."""


class Item:
    """A top-level item: characters start..end of the text, and {name: kind} of what it defines."""

    def __init__(self, start, end, names):
        self.start, self.end, self.names = start, end, names


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def mask(text):
    """The text with comments, strings and characters blanked: same length, same lines."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return token.sub(blank, text)


def spans(masked):
    """Yields (start, end, is_function) of each top-level item."""
    start, depth, position = None, 0, 0
    directive = re.compile(r"[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.S)
    while position < len(masked):
        at_line_start = position == 0 or masked[position - 1] == "\n"
        found = directive.match(masked, position) if at_line_start else None
        if found:
            if start is None:
                yield found.start(), found.end(), False
            position = found.end()
            continue
        char = masked[position]
        if start is None and not char.isspace():
            start = position
        if char in "{([":
            depth += 1
        elif char in "})]":
            depth -= 1
        if depth == 0 and char == ";":
            yield start, position + 1, False
            start = None
        elif depth == 0 and char == "}" and is_function_head(masked[start:position]):
            yield start, position + 1, True
            start = None
        position += 1


def is_function_head(item):
    """True if what stands before the body is a function's declarator."""
    head = item.split("{", 1)[0].rstrip()
    return head.endswith(")") and "=" not in head


def names_of(item, is_function):
    """{name: kind} of what an item defines."""
    define = re.match(r"\s*#\s*define\s+(\w+)", item)
    if define:
        return {define.group(1): MACRO}
    if item.lstrip().startswith("#"):
        return {}
    item = re.sub(r"__attribute__\s*\(\(.*?\)\)", blank, item, flags=re.S)
    names = {}
    head, brace, _ = item.partition("{")
    if is_function:
        found = re.search(r"(\w+)\s*\(", head)
        # A test: START_TEST(name) { ... }
        if found and found.group(1).isupper():
            found = re.search(r"\(\s*(\w+)", head)
        return {found.group(1): FUNCTION} if found else {}
    tag = re.search(r"\b(struct|union|enum)\s+(\w+)\s*$", head)
    if brace and tag:
        names[tag.group(2)] = TYPE
        names[f"{tag.group(1)} {tag.group(2)}"] = TYPE
    tail = item[item.rfind("}") + 1:] if brace else item
    array = r"\s*(?:\[[^]]*\]\s*)*"
    if head.lstrip().startswith("typedef"):
        found = re.search(r"\(\s*\*\s*(\w+)\s*\)", tail) or re.search(rf"(\w+){array};", tail)
        kind = TYPE
    elif "=" in item:
        found, kind = re.search(rf"(\w+){array}=", item), OBJECT
    elif not brace and "(" in item:
        found, kind = re.search(r"(\w+)\s*\(", item), PROTOTYPE
    else:
        found, kind = re.search(rf"(\w+){array};", tail), OBJECT
    if found:
        names.setdefault(found.group(1), kind)
    return names


def items(text):
    masked = mask(text)
    for start, end, is_function in spans(masked):
        yield Item(start, end, names_of(masked[start:end], is_function))


def region(lines, name):
    """The lines between the markers of a region, or None."""
    found = [n for n, line in enumerate(lines) if (m := REGION.match(line)) and m.group(1) == name]
    if not found:
        return None
    if len(found) > 1:
        raise Ambiguous(f"region {name} begins {len(found)} times")
    end = next((n for n in range(found[0], len(lines)) if END_REGION.match(lines[n])), None)
    if end is None:
        raise NotFound(f"region {name} has no end")
    return lines[found[0] + 1:end]


def comment_above(text, masked, first_line):
    """The number of the first line of the comment that ends right above `first_line`."""
    lines, bare = text.split("\n"), masked.split("\n")
    above = first_line
    while above > 0 and lines[above - 1].strip() and not bare[above - 1].strip():
        above -= 1
        if REGION.match(lines[above]) or END_REGION.match(lines[above]):
            return above + 1
        if lines[above].lstrip().startswith("/*"):
            break
    return above


def definition(text, name):
    """The lines of the definition of `name`, a region apart."""
    bare = name.removesuffix("()")
    candidates = [(item.names[bare], item) for item in items(text) if bare in item.names]
    if bare != name:
        candidates = [(kind, item) for kind, item in candidates if kind in (FUNCTION, PROTOTYPE)]
    if not candidates:
        raise NotFound(name)
    kinds = {kind for kind, _ in candidates}
    if {FUNCTION, TYPE} <= kinds:
        raise Ambiguous(f"{name} is a function and a type: write `{name}()` or `struct {name}`")
    of_best = [item for kind, item in candidates if kind == min(kinds)]
    if len(of_best) > 1:
        raise Ambiguous(f"{name} is defined {len(of_best)} times")
    item = of_best[0]
    first = text.count("\n", 0, item.start)
    last = text.count("\n", 0, item.end - 1)
    return text.split("\n")[comment_above(text, mask(text), first):last + 1]


def find(text, name):
    lines = region(text.split("\n"), name)
    if lines is None:
        lines = definition(text, name)
    lines = [line for line in lines if not REGION.match(line) and not END_REGION.match(line)]
    return textwrap.dedent("\n".join(lines)).strip("\n").split("\n")


def functions(text):
    masked = mask(text)
    for start, end, is_function in spans(masked):
        if is_function:
            for name in names_of(masked[start:end], True):
                yield name, text.count("\n", 0, start) + 1, text.count("\n", 0, end - 1) + 1
