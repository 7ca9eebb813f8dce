#include "tests/simulation/workload.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace barnabas::simulation {
namespace {

constexpr char kNode[] = "programs";
constexpr size_t kChurnNames = 2;

}  // namespace

class Workload::Eyes final : public Reader {
 public:
  Eyes(Workload& of, int number, const std::string& topic, Uuid id, int32_t partition)
      : of_(of),
        number_(number),
        topic_(topic),
        partition_(partition),
        client_(of.new_client(absl::StrCat("reader ", number))),
        consumer_(*client_, topic, id, partition, of.findings_, *this) {}

  void record(const Uuid& topic, int32_t partition, const ConsumedRecord& record) override {
    of_.fixed_offsets_.seen({topic, partition}, record.offset, record.leader_epoch, record.value);
    content_.emplace_back(record.offset, std::string(record.value));
  }
  void high_watermark(const Uuid& topic, int32_t partition, int32_t epoch,
                      Offset high_watermark) override {
    of_.high_watermarks_.heard(number_, {topic, partition}, epoch, high_watermark);
  }

  // Has it read everything that there is, and that producers know of?
  bool at_end(Offset known_end) const {
    return consumer_.high_watermark().has_value() &&
           consumer_.position() >= *consumer_.high_watermark() && consumer_.position() >= known_end;
  }
  AcknowledgedRecords::Partition partition() const { return {topic_, partition_}; }
  std::vector<AcknowledgedRecords::Stored> content() const {
    std::vector<AcknowledgedRecords::Stored> out;
    for (const auto& [offset, value] : content_) out.push_back({offset, value});
    return out;
  }
  const Consumer& consumer() const { return consumer_; }

 private:
  Workload& of_;
  const int number_;
  const std::string topic_;
  const int32_t partition_;
  std::unique_ptr<Client> client_;
  std::vector<std::pair<Offset, std::string>> content_;
  Consumer consumer_;
};

Workload::Workload(Cluster& cluster, WorkloadOptions options, Findings& findings)
    : cluster_(cluster),
      options_(options),
      findings_(findings),
      loop_(cluster.simulation().start_node(kNode)),
      random_(cluster.fork("workload")),
      fixed_offsets_(findings),
      high_watermarks_(findings),
      topics_known_(findings),
      groups_(cluster, options_.groups, findings),
      operators_(cluster, options_.operators, findings),
      risky_(cluster, options_.risky, findings) {}

Workload::~Workload() { cluster_.simulation().kill(kNode); }

std::unique_ptr<Client> Workload::new_client(const std::string& name) {
  return std::make_unique<Client>(cluster_.network(), loop_, random_->fork(name),
                                  cluster_.bootstrap());
}

Workload::Program Workload::new_program(int number) {
  Program program;
  program.client = new_client(absl::StrCat("producer ", number));
  program.producer = std::make_unique<Producer>(
      *program.client, Producer::Options(), findings_,
      [this](const ProducedBatch& batch, Offset base_offset) {
        slowest_acknowledgement_ =
            std::max(slowest_acknowledgement_, loop_.now() - batch.first_sent);
        for (size_t i = 0; i < batch.values.size(); ++i) {
          const Offset offset =
              base_offset == kNoOffset ? kNoOffset : advance(base_offset, static_cast<int64_t>(i));
          ledger_.acknowledged({batch.topic, batch.partition}, batch.values[i], offset);
        }
      });
  return program;
}

void Workload::start() {
  admin_client_ = new_client("admin");
  admin_ = std::make_unique<TopicAdmin>(*admin_client_, findings_);
  if (options_.beyond_the_atlas) risky_.watch();
  if (options_.topics == 0) risky_.start();
  for (int i = 0; i < options_.topics; ++i) {
    TopicWanted topic;
    topic.name = topic_name(i);
    topic.partitions = options_.partitions;
    topic.replication_factor =
        static_cast<int16_t>(std::min<size_t>(3, cluster_.broker_names().size()));
    topic.configs["min.insync.replicas"] = std::to_string(options_.min_in_sync);
    admin_->create(std::move(topic), [this, i](Uuid id, bool) { created(i, id); });
  }
}

void Workload::created(int topic, Uuid id) {
  const std::string name = topic_name(topic);
  topics_known_.created(name, id);
  if (id.is_none()) {
    // Known to be there, but not under which id: a client that follows it learns that.
    admin_client_->follow(name);
    const Client::Topic* const known = admin_client_->topic(name);
    if (known == nullptr) {
      loop_.after(std::chrono::milliseconds(20), [this, topic] { created(topic, Uuid()); });
      return;
    }
    id = known->id;
  }
  for (int32_t partition = 0; partition < options_.partitions; ++partition) {
    readers_.push_back(
        std::make_unique<Eyes>(*this, static_cast<int>(readers_.size()), name, id, partition));
  }
  if (++topics_ready_ < options_.topics) return;
  for (int i = 0; i < options_.producers; ++i) {
    programs_.push_back(new_program(i));
    produce(static_cast<size_t>(i));
  }
  if (options_.churn) churn();
  std::vector<std::string> topics;
  for (int i = 0; i < options_.topics; ++i) topics.push_back(topic_name(i));
  groups_.start(topics, options_.partitions);
  operators_.start(std::move(topics), options_.partitions);
  risky_.start();
}

void Workload::produce(size_t number) {
  if (finishing_) return;
  Program& program = programs_[number];
  if (program.producer->unacknowledged() < options_.unacknowledged_max) {
    const auto topic = static_cast<int>(random_->below(static_cast<uint64_t>(options_.topics)));
    const auto partition =
        static_cast<int32_t>(random_->below(static_cast<uint64_t>(options_.partitions)));
    send(program, static_cast<int>(number), topic_name(topic), partition);
  }
  const auto spread = static_cast<uint64_t>(options_.pause_between_batches.count()) * 2;
  loop_.after(Duration(static_cast<int64_t>(random_->below(spread) + 1)),
              [this, number] { produce(number); });
}

void Workload::send(Program& program, int number, const std::string& topic, int32_t partition) {
  const int32_t first = program.producer->next_sequence(topic, partition);
  const auto count = static_cast<int32_t>(
      1 + random_->below(static_cast<uint64_t>(options_.records_per_batch_max)));
  std::vector<std::string> values;
  for (int32_t i = 0; i < count; ++i) {
    std::string value =
        absl::StrCat("producer ", number, " sequence ", first + i, " ", random_->next(), " ");
    value.resize(std::max(value.size(), options_.record_bytes), '.');
    ledger_.sent({topic, partition}, value, number, first + i);
    ++sent_;
    values.push_back(std::move(value));
  }
  program.producer->send(topic, partition, std::move(values));
}

void Workload::churn() {
  if (finishing_) {
    churning_ = false;
    return;
  }
  churning_ = true;
  ++churned_;
  while (free_names_.size() < kChurnNames) {
    free_names_.push_back(absl::StrCat("comes-and-goes-", next_name_++));
  }
  const std::string name = free_names_.front();
  free_names_.pop_front();
  topics_known_.creating(name);
  TopicWanted topic;
  topic.name = name;
  topic.partitions = 2;
  topic.replication_factor =
      static_cast<int16_t>(std::min<size_t>(3, cluster_.broker_names().size()));
  admin_->create(std::move(topic), [this, name](Uuid id, bool unsure) {
    ++topics_created_;
    topics_known_.created(name, id);
    // A new producer each time: a name that comes back is another topic, and knows no sequence.
    churn_program_ = Program();
    churn_program_.client = new_client(absl::StrCat("churn ", churned_));
    churn_program_.producer =
        std::make_unique<Producer>(*churn_program_.client, Producer::Options(), findings_,
                                   [](const ProducedBatch&, Offset) {});
    churn_program_.producer->send(name, static_cast<int32_t>(random_->below(2)), {"passing"});
    fill_and_delete(name, id, unsure);
  });
}

void Workload::fill_and_delete(const std::string& name, Uuid id, bool unsure) {
  if (churn_program_.producer->unacknowledged() > 0) {
    loop_.after(std::chrono::milliseconds(20),
                [this, name, id, unsure] { fill_and_delete(name, id, unsure); });
    return;
  }
  topics_known_.deleting(name);
  admin_->erase(name, id, [this, name, unsure] {
    ++topics_deleted_;
    if (!unsure) {
      topics_known_.deleted(name);
      free_names_.push_back(name);
    }
    const auto most = static_cast<uint64_t>(pause_between_churns_.count());
    loop_.after(Duration(static_cast<int64_t>(random_->below(most))), [this] { churn(); });
  });
}

bool Workload::finished() const {
  if (!topics_ready() || churning_) return false;
  for (const Program& program : programs_) {
    if (program.producer->unacknowledged() > 0) return false;
  }
  const auto known_end = [&](const TopicPartition& of) { return ledger_.known_end(of); };
  if (!groups_.finished(known_end) || !operators_.finished()) return false;
  if (!risky_.finished()) return false;
  return std::all_of(readers_.begin(), readers_.end(), [&](const auto& reader) {
    return reader->at_end(ledger_.known_end(reader->partition()));
  });
}

std::string Workload::unfinished() const {
  std::string out =
      groups_.unfinished([&](const TopicPartition& of) { return ledger_.known_end(of); });
  out += operators_.unfinished();
  out += risky_.unfinished();
  if (!topics_ready() || churning_) {
    absl::StrAppend(&out, "topics are still created or deleted (last heard: ", admin_->trouble(),
                    "); ");
    if (churn_program_.producer != nullptr) out += churn_program_.producer->trouble();
  }
  for (size_t i = 0; i < programs_.size(); ++i) {
    if (programs_[i].producer->unacknowledged() == 0) continue;
    absl::StrAppend(&out, "producer ", i, ": ", programs_[i].producer->trouble(), "; ");
  }
  for (const auto* readers : {&readers_, &second_readers_}) {
    for (const auto& reader : *readers) {
      if (reader->at_end(ledger_.known_end(reader->partition()))) continue;
      absl::StrAppend(&out, "reader of ", reader->partition().first, "-",
                      reader->partition().second, " stands at ",
                      reader->consumer().position().value(), " of ",
                      ledger_.known_end(reader->partition()).value(),
                      ", last heard: ", reader->consumer().trouble(), "; ");
    }
  }
  return out;
}

void Workload::read_again() {
  for (const auto& reader : readers_) {
    const auto [topic, partition] = reader->partition();
    second_readers_.push_back(
        std::make_unique<Eyes>(*this, static_cast<int>(readers_.size() + second_readers_.size()),
                               topic, reader->consumer().topic_id(), partition));
  }
}

bool Workload::read_everything_again() const {
  return std::all_of(second_readers_.begin(), second_readers_.end(), [&](const auto& reader) {
    return reader->at_end(ledger_.known_end(reader->partition()));
  });
}

void Workload::judge_records() {
  risky_.judge();
  for (const auto* readers : {&readers_, &second_readers_}) {
    for (const auto& reader : *readers) {
      ledger_.judge(reader->partition(), reader->content(), findings_);
    }
  }
}

}  // namespace barnabas::simulation
