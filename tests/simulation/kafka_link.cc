#include "tests/simulation/kafka_link.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "kafka/api_table.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::simulation {

KafkaLink::KafkaLink(Transport& transport, Executor& loop, const Endpoint& to)
    : loop_(loop), to_(to), link_(transport.dial(to, Channel::kKafka, loop, *this)) {}

KafkaLink::~KafkaLink() { loop_.cancel(timer_); }

void KafkaLink::call(int16_t api_key, int16_t version, BufferChain body, Duration limit,
                     Answered answered) {
  kafka::RequestHeader header;
  header.request_api_key = api_key;
  header.request_api_version = version;
  header.correlation_id = ++last_correlation_;
  header.client_id = "simulation";
  kafka::MessageWriter out;
  (void)header.write(out, kafka::request_header_version(api_key, version));
  BufferChain frame = out.finish();
  for (Buffer& piece : body) frame.push_back(std::move(piece));

  waiting_.push_back({header.correlation_id, kafka::response_header_version(api_key, version),
                      loop_.now() + limit, std::move(answered)});
  if (broken_) {
    loop_.post([this, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired()) fail(absl::UnavailableError("the connection is broken"));
    });
  } else if (open_) {
    link_->send(std::move(frame));
  } else {
    unsent_.push_back(std::move(frame));
  }
  arm();
}

void KafkaLink::arm() {
  loop_.cancel(std::exchange(timer_, 0));
  if (waiting_.empty()) return;
  Instant first = waiting_.front().deadline;
  for (const Waiting& waiting : waiting_) first = std::min(first, waiting.deadline);
  timer_ = loop_.at(first, [this] {
    timer_ = 0;
    fail(absl::DeadlineExceededError(absl::StrCat("no answer from ", to_string(to_))));
  });
}

void KafkaLink::opened() {
  open_ = true;
  for (BufferChain& frame : unsent_) link_->send(std::move(frame));
  unsent_.clear();
}

void KafkaLink::frame(Buffer bytes) {
  ByteReader in(bytes.view());
  kafka::ResponseHeader header;
  if (waiting_.empty()) return fail(absl::InternalError("an answer that nobody asked for"));
  const absl::Status status = header.read(in, waiting_.front().header_version);
  if (!status.ok() || header.correlation_id != waiting_.front().correlation) {
    return fail(absl::InternalError(absl::StrCat("answers out of order from ", to_string(to_))));
  }
  Answered answered = std::move(waiting_.front().answered);
  waiting_.pop_front();
  arm();
  // Last, because it may destroy this link.
  answered(bytes.slice(in.position()));
}

void KafkaLink::closed(Close why) {
  fail(absl::UnavailableError(absl::StrCat(to_string(to_), " closed: ", to_string(why))));
}

void KafkaLink::abandon() {
  broken_ = true;
  link_.reset();
  loop_.cancel(std::exchange(timer_, 0));
  const std::deque<Waiting> dropped = std::exchange(waiting_, {});
}

void KafkaLink::fail(absl::Status why) {
  broken_ = true;
  open_ = false;
  unsent_.clear();
  loop_.cancel(std::exchange(timer_, 0));
  std::deque<Waiting> lost = std::move(waiting_);
  waiting_.clear();
  LinkPtr link = std::move(link_);
  for (Waiting& waiting : lost) waiting.answered(why);
}

}  // namespace barnabas::simulation
