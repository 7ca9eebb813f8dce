// A broker that answers as a test tells it: a real port, a thread, one connection after another.

#pragma once

#include <glog/logging.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "kafka/api_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::cli {

class ScriptedBroker {
 public:
  // Writes the body of the answer to the request in `in`.
  using Answer = std::function<void(ByteReader& in, int16_t version, kafka::MessageWriter& out)>;

  ScriptedBroker() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    CHECK_EQ(listen(listener_, 16), 0);
    CHECK_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedBroker() {
    stop_ = true;
    thread_.join();
    for (const int fd : open_) close(fd);
    close(listener_);
  }
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;

  int port() const { return port_; }
  std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

  // How requests of one API are answered from now on, and up to which version.
  template <class Request>
  void on(int16_t newest,
          std::function<void(const Request&, int16_t version, kafka::MessageWriter&)> answer) {
    const std::lock_guard lock(mutex_);
    answers_[Request::kApiKey] = {
        newest, [answer](ByteReader& in, int16_t version, kafka::MessageWriter& out) {
          Request request;
          CHECK(request.read(in, version).ok());
          answer(request, version, out);
        }};
  }
  int asked(int16_t api_key) {
    const std::lock_guard lock(mutex_);
    return asked_[api_key];
  }
  // What every connection is greeted with in place of Kafka's protocol.
  void speak(std::string greeting) {
    const std::lock_guard lock(mutex_);
    greeting_ = std::move(greeting);
  }

 private:
  static bool receive(int fd, char* to, size_t size) {
    while (size > 0) {
      const ssize_t got = recv(fd, to, size, 0);
      if (got <= 0) return false;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  }

  void serve() {
    while (!stop_) {
      std::vector<pollfd> watched = {{listener_, POLLIN, 0}};
      for (const int fd : open_) watched.push_back({fd, POLLIN, 0});
      if (poll(watched.data(), watched.size(), 10) <= 0) continue;
      for (size_t i = 1; i < watched.size(); ++i) {
        if (watched[i].revents != 0 && !answer_one(watched[i].fd)) {
          close(watched[i].fd);
          std::erase(open_, watched[i].fd);
        }
      }
      if (watched[0].revents != 0) open_.push_back(accept(listener_, nullptr, nullptr));
    }
  }

  bool answer_one(int fd) {
    char prefix[4];
    if (!receive(fd, prefix, sizeof prefix)) return false;
    std::string frame(static_cast<size_t>(load_big_endian<int32_t>(prefix)), '\0');
    if (!receive(fd, frame.data(), frame.size())) return false;
    const std::lock_guard lock(mutex_);
    if (!greeting_.empty()) {
      send(fd, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
      return true;
    }
    const auto api = load_big_endian<int16_t>(frame.data());
    const auto version = load_big_endian<int16_t>(frame.data() + 2);
    ByteReader in(frame);
    kafka::RequestHeader header;
    CHECK(header.read(in, kafka::request_header_version(api, version)).ok());
    ++asked_[api];
    kafka::MessageWriter out;
    kafka::ResponseHeader answered;
    answered.correlation_id = header.correlation_id;
    CHECK(answered.write(out, kafka::response_header_version(api, version)).ok());
    if (api == kafka::ApiVersionsRequest::kApiKey) {
      kafka::ApiVersionsResponse versions;
      for (const auto& [key, known] : answers_)
        versions.api_keys.push_back({key, 0, known.first, {}});
      CHECK(versions.write(out, version).ok());
    } else {
      answers_.at(api).second(in, version, out);
    }
    const std::string bytes = flatten(out.finish_frame());
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
  std::vector<int> open_;  // of the thread
  std::mutex mutex_;
  std::map<int16_t, std::pair<int16_t, Answer>> answers_;
  std::map<int16_t, int> asked_;
  std::string greeting_;
};

}  // namespace barnabas::cli
