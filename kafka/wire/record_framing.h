// How records of internal topics carry their type and version.
//
//   coordinator topics   key   = int16 record id, key body
//                        value = int16 version, value body
//   metadata, remote log value = uvarint 1 (frame version), uvarint record id, uvarint version,
//   body

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace barnabas::kafka {

std::string frame_coordinator_key(int16_t record_id, std::string_view body);
std::string frame_coordinator_value(int16_t version, std::string_view body);
std::string frame_metadata_record(int16_t record_id, int16_t version, std::string_view body);

}  // namespace barnabas::kafka
