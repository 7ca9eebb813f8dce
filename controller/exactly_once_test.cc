// S3 under faults: clients ask for changes, and ask again by other ways whenever they like, while
// controllers die, disks lose what was not synced, links break and brokers take answers with them.
// Each request is decided once, all answers to it are one answer, and what an answer said is so.
//
// A client creates its topics, deletes them, creates them anew: a deletion that is done twice takes
// the next creation with it, a creation that is done twice is told that they exist.

#include <gtest/gtest.h>

#include "common/sim/probes.h"
#include "controller/testing/sim_quorum.h"

namespace barnabas::controller {
namespace {

constexpr int32_t kInvalidRequest = 42;
constexpr int32_t kBusy = 89;

struct Client {
  std::string name;
  std::string id;
  uint64_t sequence = 0;
  bool creates = false;  // what is asked for now
  proto::AdminRequest request;
  std::string answer;                        // the first to this request, as bytes
  std::map<uint64_t, std::string> answers;   // to this and earlier ones
  std::map<std::string, std::string> there;  // topics, and the ids that were told
};

class Faults {
 public:
  explicit Faults(uint64_t seed) : quorum_(seed), random_(seeded_random(seed)) {
    quorum_.limits_.max_changes = 4;  // three topics of two partitions are two decisions
    quorum_.start_all();
    EXPECT_TRUE(quorum_.run_until([this] { return quorum_.everybody_serves(); }));
    for (int i = 0; i < 4; ++i) {
      auto client = std::make_unique<Client>();
      client->name = absl::StrCat("client-", i);
      client->id = Uuid::make(*random_).bytes();
      clients_.push_back(std::move(client));
    }
  }

  void step() {
    const int id = 1 + static_cast<int>(random_->below(3));
    switch (random_->below(10)) {
      case 0:
        if (const int active = quorum_.active_id(); active != 0) quorum_.kill_controller(active);
        break;
      case 1:
        quorum_.kill_controller(id, Simulation::Death::kPower);
        break;
      case 2:
        // Two stay: without a broker that may lead, nothing can be created.
        if (quorum_.everybody_serves()) quorum_.kill_broker(id);
        break;
      case 3:
      case 4:
      case 5:
        quorum_.start_all();
        break;
      case 6:
        quorum_.network_.break_links(absl::StrCat("controller", id),
                                     absl::StrCat("broker", 1 + random_->below(3)));
        break;
      default:
        break;
    }
    for (const auto& client : clients_) {
      if (client->request.client().empty() || !client->answer.empty()) begin(*client);
      if (random_->below(2) == 0) ask(*client);
    }
    quorum_.run(std::chrono::microseconds(random_->below(150'000)));
  }

  // Everything runs again: what is open is answered, and the image is what the answers said.
  std::string end() {
    quorum_.start_all();
    const auto settled = [this] {
      for (const auto& client : clients_) {
        if (client->answer.empty()) return false;
      }
      return quorum_.everybody_serves() && quorum_.everybody_agrees();
    };
    for (int round = 0; round < 40 && broken_.empty(); ++round) {
      for (const auto& client : clients_) ask(*client);
      if (quorum_.run_until(settled, seconds(1))) break;
    }
    if (!broken_.empty()) return broken_;
    if (!settled()) return "not everything was answered";
    size_t expected = 0;
    const metadata::Image& image = quorum_.active()->committed_image();
    for (const auto& client : clients_) {
      expected += client->there.size();
      for (const auto& [name, id] : client->there) {
        const metadata::TopicImage* topic = image.topic_by_name(name);
        if (topic == nullptr) return absl::StrCat(name, " was acknowledged and is gone");
        if (topic->id.bytes() != id) return absl::StrCat(name, " was created twice");
      }
    }
    if (image.topics_by_name().size() != expected) return "a deleted topic is there";
    return broken_;
  }

  const std::string& broken() const { return broken_; }
  int requests() const { return requests_; }
  int repeated() const { return repeated_; }

 private:
  void begin(Client& client) {
    ++requests_;
    client.answer.clear();
    client.request.Clear();
    client.request.set_client(client.id);
    client.request.set_sequence(++client.sequence);
    client.creates = client.there.empty();
    for (int i = 0; i < 3; ++i) {
      const std::string name = absl::StrCat(client.name, "-", i);
      if (!client.creates) {
        client.request.mutable_delete_topics()->add_topics()->set_name(name);
        continue;
      }
      proto::NewTopic* topic = client.request.mutable_create_topics()->add_topics();
      topic->set_name(name);
      topic->set_partitions(2);
      topic->set_replication_factor(3);
    }
    ask(client);
  }

  // Also what has been answered may be asked again: a copy that was long on its way.
  void ask(Client& client) {
    FakeBroker* by = quorum_.brokers_[1 + static_cast<int>(random_->below(3))].process.get();
    if (by == nullptr) return;
    by->ask(client.request,
            [this, &client, sequence = client.sequence](const proto::AdminAnswer& answer) {
              answered(client, sequence, answer);
            });
  }

  void answered(Client& client, uint64_t sequence, const proto::AdminAnswer& answer) {
    if (answer.error().code() == kBusy) return;  // nothing was done; it is asked again
    const auto wrong = [&](auto... what) {
      if (broken_.empty()) {
        broken_ = absl::StrCat(client.name, " request ", sequence, ": ", what..., "\n",
                               answer.ShortDebugString());
      }
    };
    if (sequence < client.sequence) {
      // Answered long ago, or forgotten since: then it is refused.
      if (answer.error().code() == kInvalidRequest) return;
      if (answer.SerializeAsString() != client.answers[sequence]) wrong("an old request was done");
      return;
    }
    if (answer.error().code() != 0) return wrong("refused");
    if (!client.answer.empty()) {
      ++repeated_;
      if (answer.SerializeAsString() != client.answer) wrong("another answer than the first");
      return;
    }
    client.answer = answer.SerializeAsString();
    client.answers[sequence] = client.answer;
    if (!client.creates) client.there.clear();
    for (const proto::DeletedTopic& topic : answer.delete_topics().topics()) {
      if (topic.error().code() != 0) wrong("deleted twice");
    }
    for (const proto::CreatedTopic& topic : answer.create_topics().topics()) {
      if (topic.error().code() != 0) wrong("created twice");
      client.there[topic.name()] = topic.id();
    }
    if (client.creates && client.there.size() != 3) wrong("topics without an answer");
  }

  Quorum quorum_;
  const std::unique_ptr<Random> random_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::string broken_;
  int requests_ = 0;
  int repeated_ = 0;
};

TEST(ExactlyOnce, S3_P32_I53_EachRequestIsDecidedOnceHoweverOftenAndWhereverItIsAsked) {
  int requests = 0;
  int repeated = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Faults faults(seed);
    for (int step = 0; step < 50; ++step) {
      faults.step();
      ASSERT_EQ(faults.broken(), "") << "seed " << seed << " step " << step;
    }
    ASSERT_EQ(faults.end(), "") << "seed " << seed;
    requests += faults.requests();
    repeated += faults.repeated();
  }
  // Without many of both this would prove little.
  EXPECT_GT(requests, 600);
  EXPECT_GT(repeated, 600);
}

// The same faults find it at once when requests are not remembered.
TEST(ExactlyOnce, S3_AControllerThatForgetsRequestsIsFound) {
  const Planted forgets("controller: forgets what was asked before");
  std::string broken;
  for (uint64_t seed = 1; seed <= 20 && broken.empty(); ++seed) {
    Faults faults(seed);
    for (int step = 0; step < 50 && broken.empty(); ++step) {
      faults.step();
      broken = faults.broken();
    }
  }
  EXPECT_NE(broken, "");
}

}  // namespace
}  // namespace barnabas::controller
