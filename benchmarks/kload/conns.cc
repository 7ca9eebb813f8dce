#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "benchmarks/kload/modes.h"

namespace barnabas::kload {

// Raw sockets, so that a thousand connections cost the client nothing: ApiVersions v0 on each, then
// silence.
int conns(const Options& options, const Servers& servers) {
  const auto brokers = split(options.text("bootstrap", "127.0.0.1:19092"), ',');
  const int64_t wanted = options.number("conns", 1000);
  const std::string before = servers.rss_json();
  std::vector<int> sockets;
  const int64_t start = now_ns();
  for (int64_t i = 0; i < wanted; ++i) {
    const auto host = split(brokers[static_cast<size_t>(i) % brokers.size()], ':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(host.at(1))));
    if (inet_pton(AF_INET, host[0].c_str(), &address.sin_addr) != 1)
      die("--bootstrap wants IPv4 addresses here");
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      die("connect: " + std::string(std::strerror(errno)));
    // size, key 18, version 0, correlation id, client id "kload"
    const unsigned char request[] = {0, 0, 0, 15, 0,   18,  0,   0,   0,  0,
                                     0, 1, 0, 5,  'k', 'l', 'o', 'a', 'd'};
    if (write(fd, request, sizeof request) != static_cast<ssize_t>(sizeof request)) die("write");
    unsigned char length[4];
    if (recv(fd, length, 4, MSG_WAITALL) != 4) die("no answer");
    std::vector<char> answer((size_t{length[0]} << 24) | (size_t{length[1]} << 16) |
                             (size_t{length[2]} << 8) | length[3]);
    if (recv(fd, answer.data(), answer.size(), MSG_WAITALL) != static_cast<ssize_t>(answer.size()))
      die("short answer");
    sockets.push_back(fd);
  }
  const double took = static_cast<double>(now_ns() - start) / 1e9;
  const double cpu_before = servers.cpu_seconds();
  sleep(static_cast<unsigned>(options.number("seconds", 10)));
  std::printf(
      R"({"mode":"conns","connections":%zu,"open_seconds":%.3f,"server_cpu_s_while_idle":%.2f,"before":%s,"after":%s})"
      "\n",
      sockets.size(), took, servers.cpu_seconds() - cpu_before, before.c_str(),
      servers.rss_json().c_str());
  for (const int fd : sockets) close(fd);
  return 0;
}

}  // namespace barnabas::kload
