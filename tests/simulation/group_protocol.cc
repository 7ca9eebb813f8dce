#include "tests/simulation/group_protocol.h"

#include <algorithm>

#include "common/bytes.h"

namespace barnabas::simulation {
namespace {

constexpr int16_t kSubscriptionVersion = 2;
constexpr int16_t kAssignmentVersion = 0;
constexpr int32_t kNothing = -1;

void put16(std::string& out, int16_t value) {
  const auto bits = static_cast<uint16_t>(value);
  out.push_back(static_cast<char>(bits >> 8));
  out.push_back(static_cast<char>(bits));
}

void put32(std::string& out, int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

void put_text(std::string& out, std::string_view text) {
  put16(out, static_cast<int16_t>(text.size()));
  out.append(text);
}

void put_partitions(std::string& out, const std::set<TopicPartition>& partitions) {
  std::map<std::string, std::vector<int32_t>> by_topic;
  for (const auto& [topic, partition] : partitions) by_topic[topic].push_back(partition);
  put32(out, static_cast<int32_t>(by_topic.size()));
  for (const auto& [topic, indexes] : by_topic) {
    put_text(out, topic);
    put32(out, static_cast<int32_t>(indexes.size()));
    for (const int32_t index : indexes) put32(out, index);
  }
}

// Reads with a check at each step; after a fault everything reads as zero.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  int16_t read16() { return take(2) ? load_big_endian<int16_t>(taken_.data()) : int16_t{0}; }
  int32_t read32() { return take(4) ? load_big_endian<int32_t>(taken_.data()) : 0; }
  std::string text() {
    const int16_t size = read16();
    return size > 0 && take(static_cast<size_t>(size)) ? std::string(taken_) : std::string();
  }
  void skip_bytes() {
    const int32_t size = read32();
    if (size > 0) take(static_cast<size_t>(size));
  }
  std::set<TopicPartition> partitions() {
    std::set<TopicPartition> out;
    for (int32_t topics = read32(); topics > 0 && sound_; --topics) {
      const std::string topic = text();
      for (int32_t count = read32(); count > 0 && sound_; --count) out.emplace(topic, read32());
    }
    return sound_ ? out : std::set<TopicPartition>();
  }

 private:
  bool take(size_t size) {
    sound_ = sound_ && size <= bytes_.size();
    if (!sound_) return false;
    taken_ = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  std::string_view bytes_;
  std::string_view taken_;
  bool sound_ = true;
};

// The member with the least among those that may have more.
std::string neediest(const std::map<std::string, Assignment>& shares) {
  return std::min_element(
             shares.begin(), shares.end(),
             [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); })
      ->first;
}

}  // namespace

std::string encode(const Subscription& subscription) {
  std::string out;
  put16(out, kSubscriptionVersion);
  put32(out, static_cast<int32_t>(subscription.topics.size()));
  for (const std::string& topic : subscription.topics) put_text(out, topic);
  put32(out, kNothing);  // user data
  put_partitions(out, subscription.owned);
  put32(out, subscription.generation);
  return out;
}

Subscription decode_subscription(std::string_view bytes) {
  Cursor in(bytes);
  Subscription out;
  if (in.read16() != kSubscriptionVersion) return out;
  for (int32_t count = in.read32(); count > 0; --count) out.topics.push_back(in.text());
  in.skip_bytes();
  out.owned = in.partitions();
  out.generation = in.read32();
  return out;
}

std::string encode(const Assignment& assignment) {
  std::string out;
  put16(out, kAssignmentVersion);
  put_partitions(out, assignment);
  put32(out, kNothing);  // user data
  return out;
}

Assignment decode_assignment(std::string_view bytes) {
  Cursor in(bytes);
  in.read16();
  return in.partitions();
}

std::map<std::string, Assignment> share_out_eagerly(
    const std::map<std::string, Subscription>& members, const Assignment& partitions) {
  std::map<std::string, Assignment> out;
  for (const auto& [member, subscription] : members) out[member];
  if (members.empty()) return out;
  auto next = out.begin();
  for (const TopicPartition& partition : partitions) {
    next->second.insert(partition);
    if (++next == out.end()) next = out.begin();
  }
  return out;
}

std::map<std::string, Assignment> share_out_cooperatively(
    const std::map<std::string, Subscription>& members, const Assignment& partitions) {
  std::map<std::string, Assignment> out;
  for (const auto& [member, subscription] : members) out[member];
  if (members.empty()) return out;
  // Of two that claim the same the one with the later generation is right; the other one slept.
  std::map<TopicPartition, std::pair<int32_t, std::string>> owners;
  for (const auto& [member, subscription] : members) {
    for (const TopicPartition& partition : subscription.owned) {
      std::pair<int32_t, std::string>& owner = owners[partition];
      owner = std::max(owner, {subscription.generation, member});
    }
  }
  const size_t fair = (partitions.size() + members.size() - 1) / members.size();
  std::vector<TopicPartition> free;
  for (const TopicPartition& partition : partitions) {
    const auto owner = owners.find(partition);
    if (owner == owners.end()) {
      free.push_back(partition);
    } else if (Assignment& share = out[owner->second.second]; share.size() < fair) {
      share.insert(partition);
    }
  }
  for (const TopicPartition& partition : free) out[neediest(out)].insert(partition);
  return out;
}

}  // namespace barnabas::simulation
