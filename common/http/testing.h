// A plain HTTP client that blocks, for tests.

#pragma once

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "common/net/socket_address.h"

namespace barnabas::http {

class Client {
 public:
  explicit Client(const Endpoint& to) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress address = *numeric_address(to);
    EXPECT_EQ(::connect(socket_.get(), address.get(), address.size), 0);
  }
  void send(const std::string& bytes) {
    [[maybe_unused]] const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // All that comes until the server closes, or until `enough` is there.
  std::string receive(const std::string& enough = "") {
    while (enough.empty() || !absl::StrContains(received_, enough)) {
      pollfd wait{socket_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20'000) != 1) return absl::StrCat(received_, "<nothing more came>");
      char bytes[4096];
      const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (got <= 0) break;
      received_.append(bytes, static_cast<size_t>(got));
    }
    return std::exchange(received_, "");
  }
  std::string ask(const std::string& bytes) {
    send(bytes);
    return receive();
  }

 private:
  Fd socket_;
  std::string received_;
};

// The answer to one GET, header and all.
inline std::string get(const Endpoint& at, const std::string& path) {
  return Client(at).ask(absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n"));
}

}  // namespace barnabas::http
