// What must be true while it runs and after the calm. The first violation ends the run.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/partition/testing/world.h"
#include "kafka/records/record.h"

namespace barnabas::partition::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void World::violate(std::string what) {
  if (violation_.empty()) {
    violation_ = absl::StrCat("seed ", options_.seed, ": ", what);
  }
}

void World::run_checked(Instant until) {
  while (violation_.empty() && simulation.now() < until) {
    simulation.run_for(milliseconds(1));
    for (auto& node : nodes) {
      if (node->up) look_at(*node);
    }
  }
}

void World::look_at(Node& node) {
  const PartitionView view = node.shell->view();
  if (view.high_watermark > node.mark || view.leader_epoch != node.seen) {
    node.seen = view.leader_epoch;
    VLOG(2) << told() << node.name << (view.leading ? " leads " : " follows in ")
            << view.leader_epoch << ": marks " << view.high_watermark << " " << view.durable_end
            << " " << view.log_end;
  }
  if (view.high_watermark < node.mark) {
    return violate(absl::StrCat(node.name, ": high watermark back from ", node.mark.value(), " to ",
                                view.high_watermark.value()));
  }
  node.mark = view.high_watermark;
  if (view.log_start < node.start_seen) {
    return violate(absl::StrCat(node.name, ": log start back from ", node.start_seen.value(),
                                " to ", view.log_start.value()));
  }
  node.start_seen = view.log_start;
  if (!view.trouble.empty()) {
    // A failed disk is a fault like any other; every other trouble is a broken invariant.
    if (view.trouble.find("sync: Input/output error") != std::string::npos) return;
    return violate(absl::StrCat(node.name, " fenced itself: ", view.trouble));
  }
  compare(node, view);
  if (!view.leading) return;
  auto [leader, first] = leader_of_.emplace(view.leader_epoch, node.id);
  if (leader->second != node.id) {
    return violate(absl::StrCat("epoch ", view.leader_epoch.value(), " has two leaders: ",
                                leader->second.value(), " and ", node.id.value()));
  }
  // Late news may make somebody lead an epoch that is over; it can commit nothing.
  if (view.leader_epoch != node.led && view.leader_epoch == state_.leader_epoch) {
    node.led = view.leader_epoch;
    check_complete(node, view.log_end);
  }
}

// One line for each record: whatever two replicas hold below a high watermark must be the same.
std::vector<std::string> World::read(Node& node, Offset from, Offset below) {
  std::vector<std::string> out;
  while (from < below) {
    absl::StatusOr<Buffer> bytes = node.shell->read_log(from, 1 << 20, below);
    if (!bytes.ok()) violate(absl::StrCat(node.name, ": ", bytes.status().ToString()));
    if (!bytes.ok() || bytes->empty()) break;
    kafka::BatchStream stream(bytes->view());
    while (std::optional<kafka::BatchView> batch = stream.next()) {
      kafka::RecordReader records(*batch, batch->payload());
      while (std::optional<kafka::RecordView> record = records.next()) {
        out.push_back(absl::StrCat(batch->leader_epoch().value(), " ",
                                   std::string(record->value.value_or("null"))));
      }
      from = batch->next_offset();
    }
  }
  return out;
}

void World::compare(Node& node, const PartitionView& view) {
  const Offset mark = view.high_watermark;
  node.compared = std::max(node.compared, view.log_start);
  if (committed_.size() < static_cast<size_t>(node.compared.value())) {
    committed_.resize(static_cast<size_t>(node.compared.value()));
  }
  const std::vector<std::string> records = read(node, node.compared, mark);
  for (const std::string& record : records) {
    const auto offset = static_cast<size_t>(node.compared.value());
    if (offset == committed_.size()) {
      committed_.push_back(record);
    } else if (!committed_[offset].has_value()) {
      committed_[offset] = record;
    } else if (*committed_[offset] != record) {
      return violate(absl::StrCat("offset ", offset, " is committed as '", *committed_[offset],
                                  "' and is '", record, "' on ", node.name));
    }
    node.compared = node.compared.next();
  }
  if (node.compared < mark) {
    violate(absl::StrCat(node.name, " has no record at ", node.compared.value(),
                         " below its high watermark ", mark.value(), ": log [",
                         view.log_start.value(), ", ", view.log_end.value(), "), durable ",
                         view.durable_end.value(), " ", view.trouble));
  }
}

void World::check_complete(Node& node, Offset end) {
  const Offset start = node.shell->view().log_start;
  const std::vector<std::string> all = read(node, start, end);
  for (const Producer& producer : producers_) {
    for (const auto& [sequence, offset] : producer.acknowledged) {
      const std::string wanted = absl::StrCat(" ", producer.id, ":", sequence);
      if (Offset{offset} < start) continue;  // deleted
      const auto at = static_cast<size_t>(distance(start, Offset{offset}));
      if (at < all.size() && all[at].ends_with(wanted)) continue;
      return violate(absl::StrCat(node.name, " leads epoch ", node.led.value(),
                                  " without the acknowledged '", wanted, "' at ", offset,
                                  ", it has ", at < all.size() ? all[at] : std::string("nothing")));
    }
  }
}

// After the calm: everybody agrees, everything goes on, and each sequence is there once.
void World::judge() {
  if (state_.leader == kNoBroker) return violate("no leader after the calm");
  Node& leader = node(state_.leader);
  const PartitionView view = leader.shell->view();
  if (state_.in_sync.size() != kReplicas) {
    return violate(absl::StrCat("only ", state_.in_sync.size(), " in sync after the calm"));
  }
  check_complete(leader, view.log_end);
  std::map<std::string, int32_t> last;
  for (const std::string& record : read(leader, view.log_start, view.high_watermark)) {
    const std::string value = record.substr(record.find(' ') + 1);
    const size_t colon = value.find(':');
    const std::string producer = value.substr(0, colon);
    const int32_t sequence = std::stoi(value.substr(colon + 1));
    // What came before the first one may have been deleted.
    const int32_t before = view.log_start > Offset{0} ? sequence - 1 : -1;
    auto [known, fresh] = last.emplace(producer, before);
    if (sequence != known->second + 1) {
      return violate(
          absl::StrCat("producer ", producer, ": sequence ", sequence, " follows ", known->second));
    }
    known->second = sequence;
  }
  for (const Producer& producer : producers_) {
    if (producer.acknowledged.size() < 50) {
      return violate(absl::StrCat("producer ", producer.id, " got only ",
                                  producer.acknowledged.size(), " batches through"));
    }
  }
}

}  // namespace barnabas::partition::testing
