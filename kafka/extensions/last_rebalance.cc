#include "kafka/extensions/last_rebalance.h"

#include <algorithm>

#include "common/bytes.h"
#include "kafka/wire/message_reader.h"

namespace barnabas::kafka {
namespace {

constexpr int8_t kFormat = 1;

const UnknownTag* find(const UnknownTags& tags) {
  const auto& all = tags.all();
  const auto found = std::find_if(
      all.begin(), all.end(), [](const UnknownTag& one) { return one.tag == kLastRebalanceTag; });
  return found == all.end() ? nullptr : &*found;
}

void write_text(ByteWriter& out, std::string_view text) {
  out.write_uvarint(static_cast<uint32_t>(text.size()) + 1);
  out.write_bytes(text);
}

}  // namespace

void ask_for_last_rebalance(UnknownTags& request) { request.add({kLastRebalanceTag, {}}); }

bool asks_for_last_rebalance(const UnknownTags& request) { return find(request) != nullptr; }

std::string encode(const LastRebalance& last) {
  ByteWriter out;
  out.write_int8(kFormat);
  write_text(out, last.reason);
  write_text(out, last.text);
  out.write_int64(last.at_ms);
  out.write_int32(last.generation);
  out.write_int64(last.number);
  return out.take();
}

std::optional<LastRebalance> last_rebalance_of(const UnknownTags& group) {
  const UnknownTag* tag = find(group);
  if (tag == nullptr) return std::nullopt;
  ByteReader in(tag->bytes);
  if (in.read_int8() != kFormat) return std::nullopt;
  LastRebalance last;
  last.reason = std::string(read_string(in, true));
  last.text = std::string(read_string(in, true));
  last.at_ms = in.read_int64();
  last.generation = in.read_int32();
  last.number = in.read_int64();
  if (!in.ok()) return std::nullopt;
  return last;
}

}  // namespace barnabas::kafka
