#include "broker/group/log_loader.h"

#include <absl/strings/str_cat.h>

#include <string>

#include "common/probe.h"
#include "common/status.h"
#include "kafka/records/batch.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"

namespace barnabas::group {

absl::StatusOr<LogLoader::Progress> LogLoader::step(size_t bytes, Sink sink) {
  const partition::PartitionView view = replica_->view();
  if (!view.leading || view.leader_epoch != epoch_) {
    reached("group: a load lost its partition");
    return Progress::kNotLeading;
  }
  if (!end_.has_value()) {
    end_ = view.log_end;
    next_ = view.log_start;
  }
  if (next_ >= *end_) {
    const bool committed =
        view.high_watermark >= *end_ || planted("group: serves before its load is committed");
    if (!committed) reached("group: a load waited for the high watermark");
    return committed ? Progress::kLoaded : Progress::kAwaiting;
  }

  absl::StatusOr<Buffer> read = replica_->read_log(next_, bytes, *end_);
  if (!read.ok()) return read.status();
  RETURN_IF_ERROR(take(read->view(), sink));
  return Progress::kMore;
}

absl::Status LogLoader::take(std::string_view batches, Sink sink) {
  kafka::BatchStream stream(batches);
  const Offset before = next_;
  while (std::optional<kafka::BatchView> batch = stream.next()) {
    next_ = Offset{batch->base_offset().value() + batch->last_offset_delta() + 1};
    bytes_ += batch->bytes().size();
    if (batch->control()) continue;
    std::string decompressed;
    std::string_view records = batch->payload();
    if (batch->compressed()) {
      absl::StatusOr<std::string> plain = kafka::decompress(batch->codec(), records);
      if (!plain.ok()) return annotate(plain.status(), absl::StrCat("batch at ", before.value()));
      decompressed = *std::move(plain);
      records = decompressed;
    }
    kafka::RecordReader reader(*batch, records);
    while (std::optional<kafka::RecordView> record = reader.next()) {
      ++records_;
      if (record->key.has_value()) sink(*record->key, record->value);
    }
    RETURN_IF_ERROR(reader.status());
  }
  RETURN_IF_ERROR(stream.status());
  // A compacted log may end in a gap; an empty answer below its end is no reason to ask for ever.
  if (next_ == before) next_ = *end_;
  return absl::OkStatus();
}

bool LogLoader::watch(const std::weak_ptr<partition::Waiter>& waiter) const {
  partition::FetchArgs args;
  args.offset = Offset{end_->value() - 1};
  args.leader_epoch = epoch_;
  return replica_->watch(args, waiter);
}

}  // namespace barnabas::group
