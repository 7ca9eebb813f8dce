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

struct AutoCreation::Waiter {
  Executor& loop;
  Task then;        // on the loop only
  size_t left = 0;  // names, under the mutex

  static void tell(const std::shared_ptr<Waiter>& waiter) {
    if (Task then = std::exchange(waiter->then, Task())) then();
  }
};

void AutoCreation::create(const std::vector<std::string>& names, const std::string& host,
                          Executor& loop, Task then) {
  auto waiter = std::make_shared<Waiter>(Waiter{loop, std::move(then), 0});
  std::vector<std::string> fresh;
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      const auto known = under_way_.find(name);
      if (known == under_way_.end()) {
        if (under_way_.size() >= kMaxUnderWay) continue;
        fresh.push_back(name);
      }
      under_way_[name].push_back(waiter);
      ++waiter->left;
    }
  }
  loop.after(kMoment, [waiter] { Waiter::tell(waiter); });
  if (!fresh.empty()) ask(fresh, host);
}

void AutoCreation::ask(const std::vector<std::string>& names, const std::string& host) {
  proto::AdminRequest request;
  request.set_principal("User:ANONYMOUS");
  request.set_client_host(host);
  for (const std::string& name : names) {
    proto::NewTopic& topic = *request.mutable_create_topics()->add_topics();
    topic.set_name(name);
    topic.set_partitions(kUseDefault);
    topic.set_replication_factor(kUseDefault);
  }
  session_.admin(std::move(request), kDeadline,
                 [this, names](absl::StatusOr<proto::AdminAnswer> answer) {
                   if (!answer.ok()) return finished(names);
                   report(*answer);
                   session_.when_applied(LogIndex{answer->create_topics().index()}, kMoment,
                                         [this, names] { finished(names); });
                 });
}

void AutoCreation::finished(const std::vector<std::string>& names) {
  Waiters done;
  {
    MutexLock lock(mutex_);
    for (const std::string& name : names) {
      const auto found = under_way_.find(name);
      if (found == under_way_.end()) continue;
      for (std::shared_ptr<Waiter>& waiter : found->second) {
        if (--waiter->left == 0) done.push_back(std::move(waiter));
      }
      under_way_.erase(found);
    }
  }
  for (const std::shared_ptr<Waiter>& waiter : done) {
    waiter->loop.post([waiter] { Waiter::tell(waiter); });
  }
}

}  // namespace barnabas::api
