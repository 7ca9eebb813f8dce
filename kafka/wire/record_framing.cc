#include "kafka/wire/record_framing.h"

#include "common/bytes.h"

namespace barnabas::kafka {
namespace {

std::string with_number(int16_t number, std::string_view body) {
  ByteWriter out(sizeof number + body.size());
  out.write_int16(number);
  out.write_bytes(body);
  return out.take();
}

}  // namespace

std::string frame_coordinator_key(int16_t record_id, std::string_view body) {
  return with_number(record_id, body);
}

std::string frame_coordinator_value(int16_t version, std::string_view body) {
  return with_number(version, body);
}

std::string frame_metadata_record(int16_t record_id, int16_t version, std::string_view body) {
  static constexpr uint32_t kFrameVersion = 1;
  ByteWriter out(3 * kMaxVarintSize + body.size());
  out.write_uvarint(kFrameVersion);
  out.write_uvarint(static_cast<uint32_t>(record_id));
  out.write_uvarint(static_cast<uint32_t>(version));
  out.write_bytes(body);
  return out.take();
}

}  // namespace barnabas::kafka
