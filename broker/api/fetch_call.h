// One fetch from its decoding to its answer: reads what is there, and if that is too little parks
// until somebody appends, a role changes, or the time is over.
//
//   run() --> read all --> enough? --yes--> answer
//               ^            | no
//               +-- wake() -- parked -- deadline --> answer with what there is
//
// One waiter object stands in all partitions of a parked fetch; it is replaced at each park, so
// that an old registration is simply dead. Everything happens on the connection's loop; only
// wake() comes from elsewhere, and only posts.

#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/api/fetch_session.h"
#include "broker/api/replicas.h"
#include "broker/api/request.h"
#include "kafka/messages/fetch.h"

namespace barnabas::api {

struct FetchItem {
  Sought at;
  std::string topic;  // up to version 12
  Uuid topic_id;
  int32_t index = 0;
  size_t max_bytes = 0;
  partition::FetchArgs args;
  partition::FetchAnswer answer;
};

class FetchCall : public std::enable_shared_from_this<FetchCall> {
 public:
  FetchCall(Services& services, const Request& request, Responder responder);
  ~FetchCall();
  FetchCall(const FetchCall&) = delete;
  FetchCall& operator=(const FetchCall&) = delete;

  void run(const kafka::FetchRequest& message);

 private:
  friend class FetchWaiter;

  // Who fetches: a consumer, or a replica whose identity is proved (CVE-2018-1288).
  kafka::ErrorCode identify(const kafka::FetchRequest& message);
  kafka::ErrorCode open_session(const kafka::FetchRequest& message);
  void take_from_message(const kafka::FetchRequest& message);
  void take_from_session();
  void find_replicas();
  void find_nearby(const metadata::Image& image, FetchItem& item);

  void read_all();
  bool enough() const;
  bool watch_all();  // true: there is news already
  void go_on();
  void park();
  void finish();
  void answer_item(FetchItem& item, kafka::FetchResponse::PartitionData& out);
  bool has_news(const FetchItem& item);
  bool must_follow(const FetchItem& item) const;
  void refuse(kafka::ErrorCode error, const kafka::FetchRequest& message);

  Services& services_;
  std::shared_ptr<const ConnectionFacts> connection_;
  const int16_t version_;
  Responder responder_;
  bool read_committed_ = false;
  std::string rack_;
  std::optional<partition::ReplicaIdentity> replica_;
  std::shared_ptr<FetchSession> session_;
  bool incremental_ = false;
  Instant deadline_{};
  size_t min_bytes_ = 0;
  size_t max_bytes_ = 0;

  std::vector<FetchItem> items_;
  size_t start_ = 0;  // the item that is read first
  size_t total_bytes_ = 0;
  bool urgent_ = false;  // an error or a divergence is to be told at once
  std::shared_ptr<partition::Waiter> waiter_;
  TimerId timer_ = 0;
  bool done_ = false;

  std::deque<std::string> texts_;
  std::vector<BrokerId> new_leaders_;
};

}  // namespace barnabas::api
