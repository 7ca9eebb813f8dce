#include "kafka/vectors/message_vectors.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "common/status.h"
#include "kafka/vectors/line.h"
#include "kafka/wire/record_framing.h"

namespace barnabas::kafka {
namespace {

absl::StatusOr<std::string> encode(const AnyMessage& message, int16_t version) {
  MessageWriter out;
  RETURN_IF_ERROR(message.write(out, version));
  return flatten(out.finish());
}

MessageText expected_text(const Json& line) {
  MessageText out;
  out.json = line.at("json");
  if (!line.contains("unknownTags")) return out;
  for (const Json& tag : line.at("unknownTags")) {
    out.unknown_tags.push_back(
        {tag.at("path").get<std::string>(), tag.at("tag").get<uint32_t>(), hex_of(tag, "hex")});
  }
  return out;
}

absl::Status compare_bytes(std::string_view what, const std::string& got,
                           const std::string& expected) {
  if (got == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(absl::string_view(what.data(), what.size()), ": got ",
                                          absl::BytesToHexString(got)));
}

absl::Status compare_text(MessageText got, MessageText expected) {
  if (got.json != expected.json) {
    return absl::DataLossError(absl::StrCat("decoding: got ", to_text(got.json)));
  }
  std::sort(got.unknown_tags.begin(), got.unknown_tags.end());
  std::sort(expected.unknown_tags.begin(), expected.unknown_tags.end());
  if (got.unknown_tags != expected.unknown_tags) {
    return absl::DataLossError("decoding: the unknown tagged fields differ");
  }
  return absl::OkStatus();
}

// Records of coordinator topics have a key; those of the metadata log and of remote storage are
// values alone, in another frame.
std::string framed(const MessageType& type, int16_t version, const std::string& body) {
  const bool has_key_record = type.name != type.entry;
  if (!has_key_record) return frame_metadata_record(type.number, version, body);
  if (type.kind == "key") return frame_coordinator_key(type.number, body);
  return frame_coordinator_value(version, body);
}

}  // namespace

absl::StatusOr<const MessageType*> type_of_line(const Json& line) {
  const std::string kind =
      line.contains("fuzz") ? line.at("fuzz").get<std::string>() : line.value("kind", "");
  const bool api = line.contains("api");
  for (const MessageType& type : all_message_types()) {
    if (type.kind != kind) continue;
    if (api ? type.entry_kind == "api" && type.number == line.at("api").get<int>()
            : type.entry_kind != "api" && type.entry == line.value("message", "")) {
      return &type;
    }
  }
  return absl::NotFoundError("there is no such message");
}

absl::Status check_message(const Json& line) {
  ASSIGN_OR_RETURN(const MessageType* type, type_of_line(line));
  const auto version = line.at("version").get<int16_t>();
  const std::string bytes = hex_of(line, "hex");
  const MessageText expected = expected_text(line);

  const auto decoded = type->create();
  ByteReader in(bytes);
  RETURN_IF_ERROR(annotate(decoded->read(in, version), "decoding"));
  if (!in.at_end()) return absl::DataLossError("decoding stopped before the end");
  RETURN_IF_ERROR(compare_text(to_json(*decoded, version), expected));
  ASSIGN_OR_RETURN(const std::string reencoded, encode(*decoded, version));
  RETURN_IF_ERROR(compare_bytes("encoding again", reencoded, bytes));

  const auto filled = type->create();
  Arena arena;
  RETURN_IF_ERROR(annotate(from_json(expected, version, arena, *filled), "filling from JSON"));
  ASSIGN_OR_RETURN(const std::string encoded, encode(*filled, version));
  RETURN_IF_ERROR(compare_bytes("encoding", encoded, bytes));
  if (line.contains("framed")) {
    RETURN_IF_ERROR(
        compare_bytes("framing", framed(*type, version, bytes), hex_of(line, "framed")));
  }
  return absl::OkStatus();
}

absl::Status check_truncations(const Json& line) {
  ASSIGN_OR_RETURN(const MessageType* type, type_of_line(line));
  const auto version = line.at("version").get<int16_t>();
  const std::string bytes = hex_of(line, "hex");
  const auto message = type->create();
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of its own size, so that the sanitizer sees a read past the end.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    ByteReader in({cut.data(), cut.size()});
    if (message->read(in, version).ok()) {
      return absl::DataLossError(
          absl::StrCat("the first ", size, " of ", bytes.size(), " bytes were accepted"));
    }
  }
  return absl::OkStatus();
}

absl::Status check_fuzz(const Json& line) {
  ASSIGN_OR_RETURN(const MessageType* type, type_of_line(line));
  const auto version = line.at("version").get<int16_t>();
  const std::string bytes = hex_of(line, "hex");
  const bool must_refuse = line.at("decode") == "reject";

  const auto message = type->create();
  ByteReader in(bytes);
  const absl::Status read = message->read(in, version);
  if (must_refuse) {
    return read.ok() ? absl::DataLossError("accepted, but must be refused") : absl::OkStatus();
  }
  if (!read.ok()) {
    const bool stricter = absl::StrContains(read.message(), "tagged field");
    return stricter ? absl::OkStatus() : annotate(read, "refused, but can be read");
  }
  const auto used = line.at("used").get<size_t>();
  if (in.position() != used) {
    return absl::DataLossError(absl::StrCat("used ", in.position(), " bytes instead of ", used));
  }
  const MessageText text = to_json(*message, version);
  if (text.json != line.at("json")) {
    // Damaged text: we pass the bytes on, the reference repairs them and writes what it repaired.
    if (repaired(text.json) == line.at("json")) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("decoding: got ", to_text(text.json)));
  }
  ASSIGN_OR_RETURN(const std::string encoded, encode(*message, version));
  return compare_bytes(
      "encoding again", encoded,
      line.contains("reencoded") ? hex_of(line, "reencoded") : bytes.substr(0, used));
}

}  // namespace barnabas::kafka
