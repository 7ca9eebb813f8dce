// A broker as controllers see one: it registers, follows the metadata with an image of its own,
// sends heartbeats, and finds the active controller again whenever its link ends. No partitions.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/random.h"
#include "common/transport.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

class FakeBroker final : private LinkSink {
 public:
  struct Identity {  // what survives the process
    int32_t id = 0;
    Uuid directory;
    std::string cluster_id;
    int64_t last_epoch = -1;
    bool clean_stop = false;
  };
  FakeBroker(Identity& identity, std::vector<Endpoint> controllers, uint16_t port, Executor& loop,
             Transport& transport, Random& random);
  ~FakeBroker();

  void start() { connect(); }
  void want_shutdown() {
    want_shutdown_ = true;
    heartbeat();
  }
  bool may_shut_down() const { return may_shut_down_; }
  bool unfenced() const { return unfenced_; }
  // Refused with `final`; the code.
  std::optional<int32_t> refused() const { return refused_; }
  int64_t epoch() const { return epoch_; }
  const metadata::Image& image() const { return image_; }
  int snapshots() const { return snapshots_; }
  int links() const { return links_; }
  bool joined() const { return joined_; }
  // Where the voters are, as it was told last.
  const std::vector<std::string>& controllers() const { return told_; }
  void stop_heartbeats() { silent_ = true; }
  void stay_unready() { ready_ = false; }
  // A replica serves no more.
  void lose(const metadata::TopicPartition& id) {
    lost_.push_back(id);
    heartbeat();
  }

  // The answer to it comes by its correlation, on this or a later link: unanswered requests are
  // sent again, as they were.
  void ask(proto::AdminRequest request, std::function<void(const proto::AdminAnswer&)> answered);
  // Sent once; lost with the link.
  void alter(proto::AlterPartitions request,
             std::function<void(const proto::AlterPartitionsAnswer&)> answered);
  void allocate(std::function<void(const proto::AllocateProducerIdsAnswer&)> answered);

 private:
  struct Question {
    proto::AdminRequest request;
    std::function<void(const proto::AdminAnswer&)> answered;
  };

  void connect();
  void reconnect();
  void opened() override;
  void frame(Buffer bytes) override;
  void closed(Close why) override;
  void send(const proto::BrokerMessage& message);
  void join(const proto::Registered& registered);
  void learn(const google::protobuf::RepeatedPtrField<std::string>& endpoints);
  void heartbeat();
  void receive_chunk(const proto::ImageChunk& chunk);
  void receive_committed(const proto::Committed& committed);

  Identity& identity_;
  std::vector<Endpoint> controllers_;
  std::vector<std::string> told_;
  const uint16_t port_;
  Executor& loop_;
  Transport& transport_;
  std::string incarnation_;
  LinkPtr link_;
  std::unique_ptr<Listening> listening_;
  std::vector<LinkPtr> accepted_;
  size_t next_controller_ = 0;
  std::optional<Endpoint> hint_;
  TimerId retry_ = 0;
  TimerId beat_ = 0;

  int64_t epoch_ = -1;
  int64_t target_ = 0;
  bool joined_ = false;
  bool unfenced_ = false;
  bool want_shutdown_ = false;
  bool may_shut_down_ = false;
  bool silent_ = false;
  bool ready_ = true;
  std::vector<metadata::TopicPartition> lost_;
  uint64_t sequence_ = 0;
  std::optional<int32_t> refused_;
  metadata::Image image_;
  std::string chunks_;
  int snapshots_ = 0;
  int links_ = 0;
  uint64_t correlation_ = 0;
  std::map<uint64_t, Question> questions_;
  std::map<uint64_t, std::function<void(const proto::AlterPartitionsAnswer&)>> alters_;
  std::map<uint64_t, std::function<void(const proto::AllocateProducerIdsAnswer&)>> allocations_;
};

}  // namespace barnabas::controller
