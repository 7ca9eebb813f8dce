#include "cli/wire/connection.h"

#include <absl/cleanup/cleanup.h>
#include <absl/strings/str_cat.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/version.h"
#include "kafka/api_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/headers.h"

namespace barnabas::cli::wire {
namespace {

// Above this an answer is not one: four bytes of another protocol read as a length.
constexpr int32_t kAnswerMax = 512 << 20;

int milliseconds_left(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1 << 30));
}

// Until the socket can be read or written; false: the deadline came first.
bool wait_for(int socket, short events, Deadline deadline) {
  for (;;) {
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, milliseconds_left(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return true;  // the next call on the socket tells
  }
}

absl::Status late(const Endpoint& peer, const char* what) {
  return absl::DeadlineExceededError(absl::StrCat(to_string(peer), " did not ", what, " in time"));
}

absl::StatusOr<int> connect_to(const addrinfo& address, const Endpoint& peer, Deadline deadline) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return absl::UnavailableError(std::strerror(errno));
  absl::Cleanup close_socket = [socket] { ::close(socket); };
  int error = 0;
  if (::connect(socket, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    if (!wait_for(socket, POLLOUT, deadline)) return late(peer, "accept the connection");
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot connect to ", to_string(peer), ": ", std::strerror(error)));
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::move(close_socket).Cancel();
  return socket;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::open(const Endpoint& to, Deadline deadline,
                                                             std::string client_id) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(
        absl::StrCat("this machine cannot resolve ", to.host, ": ", gai_strerror(error)));
  }
  const absl::Cleanup free_addresses = [found] { ::freeaddrinfo(found); };
  absl::Status why = absl::UnavailableError(absl::StrCat("no address for ", to.host));
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const absl::StatusOr<int> socket = connect_to(*address, to, deadline);
    if (!socket.ok()) {
      why = socket.status();
      continue;
    }
    std::unique_ptr<Connection> connection(new Connection(*socket, to, std::move(client_id)));
    if (absl::Status status = connection->learn_versions(deadline); !status.ok()) return status;
    return connection;
  }
  return why;
}

Connection::~Connection() { ::close(socket_); }

absl::Status Connection::learn_versions(Deadline deadline) {
  kafka::ApiVersionsRequest request;
  request.client_software_name = "barnabas";
  request.client_software_version = kVersion;
  // Version 3 is the newest that every broker of the last years answers.
  auto answer = call_as<kafka::ApiVersionsResponse>(request, 3, deadline);
  if (!answer.ok()) return answer.status();
  for (const auto& api : answer->body.api_keys) {
    apis_[api.api_key] = {api.min_version, api.max_version};
  }
  return absl::OkStatus();
}

absl::StatusOr<int16_t> Connection::version_of(int16_t api_key, Versions ours) const {
  const auto found = apis_.find(api_key);
  const kafka::ApiInfo* const info = kafka::find_api(api_key);
  const std::string name =
      info == nullptr ? absl::StrCat("API ", api_key) : std::string(info->name);
  if (found == apis_.end()) {
    return absl::UnimplementedError(absl::StrCat(to_string(peer_), " does not have ", name));
  }
  const int16_t version = std::min(ours.max, found->second.max);
  if (version < std::max(ours.min, found->second.min)) {
    return absl::UnimplementedError(absl::StrCat(to_string(peer_), " has ", name,
                                                 " in versions that this command does not speak"));
  }
  return version;
}

void Connection::begin(kafka::MessageWriter& out, int16_t api_key, int16_t version) {
  kafka::RequestHeader header;
  header.request_api_key = api_key;
  header.request_api_version = version;
  header.correlation_id = ++correlation_;
  header.client_id = client_id_;
  // A header cannot fail to be written: all its fields exist in both of its versions.
  header.write(out, kafka::request_header_version(api_key, version)).IgnoreError();
}

absl::StatusOr<std::string> Connection::exchange(kafka::MessageWriter& out, Deadline deadline) {
  if (absl::Status status = send_all(flatten(out.finish_frame()), deadline); !status.ok()) {
    return status;
  }
  char prefix[4];
  if (absl::Status status = receive(prefix, sizeof prefix, deadline); !status.ok()) return status;
  const auto size = load_big_endian<int32_t>(prefix);
  if (size < 4 || size > kAnswerMax) {
    return malformed(absl::DataLossError(absl::StrCat("a frame of ", size, " bytes")));
  }
  std::string frame(static_cast<size_t>(size), '\0');
  if (absl::Status status = receive(frame.data(), frame.size(), deadline); !status.ok()) {
    return status;
  }
  return frame;
}

absl::Status Connection::skip_header(ByteReader& in, int16_t api_key, int16_t version) {
  kafka::ResponseHeader header;
  absl::Status status = header.read(in, kafka::response_header_version(api_key, version));
  if (status.ok() && header.correlation_id != correlation_) {
    status = absl::DataLossError("the answer to another request");
  }
  return status;
}

absl::Status Connection::malformed(const absl::Status& why) const {
  return absl::DataLossError(absl::StrCat("what ", to_string(peer_),
                                          " sent is not an answer of the Kafka protocol (",
                                          std::string(why.message()), ")"));
}

absl::Status Connection::send_all(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (!wait_for(socket_, POLLOUT, deadline)) return late(peer_, "take the request");
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EINTR && errno != EAGAIN) {
      return absl::UnavailableError(
          absl::StrCat("the connection to ", to_string(peer_), " broke: ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

absl::Status Connection::receive(char* into, size_t size, Deadline deadline) {
  while (size > 0) {
    if (!wait_for(socket_, POLLIN, deadline)) return late(peer_, "answer");
    const ssize_t got = ::recv(socket_, into, size, 0);
    if (got > 0) {
      into += got;
      size -= static_cast<size_t>(got);
    } else if (got == 0) {
      return absl::UnavailableError(
          absl::StrCat(to_string(peer_), " closed the connection instead of answering"));
    } else if (errno != EINTR && errno != EAGAIN) {
      return absl::UnavailableError(
          absl::StrCat("the connection to ", to_string(peer_), " broke: ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::cli::wire
