// What the producers, consumers and admin calls of a simulated program share: connections to
// brokers by their ids, and the metadata of the topics it works with, refreshed when an answer or
// a lost connection says that it is old.
//
// Lives on one loop, which must outlive it.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/random.h"
#include "common/sim/sim_transport.h"
#include "common/uuid.h"
#include "kafka/errors.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"
#include "kafka/wire/message_writer.h"
#include "tests/simulation/kafka_link.h"

namespace barnabas::simulation {

// The versions that the client speaks: the newest that it has a use for.
template <class Request>
inline constexpr int16_t kVersion = Request::kMaxVersion;
template <>
inline constexpr int16_t kVersion<kafka::ProduceRequest> = 11;
template <>
inline constexpr int16_t kVersion<kafka::FetchRequest> = 16;
template <>
inline constexpr int16_t kVersion<kafka::MetadataRequest> = 12;
template <>
inline constexpr int16_t kVersion<kafka::InitProducerIdRequest> = 5;

class Client {
 public:
  struct PartitionLeader {
    BrokerId leader = kNoBroker;
    int32_t epoch = -1;
  };
  struct Topic {
    Uuid id;
    std::vector<PartitionLeader> partitions;
  };

  Client(SimNetwork& network, SimExecutor& loop, std::unique_ptr<Random> random,
         std::vector<Endpoint> bootstrap);
  ~Client();

  SimExecutor& loop() { return loop_; }
  Random& random() { return *random_; }

  // The answer is valid during the call only.
  template <class Response>
  using Answered = absl::AnyInvocable<void(absl::StatusOr<const Response*>)>;
  // `to`: kNoBroker for any.
  template <class Response, class Request>
  void ask(BrokerId to, const Request& request, Duration limit, Answered<Response> answered);

  // Follows the topic from now on; it is asked for until it is there.
  void follow(const std::string& topic);
  void unfollow(const std::string& topic);
  // Null: not known (yet).
  const Topic* topic(const std::string& name) const;
  std::optional<PartitionLeader> leader(const std::string& topic, int32_t partition) const;
  // The answer said that the metadata is old; asks soon, once for all that say so.
  void refresh();
  // Somebody has told where this broker is.
  void knows(BrokerId broker, Endpoint at) { brokers_[broker] = std::move(at); }
  // The next question to "any" broker goes to another one, which perhaps knows more.
  void ask_another() { links_.erase(kNoBroker); }
  // Called after each refresh that brought something.
  void on_refreshed(absl::AnyInvocable<void()> heard) { heard_.push_back(std::move(heard)); }

 private:
  std::shared_ptr<KafkaLink> link(BrokerId to);
  void refresh_now();
  void learn(const kafka::MetadataResponse& response);

  SimTransport transport_;
  SimExecutor& loop_;
  std::unique_ptr<Random> random_;
  const std::vector<Endpoint> bootstrap_;
  size_t next_bootstrap_ = 0;
  std::map<BrokerId, Endpoint> brokers_;
  std::map<BrokerId, std::shared_ptr<KafkaLink>> links_;  // kNoBroker: to a bootstrap broker
  // Those that were replaced but are still waited on too.
  std::vector<std::weak_ptr<KafkaLink>> all_links_;
  std::set<std::string> followed_;
  std::map<std::string, Topic> topics_;
  bool refreshing_ = false;
  bool again_ = false;
  std::vector<absl::AnyInvocable<void()>> heard_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

template <class Response, class Request>
void Client::ask(BrokerId to, const Request& request, Duration limit, Answered<Response> answered) {
  std::shared_ptr<KafkaLink> link = this->link(to);
  if (link == nullptr) {
    loop_.post([answered = std::move(answered)]() mutable {
      answered(absl::UnavailableError("the broker's address is not known"));
    });
    return;
  }
  kafka::MessageWriter out;
  if (absl::Status status = request.write(out, kVersion<Request>); !status.ok()) {
    loop_.post([answered = std::move(answered), status]() mutable { answered(status); });
    return;
  }
  KafkaLink& on = *link;
  // The callback holds the link, which may lose its place in links_ before the answer comes.
  on.call(Request::kApiKey, kVersion<Request>, out.finish(), limit,
          [link = std::move(link),
           answered = std::move(answered)](absl::StatusOr<Buffer> body) mutable {
            if (!body.ok()) return answered(body.status());
            ByteReader in(body->view());
            Response response;
            if (absl::Status status = response.read(in, kVersion<Request>); !status.ok()) {
              return answered(status);
            }
            answered(&response);
          });
}

}  // namespace barnabas::simulation
