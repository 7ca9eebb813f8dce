"""Names and C++ fragments shared by the emitters."""

import re

# C++ type and the stem of the reader's and writer's functions.
SCALARS = {
    "bool": ("bool", "bool"),
    "int8": ("int8_t", "int8"),
    "int16": ("int16_t", "int16"),
    "int32": ("int32_t", "int32"),
    "int64": ("int64_t", "int64"),
    "uint16": ("uint16_t", "uint16"),
    "uint32": ("uint32_t", "uint32"),
    "float64": ("double", "float64"),
}
RESERVED = {"default", "delete", "operator", "namespace", "class", "public", "register", "union"}


def snake(name):
    out = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    out = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", out).lower()
    return out + "_" if out in RESERVED else out


def constant(name):
    """OFFSET_OUT_OF_RANGE -> kOffsetOutOfRange"""
    return "k" + "".join(word.capitalize() for word in name.split("_"))


def message_name(entry, section):
    if entry.kind == "api":
        return entry.name + section.kind.capitalize()
    # Records with a key are two messages; those of the metadata log have a value only.
    return entry.name + section.kind.capitalize() if entry.section("key") else entry.name


def module_name(path):
    """kafka/schemas/08-offset-commit.txt -> offset_commit"""
    stem = path.rsplit("/", 1)[-1][:-len(".txt")]
    return re.sub(r"^\d+-", "", stem).replace("-", "_")


def base_type(field):
    if field.type in SCALARS:
        return SCALARS[field.type][0]
    return {
        "string": "std::string_view",
        "bytes": "std::string_view",
        "records": "Buffer",
        "uuid": "Uuid"
    }.get(field.type, field.type)


def cpp_type(field):
    out = base_type(field)
    if field.is_array:
        out = f"std::vector<{out}>"
    return f"std::optional<{out}>" if field.nullable else out


def is_null_default(field):
    return field.default == "null" and bool(field.nullable)


def initializer(field):
    if field.nullable and not is_null_default(field):
        inner = f"std::vector<{base_type(field)}>" if field.is_array else base_type(field)
        return f" = {inner}()"
    if field.is_array or field.type not in SCALARS:
        return ""
    value = field.default or {"bool": "false", "float64": "0.0"}.get(field.type, "0")
    if value == "-2147483648":
        value = "INT32_MIN"
    return f" = {value}"


def at_default(field):
    """A condition that is true if the member has its default value."""
    name = snake(field.name)
    this = f"this->{name}"
    if field.nullable:
        if is_null_default(field):
            return f"!{this}.has_value()"
        if field.is_array or field.type in ("string", "bytes", "records"):
            return f"({this}.has_value() && {this}->empty())"
        return f"({this}.has_value() && *{this} == {base_type(field)}())"
    if field.is_array or field.type in ("string", "bytes", "records"):
        return f"{this}.empty()"
    if field.type in SCALARS:
        if field.type == "bool":
            return this if field.default == "true" else f"!{this}"
        return f"{this} == " + initializer(field).removeprefix(" = ")
    return f"{this} == {base_type(field)}()"


def condition(wanted, context):
    """C++ for `version is in wanted`, knowing that it is in context; None if that is always so."""
    wanted = wanted & context
    if wanted == context:
        return None
    if not wanted:
        return "false"
    parts = []
    for first, last in runs(wanted):
        bounds = []
        if first == last and last < max(context):
            bounds.append(f"version == {first}")
        else:
            if first > min(context):
                bounds.append(f"version >= {first}")
            if last < max(context):
                bounds.append(f"version <= {last}")
        parts.append(" && ".join(bounds) or "true")
    return parts[0] if len(parts) == 1 else " || ".join(f"({part})" for part in parts)


def runs(versions):
    out = []
    for version in sorted(versions):
        if out and out[-1][1] == version - 1:
            out[-1][1] = version
        else:
            out.append([version, version])
    return out


def flexible_expression(section):
    if section.first_flexible is None or section.first_flexible > section.last:
        return "false"
    if section.first_flexible <= section.first:
        return "true"
    return f"version >= {section.first_flexible}"
