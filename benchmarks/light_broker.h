// A broker as its controllers know it, and nothing else: it registers, follows the metadata with an
// image of its own, sends heartbeats, listens where it says that it does, asks for changes, and
// finds the active controller again whenever its session ends. No partition is opened, so that one
// machine holds the controllers of a large cluster and the rest of it as well.
//
// Single-threaded: everything on the loop given.

#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>

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

namespace barnabas {

class LightBroker final : private LinkSink {
 public:
  struct Options {
    int32_t id = 0;
    std::vector<Endpoint> controllers;
    Duration reconnect = std::chrono::milliseconds(10);
    // A controller that does not answer heartbeats for so long is left; as real brokers do.
    Duration answer_limit = std::chrono::milliseconds(1000);
  };
  LightBroker(Options options, Executor& loop, Transport& transport, Random& random);
  ~LightBroker();

  absl::Status start();
  // After each run of committed entries, and when something of the session changes.
  void on_news(absl::AnyInvocable<void()> news) { news_ = std::move(news); }

  bool joined() const { return joined_; }
  bool unfenced() const;
  const metadata::Image& image() const { return image_; }
  int snapshots() const { return snapshots_; }
  std::string controller() const { return at_ ? to_string(*at_) : std::string(); }
  // Partitions that a broker leads, as this one knows.
  int64_t led_by(int32_t broker) const;

  // Answers come on this or a later session: what is unanswered is asked again, as it was.
  using Answered = absl::AnyInvocable<void(const proto::ControllerMessage&)>;
  void ask(proto::BrokerMessage message, Answered answered);

 private:
  void connect();
  void opened() override;
  void frame(Buffer bytes) override;
  void closed(Close why) override;
  void send(const proto::BrokerMessage& message);
  void send_question(uint64_t correlation, proto::BrokerMessage& message);
  void join(const proto::Registered& registered);
  void heartbeat();
  void leave();
  void receive(const proto::ImageChunk& chunk);
  void receive(const proto::Committed& committed);
  void answer(uint64_t correlation, const proto::ControllerMessage& message);
  void count_leaders(const proto::Decision& decision);
  void count_all_leaders();
  void tell();

  const Options options_;
  Executor& loop_;
  Transport& transport_;
  const std::string incarnation_;
  const std::string directory_;
  std::unique_ptr<Listening> listening_;
  std::vector<LinkPtr> accepted_;
  LinkPtr link_;
  std::optional<Endpoint> at_;
  std::optional<Endpoint> hint_;
  size_t next_controller_ = 0;
  TimerId retry_ = 0;
  TimerId beat_ = 0;
  TimerId patience_ = 0;

  std::string cluster_id_;
  int64_t epoch_ = -1;
  int64_t target_ = 0;
  bool joined_ = false;
  metadata::Image image_;
  std::string chunks_;
  int snapshots_ = 0;
  absl::flat_hash_map<int32_t, int64_t> led_;
  uint64_t heartbeats_ = 0;
  uint64_t correlation_ = 0;
  struct Question {
    proto::BrokerMessage message;
    Answered answered;
  };
  std::map<uint64_t, Question> questions_;
  absl::AnyInvocable<void()> news_;
};

}  // namespace barnabas
