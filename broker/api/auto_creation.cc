#include "broker/api/auto_creation.h"

#include <glog/logging.h>

#include <utility>

#include "kafka/errors.h"
#include "proto/admin.pb.h"

namespace barnabas::api {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(10);
constexpr int32_t kUseDefault = -1;

void report(const proto::AdminAnswer& answer) {
  for (const proto::CreatedTopic& topic : answer.create_topics().topics()) {
    const auto error = static_cast<kafka::ErrorCode>(topic.error().code());
    if (error == kafka::ErrorCode::kNone) {
      LOG(INFO) << "created the topic " << topic.name() << " because a client asked for it ("
                << "auto.create.topics.enable)";
    } else if (error != kafka::ErrorCode::kTopicAlreadyExists) {
      LOG_EVERY_N(WARNING, 100) << "could not create the topic " << topic.name()
                                << " that a client asked for: " << topic.error().message();
    }
  }
}

}  // namespace

void AutoCreation::create(const std::vector<std::string>& names, const std::string& host) {
  proto::AdminRequest request;
  std::vector<std::string> asked;
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      if (under_way_.size() >= kMaxUnderWay || !under_way_.insert(name).second) continue;
      asked.push_back(name);
    }
  }
  if (asked.empty()) return;
  request.set_principal("User:ANONYMOUS");
  request.set_client_host(host);
  for (const std::string& name : asked) {
    proto::NewTopic& topic = *request.mutable_create_topics()->add_topics();
    topic.set_name(name);
    topic.set_partitions(kUseDefault);
    topic.set_replication_factor(kUseDefault);
  }
  session_.admin(std::move(request), kDeadline,
                 [this, asked](absl::StatusOr<proto::AdminAnswer> answer) {
                   if (answer.ok()) report(*answer);
                   MutexLock lock(mutex_);
                   for (const std::string& name : asked) under_way_.erase(name);
                 });
}

}  // namespace barnabas::api
