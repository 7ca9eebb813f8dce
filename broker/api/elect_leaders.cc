// ElectLeaders (43): preferred leaders take over, or, where nothing else is left, unclean ones.
// Forwarded to the controller. Of "all partitions" only those are answered for which there was
// something to do.

#include "kafka/messages/elect_leaders.h"

#include <absl/strings/str_cat.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::ElectLeadersRequest;
using kafka::ElectLeadersResponse;
using kafka::ErrorCode;

constexpr int8_t kPreferred = 0;
constexpr int8_t kUnclean = 1;

using Asked = std::vector<std::pair<std::string, std::vector<int32_t>>>;

struct Outcome {
  int16_t error = 0;
  std::string_view text;
};

class Results {
 public:
  void add(std::string_view topic, int32_t partition, const Outcome& outcome) {
    const auto [place, is_new] = places_.emplace(topic, response_.replica_election_results.size());
    if (is_new) response_.replica_election_results.emplace_back().topic = topic;
    auto& out = response_.replica_election_results[place->second].partition_result.emplace_back();
    out.partition_id = partition;
    out.error_code = outcome.error;
    if (outcome.error != 0) out.error_message = outcome.text;
    if (first_error_ == 0) first_error_ = outcome.error;
  }
  void add_all(const Asked& asked, const Outcome& outcome) {
    for (const auto& [topic, partitions] : asked) {
      for (int32_t partition : partitions) add(topic, partition, outcome);
    }
  }
  // `whole`: the error of the whole request, which version 0 cannot say.
  void send(ErrorCode whole, int16_t version, Responder& responder) {
    if (version >= 1) response_.error_code = code(whole);
    responder.send(response_, whole == ErrorCode::kNone ? first_error_ : code(whole));
  }

 private:
  ElectLeadersResponse response_;
  std::map<std::string, size_t, std::less<>> places_;
  int16_t first_error_ = 0;
};

proto::AdminRequest translate(const ElectLeadersRequest& message, const Asked& asked) {
  proto::AdminRequest out;
  proto::ElectLeadersRequest& elect = *out.mutable_elect_leaders();
  elect.set_type(message.election_type == kUnclean ? proto::ElectLeadersRequest::UNCLEAN
                                                   : proto::ElectLeadersRequest::PREFERRED);
  elect.set_all(!message.topic_partitions.has_value());
  for (const auto& [topic, partitions] : asked) {
    proto::TopicPartitions& to = *elect.add_topics();
    to.set_name(topic);
    for (int32_t partition : partitions) to.add_partitions(partition);
  }
  return out;
}

}  // namespace

void handle_elect_leaders(Services& services, Request request, Responder responder) {
  ElectLeadersRequest message;
  if (!decode(request, message, responder)) return;
  Asked asked;
  if (message.topic_partitions.has_value()) {
    for (const auto& topic : *message.topic_partitions) {
      asked.emplace_back(topic.topic, topic.partitions);
    }
  }
  const int16_t version = request.version;
  if (message.election_type != kPreferred && message.election_type != kUnclean) {
    const std::string text = absl::StrCat("Unknown election type ", message.election_type,
                                          ": it is 0 (the preferred leader) or 1 (unclean).");
    Results results;
    results.add_all(asked, {code(ErrorCode::kInvalidRequest), text});
    return results.send(ErrorCode::kInvalidRequest, version, responder);
  }
  proto::AdminRequest admin = translate(message, asked);
  const bool all = admin.elect_leaders().all();
  forward(
      services, request, std::move(admin), message.timeout_ms,
      [responder = std::move(responder), asked = std::move(asked), version,
       all](Forwarded forwarded) mutable {
        Results results;
        if (forwarded.error != ErrorCode::kNone) {
          results.add_all(asked, {code(forwarded.error), forwarded.message});
          return results.send(forwarded.error, version, responder);
        }
        for (const proto::ElectedLeader& elected : forwarded.answer.elect_leaders().partitions()) {
          const auto error = static_cast<ErrorCode>(elected.error().code());
          if (all && error == ErrorCode::kElectionNotNeeded) continue;
          results.add(elected.topic(), elected.partition(),
                      {code(error), elected.error().message()});
        }
        results.send(ErrorCode::kNone, version, responder);
      });
}

}  // namespace barnabas::api
