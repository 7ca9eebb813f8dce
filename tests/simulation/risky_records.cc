#include "tests/simulation/risky_records.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "kafka/records/batch.h"
#include "kafka/records/builder.h"
#include "kafka/records/record.h"
#include "tests/simulation/checks/replica_contents.h"

namespace barnabas::simulation {
namespace {

constexpr char kNode[] = "gamblers";
constexpr Duration kLimit = std::chrono::milliseconds(1500);
constexpr int32_t kTimeoutMs = 1000;

}  // namespace

RiskyRecords::RiskyRecords(Cluster& cluster, RiskyOptions options, Findings& findings)
    : cluster_(cluster), options_(options), findings_(findings), loss_(findings) {}

RiskyRecords::~RiskyRecords() {
  if (loop_ != nullptr) cluster_.simulation().kill(kNode);
}

std::string RiskyRecords::name(int32_t partition) const {
  return absl::StrCat(kTopic, "-", partition);
}

void RiskyRecords::start() {
  if (options_.partitions == 0) return;
  loop_ = &cluster_.simulation().start_node(kNode);
  client_ = std::make_unique<Client>(cluster_.network(), *loop_, cluster_.fork("risky records"),
                                     cluster_.bootstrap());
  admin_ = std::make_unique<TopicAdmin>(*client_, findings_);
  TopicWanted topic;
  topic.name = kTopic;
  topic.partitions = options_.partitions;
  topic.replication_factor =
      static_cast<int16_t>(std::min<size_t>(3, cluster_.broker_names().size()));
  topic.configs["min.insync.replicas"] = std::to_string(options_.min_in_sync);
  topic.configs["unclean.leader.election.enable"] = options_.unclean ? "true" : "false";
  admin_->create(std::move(topic), [this](Uuid, bool) {
    ready_ = true;
    client_->follow(kTopic);
    for (int32_t partition = 0; partition < options_.partitions; ++partition) {
      Sender& sender = *senders_.emplace_back(std::make_unique<Sender>());
      sender.partition = partition;
      send(sender);
      if (!watched_) continue;
      readers_.push_back(std::make_unique<WaryReader>(*client_, kTopic, partition, name(partition),
                                                      loss_, findings_));
    }
  });
}

Lineage RiskyRecords::lineage(int32_t partition) {
  Lineage newest{0};
  for (const std::string& controller : cluster_.controller_names()) {
    ControllerProcess* const process = cluster_.controller(controller);
    if (process == nullptr) continue;
    const metadata::TopicImage* const topic =
        process->controller().committed_image().topic_by_name(kTopic);
    if (topic == nullptr || static_cast<size_t>(partition) >= topic->partitions.size()) continue;
    newest = std::max(newest, topic->partitions[static_cast<size_t>(partition)].lineage);
  }
  return newest;
}

void RiskyRecords::send(Sender& sender) {
  if (finishing_) return;
  const auto leader = client_->leader(kTopic, sender.partition);
  if (!leader.has_value()) {
    client_->refresh();
    loop_->after(options_.pause, [this, &sender] { send(sender); });
    return;
  }
  const std::string value = absl::StrCat(name(sender.partition), ":", ++sender.sent);
  kafka::BatchBuilder builder{kafka::BatchOptions()};
  builder.append(loop_->clock().wall().time_since_epoch().count(), std::nullopt, value);
  kafka::ProduceRequest request;
  request.transactional_id = std::nullopt;
  request.acks = -1;
  request.timeout_ms = kTimeoutMs;
  auto& topic = request.topic_data.emplace_back();
  topic.name = kTopic;
  auto& partition = topic.partition_data.emplace_back();
  partition.index = sender.partition;
  partition.records = Buffer::own(builder.finish());
  loss_.sent(name(sender.partition), value, lineage(sender.partition));
  sender.waiting = true;
  client_->ask<kafka::ProduceResponse>(
      leader->leader, request, kLimit,
      [this, &sender, value](absl::StatusOr<const kafka::ProduceResponse*> response) {
        const bool done = response.ok() && (*response)->responses.size() == 1 &&
                          (*response)->responses[0].partition_responses.size() == 1 &&
                          (*response)->responses[0].partition_responses[0].error_code == 0;
        answered(sender, value, done);
      });
}

void RiskyRecords::answered(Sender& sender, const std::string& value, bool done) {
  sender.waiting = false;
  if (done) {
    loss_.acknowledged(name(sender.partition), value);
  } else {
    client_->refresh();
  }
  loop_->after(options_.pause, [this, &sender] { send(sender); });
}

bool RiskyRecords::finished() const {
  if (options_.partitions == 0) return true;
  return ready_ && std::none_of(senders_.begin(), senders_.end(),
                                [](const auto& sender) { return sender->waiting; });
}

std::string RiskyRecords::unfinished() const {
  return finished() ? "" : "risky records are under way; ";
}

void RiskyRecords::watch() { watched_ = true; }

void RiskyRecords::read_again() {
  for (const auto& reader : readers_) reader->read_for_the_verdict();
}

bool RiskyRecords::read_everything_again() const {
  return std::all_of(readers_.begin(), readers_.end(),
                     [](const auto& reader) { return reader->complete(); });
}

void RiskyRecords::judge_what_was_read(bool excused) {
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (!readers_[i]->complete()) continue;
    const auto partition = static_cast<int32_t>(i);
    loss_.judge(name(partition), readers_[i]->values(), lineage(partition), excused);
  }
}

uint64_t RiskyRecords::passes() const {
  uint64_t sum = 0;
  for (const auto& reader : readers_) sum += reader->passes();
  return sum;
}

uint64_t RiskyRecords::refusals() const {
  uint64_t sum = 0;
  for (const auto& reader : readers_) sum += reader->refusals();
  return sum;
}

void RiskyRecords::judge() {
  ControllerProcess* const active = cluster_.active_controller();
  if (options_.partitions == 0 || active == nullptr) return;
  const metadata::TopicImage* const topic =
      active->controller().committed_image().topic_by_name(kTopic);
  if (topic == nullptr) {
    return findings_.report("I55 a topic that was created is there", kTopic);
  }
  for (int32_t i = 0; i < options_.partitions; ++i) {
    const metadata::PartitionImage& state = topic->partitions[static_cast<size_t>(i)];
    const std::string leader = Cluster::broker_name(state.leader.value());
    const auto replica = cluster_.broker(leader)->partitions().find({topic->id, PartitionIndex(i)});
    if (replica == nullptr) continue;
    const auto bytes = read_batches(cluster_.disk(leader), absl::StrCat("/broker/", name(i)),
                                    replica->view().high_watermark);
    if (!bytes.ok()) {
      return findings_.report("I42 what is stored can be read",
                              absl::StrCat(name(i), ": ", bytes.status().ToString()));
    }
    std::vector<std::string> values;
    kafka::BatchStream batches(*bytes);
    while (const auto batch = batches.next()) {
      if (!batch->crc_matches()) {
        return findings_.report("I42 what was stored is what was sent",
                                absl::StrCat(name(i), " at ", batch->base_offset().value()));
      }
      kafka::RecordReader records(*batch, batch->payload());
      while (const auto record = records.next()) {
        values.emplace_back(record->value.value_or(""));
      }
    }
    loss_.judge(name(i), values, state.lineage, /*excused=*/false);
  }
}

}  // namespace barnabas::simulation
