// Controllers as a broker's session sees them, driven by hand: what they get is kept, and beyond
// the first steps of a session they say what the test says.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "common/uuid.h"
#include "proto/session.pb.h"

namespace barnabas::testing_support {

// What the controllers share: who is active, and the committed decisions.
struct Quorum {
  std::vector<proto::Committed> log;  // index i + 1
  int active = -1;
  int64_t epoch = 0;

  void commit_topic(const std::string& name, const Uuid& id) {
    proto::Committed& entry = log.emplace_back();
    entry.set_index(static_cast<int64_t>(log.size()));
    proto::Topic& topic = *entry.mutable_decision()->add_records()->mutable_topic();
    topic.set_name(name);
    topic.set_id(id.bytes());
  }
  void commit(proto::Decision decision) {
    proto::Committed& entry = log.emplace_back();
    entry.set_index(static_cast<int64_t>(log.size()));
    *entry.mutable_decision() = std::move(decision);
  }
  void commit_nothing() { log.emplace_back().set_index(static_cast<int64_t>(log.size())); }
};

class HandController {
 public:
  HandController(int id, Simulation& simulation, SimNetwork& network, Quorum& quorum)
      : id_(id),
        name_("controller-" + std::to_string(id)),
        quorum_(quorum),
        executor_(simulation.start_node(name_)),
        transport_(network, name_),
        endpoint_{name_, 9640} {
    auto listening = transport_.listen(endpoint_, {Channel::kController}, {&executor_},
                                       [this](Channel, LinkPtr link) { accept(std::move(link)); });
    listening_ = *std::move(listening);
  }

  const Endpoint& endpoint() const { return endpoint_; }
  const std::string& name() const { return name_; }
  std::deque<proto::BrokerMessage>& got() { return got_; }
  size_t count(proto::BrokerMessage::KindCase kind) const {
    return static_cast<size_t>(
        std::count_if(got_.begin(), got_.end(),
                      [&](const proto::BrokerMessage& m) { return m.kind_case() == kind; }));
  }
  const proto::BrokerMessage* last(proto::BrokerMessage::KindCase kind) const {
    for (auto at = got_.rbegin(); at != got_.rend(); ++at) {
      if (at->kind_case() == kind) return &*at;
    }
    return nullptr;
  }
  void say(const proto::ControllerMessage& message) {
    for (auto& session : sessions_) {
      if (session->link != nullptr) {
        session->link->send({Buffer::own(message.SerializeAsString())});
      }
    }
  }
  void say_committed(const proto::Committed& committed) {
    proto::ControllerMessage message;
    *message.mutable_committed() = committed;
    say(message);
  }
  bool answers_heartbeats = true;
  bool answers_registration = true;
  bool may_shut_down = false;
  bool refuse_finally = false;
  int64_t follow_from = -1;  // what the last Follow said

 private:
  struct Session final : LinkSink {
    Session(HandController& of, LinkPtr with) : controller(of), link(std::move(with)) {}
    void opened() override {}
    void frame(Buffer bytes) override {
      proto::BrokerMessage message;
      ASSERT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      controller.take(*this, message);
    }
    void closed(Close) override { link = nullptr; }
    HandController& controller;
    LinkPtr link;
  };

  void accept(LinkPtr link) {
    sessions_.push_back(std::make_unique<Session>(*this, std::move(link)));
    sessions_.back()->link->start(*sessions_.back());
  }

  void take(Session& from, const proto::BrokerMessage& message) {
    got_.push_back(message);
    proto::ControllerMessage answer;
    const bool introduction = message.has_register_() || message.has_attach();
    if (introduction && refuse_finally) {
      answer.mutable_refused()->set_final(true);
      answer.mutable_refused()->mutable_error()->set_code(101);
      answer.mutable_refused()->mutable_error()->set_message("a twin is running");
    } else if (introduction && quorum_.active != id_) {
      answer.mutable_not_active();
    } else if (introduction) {
      if (!answers_registration) return;
      if (quorum_.epoch == 0) {
        quorum_.commit_nothing();
        quorum_.epoch = static_cast<int64_t>(quorum_.log.size());
      }
      answer.mutable_registered()->set_cluster_id("castle");
      answer.mutable_registered()->set_epoch(quorum_.epoch);
      answer.mutable_registered()->set_index(quorum_.epoch);
    } else if (message.has_follow()) {
      follow_from = message.follow().applied();
      for (const proto::Committed& entry : quorum_.log) {
        if (entry.index() <= follow_from) continue;
        proto::ControllerMessage push;
        *push.mutable_committed() = entry;
        from.link->send({Buffer::own(push.SerializeAsString())});
      }
      return;
    } else if (message.has_heartbeat() && answers_heartbeats) {
      answer.mutable_heartbeat()->set_fenced(!message.heartbeat().ready());
      answer.mutable_heartbeat()->set_may_shut_down(may_shut_down &&
                                                    message.heartbeat().want_shutdown());
      answer.mutable_heartbeat()->set_commit(static_cast<int64_t>(quorum_.log.size()));
    } else {
      return;
    }
    from.link->send({Buffer::own(answer.SerializeAsString())});
  }

  const int id_;
  const std::string name_;
  Quorum& quorum_;
  SimExecutor& executor_;
  SimTransport transport_;
  const Endpoint endpoint_;
  std::unique_ptr<Listening> listening_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::deque<proto::BrokerMessage> got_;
};

}  // namespace barnabas::testing_support
