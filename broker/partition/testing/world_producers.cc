// Producers: one batch at a time, sent again until it is acknowledged. And one client that deletes.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <utility>

#include "broker/partition/testing/world.h"
#include "kafka/records/builder.h"

namespace barnabas::partition::testing {

using kafka::ErrorCode;
using std::chrono::microseconds;
using std::chrono::milliseconds;

void World::send(size_t which) {
  Producer& producer = producers_[which];
  const int32_t sequence = producer.next;
  const uint64_t attempt = ++producer.attempt;
  simulation.after(microseconds(100 + delays_->below(2000)),
                   [this, which, sequence, attempt] { deliver_batch(which, sequence, attempt); });
  // No answer: the same batch again, perhaps while the first is still under way.
  simulation.after(milliseconds(50 + delays_->below(200)), [this, which, attempt] {
    if (producers_[which].attempt == attempt) send(which);
  });
}

void World::deliver_batch(size_t which, int32_t sequence, uint64_t attempt) {
  // As clients do: what the controller says, or somebody who thinks that he leads.
  BrokerId target = state_.leader;
  for (auto& node : nodes) {
    if (node->up && delays_->chance(20) && node->shell->view().leading) target = node->id;
  }
  if (target == kNoBroker || !node(target).up) return retry(which, attempt);
  Node& to = node(target);
  const uint64_t incarnation = to.incarnation;
  to.loop->post([this, &to, incarnation, which, sequence, attempt] {
    kafka::BatchOptions options;
    options.producer_id = ProducerId{producers_[which].id};
    options.producer_epoch = ProducerEpoch{0};
    options.base_sequence = sequence;
    kafka::BatchBuilder builder(options);
    builder.append(to.loop->clock().wall().time_since_epoch().count(), "k",
                   absl::StrCat(producers_[which].id, ":", sequence));
    // One that leads no more, and does not know it, may well miss what came before.
    const bool current = to.shell->view().leader_epoch == state_.leader_epoch;
    auto answered = [this, which, sequence, attempt, current](ProduceAnswer answer) {
      if (answer.error == ErrorCode::kOutOfOrderSequenceNumber && !current) {
        answer.error = ErrorCode::kNotLeaderOrFollower;
      }
      simulation.after(microseconds(100 + delays_->below(2000)),
                       [this, which, sequence, attempt, answer = std::move(answer)] {
                         on_answer(which, sequence, attempt, answer);
                       });
    };
    std::optional<ProduceAnswer> now = to.shell->produce(
        Buffer::own(builder.finish()), -1, to.loop->now() + milliseconds(500), *to.loop, answered);
    if (now.has_value()) answered(*std::move(now));
  });
}

void World::retry(size_t which, uint64_t attempt) {
  simulation.after(milliseconds(5 + delays_->below(20)), [this, which, attempt] {
    if (producers_[which].attempt == attempt) send(which);
  });
}

void World::on_answer(size_t which, int32_t sequence, uint64_t attempt,
                      const ProduceAnswer& answer) {
  Producer& producer = producers_[which];
  if (answer.error == ErrorCode::kNone) {
    VLOG(1) << told() << "acknowledged " << producer.id << ":" << sequence << " at "
            << answer.base_offset;
    auto [known, fresh] = producer.acknowledged.emplace(sequence, answer.base_offset.value());
    if (!fresh && known->second != answer.base_offset.value()) {
      return violate(absl::StrCat("producer ", producer.id, " sequence ", sequence,
                                  " acknowledged at offsets ", known->second, " and ",
                                  answer.base_offset.value()));
    }
    if (sequence == producer.next) {
      ++producer.next;
      send(which);
    }
    return;
  }
  if (attempt != producer.attempt || sequence != producer.next) return;
  if (answer.error == ErrorCode::kOutOfOrderSequenceNumber) {
    return violate(absl::StrCat("producer ", producer.id, " sequence ", sequence,
                                " refused as out of order: ", answer.message));
  }
  retry(which, attempt);
}

// A client that deletes records up to somewhere, and does not care for the answer.
void World::trim_now_and_then() {
  simulation.after(milliseconds(100 + trimming_->below(900)), [this] {
    const BrokerId leader = state_.leader;
    if (leader != kNoBroker && node(leader).up) {
      Node& at = node(leader);
      at.loop->post([this, &at, incarnation = at.incarnation] {
        if (!at.up || at.incarnation != incarnation) return;
        const PartitionView view = at.shell->view();
        const int64_t most = distance(view.log_start, view.high_watermark);
        if (most <= 0) return;
        const auto by = static_cast<int64_t>(trimming_->below(static_cast<uint64_t>(most) + 1));
        at.shell->delete_records(advance(view.log_start, by), at.loop->now() + milliseconds(500),
                                 *at.loop, [this](const DeleteRecordsAnswer& answer) {
                                   if (answer.error == ErrorCode::kNone) ++trims_;
                                 });
      });
    }
    trim_now_and_then();
  });
}

}  // namespace barnabas::partition::testing
