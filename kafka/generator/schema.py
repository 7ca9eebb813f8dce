"""Reads the schema files of kafka/schemas/ into plain objects.

The notation is described in kafka/schemas/README.md. Versions are sets of ints throughout: they
are small, and set arithmetic is easier to trust than ranges.
"""

import re
import sys

SIMPLE = {
    "bool", "int8", "int16", "int32", "int64", "uint16", "uint32", "float64", "string", "bytes",
    "records", "uuid"
}

FIELD = re.compile(
    r"^(?P<name>\w+): (?P<array>\[\])?(?P<type>\w+)(?P<null>\?(?P<null_in>[0-9][0-9,+-]*)?)?"
    r"(?: in (?P<versions>[0-9,+-]+))?(?: tag (?P<tag>\d+)(?::(?P<tag_in>[0-9,+-]+))?)?"
    r"(?: = (?P<default>\S+))?(?P<flags>(?: key| rigid| ignorable)*)$")
SECTION = re.compile(
    r"^(request|response|key|value|body) versions (\d+)(?:-(\d+))? flexible (?:(\d+)\+|none)$")
HEAD = re.compile(r"^(?:(api|record) (\d+) (\w+)|(message) (\w+))$")


class Entry:
    """One API, record or message, with its sections."""

    def __init__(self, kind, number, name):
        self.kind, self.number, self.name = kind, number, name
        self.properties = {}
        self.sections = []

    def section(self, kind):
        return next((s for s in self.sections if s.kind == kind), None)


class Section:
    """A message: fields in wire order, and the structs that occur anywhere in it."""

    def __init__(self, kind, first, last, flexible):
        self.kind = kind
        self.versions = set(range(first, last + 1))
        self.first, self.last = first, last
        self.first_flexible = flexible  # None: never
        self.fields = []
        self.structs = {}  # name -> Struct, inner ones before those that use them

    def flexible(self, version):
        return self.first_flexible is not None and version >= self.first_flexible


class Struct:

    def __init__(self, name):
        self.name = name
        self.fields = []


class Field:

    def __init__(self, match, section):
        every = section.versions
        self.name = match["name"]
        self.is_array = bool(match["array"])
        self.type = match["type"]
        self.versions = parse_range(match["versions"], section) if match["versions"] else set(every)
        self.nullable = set()
        if match["null"]:
            self.nullable = (parse_range(match["null_in"], section)
                             if match["null_in"] else set(every)) & self.versions
        self.tag = int(match["tag"]) if match["tag"] else None
        self.tagged = set()
        if self.tag is not None:
            self.tagged = parse_range(match["tag_in"], section) if match["tag_in"] else set(every)
            self.tagged &= {v for v in self.versions if section.flexible(v)}
        self.default = match["default"]
        flags = match["flags"].split()
        self.key, self.rigid, self.ignorable = ("key" in flags, "rigid" in flags,
                                                "ignorable" in flags)
        self.struct = None  # set when all structs of the section are known

    @property
    def is_simple(self):
        return self.type in SIMPLE


def parse_range(text, section):
    out = set()
    for part in text.split(","):
        if part.endswith("+"):
            out |= set(range(int(part[:-1]), section.last + 1))
        elif "-" in part:
            first, last = part.split("-")
            out |= set(range(int(first), int(last) + 1))
        else:
            out.add(int(part))
    return out & section.versions


class SchemaError(Exception):
    pass


def parse(path):
    """The entries of one file."""
    entries = []
    section = None
    stack = []  # (indent, list that fields of this depth go to)
    with open(path, encoding="utf-8") as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.split("#")[0].rstrip()
            if not line:
                continue
            indent = len(line) - len(line.lstrip())
            text = line.strip()
            try:
                if indent == 0:
                    section = parse_top(text, entries, section)
                    stack = [(2, section.fields)] if section else []
                else:
                    parse_nested(text, indent, section, stack)
            except SchemaError as error:
                sys.exit(f"{path}:{number}: {error}: '{text}'")
    for entry in entries:
        for section in entry.sections:
            resolve(entry, section)
    return entries


def parse_top(text, entries, section):
    head = HEAD.match(text)
    if head:
        kind = head[1] or head[4]
        entries.append(Entry(kind, int(head[2]) if head[2] else None, head[3] or head[5]))
        return None
    match = SECTION.match(text)
    if match:
        first = int(match[2])
        section = Section(match[1], first, int(match[3] or first),
                          int(match[4]) if match[4] else None)
        entries[-1].sections.append(section)
        return section
    if section is not None or not entries:
        raise SchemaError("a property must stand between the head line and the first section")
    name, _, value = text.partition(" ")
    entries[-1].properties[name] = value
    return None


def parse_nested(text, indent, section, stack):
    while stack and stack[-1][0] > indent:
        stack.pop()
    if section is None or not stack or stack[-1][0] != indent:
        raise SchemaError("unexpected indentation")
    if text.startswith("struct "):
        if indent != 2:
            raise SchemaError("shared structs stand first in a section")
        stack.append((indent + 2, new_struct(section, text.split()[1]).fields))
        return
    match = FIELD.match(text)
    if not match:
        raise SchemaError("not a field")
    field = Field(match, section)
    stack[-1][1].append(field)
    if not field.is_simple and field.type not in section.structs:
        stack.append((indent + 2, new_struct(section, field.type).fields))


def new_struct(section, name):
    # A shared struct may have been used by an earlier one before its own lines come.
    if name in section.structs and not section.structs[name].fields:
        return section.structs[name]
    if name in section.structs:
        raise SchemaError(f"struct {name} is defined twice")
    section.structs[name] = Struct(name)
    return section.structs[name]


def resolve(entry, section):
    """Links fields to structs, and orders the structs so that inner ones stand first."""
    ordered = {}

    def visit(fields, seen):
        for field in fields:
            if field.is_simple:
                continue
            if field.type in seen:
                sys.exit(f"{entry.name}: struct {field.type} contains itself")
            field.struct = section.structs[field.type]
            if not field.struct.fields:
                sys.exit(f"{entry.name}: struct {field.type} has no fields")
            visit(field.struct.fields, seen | {field.type})
            ordered.setdefault(field.type, field.struct)

    visit(section.fields, frozenset())
    section.structs = ordered


def minimum_size(section, fields, version):
    """The fewest bytes that these fields take in this version."""
    flexible = section.flexible(version)
    size = 1 if flexible else 0
    for field in fields:
        if version not in field.versions or version in field.tagged:
            continue
        if field.is_array or field.type in ("bytes", "records"):
            size += 1 if flexible else 4
        elif field.type == "string":
            size += 1 if flexible and not field.rigid else 2
        elif not field.is_simple:
            size += 1 if version in field.nullable else minimum_size(
                section, field.struct.fields, version)
        else:
            size += {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4,
                     "int64": 8, "float64": 8, "uuid": 16}[field.type]
    return size
