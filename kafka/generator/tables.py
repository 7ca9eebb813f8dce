"""Makes the tables that know all APIs: error codes, API table, registry of messages.

    python3 tables.py errors   HEADER_OUT SOURCE_OUT ERROR_CODES
    python3 tables.py apis     HEADER_OUT SOURCE_OUT API_TABLE SCHEMA...
    python3 tables.py registry SOURCE_OUT SCHEMA...
"""

import sys

import cpp
import schema

NOTICE = "// Made by kafka/generator/tables.py. Do not edit.\n\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines
                if line.strip() and not line.startswith("#")]


# ---- errors ----


def errors(header_out, source_out, table):
    codes = [(int(code), name, retriable == "retriable") for code, name, retriable in rows(table)]
    enum = "".join(f"  {cpp.constant(name)} = {code},\n" for code, name, _ in codes)
    write(header_out, NOTICE + f"""// The error codes of the Kafka protocol.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace barnabas::kafka {{

enum class ErrorCode : int16_t {{
{enum}}};

// The code as the protocol's own name, "NOT_LEADER_OR_FOLLOWER"; a number that no code has gives
// "UNKNOWN_SERVER_ERROR".
std::string_view error_name(ErrorCode code);
std::optional<ErrorCode> error_by_name(std::string_view name);
// Whether a client may send the same request again and hope.
bool is_retriable(ErrorCode code);

}}  // namespace barnabas::kafka
""")
    names = "".join(f"    {{ErrorCode::{cpp.constant(name)}, \"{name}\", "
                    f"{'true' if retriable else 'false'}}},\n" for _, name, retriable in codes)
    write(source_out, NOTICE + f"""#include "kafka/errors.h"

namespace barnabas::kafka {{
namespace {{

struct Row {{
  ErrorCode code;
  std::string_view name;
  bool retriable;
}};

// In ascending order without gaps, so that a code is found by its place.
constexpr Row kRows[] = {{
{names}}};
constexpr int kFirst = {codes[0][0]};

const Row& row(ErrorCode code) {{
  const int place = static_cast<int>(code) - kFirst;
  if (place < 0 || place >= static_cast<int>(sizeof kRows / sizeof kRows[0])) return kRows[0];
  return kRows[place];
}}

}}  // namespace

std::string_view error_name(ErrorCode code) {{ return row(code).name; }}
bool is_retriable(ErrorCode code) {{ return row(code).retriable; }}

std::optional<ErrorCode> error_by_name(std::string_view name) {{
  for (const Row& row : kRows) {{
    if (row.name == name) return row.code;
  }}
  return std::nullopt;
}}

}}  // namespace barnabas::kafka
""")
    expected = list(range(codes[0][0], codes[0][0] + len(codes)))
    if [code for code, _, _ in codes] != expected:
        sys.exit(f"{table}: the codes are not in order without gaps")


# ---- APIs ----


def header_versions(text, section):
    """'1@0-2 2@3+' -> {version of the API: version of the header}"""
    out = {}
    for part in text.split():
        header, _, versions = part.partition("@")
        for version in schema.parse_range(versions, section):
            out[version] = int(header)
    return out


def first_with(versions, header):
    """The first API version with this header version; headers never go back."""
    found = [v for v, h in versions.items() if h == header]
    return min(found) if found else "INT16_MAX"


def check_against(table, entries):
    """The table states the same facts as the schemas; a difference is an editing mistake."""
    listed = {int(row[0]): row for row in rows(table) if "removed" not in row[6]}
    for entry in entries:
        request = entry.section("request")
        row = listed.pop(entry.number, None)
        facts = [entry.name, str(request.first), str(request.last)]
        if row is None or row[1:4] != facts:
            sys.exit(f"{table}: {entry.name} differs from its schema: {row} against {facts}")
    if listed:
        sys.exit(f"{table}: no schema for {sorted(listed)}")


def apis(header_out, source_out, table, *schemas):
    entries = [entry for path in schemas for entry in schema.parse(path) if entry.kind == "api"]
    entries.sort(key=lambda entry: entry.number)
    check_against(table, entries)
    enum = "".join(f"  k{entry.name} = {entry.number},\n" for entry in entries)
    write(header_out, NOTICE + f"""// What the protocol has: every API with its versions, and which header versions go with them.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace barnabas::kafka {{

enum class ApiKey : int16_t {{
{enum}}};

struct ApiInfo {{
  ApiKey key;
  std::string_view name;
  // Versions for which there is a codec.
  int16_t min_version;
  int16_t max_version;
  // The newest version that is not still subject to change.
  int16_t max_stable_version;
  // What ApiVersions announces in the reference implementation; older ones than min_version are
  // announced where old clients need to see them.
  int16_t min_advertised;
  int16_t max_advertised;
  // INT16_MAX: never.
  int16_t first_flexible;
  int16_t first_request_header_2;
  int16_t first_response_header_1;
  bool on_broker;
  bool on_controller;
  bool inter_broker_only;
  bool cluster_action;
}};

// In ascending order of the key.
std::span<const ApiInfo> all_apis();
// nullptr if there is no such API.
const ApiInfo* find_api(int16_t key);
inline const ApiInfo* find_api(ApiKey key) {{ return find_api(static_cast<int16_t>(key)); }}

// The header version that goes with a version of an API. For what is unknown: 1 and 0, which is
// all that can be read or answered. The ApiVersions response always has header 0, so that a client
// can read it before it knows anything.
int16_t request_header_version(int16_t api_key, int16_t version);
int16_t response_header_version(int16_t api_key, int16_t version);

}}  // namespace barnabas::kafka
""")
    lines = []
    for entry in entries:
        request = entry.section("request")
        first, last = request.first, request.last
        advertised = entry.properties.get("advertised", f"{first}-{last}")
        low, _, high = ("0--1" if advertised == "none" else advertised).partition("-")
        unstable = int(entry.properties.get("unstable", last + 1))
        request_headers = header_versions(entry.properties["request-header"], request)
        response_headers = header_versions(entry.properties["response-header"], request)
        listeners = entry.properties["listeners"].split()
        flexible = "INT16_MAX" if request.first_flexible is None else request.first_flexible

        def flag(value):
            return "true" if value else "false"

        lines.append(
            f"    {{ApiKey::k{entry.name}, \"{entry.name}\", {first}, {last}, "
            f"{min(last, unstable - 1)}, {low}, {high}, {flexible}, "
            f"{first_with(request_headers, 2)}, {first_with(response_headers, 1)}, "
            f"{flag('broker' in listeners)}, {flag('controller' in listeners)}, "
            f"{flag('inter-broker' in listeners)}, "
            f"{flag('cluster-action' in entry.properties)}}},\n")
    write(source_out, NOTICE + f"""#include "kafka/api_table.h"

#include <algorithm>

namespace barnabas::kafka {{
namespace {{

constexpr ApiInfo kApis[] = {{
{"".join(lines)}}};

}}  // namespace

std::span<const ApiInfo> all_apis() {{ return kApis; }}

const ApiInfo* find_api(int16_t key) {{
  const ApiInfo* const end = kApis + sizeof kApis / sizeof kApis[0];
  const ApiInfo* const found = std::lower_bound(kApis, end, key, [](const ApiInfo& api, int16_t k) {{
    return static_cast<int16_t>(api.key) < k;
  }});
  return found != end && static_cast<int16_t>(found->key) == key ? found : nullptr;
}}

int16_t request_header_version(int16_t api_key, int16_t version) {{
  const ApiInfo* api = find_api(api_key);
  return api != nullptr && version >= api->first_request_header_2 ? 2 : 1;
}}

int16_t response_header_version(int16_t api_key, int16_t version) {{
  const ApiInfo* api = find_api(api_key);
  return api != nullptr && version >= api->first_response_header_1 ? 1 : 0;
}}

}}  // namespace barnabas::kafka
""")


# ---- registry ----


def registry(source_out, *schemas):
    includes, table = [], []
    seen = {}
    for path in schemas:
        includes.append(f'#include "kafka/messages/{cpp.module_name(path)}.h"\n')
        for entry in schema.parse(path):
            for section in entry.sections:
                name = cpp.message_name(entry, section)
                if name in seen:
                    sys.exit(f"{path}: {name} is also in {seen[name]}")
                seen[name] = path
                number = -1 if entry.number is None else entry.number
                table.append(f"    make<{name}>(\"{entry.name}\", \"{entry.kind}\", "
                             f"\"{section.kind}\", {number}, \"{name}\"),\n")
    write(source_out, NOTICE + f"""#include "kafka/messages/registry.h"

{"".join(sorted(includes))}
namespace barnabas::kafka {{
namespace {{

template <class T>
class Holder final : public AnyMessage {{
 public:
  absl::Status read(ByteReader& in, int16_t version) override {{ return message_.read(in, version); }}
  absl::Status write(MessageWriter& out, int16_t version) const override {{
    return message_.write(out, version);
  }}
  void visit(FieldVisitor& visitor, int16_t version) override {{ message_.visit(visitor, version); }}

 private:
  T message_;
}};

template <class T>
constexpr MessageType make(std::string_view entry, std::string_view entry_kind,
                           std::string_view kind, int16_t number, std::string_view name) {{
  return {{name, entry, entry_kind, kind, number, T::kMinVersion, T::kMaxVersion,
          [] {{ return std::unique_ptr<AnyMessage>(new Holder<T>()); }}}};
}}

constexpr MessageType kTypes[] = {{
{"".join(table)}}};

}}  // namespace

std::span<const MessageType> all_message_types() {{ return kTypes; }}

}}  // namespace barnabas::kafka
""")


if __name__ == "__main__":
    {"errors": errors, "apis": apis, "registry": registry}[sys.argv[1]](*sys.argv[2:])
