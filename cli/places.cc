#include "cli/places.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::cli {

Result<std::set<TopicPartition>> expand(ClusterPort& brokers,
                                        const std::vector<TopicChoice>& choices,
                                        const std::string& tried) {
  std::set<std::string> topics;
  for (const TopicChoice& choice : choices) topics.insert(choice.topic);
  auto known = brokers.partitions(topics);
  if (!known.ok()) return known.problem();
  std::set<TopicPartition> out;
  for (const TopicChoice& choice : choices) {
    const std::vector<int32_t>& all = known.value()[choice.topic];
    for (const int32_t partition : choice.partitions.empty() ? all : choice.partitions) {
      if (std::find(all.begin(), all.end(), partition) == all.end()) {
        return Problem{ExitCode::kNotFound, tried,
                       absl::StrCat("topic ", choice.topic, " has no partition ", partition),
                       absl::StrCat("it has the partitions 0 to ", all.size() - 1),
                       absl::StrCat("barnabas topic describe ", choice.topic)};
      }
      out.insert({choice.topic, partition});
    }
  }
  return out;
}

Result<std::map<TopicPartition, Place>> places_of(ClusterPort& brokers,
                                                  const std::set<TopicPartition>& partitions,
                                                  const Position& position,
                                                  const std::map<TopicPartition, int64_t>& now_at) {
  std::map<TopicPartition, int64_t> starts;
  std::map<TopicPartition, int64_t> ends;
  std::map<TopicPartition, int64_t> times;
  for (const TopicPartition& one : partitions) {
    starts[one] = kAtStart;
    ends[one] = kAtEnd;
    times[one] = position.value;
  }
  auto start = brokers.offsets(starts);
  if (!start.ok()) return start.problem();
  auto end = brokers.offsets(ends);
  if (!end.ok()) return end.problem();
  std::map<TopicPartition, OffsetAnswer> at_time;
  if (position.kind == Position::Kind::kTime) {
    auto found = brokers.offsets(times);
    if (!found.ok()) return found.problem();
    at_time = std::move(found.value());
  }
  std::map<TopicPartition, Place> out;
  for (const TopicPartition& one : partitions) {
    const OffsetAnswer& first = start.value()[one];
    const OffsetAnswer& last = end.value()[one];
    Place& place = out[one];
    place.code = first.code != 0 ? first.code : last.code;
    if (place.code == 0 && position.kind == Position::Kind::kTime) place.code = at_time[one].code;
    if (place.code != 0) continue;
    place.start = first.offset;
    place.end = last.offset;
    switch (position.kind) {
      case Position::Kind::kStart:
        place.offset = place.start;
        break;
      case Position::Kind::kEnd:
        place.offset = place.end;
        break;
      case Position::Kind::kLast:
        place.offset = place.end - position.value;
        break;
      case Position::Kind::kOffset:
        place.offset = position.value;
        break;
      case Position::Kind::kShift: {
        const auto now = now_at.find(one);
        place.offset = (now == now_at.end() ? place.end : now->second) + position.value;
        break;
      }
      case Position::Kind::kTime:  // nothing is that young: where the next record comes
        place.offset = at_time[one].offset < 0 ? place.end : at_time[one].offset;
        break;
    }
    place.offset = std::clamp(place.offset, place.start, place.end);
  }
  return out;
}

}  // namespace barnabas::cli
