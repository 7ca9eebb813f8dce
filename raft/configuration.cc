#include "raft/configuration.h"

#include <absl/strings/str_cat.h>

#include "common/bytes.h"

namespace barnabas::raft {
namespace {

constexpr int8_t kVersion = 1;

}  // namespace

Configuration Configuration::with(const VoterId& voter, const Endpoint& endpoint) const {
  Configuration out = *this;
  out.voters[voter] = endpoint;
  return out;
}

Configuration Configuration::without(const VoterId& voter) const {
  Configuration out = *this;
  out.voters.erase(voter);
  return out;
}

size_t voters_apart(const Configuration& one, const Configuration& other) {
  size_t apart = 0;
  for (const auto& [voter, endpoint] : one.voters) apart += other.contains(voter) ? 0 : 1;
  for (const auto& [voter, endpoint] : other.voters) apart += one.contains(voter) ? 0 : 1;
  return apart;
}

std::string encode_configuration(const Configuration& configuration) {
  ByteWriter out(3 + configuration.voters.size() * 48);
  out.write_int8(kVersion);
  out.write_int16(static_cast<int16_t>(configuration.voters.size()));
  for (const auto& [voter, endpoint] : configuration.voters) {
    out.write_int32(voter.id.value());
    out.write_bytes(voter.directory.view());
    out.write_int16(static_cast<int16_t>(endpoint.host.size()));
    out.write_bytes(endpoint.host);
    out.write_uint16(endpoint.port);
  }
  return out.take();
}

absl::StatusOr<Configuration> decode_configuration(std::string_view bytes) {
  ByteReader in(bytes);
  const int8_t version = in.read_int8();
  const int16_t count = in.read_int16();
  Configuration out;
  for (int16_t i = 0; i < count && in.ok(); ++i) {
    VoterId voter;
    voter.id = ControllerId{in.read_int32()};
    const auto directory = Uuid::from_bytes(in.read_bytes(16));
    if (!in.ok()) break;
    if (directory.ok()) voter.directory = *directory;
    Endpoint endpoint;
    endpoint.host = std::string(in.read_bytes(static_cast<uint16_t>(in.read_int16())));
    endpoint.port = in.read_uint16();
    out.voters[voter] = std::move(endpoint);
  }
  if (!in.ok() || version != kVersion || count <= 0 || in.remaining() != 0 ||
      out.voters.size() != static_cast<size_t>(count)) {
    return absl::DataLossError(absl::StrCat("these ", bytes.size(), " bytes are no configuration"));
  }
  return out;
}

}  // namespace barnabas::raft
