#include "broker/network/connection.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <utility>

#include "broker/api/table.h"
#include "common/log_limit.h"

namespace barnabas::network {
namespace {

// API key, version and correlation id: what every version of the header begins with.
constexpr size_t kFixedHeader = 8;

LogLimit& complaints() {
  static LogLimit limit(std::chrono::milliseconds(200));
  return limit;
}

}  // namespace

Connection::Connection(LinkPtr link, Executor& loop, std::string listener, api::Services& services,
                       ConnectionLimits limits, Gone gone)
    : link_(std::move(link)),
      loop_(loop),
      services_(services),
      limits_(limits),
      gone_(std::move(gone)) {
  auto facts = std::make_shared<api::ConnectionFacts>();
  facts->listener = std::move(listener);
  facts->local = link_->local();
  facts->peer = link_->peer();
  facts->loop = &loop;
  facts_ = std::move(facts);
  services_.metrics.connections.add(1);
}

Connection::~Connection() { services_.metrics.connections.add(-1); }

void Connection::notice(const api::Request& request) {
  constexpr int16_t kMetadata = 3;
  api::UnreachedClients& clients = *services_.options.unreached;
  const std::string& host = facts_->peer.host;
  if (request.api_key == api::kApiVersionsKey) return;
  if (request.api_key != kMetadata) {
    has_worked_ = true;
    return clients.worked(host, request.received);
  }
  if (!clients.asked(host, request.received)) return;
  services_.metrics.unreached_clients.add(1);
  LOG(WARNING) << "a client at " << host << " (" << request.client_id
               << ") keeps asking where the brokers are and never connects to them: it probably "
                  "cannot reach what advertised.listeners tells it; run barnabas doctor there";
}

void Connection::frame(Buffer bytes) {
  if (closing_) return;
  ByteReader in(bytes.view());
  api::Request request;
  request.api_key = in.read_int16();
  request.version = in.read_int16();
  request.correlation = in.read_int32();
  if (!in.ok()) return close_because("a request shorter than its header");

  const api::Api* api = api::find_api(request.api_key);
  const bool served =
      api != nullptr && request.version >= api->served_min && request.version <= api->max;
  if (!served && request.api_key != api::kApiVersionsKey) {
    return close_because(
        absl::StrCat("API ", request.api_key, " version ", request.version, " is not served here"));
  }
  if (served) {
    ByteReader whole(bytes.view());
    kafka::RequestHeader header;
    const absl::Status status =
        header.read(whole, kafka::request_header_version(request.api_key, request.version));
    if (!status.ok()) {
      return close_because(absl::StrCat("a request header does not decode: ", status.message()));
    }
    request.client_id = header.client_id.value_or(std::string_view());
    request.body = whole.rest();
  }
  request.frame = std::move(bytes);
  request.connection = facts_;
  request.received = loop_.now();

  const uint64_t slot = first_slot_ + slots_.size();
  Slot& entry = slots_.emplace_back();
  entry.request_bytes = request.frame.size();
  entry.api_key = request.api_key;
  entry.received = request.received;
  request_bytes_ += entry.request_bytes;
  services_.metrics.received(request.api_key, request.frame.size() + 4);
  if (services_.options.unreached != nullptr && !has_worked_) notice(request);

  api::Responder responder(weak_from_this(), slot, request);
  if (served) {
    api->handle(services_, std::move(request), std::move(responder));
  } else {
    api::answer_unknown_api_versions(std::move(responder));
  }
  if (Slot* waiting = find(slot)) waiting->handled = loop_.now();
  set_mute();
}

Connection::Slot* Connection::find(uint64_t slot) {
  if (slot < first_slot_ || slot - first_slot_ >= slots_.size()) return nullptr;
  Slot& entry = slots_[slot - first_slot_];
  return entry.answered ? nullptr : &entry;
}

void Connection::count_answer(const Slot& slot, size_t bytes, int16_t error) {
  const Instant now = loop_.now();
  const Duration waited = slot.handled == Instant{} ? Duration::zero() : now - slot.handled;
  services_.metrics.answered(slot.api_key, bytes, error, now - slot.received, waited);
}

void Connection::respond(uint64_t slot, BufferChain response, int16_t error) {
  Slot* entry = find(slot);
  if (entry == nullptr) return;
  count_answer(*entry, total_size(response) + 4, error);
  entry->answered = true;
  entry->response = std::move(response);
  held_back_bytes_ += total_size(entry->response);
  send_what_is_ready();
}

void Connection::respond_nothing(uint64_t slot) {
  Slot* entry = find(slot);
  if (entry == nullptr) return;
  count_answer(*entry, 0, 0);
  entry->answered = true;
  send_what_is_ready();
}

void Connection::keep(uint64_t slot, std::shared_ptr<void> parked) {
  if (Slot* entry = find(slot)) entry->parked = std::move(parked);
}

void Connection::send_what_is_ready() {
  while (!slots_.empty() && slots_.front().answered) {
    // Out of the queue first: what was parked may hold the last reference to a call that ends here.
    Slot done = std::move(slots_.front());
    slots_.pop_front();
    ++first_slot_;
    request_bytes_ -= done.request_bytes;
    if (done.response.empty()) continue;
    held_back_bytes_ -= total_size(done.response);
    if (!closing_ && !link_->send(std::move(done.response))) output_full_ = true;
  }
  set_mute();
}

void Connection::drained() {
  output_full_ = false;
  set_mute();
}

// Half of each limit is left free before reading goes on, so that a connection at its limit does
// not flap with every answer.
void Connection::set_mute() {
  if (closing_) return;
  const size_t share = muted_ ? 2 : 1;
  const bool mute = output_full_ || slots_.size() >= limits_.in_flight_requests / share ||
                    held_back_bytes_ >= limits_.held_back_bytes / share ||
                    request_bytes_ >= limits_.request_bytes / share;
  if (mute == muted_) return;
  muted_ = mute;
  link_->mute(mute);
}

void Connection::close_because(std::string_view reason) {
  if (closing_) return;
  closing_ = true;
  services_.metrics.refused_connections.add(1);
  if (const auto held_back = complaints().admit(loop_.now())) {
    LOG(WARNING) << "closed the connection from " << facts_->peer << " on " << facts_->listener
                 << ": " << reason
                 << (*held_back == 0
                         ? std::string()
                         : absl::StrCat(" (", *held_back, " more of this kind not shown)"));
  }
  link_->close();
}

void Connection::closed(Close why) {
  if (why == Close::kProtocol) {
    if (const auto held_back = complaints().admit(loop_.now())) {
      LOG(WARNING) << "the connection from " << facts_->peer << " on " << facts_->listener
                   << " was closed: a frame's length was negative or beyond the limit "
                      "socket.request.max.bytes ("
                   << *held_back << " more of this kind not shown)";
    }
  }
  closing_ = true;
  slots_.clear();
  if (gone_) gone_(this);
}

}  // namespace barnabas::network
