"""Makes the C++ header and source of one schema file.

    python3 messages.py SCHEMA HEADER_OUT SOURCE_OUT

Each message becomes a struct with read(), write() and visit(); see kafka/messages/README.md.
"""

import sys

import cpp
import schema


class Lines:

    def __init__(self):
        self.lines = []
        self.depth = 0

    def __call__(self, text=""):
        self.lines.append("  " * self.depth + text if text else "")

    def block(self, head):
        return Block(self, head)

    def text(self):
        return "\n".join(self.lines) + "\n"


class Block:

    def __init__(self, lines, head):
        self.lines, self.head = lines, head

    def __enter__(self):
        self.lines(self.head + " {")
        self.lines.depth += 1

    def __exit__(self, *_):
        self.lines.depth -= 1
        self.lines("}")


class Message:
    """One section with what its emission needs to know."""

    def __init__(self, entry, section):
        self.entry, self.section = entry, section
        self.name = cpp.message_name(entry, section)
        self.flexible = cpp.flexible_expression(section)
        self.has_tags = self.flexible != "false"
        self.compared = self.structs_that_are_compared()

    def structs_that_are_compared(self):
        """Structs whose default has to be recognised: a dropped or tagged struct field, and all
        that such a struct contains."""
        out = set()

        def include(struct):
            out.add(struct.name)
            for field in struct.fields:
                if field.struct:
                    include(field.struct)

        every = list(self.section.fields)
        for struct in self.section.structs.values():
            every += struct.fields
        for field in every:
            partial = field.versions != self.section.versions and not field.ignorable
            if field.struct and not field.is_array and (partial or field.tagged):
                if not (field.nullable and cpp.is_null_default(field)):
                    include(field.struct)
        return out

    def scopes(self):
        """(qualified name, fields) of every struct, the message itself last."""
        for struct in self.section.structs.values():
            yield f"{self.name}::{struct.name}", struct.fields
        yield self.name, self.section.fields


def emit_members(out, message, name, fields):
    for field in fields:
        out(f"{cpp.cpp_type(field)} {cpp.snake(field.name)}{cpp.initializer(field)};")
    if message.has_tags:
        out("UnknownTags unknown_tags;")
    out()
    out("void read_fields(ByteReader& in, int16_t version);")
    out("void write_fields(MessageWriter& out, int16_t version) const;")
    out("void visit(FieldVisitor& visitor, int16_t version);")
    if name in message.compared:
        out(f"friend bool operator==(const {name}&, const {name}&) = default;")


def emit_header(messages, source_name):
    out = Lines()
    out(f"// Made from {source_name} by kafka/generator/messages.py. Do not edit.")
    out()
    out("#pragma once")
    out()
    out("#include <absl/status/status.h>")
    out()
    for include in ("cstdint", "optional", "string_view", "vector"):
        out(f"#include <{include}>")
    out()
    for include in ("common/buffer.h", "common/uuid.h", "kafka/wire/unknown_tags.h"):
        out(f'#include "{include}"')
    out()
    out("namespace barnabas {")
    out("class ByteReader;")
    out("}")
    out()
    out("namespace barnabas::kafka {")
    out()
    out("class FieldVisitor;")
    out("class MessageWriter;")
    for message in messages:
        out()
        emit_struct(out, message)
    out()
    out("}  // namespace barnabas::kafka")
    return out.text()


def emit_struct(out, message):
    section, entry = message.section, message.entry
    flexible = "INT16_MAX" if section.first_flexible is None else section.first_flexible
    out(f"struct {message.name} {{")
    out.depth += 1
    if entry.kind == "api":
        out(f"static constexpr int16_t kApiKey = {entry.number};")
    elif entry.kind == "record":
        out(f"static constexpr int16_t kRecordId = {entry.number};")
    out(f"static constexpr int16_t kMinVersion = {section.first};")
    out(f"static constexpr int16_t kMaxVersion = {section.last};")
    out(f"static constexpr int16_t kFirstFlexible = {flexible};")
    out()
    for struct in section.structs.values():
        out(f"struct {struct.name} {{")
        out.depth += 1
        emit_members(out, message, struct.name, struct.fields)
        out.depth -= 1
        out("};")
        out()
    emit_members(out, message, message.name, section.fields)
    out()
    out("// Replaces the whole message. What is read borrows from the bytes behind `in`.")
    out("absl::Status read(ByteReader& in, int16_t version);")
    out("// INVALID_ARGUMENT if a field is set that this version cannot carry.")
    out("absl::Status write(MessageWriter& out, int16_t version) const;")
    out.depth -= 1
    out("};")


def emit_source(messages, header, source_name):
    out = Lines()
    out(f"// Made from {source_name} by kafka/generator/messages.py. Do not edit.")
    out()
    out(f'#include "{header}"')
    out()
    out("#include <absl/strings/str_cat.h>")
    out()
    for include in ("kafka/wire/field_visitor.h", "kafka/wire/message_reader.h",
                    "kafka/wire/message_writer.h"):
        out(f'#include "{include}"')
    out()
    out("namespace barnabas::kafka {")
    for message in messages:
        for name, fields in message.scopes():
            emit_read(out, message, name, fields)
            emit_write(out, message, name, fields)
            emit_visit(out, message, name, fields)
        emit_entry_points(out, message)
    out()
    out("}  // namespace barnabas::kafka")
    return out.text()


def emit_entry_points(out, message):
    name = message.name
    check = "if (version < kMinVersion || version > kMaxVersion)"
    refusal = (f'return absl::InvalidArgumentError(absl::StrCat("{name} has no version ", '
               "version));")
    out()
    with out.block(f"absl::Status {name}::read(ByteReader& in, int16_t version)"):
        with out.block(check):
            out(refusal)
        out(f"*this = {name}();")
        out("read_fields(in, version);")
        out("return in.status();")
    out()
    with out.block(f"absl::Status {name}::write(MessageWriter& out, int16_t version) const"):
        with out.block(check):
            out(refusal)
        out("write_fields(out, version);")
        out("return out.status();")


# ---- reading ----


def emit_read(out, message, name, fields):
    section = message.section
    out()
    signature = "[[maybe_unused]] ByteReader& in, [[maybe_unused]] int16_t version"
    with out.block(f"void {name}::read_fields({signature})"):
        out(f"[[maybe_unused]] const bool flexible = {message.flexible};")
        for field in fields:
            present = field.versions - field.tagged
            if not present:
                continue
            when = cpp.condition(present, section.versions)
            if when:
                with out.block(f"if ({when})"):
                    read_field(out, message, field, present)
            else:
                read_field(out, message, field, present)
        if not message.has_tags:
            return
        if message.flexible != "true":
            out("if (!flexible) return;")
        tagged = [field for field in fields if field.tagged]
        if not tagged:
            out("read_unknown_tags(in, this->unknown_tags);")
            return
        flexible_versions = {v for v in section.versions if section.flexible(v)}
        with out.block("for (TaggedFields tags(in); tags.next();)"):
            out("[[maybe_unused]] ByteReader& in = tags.body();")
            for field in sorted(tagged, key=lambda f: f.tag):
                when = cpp.condition(field.tagged, flexible_versions)
                test = f"tags.tag() == {field.tag}" + (f" && ({when})" if when else "")
                with out.block(f"if ({test})"):
                    read_field(out, message, field, field.tagged, in_tag=True)
                    out("continue;")
            out("tags.keep(this->unknown_tags);")


def read_field(out, message, field, versions, in_tag=False):
    """Reads a field in `versions`, which may be nullable in a part of them."""
    nullable = field.nullable & versions
    if nullable and nullable != versions:
        with out.block(f"if ({cpp.condition(nullable, versions)})"):
            read_value(out, message, field, versions, True, in_tag)
        with out.block("else"):
            read_value(out, message, field, versions, False, in_tag)
    else:
        read_value(out, message, field, versions, bool(nullable), in_tag)


def read_value(out, message, field, versions, nullable, in_tag):
    target = f"this->{cpp.snake(field.name)}"
    flexible = "false" if field.rigid else "flexible"
    prefix = "read_nullable_" if nullable else "read_"
    # Where the member is optional but the version has no null, a value is put in.
    place = target if nullable or not field.nullable else f"{target}.emplace()"
    if field.is_array and field.struct:
        minimum = min(max(1, schema.minimum_size(message.section, field.struct.fields, version))
                      for version in versions)
        out(f"{prefix}structs(in, {flexible}, {minimum}, version, {place});")
    elif field.is_array:
        out(f"{prefix}array(in, {flexible}, {place});")
    elif field.struct and nullable:
        presence = "in.read_uvarint() != 0" if in_tag else "read_presence(in)"
        with out.block(f"if ({presence})"):
            out(f"{target}.emplace().read_fields(in, version);")
        with out.block("else"):
            out(f"{target}.reset();")
    elif field.struct:
        if in_tag:  # may come twice; the last one counts
            out(f"{target} = {{}};")
        out(f"{place}.read_fields(in, version);")
    elif field.type in cpp.SCALARS:
        out(f"{target} = in.read_{cpp.SCALARS[field.type][1]}();")
    elif field.type == "uuid":
        out(f"{target} = read_uuid(in);")
    else:
        out(f"{target} = {prefix}{field.type}(in, {flexible});")


# ---- writing ----


def emit_write(out, message, name, fields):
    section = message.section
    out()
    signature = "[[maybe_unused]] MessageWriter& out, [[maybe_unused]] int16_t version"
    with out.block(f"void {name}::write_fields({signature}) const"):
        out(f"[[maybe_unused]] const bool flexible = {message.flexible};")
        for field in fields:
            emit_refusal(out, section, name, field)
            present = field.versions - field.tagged
            if not present:
                continue
            when = cpp.condition(present, section.versions)
            if when:
                with out.block(f"if ({when})"):
                    write_field(out, message, name, field, present)
            else:
                write_field(out, message, name, field, present)
        if not message.has_tags:
            return
        if message.flexible != "true":
            out("if (!flexible) return;")
        tagged = [field for field in fields if field.tagged]
        if not tagged:
            out("write_unknown_tags(out, this->unknown_tags);")
            return
        flexible_versions = {v for v in section.versions if section.flexible(v)}
        out("TagSection tags(out, this->unknown_tags);")
        for field in sorted(tagged, key=lambda f: f.tag):
            if field.type == "records" or (field.struct and contains_records(field.struct)):
                sys.exit(f"{name}.{field.name}: records in a tagged field are not supported")
            when = cpp.condition(field.tagged, flexible_versions)
            test = f"!({cpp.at_default(field)})" + (f" && ({when})" if when else "")
            with out.block(f"if ({test})"):
                out(f"tags.begin({field.tag});")
                write_field(out, message, name, field, field.tagged, in_tag=True)
                out("tags.end();")
        out("tags.finish();")


def contains_records(struct):
    return any(f.type == "records" or (f.struct and contains_records(f.struct))
               for f in struct.fields)


def emit_refusal(out, section, name, field):
    absent = section.versions - field.versions
    if not absent or field.ignorable:
        return
    when = cpp.condition(absent, section.versions)
    test = f"!({cpp.at_default(field)})"
    with out.block(f"if (({when}) && {test})"):
        out(f'out.refuse("{name}.{field.name}", version);')


def write_field(out, message, name, field, versions, in_tag=False):
    nullable = field.nullable & versions
    target = f"this->{cpp.snake(field.name)}"
    if field.nullable and nullable != versions:
        required = cpp.condition(versions - nullable, versions)
        test = f"!{target}.has_value()" + (f" && ({required})" if required else "")
        with out.block(f"if ({test})"):
            out(f'out.refuse_null("{name}.{field.name}", version);')
            out("return;")
    write_value(out, field, bool(field.nullable), in_tag)


def write_value(out, field, nullable, in_tag):
    """A null that the version does not allow has been refused before."""
    target = f"this->{cpp.snake(field.name)}"
    flexible = "false" if field.rigid else "flexible"
    prefix = "out.write_nullable_" if nullable else "out.write_"
    if field.is_array and field.struct:
        out(f"{prefix}structs({target}, {flexible}, version);")
    elif field.is_array:
        out(f"{prefix}array({target}, {flexible});")
    elif field.struct and nullable:
        if in_tag:
            out(f"out.write_uvarint({target}.has_value() ? 1 : 0);")
        else:
            out(f"out.write_presence({target}.has_value());")
        out(f"if ({target}.has_value()) {target}->write_fields(out, version);")
    elif field.struct:
        out(f"{target}.write_fields(out, version);")
    elif field.type in cpp.SCALARS:
        out(f"out.write_{cpp.SCALARS[field.type][1]}({target});")
    elif field.type == "uuid":
        out(f"out.write_uuid({target});")
    else:
        out(f"{prefix}{field.type}({target}, {flexible});")


# ---- visiting ----


def emit_visit(out, message, name, fields):
    section = message.section
    out()
    signature = "[[maybe_unused]] FieldVisitor& visitor, [[maybe_unused]] int16_t version"
    with out.block(f"void {name}::visit({signature})"):
        for field in fields:
            tests = []
            when = cpp.condition(field.versions, section.versions)
            if when:
                tests.append(when)
            if field.tagged:
                wants = f'visitor.wants("{field.name}", {cpp.at_default(field)})'
                untagged = cpp.condition(field.versions - field.tagged, field.versions)
                tests.append(f"({untagged}) || {wants}" if untagged != "false" else wants)
            if tests:
                test = tests[0] if len(tests) == 1 else " && ".join(f"({t})" for t in tests)
                with out.block(f"if ({test})"):
                    visit_field(out, field)
            else:
                visit_field(out, field)
        if message.has_tags:
            guard = "" if message.flexible == "true" else f"if ({message.flexible}) "
            out(f"{guard}visitor.unknown_tags(this->unknown_tags);")


def visit_field(out, field):
    target = f"this->{cpp.snake(field.name)}"
    arguments = f'"{field.name}", {target}'
    if field.is_array:
        out(f"visitor.array({arguments}{', version' if field.struct else ''});")
    elif field.struct:
        out(f"visitor.structure({arguments}, version);")
    else:
        out(f"visitor.{'bytes' if field.type == 'bytes' else 'field'}({arguments});")


def main():
    source, header_out, source_out = sys.argv[1:]
    messages = [Message(entry, section)
                for entry in schema.parse(source) for section in entry.sections]
    header = f"kafka/messages/{cpp.module_name(source)}.h"
    with open(header_out, "w", encoding="utf-8") as file:
        file.write(emit_header(messages, source))
    with open(source_out, "w", encoding="utf-8") as file:
        file.write(emit_source(messages, header, source))


if __name__ == "__main__":
    main()
