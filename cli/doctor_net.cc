#include "cli/doctor_net.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace barnabas::cli {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kFrameMax = 100 << 20;

SteadyTime after(Wire::Time limit) { return std::chrono::steady_clock::now() + limit; }

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

}  // namespace

LookUp look_up(const Endpoint& endpoint) {
  LookUp out;
  if (const auto numeric = numeric_address(endpoint)) {
    out.addresses.push_back(*numeric);
    return out;
  }
  // A name server that is silent would hold us up for longer than anybody watches.
  setenv("RES_OPTIONS", "timeout:2 attempts:1", /*overwrite=*/0);
  auto found = look_up_addresses(endpoint);
  if (found.ok()) {
    out.addresses = *std::move(found);
  } else {
    out.error = std::string(found.status().message());
  }
  return out;
}

Reach Wire::failed(int error_number) {
  error_ = std::strerror(error_number);
  if (error_number == ECONNREFUSED) return Reach::kRefused;
  if (error_number == ETIMEDOUT) return Reach::kTimedOut;
  if (error_number == ENETUNREACH || error_number == EHOSTUNREACH) return Reach::kUnreachable;
  if (error_number == ECONNRESET || error_number == EPIPE) return Reach::kClosed;
  return Reach::kFailed;
}

Reach Wire::wait(short events, SteadyTime deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd one{socket_.get(), events, 0};
    const int ready = poll(&one, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return Reach::kOk;
    if (ready == 0) return Reach::kTimedOut;
    if (errno != EINTR) return failed(errno);
  }
}

Reach Wire::connect(const SocketAddress& to, Time limit) {
  socket_ = Fd(socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.ok()) return failed(errno);
  if (::connect(socket_.get(), to.get(), to.size) == 0) return Reach::kOk;
  if (errno != EINPROGRESS) return failed(errno);
  if (const Reach reach = wait(POLLOUT, after(limit)); reach != Reach::kOk) return reach;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? Reach::kOk : failed(error);
}

Reach Wire::send(std::string_view bytes, Time limit) {
  const SteadyTime deadline = after(limit);
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      return failed(errno);
    } else if (const Reach reach = wait(POLLOUT, deadline); reach != Reach::kOk) {
      return reach;
    }
  }
  return Reach::kOk;
}

Reach Wire::receive_some(std::string& bytes, Time limit) {
  if (const Reach reach = wait(POLLIN, after(limit)); reach != Reach::kOk) return reach;
  char piece[64];
  const ssize_t n = recv(socket_.get(), piece, sizeof piece, 0);
  if (n < 0) return failed(errno);
  if (n == 0) return Reach::kClosed;
  bytes.assign(piece, static_cast<size_t>(n));
  return Reach::kOk;
}

Reach Wire::read_exactly(std::string& into, size_t size, SteadyTime until) {
  into.clear();
  char piece[16 * 1024];
  while (into.size() < size) {
    const ssize_t n = recv(socket_.get(), piece, std::min(sizeof piece, size - into.size()), 0);
    if (n > 0) {
      into.append(piece, static_cast<size_t>(n));
      if (first_bytes_.size() < 64)
        first_bytes_.append(piece, std::min<size_t>(64, static_cast<size_t>(n)));
    } else if (n == 0) {
      return Reach::kClosed;
    } else if (errno != EAGAIN && errno != EINTR) {
      return failed(errno);
    } else if (const Reach reach = wait(POLLIN, until); reach != Reach::kOk) {
      return reach;
    }
  }
  return Reach::kOk;
}

Reach Wire::receive_frame(std::string& frame, Time limit) {
  const SteadyTime until = after(limit);
  first_bytes_.clear();
  std::string length;
  if (const Reach reach = read_exactly(length, 4, until); reach != Reach::kOk) return reach;
  size_t size = 0;
  for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
  if (size > kFrameMax) {
    // What stands behind it helps to tell what this is.
    std::string more;
    static_cast<void>(receive_some(more, Time(50)));
    first_bytes_ += more;
    return Reach::kNotKafka;
  }
  const Reach reach = read_exactly(frame, size, until);
  // A length that is never filled is none.
  if (reach != Reach::kOk && !speaker_of(first_bytes_).empty()) return Reach::kNotKafka;
  return reach;
}

std::string speaker_of(std::string_view bytes) {
  if (begins(bytes, "HTTP/")) return "an HTTP server";
  if (begins(bytes, "SSH-")) return "an SSH server";
  if (begins(bytes, "220 ") || begins(bytes, "220-")) return "a mail or FTP server";
  if (begins(bytes, "-ERR")) return "a Redis server";
  if (bytes.size() >= 3 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03) {
    return "a TLS listener";
  }
  // HTTP/2: a SETTINGS frame on stream 0 comes first.
  if (bytes.size() >= 9 && bytes[0] == 0 && bytes[3] == 4 && bytes[5] == 0 && bytes[6] == 0 &&
      bytes[7] == 0 && bytes[8] == 0) {
    return "a gRPC server";
  }
  return "";
}

}  // namespace barnabas::cli
