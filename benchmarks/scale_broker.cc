// One light broker (light_broker.h) that does what its standard input says and prints one JSON
// object a line; measure_scale.py drives several, next to real controllers.
//
//   scale_broker --id 1 --controllers 127.0.0.1:9640,...
//     await unfenced | await partitions N | await leads BROKER COUNT     prints when it is so
//     create PREFIX TOPICS PARTITIONS TOPICS_PER_REQUEST IN_FLIGHT
//     allocate SECONDS IN_FLIGHT     commits of producer ids: the smallest decision there is
//     alter SECONDS IN_FLIGHT        in-sync sets of partitions that this broker leads
//     steady SECONDS                 one commit after the other; prints every pause
//     state
//
// "at" is the machine's monotonic clock in seconds: comparable between processes.

#include <absl/strings/str_split.h>
#include <fmt/core.h>
#include <gflags/gflags.h>
#include <glog/logging.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/light_broker.h"
#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "metadata/records.h"

DEFINE_int32(id, 1, "the broker's id");
DEFINE_string(controllers, "", "host:port,host:port,...");

namespace barnabas {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void print(const std::string& event, const std::string& fields) {
  fmt::print("{{\"event\":\"{}\",\"at\":{:.6f}{}{}}}\n", event, now(), fields.empty() ? "" : ",",
             fields);
  std::fflush(stdout);
}

int64_t percentile(std::vector<int64_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(part * static_cast<double>(sorted.size() - 1));
  return sorted[at];
}

// A load: so many in flight until the time is over.
struct Load {
  std::string name;
  double begun = now();
  double end = 0;
  int in_flight = 0;
  std::vector<int64_t> microseconds;
  int64_t refused = 0;
  double last = now();
  std::vector<std::pair<double, double>> pauses;  // of more than 15 ms
  std::function<void()> next;

  void answered(double asked, bool good) {
    const double at = now();
    if (at - last > 0.015) pauses.emplace_back(last, at);
    last = at;
    if (good) {
      microseconds.push_back(static_cast<int64_t>((at - asked) * 1e6));
    } else {
      ++refused;
    }
    --in_flight;
    if (at < end) {
      next();
    } else if (in_flight == 0) {
      report();
    }
  }

  void report() {
    std::sort(microseconds.begin(), microseconds.end());
    std::string gaps;
    for (const auto& [from, to] : pauses) {
      gaps += fmt::format("{}[{:.6f},{:.6f}]", gaps.empty() ? "" : ",", from, to);
    }
    print(name, fmt::format("\"count\":{},\"refused\":{},\"per_second\":{:.1f},\"p50_us\":{},"
                            "\"p99_us\":{},\"max_us\":{},\"pauses\":[{}]",
                            microseconds.size(), refused,
                            static_cast<double>(microseconds.size()) / (last - begun),
                            percentile(microseconds, 0.5), percentile(microseconds, 0.99),
                            percentile(microseconds, 1), gaps));
  }
};

class Driver {
 public:
  Driver(LightBroker& broker, Executor& loop, Random& random)
      : broker_(broker), loop_(loop), random_(random) {
    broker_.on_news([this] { look(); });
  }

  void command(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "await") return await(words);
    if (verb == "create") return create(words);
    if (verb == "state") return state();
    double seconds = 0;
    int in_flight = 1;
    words >> seconds >> in_flight;
    if (verb == "steady") return begin("steady", seconds, 1, [this] { return allocation(); });
    if (verb == "allocate") {
      return begin("allocate", seconds, in_flight, [this] { return allocation(); });
    }
    if (verb == "alter") return alter(seconds, in_flight);
    print("error", fmt::format("\"message\":\"no verb {}\"", verb));
  }

 private:
  void await(std::istringstream& words) {
    std::string what;
    int64_t first = 0;
    int64_t second = 0;
    words >> what >> first >> second;
    std::function<bool()> done;
    if (what == "unfenced") done = [this] { return broker_.unfenced(); };
    if (what == "joined") done = [this] { return broker_.joined(); };
    if (what == "partitions") {
      done = [this, first] {
        return static_cast<int64_t>(broker_.image().partition_count()) >= first;
      };
    }
    if (what == "leads") {
      done = [this, first, second] {
        return broker_.led_by(static_cast<int32_t>(first)) == second;
      };
    }
    if (what == "out") {  // of every in-sync set
      done = [this, first] { return in_sync_of(BrokerId{static_cast<int32_t>(first)}) == 0; };
    }
    awaited_.push_back({what, std::move(done)});
    look();
  }

  int64_t in_sync_of(BrokerId broker) const {
    int64_t count = 0;
    broker_.image().for_each_partition_of(
        broker, [&](const metadata::TopicPartition&, const metadata::PartitionImage& partition) {
          count += partition.is_in_sync(broker);
        });
    return count;
  }

  void look() {
    for (size_t i = 0; i < awaited_.size();) {
      if (!awaited_[i].done()) {
        ++i;
        continue;
      }
      print("reached", fmt::format("\"what\":\"{}\"", awaited_[i].what));
      awaited_.erase(awaited_.begin() + static_cast<ptrdiff_t>(i));
    }
  }

  void state() {
    const metadata::Image& image = broker_.image();
    print("state",
          fmt::format("\"controller\":\"{}\",\"index\":{},\"topics\":{},\"partitions\":{},"
                      "\"snapshots\":{},\"leads\":[{},{},{},{}]",
                      broker_.controller(), image.index().value(), image.topics_by_name().size(),
                      image.partition_count(), broker_.snapshots(), broker_.led_by(-1),
                      broker_.led_by(1), broker_.led_by(2), broker_.led_by(3)));
  }

  // Each lane is a client of its own, with one request at a time (S3).
  struct Creation {
    std::string prefix;
    int topics = 0, partitions = 0, per_request = 1;
    int next = 0, answered = 0, failed = 0;
    double begun = now();
  };

  void create(std::istringstream& words) {
    auto creation = std::make_shared<Creation>();
    int in_flight = 1;
    words >> creation->prefix >> creation->topics >> creation->partitions >>
        creation->per_request >> in_flight;
    for (int i = 0; i < in_flight; ++i) create_next(creation, Uuid::make(random_).bytes(), 1);
  }

  void create_next(const std::shared_ptr<Creation>& creation, const std::string& client,
                   uint64_t sequence) {
    if (creation->next >= creation->topics) return;
    proto::BrokerMessage message;
    proto::AdminRequest* request = message.mutable_admin()->mutable_request();
    request->set_client(client);
    request->set_sequence(sequence);
    for (int i = 0; i < creation->per_request && creation->next < creation->topics; ++i) {
      proto::NewTopic* topic = request->mutable_create_topics()->add_topics();
      topic->set_name(fmt::format("{}-{:06d}", creation->prefix, creation->next++));
      topic->set_partitions(creation->partitions);
      topic->set_replication_factor(3);
      proto::ConfigEntry* config = topic->add_configs();
      config->set_key("min.insync.replicas");
      config->set_value("2");
    }
    broker_.ask(std::move(message),
                [this, creation, client, sequence](const proto::ControllerMessage& answer) {
                  const proto::AdminAnswer& admin = answer.admin().answer();
                  if (admin.error().code() != 0) {
                    LOG(ERROR) << admin.error().message();
                    ++creation->failed;
                  }
                  for (const proto::CreatedTopic& topic : admin.create_topics().topics()) {
                    ++creation->answered;
                    if (topic.error().code() == 0) continue;
                    ++creation->failed;
                    LOG(ERROR) << topic.name() << ": " << topic.error().message();
                  }
                  if (creation->answered >= creation->topics || creation->failed > 0) {
                    print("created", fmt::format("\"seconds\":{:.4f},\"topics\":{},\"failed\":{}",
                                                 now() - creation->begun, creation->answered,
                                                 creation->failed));
                    return;
                  }
                  create_next(creation, client, sequence + 1);
                });
  }

  proto::BrokerMessage allocation() {
    proto::BrokerMessage message;
    message.mutable_allocate_producer_ids();
    return message;
  }

  void begin(const std::string& name, double seconds, int in_flight,
             std::function<proto::BrokerMessage()> make) {
    auto load = std::make_shared<Load>();
    load->name = name;
    load->end = now() + seconds;
    load->next = [this, load = load.get(), make] {
      ++load->in_flight;
      broker_.ask(make(), [this, load, asked = now()](const proto::ControllerMessage& answer) {
        const int32_t code = answer.allocate_producer_ids().error().code();
        load->answered(asked, code == 0);
      });
    };
    for (int i = 0; i < in_flight; ++i) load->next();
    loads_.push_back(std::move(load));
  }

  // Followers leave the in-sync sets of this broker's partitions and come back: every lane has
  // partitions of its own, so that no proposal crosses another one.
  void alter(double seconds, int in_flight) {
    mine_.clear();
    broker_.image().for_each_partition_of(
        BrokerId{FLAGS_id},
        [&](const metadata::TopicPartition& id, const metadata::PartitionImage& partition) {
          if (partition.leader == BrokerId{FLAGS_id}) mine_.push_back(id);
        });
    auto load = std::make_shared<Load>();
    load->name = "alter";
    load->end = now() + seconds;
    auto lane = std::make_shared<size_t>(0);
    load->next = [this, load = load.get(), lane] {
      ++load->in_flight;
      const metadata::TopicPartition id = mine_[(*lane)++ % mine_.size()];
      broker_.ask(proposal(id), [load, asked = now()](const proto::ControllerMessage& answer) {
        const proto::AlterPartitionsAnswer& altered = answer.alter_partitions();
        load->answered(asked, altered.error().code() == 0 && altered.partitions_size() == 1 &&
                                  altered.partitions(0).error().code() == 0);
      });
    };
    for (int i = 0; i < in_flight; ++i) load->next();
    loads_.push_back(std::move(load));
  }

  proto::BrokerMessage proposal(const metadata::TopicPartition& id) {
    const metadata::Image& image = broker_.image();
    const metadata::PartitionImage& now = *image.partition(id);
    proto::BrokerMessage message;
    proto::AlterPartition* asked = message.mutable_alter_partitions()->add_partitions();
    asked->set_topic_id(id.topic.bytes());
    asked->set_index(id.index.value());
    asked->set_leader_epoch(now.leader_epoch.value());
    asked->set_partition_epoch(now.partition_epoch.value());
    const bool whole = now.in_sync.size() == now.replicas.size();
    for (BrokerId replica : now.replicas) {
      if (whole && replica == now.replicas.back() && replica != now.leader) continue;
      const metadata::BrokerImage* broker = image.broker(replica);
      if (broker == nullptr || broker->fenced) continue;
      proto::InSyncMember* member = asked->add_in_sync();
      member->set_broker(replica.value());
      member->set_epoch(broker->epoch.value());
    }
    return message;
  }

  LightBroker& broker_;
  Executor& loop_;
  Random& random_;
  struct Awaited {
    std::string what;
    std::function<bool()> done;
  };
  std::vector<Awaited> awaited_;
  std::vector<std::shared_ptr<Load>> loads_;  // kept: answers may come late
  std::vector<metadata::TopicPartition> mine_;
};

int run() {
  LightBroker::Options options;
  options.id = FLAGS_id;
  for (absl::string_view text : absl::StrSplit(FLAGS_controllers, ',')) {
    const auto endpoint = parse_endpoint(std::string_view(text.data(), text.size()));
    if (!endpoint.ok()) {
      fmt::print(stderr, "scale_broker: --controllers: {}\n", endpoint.status().ToString());
      return 2;
    }
    options.controllers.push_back(*endpoint);
  }
  const std::unique_ptr<Random> random = system_random();
  RealTransport transport;
  LoopThread thread("broker");
  LightBroker broker(options, thread.loop(), transport, *random);
  Driver driver(broker, thread.loop(), *random);
  thread.loop().post([&] {
    const absl::Status status = broker.start();
    LOG_IF(FATAL, !status.ok()) << status;
    print("started", "");
  });
  for (std::string line; std::getline(std::cin, line);) {
    thread.loop().post([&driver, line] { driver.command(line); });
  }
  // Whoever started it has gone; links end with the process.
  std::_Exit(0);
}

}  // namespace
}  // namespace barnabas

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  return barnabas::run();
}
