#include "broker/partition/testing/replica_port.h"

#include <glog/logging.h>

#include <utility>

#include "common/bytes.h"
#include "kafka/messages/durable_report.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::partition::testing {

using kafka::FetchRequest;
using kafka::FetchResponse;

class ReplicaPort::Connection final : public LinkSink,
                                      public Waiter,
                                      public std::enable_shared_from_this<Connection> {
 public:
  Connection(LinkPtr link, Executor& loop, std::shared_ptr<Partition> partition)
      : loop_(loop), partition_(std::move(partition)), link_(std::move(link)) {}
  ~Connection() override { loop_.cancel(timer_); }
  void start() { link_->start(*this); }

  void opened() override {}
  void frame(Buffer bytes) override {
    ByteReader in(bytes.view());
    kafka::RequestHeader header;
    CHECK(header.read(in, 2).ok());
    if (header.request_api_key == FetchRequest::kApiKey) {
      FetchRequest request;
      CHECK(request.read(in, header.request_api_version).ok());
      version_ = header.request_api_version;
      correlation_ = header.correlation_id;
      request_ = std::move(request);
      deadline_ = loop_.now() + std::chrono::milliseconds(request_.max_wait_ms);
      parked_ = true;
      answer_fetch();
    } else {
      kafka::DurableReportRequest request;
      CHECK(request.read(in, header.request_api_version).ok());
      answer_report(header.correlation_id, request);
    }
  }
  void closed(Close) override {
    parked_ = false;
    link_.reset();
    loop_.cancel(std::exchange(timer_, 0));
  }

  void wake() override {
    loop_.post([weak = weak_from_this()] {
      if (auto alive = weak.lock(); alive != nullptr && alive->parked_) alive->answer_fetch();
    });
  }

 private:
  static FetchArgs args_of(const FetchRequest& request, const FetchRequest::FetchPartition& line) {
    FetchArgs args;
    args.offset = Offset(line.fetch_offset);
    args.leader_epoch = LeaderEpoch(line.current_leader_epoch);
    args.last_fetched_epoch = LeaderEpoch(line.last_fetched_epoch);
    args.max_bytes = static_cast<size_t>(line.partition_max_bytes);
    args.log_start = Offset(line.log_start_offset);
    args.at_least_one = true;
    args.replica = ReplicaIdentity{BrokerId(request.replica_state.replica_id),
                                   BrokerEpoch(request.replica_state.replica_epoch),
                                   line.replica_directory_id};
    return args;
  }

  void answer_fetch() {
    FetchResponse response;
    bool news = false;
    for (const auto& topic : request_.topics) {
      response.responses.emplace_back();
      response.responses.back().topic_id = topic.topic_id;
      for (const auto& line : topic.partitions) {
        const FetchAnswer answer = partition_->fetch(args_of(request_, line));
        FetchResponse::PartitionData data;
        data.partition_index = line.partition;
        data.error_code = static_cast<int16_t>(answer.error);
        data.high_watermark = answer.high_watermark.value();
        data.log_start_offset = answer.log_start.value();
        if (answer.diverging.has_value()) {
          data.diverging_epoch.epoch = answer.diverging->epoch.value();
          data.diverging_epoch.end_offset = answer.diverging->end.value();
        }
        data.records = answer.records;
        news =
            news || data.error_code != 0 || answer.diverging.has_value() || !answer.records.empty();
        response.responses.back().partitions.push_back(std::move(data));
      }
    }
    if (!news && loop_.now() < deadline_ && !has_news_while_watching()) {
      if (timer_ == 0) {
        timer_ = loop_.at(deadline_, [this] {
          timer_ = 0;
          if (parked_) answer_fetch();
        });
      }
      return;
    }
    parked_ = false;
    loop_.cancel(std::exchange(timer_, 0));
    kafka::MessageWriter out;
    kafka::ResponseHeader header;
    header.correlation_id = correlation_;
    CHECK(header.write(out, 1).ok());
    CHECK(response.write(out, version_).ok());
    link_->send(out.finish());
  }

  bool has_news_while_watching() {
    for (const auto& topic : request_.topics) {
      for (const auto& line : topic.partitions) {
        if (partition_->watch(args_of(request_, line), weak_from_this())) return true;
      }
    }
    return false;
  }

  void answer_report(int32_t correlation, const kafka::DurableReportRequest& request) {
    kafka::DurableReportResponse response;
    for (const auto& topic : request.topics) {
      response.topics.emplace_back();
      response.topics.back().topic_id = topic.topic_id;
      for (const auto& line : topic.partitions) {
        const DurableReportAnswer answer =
            partition_->report({BrokerId(request.broker_id), BrokerEpoch(request.broker_epoch), {}},
                               {LeaderEpoch(line.leader_epoch), Offset(line.durable_end),
                                LeaderEpoch(line.epoch_before_end), Offset(line.log_start)});
        kafka::DurableReportResponse::PartitionAnswer out;
        out.partition = line.partition;
        out.error_code = static_cast<int16_t>(answer.error);
        out.high_watermark = answer.high_watermark.value();
        out.leader_epoch = answer.leader_epoch.value();
        response.topics.back().partitions.push_back(std::move(out));
      }
    }
    kafka::MessageWriter out;
    kafka::ResponseHeader header;
    header.correlation_id = correlation;
    CHECK(header.write(out, 1).ok());
    CHECK(response.write(out, 0).ok());
    link_->send(out.finish());
  }

  Executor& loop_;
  std::shared_ptr<Partition> partition_;
  LinkPtr link_;
  FetchRequest request_;
  int16_t version_ = 0;
  int32_t correlation_ = 0;
  bool parked_ = false;
  Instant deadline_;
  TimerId timer_ = 0;
};

ReplicaPort::ReplicaPort(Transport& transport, const Endpoint& at, Executor& loop,
                         std::shared_ptr<Partition> partition)
    : loop_(loop), partition_(std::move(partition)) {
  auto listening =
      transport.listen(at, {Channel::kKafka, Channel::kFetch, Channel::kReport}, {&loop},
                       [this](Channel, LinkPtr link) { accept(std::move(link)); });
  CHECK(listening.ok()) << listening.status();
  listening_ = *std::move(listening);
}

ReplicaPort::~ReplicaPort() = default;

void ReplicaPort::accept(LinkPtr link) {
  connections_.push_back(std::make_shared<Connection>(std::move(link), loop_, partition_));
  connections_.back()->start();
}

}  // namespace barnabas::partition::testing
